"""What must become of each verdict on a synthetic session, held against what became of it.

Every evaluator and signal reads the real session (before) and the synthetic one (after); judges only where they are
asked. The result is rows of `synthetic_expectations`; nothing of this is stored as a verdict. Not here: the reading
(`before_and_after.py`), what must become of it (`operators/`), what that says of an evaluator over many sessions
(`noticing.py`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from eval_pipeline.coverage_tables import SyntheticExpectations
from eval_pipeline.evaluators.contract import Evaluator
from eval_pipeline.signals.contract import Signal
from eval_pipeline.synthetic.before_and_after import (
    CONTESTED,
    JudgeVerdictsOf,
    Subject,
    Words,
    before_and_after,
    words_of,
)
from eval_pipeline.synthetic.operators.contract import EVERY_OTHER

MUST = {"must_fail": "fail", "must_pass": "pass", "must_fire": "fired"}
FAILED = ("fail", "fired")
NO_VERSION = "none"


def expectations(
    as_of_day: date,
    synthetic: pd.DataFrame,
    seeds: pd.DataFrame,
    evaluators: Sequence[Evaluator],
    signals: Sequence[Signal],
    judge_verdicts_of: JudgeVerdictsOf | None = None,
) -> pd.DataFrame:
    """Return what became of each expectation, as rows of `synthetic_expectations`, ordered by session and subject.

    `synthetic`: rows of `synthetic_sessions`; invalid ones are left out. `seeds`: rows of `raw_sessions` that hold the
    first seed of each; where it is gone, nothing can be compared. An expectation of every other subject counts for each
    of its kind that is not named; `may_change` gives no row. A subject that this deployment has not is
    `not_applicable`, and said so. `judge_verdicts_of` asks the judges about the real and the synthetic sessions;
    without it judges are left out.
    """
    valid = synthetic[synthetic["is_valid"].astype(bool)].reset_index(drop=True)
    sessions, real_ids = before_and_after(valid, seeds)
    words, versions = words_of(sessions, evaluators, signals, judge_verdicts_of)
    rows = [
        {"as_of_day": as_of_day, "synthetic_id": made["synthetic_id"], "operator": made["operator"], **row}
        for number, made in enumerate(valid.to_dict("records"))
        for row in _rows(
            (real_ids[number], f"after/{number}"), made["expectations"], words, versions, judge_verdicts_of is not None
        )
    ]
    frame = pd.DataFrame(rows, columns=list(SyntheticExpectations.to_schema().columns))
    frame = frame.astype({"before": "str", "after": "str"}) if len(frame) else frame
    return SyntheticExpectations.validate(
        frame.sort_values(["synthetic_id", "subject_kind", "subject"], ignore_index=True)
    )


def outcome(change: str, before: str | None, after: str | None) -> str:
    """Return what an expectation came to: noticed, missed, wrongly_changed, not_applicable or error.

    A judge's `contested` keeps its pass back, and is no change of one; of a fail it is one, as a judge can still fail a
    session that speaks to it.
    """
    if after == "error":
        return "error"
    if before is None or after is None or before == "error":
        return "not_applicable"
    if change in MUST:
        if after != MUST[change]:
            return "missed"
        return "noticed" if before != after else "not_applicable"
    if change == "unchanged":
        is_kept = before == after or (after == CONTESTED and before not in FAILED)
    else:
        is_kept = after not in FAILED or before in FAILED
    return "noticed" if is_kept else "wrongly_changed"


def _rows(
    sessions: tuple[str, str],
    expected: Iterable[Mapping[str, Any]],
    words: Words,
    versions: Mapping[Subject, str],
    judges_are_asked: bool,
) -> Iterator[dict[str, Any]]:
    for one in _spelt_out(expected, versions):
        subject = Subject(one["subject_kind"], one["subject"])
        if one["change"] == "may_change" or (subject.kind == "judge" and not judges_are_asked):
            continue
        before, after = (words.get((session, *subject)) for session in sessions)
        came_to = outcome(one["change"], before, after)
        yield {
            "subject_kind": subject.kind,
            "subject": subject.name,
            "subject_version": versions.get(subject, NO_VERSION),
            "expected": one["change"],
            "before": before,
            "after": after,
            "outcome": came_to,
            "explanation": _sentence(subject, subject in versions, one, before, after, came_to),
        }


def _spelt_out(expected: Iterable[Mapping[str, Any]], versions: Mapping[Subject, str]) -> Iterator[Mapping[str, Any]]:
    """Yield the expectations of named subjects, then those of every other subject, one each."""
    named = [one for one in expected if one["subject"] != EVERY_OTHER]
    yield from named
    taken = {Subject(one["subject_kind"], one["subject"]) for one in named}
    for one in expected:
        if one["subject"] == EVERY_OTHER:
            others = sorted(s for s in versions if s.kind == one["subject_kind"] and s not in taken)
            yield from ({**one, "subject": subject.name} for subject in others)


_CAME_TO = {
    "noticed": "as it must be",
    "missed": "and did not notice",
    "wrongly_changed": "and must not have changed",
    "not_applicable": "which says nothing",
    "error": "it crashed",
}


def _sentence(
    subject: Subject, is_there: bool, one: Mapping[str, Any], before: str | None, after: str | None, came_to: str
) -> str:
    if not is_there:
        return f"Left out: this deployment has no {subject.kind} {subject.name}."
    if before is None and after is None:
        return "Left out: there is no verdict on the real session and none on the synthetic one."
    told = f"{before or 'no word'} before, {after or 'no word'} after"
    must = str(one["change"]).replace("_", " ")
    return f"{subject.kind} {subject.name}: {told}, {_CAME_TO[came_to]} ({must}: {one['reason']})."
