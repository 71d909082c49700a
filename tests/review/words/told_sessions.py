"""Rows of a session that machines have spoken of, one at a time, for what the review app reads. Not here: fixtures."""

from typing import Any

from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import (
    CategoryPredictions,
    EvaluatorVerdicts,
    FlaggedSessions,
    JudgeCalibrationReports,
    JudgeVerdicts,
    RawSessions,
    Reviews,
    SessionSignals,
    Table,
)
from tests.known_categories import know
from tests.resources.frames import DAY, frame_for

SESSION = "a <b>session</b> & 'more'"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"

_DEFAULTS: dict[type[Table], dict[str, Any]] = {
    RawSessions: {
        "turns": [],
        "meta": {},
        "slices": {},
        "versions": {},
        "feedback": [],
        "outcome": None,
        "recorded_labels": [],
        "origin": "production",
        "is_closed": False,
        "ended_at": None,
        "user_id": "user 1",
    },
    SessionSignals: {"outcome": "fired", "strength": 0.5, "signal_version": "1+aaaa", "turn_index": None},
    EvaluatorVerdicts: {"evaluator_version": "1+aaaa", "target": "session", "verdict": "pass"},
    JudgeVerdicts: {"judge_version": "1+aaaa", "repeat": 0, "verdict": "pass", "is_contested": False},
    CategoryPredictions: {"classifier_version": "1+aaaa"},
    FlaggedSessions: {"reasons": [], "inclusion_probability": 1.0, "is_double_review": False},
    Reviews: {"answers": {"session": "fail"}, "machine_words": {}, "is_repeat": False},
    JudgeCalibrationReports: {"origin": "production", "category": "all", "surface": "all", "label_set": "held_out"},
}
_COUNTS = ("n_true_fail", "n_missed_fail", "n_false_fail", "n_true_pass", "n_error", "n_not_applicable")


def store(warehouse: Warehouse, table: type[Table], session_id: str = SESSION, **values: Any) -> None:
    """Add one row of a table; what `values` do not name is a default or null."""
    given = {**_DEFAULTS[table], "session_id": session_id, **values}
    row = frame_for(table, 1, DAY).astype(object).assign(**{name: [value] for name, value in given.items()})
    row = row.astype({name: "Int64" for name in ("turn_index", "first_bad_turn", "revision") if name in row})
    if "taxonomy_version" in row and values.get("category") is not None:
        know(warehouse, [(row["taxonomy_version"].iloc[0], values["category"])])
    warehouse.append(table, table.validate(row))


def store_report(warehouse: Warehouse, subject: str, version: str = "1+aaaa", **values: Any) -> None:
    """Add one row of the calibration reports on `subject` (`judge:tone`): counts not named are 0, rates null."""
    kind, _, name = subject.partition(":")
    counts = {count: values.pop(count, 0) for count in _COUNTS}
    given: dict[str, Any] = {
        **_DEFAULTS[JudgeCalibrationReports],
        **counts,
        "report_id": f"{subject} {version} {values}",
        "subject_kind": kind,
        "subject": name,
        "subject_version": version,
        "n_labels": sum(counts[count] for count in _COUNTS[:4]),
        "status": "measured",
        **values,
    }
    row = frame_for(JudgeCalibrationReports, 1, values.pop("as_of_day", DAY)).astype(object)
    row = row.assign(**{key: [value] for key, value in given.items()})
    warehouse.append(JudgeCalibrationReports, JudgeCalibrationReports.validate(row))
