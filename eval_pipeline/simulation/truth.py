"""What is true of a simulated session, as a pure function of its case number and the simulation's seed.

Positive = a failure. Not here: how a failure looks in the transcript (`transcript.py`), who errs about it
(`judging.py`, `reviewers.py`).
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import pandas as pd

from eval_pipeline.simulation import novel
from eval_pipeline.simulation.cases import case_day, case_of_turns
from eval_pipeline.simulation.draws import Draws

DEMO_SEED = 7
"""The seed of the demo, where nobody names another one."""

TONE = "judge:tone"

QUESTIONS = ("judge:relevance", "judge:completeness", "judge:faithfulness", "judge:usefulness", TONE)
"""The judges' questions that the simulation knows the answer to."""

MODE_SHARES = {
    "wrong_answer": 0.28,
    "incomplete_answer": 0.27,
    "tool_error_ignored": 0.13,
    "refusal": 0.13,
    "truncated": 0.11,
    "loop": 0.08,
}
"""Share of each failure mode among failures; the keys are categories of the shipped taxonomy."""

FAILED_QUESTIONS = {
    "wrong_answer": frozenset({"judge:relevance", "judge:completeness", "judge:faithfulness", "judge:usefulness"}),
    "incomplete_answer": frozenset({"judge:completeness"}),
    "tool_error_ignored": frozenset({"judge:completeness", "judge:faithfulness"}),
    "refusal": frozenset({"judge:completeness", "judge:usefulness"}),
    "truncated": frozenset({"judge:completeness", "judge:usefulness"}),
    "loop": frozenset({"judge:completeness", "judge:usefulness"}),
}
"""Which questions a failure of each mode fails, beside `session`.

All leave the request unmet. What is off topic is no use either, and no tool bears it out, as none bears out what is
confirmed after an error. Half an answer is of use. None of them is discourteous: see `RUDE_SHARE`."""

RUDE_SHARE = 0.05
"""Share of sessions, good or failed, where the assistant is rude as it looks the order up: its tone alone fails then."""

GOOD_WEEK_RATES = (0.08, 0.12)
BAD_WEEK_RATE = 0.19
BAD_WEEK_EVERY = 3
"""Every third ISO week the product fails at `BAD_WEEK_RATE`, else at a rate within `GOOD_WEEK_RATES`."""

CLARIFIED_SHARE = 0.35
"""Share of sessions where the assistant first asks for the order number, which moves the answer by two turns."""

ANSWER_TURN = 4
"""Index of the turn that answers, when nothing is clarified before."""


@dataclass(frozen=True)
class Truth:
    """The truth about one session: `category` and `first_bad_turn` (from 0) are None unless it is a failure.

    A planted failure (`novel.py`) has the mode `planted` and no category: the taxonomy has none for it.
    `answers` holds pass or fail for `session` and each of `QUESTIONS`. A session that fails for its tone alone is no
    failure: the request was met.
    """

    is_failure: bool
    category: str | None
    answers: dict[str, str]
    first_bad_turn: int | None
    planted: str | None = None


def product_version(day: date) -> str:
    """Return the version of the product that served on `day`, e.g. `sim-2026w07`: it changes every ISO week."""
    year, week, _ = day.isocalendar()
    return f"sim-{year}w{week:02d}"


@lru_cache(maxsize=1024)
def failure_rate(version: str, seed: int) -> float:
    """Return the probability that a session served by product `version` fails."""
    if int(version[-2:]) % BAD_WEEK_EVERY == 0:
        return BAD_WEEK_RATE
    return Draws("failure rate", str(seed), version).between(*GOOD_WEEK_RATES)


def is_clarified(case: str, seed: int) -> bool:
    """Return whether the assistant asks for the order number before it answers."""
    return Draws("clarified", str(seed), case).chance(CLARIFIED_SHARE)


def is_rude(case: str, seed: int) -> bool:
    """Return whether the assistant is rude to the customer as it looks the order up."""
    return Draws("rude", str(seed), case).chance(RUDE_SHARE)


def answers_for(category: str | None, is_rude: bool = False) -> dict[str, str]:
    """Return the true answer to `session` and to each question, for a failure of `category` or a good session."""
    failed = (FAILED_QUESTIONS[category] if category else frozenset()) | ({TONE} if is_rude else set())
    answers = {question: "fail" if question in failed else "pass" for question in QUESTIONS}
    return {"session": "fail" if category else "pass", **answers}


def truth(case: str, seed: int) -> Truth:
    """Return what is true of the session with this case number. Raises `ValueError` if it is no case number."""
    planted = novel.planted_mode(case)
    if planted is not None:
        return _planted(planted, case, seed)
    draws = Draws("truth", str(seed), case)
    is_failure = draws.chance(failure_rate(product_version(case_day(case)), seed))
    category = draws.weighted(MODE_SHARES) if is_failure else None
    bad_turn = _answer_turn(case, seed) if is_failure else None
    return Truth(is_failure, category, answers_for(category, is_rude(case, seed)), bad_turn)


def _planted(mode: str, case: str, seed: int) -> Truth:
    failed = novel.FAILED_QUESTIONS | ({TONE} if is_rude(case, seed) else set())
    answers = {question: "fail" if question in failed else "pass" for question in QUESTIONS}
    return Truth(True, None, {"session": "fail", **answers}, _answer_turn(case, seed), mode)


def _answer_turn(case: str, seed: int) -> int:
    return ANSWER_TURN + 2 * is_clarified(case, seed)


def known_truth(sessions: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the truth of the simulated sessions among `sessions` (columns session_id, turns, origin at least).

    Columns: session_id, is_failure, category (None for good ones), answers (dict), first_bad_turn (Int64). Sessions of
    other origins, and those whose transcript shows no case number, have no known truth and no row.
    """
    simulated = sessions[sessions["origin"] == "simulated"]
    cases = [(s, case_of_turns(t)) for s, t in zip(simulated["session_id"], simulated["turns"], strict=True)]
    known = [(session_id, truth(case, seed)) for session_id, case in cases if case is not None]
    return pd.DataFrame(
        {
            "session_id": pd.Series([session_id for session_id, _ in known], dtype="str"),
            "is_failure": pd.Series([t.is_failure for _, t in known], dtype="bool"),
            "category": pd.Series([t.category for _, t in known], dtype="object"),
            "answers": pd.Series([t.answers for _, t in known], dtype="object"),
            "first_bad_turn": pd.Series([t.first_bad_turn for _, t in known], dtype="Int64"),
        }
    )
