"""Which failed sessions fit nowhere: people or machines fail them, and no category of the taxonomy explains it.

Not here: what these sessions say (`texts.py`), where the frames come from (`gathering.py`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

NO_CATEGORY = frozenset({"abstain", "error"})
"""What a classifier says that names no category."""

REPORT = "explicit_report"
"""The signal of a user who marks a session as bad."""


@dataclass(frozen=True)
class Evidence:
    """What is known of the sessions of the days that are compared, of one origin.

    `sessions`: session_id, session_day; the closed ones, all of them: the population.
    `labels`: session_id, label, status, category of target `session`.
    `notes`: session_id, note, arm, category; a row a review that has a note.
    `predictions`: session_id, category. `failed`: see `failed_verdicts.py`.
    `signals`: session_id, signal, turn_index; those that fired.
    `turns`: of these sessions, session_id and turns; asked for few, as turns are large.
    `held_out`: sessions whose group is held out, labelled or not (`calibration/split.py`): they are counted, never quoted.
    """

    sessions: pd.DataFrame
    labels: pd.DataFrame
    notes: pd.DataFrame
    predictions: pd.DataFrame
    failed: pd.DataFrame
    signals: pd.DataFrame
    turns: Callable[[Iterable[str]], pd.DataFrame]
    held_out: frozenset[str] = frozenset()


def sorted_out(evidence: Evidence) -> pd.DataFrame:
    """Return the failed sessions: session_id, session_day and category, null for a misfit; by session_id.

    People come first: a settled pass is no failure, a settled category explains, a settled failure without one is a
    misfit, and so is what a reader of the error-analysis sample has noted. Then machines: a prediction that names a
    category explains; one that names none, a report or a failing evaluator without any prediction makes a misfit.
    """
    settled = evidence.labels[evidence.labels["status"] == "settled"]
    passed = set(settled.loc[settled["label"] == "pass", "session_id"])
    by_people = settled[settled["label"] == "fail"].set_index("session_id")["category"]
    named = evidence.predictions[~evidence.predictions["category"].isin(NO_CATEGORY)]
    by_machine = named.drop_duplicates("session_id").set_index("session_id")["category"]
    explained = {**by_machine.to_dict(), **by_people.to_dict()}
    failed = {*explained, *_read_openly(evidence.notes), *_failed_by_machine(evidence)} - passed
    found = evidence.sessions.loc[evidence.sessions["session_id"].isin(failed), ["session_id", "session_day"]]
    category = [explained.get(session) for session in found["session_id"]]
    frame = found.assign(category=pd.Series(category, index=found.index, dtype="object"))
    return frame.sort_values("session_id", ignore_index=True)


def _read_openly(notes: pd.DataFrame) -> set[str]:
    is_open = (notes["arm"] == "error_analysis") & notes["category"].isna()
    return set(notes.loc[is_open, "session_id"])


def _failed_by_machine(evidence: Evidence) -> set[str]:
    predictions, signals, failed = evidence.predictions, evidence.signals, evidence.failed
    unnamed = predictions.loc[predictions["category"].isin(NO_CATEGORY), "session_id"]
    reported = signals.loc[signals["signal"] == REPORT, "session_id"]
    evaluated = failed.loc[failed["failed"].astype("str").str.startswith("evaluator:"), "session_id"]
    return {*unnamed, *({*reported, *evaluated} - set(predictions["session_id"]))}
