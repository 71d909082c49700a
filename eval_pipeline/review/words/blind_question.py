"""Which judge's question a session is read with, before any machine word is shown: the judge's blind, held-out labels.

Not here: how the question is put to the reviewer (the app), what becomes of his answer (`labels.py`).
"""

from collections.abc import Sequence

from eval_pipeline.judges.definition import Judge
from eval_pipeline.versions import unit_hash

QUESTION_SALT = "blind question 1"
"""Its own, so that the question is independent of the draw of the queue and of the label split, which hash the same ids."""


def asked_judge(session_id: str, judges: Sequence[Judge]) -> Judge | None:
    """Return the judge whose question goes with a session, the same for every reviewer and machine; None without judges.

    Each judge is as likely as any other. The judge with the highest hash of session and name is taken (rendezvous
    hashing, Thaler and Ravishankar 1998): a judge that comes or goes takes or frees his own sessions alone, and all others keep
    their question. A judge's view and criteria do not matter: where its question does not apply, the reviewer says so.
    """
    return max(judges, key=lambda judge: (unit_hash(QUESTION_SALT, session_id, judge.name), judge.name), default=None)
