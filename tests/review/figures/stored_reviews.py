"""Reviews, labels and figures as rows, for what reads them: every column is given unless a test says otherwise.

Not here: sessions and the queue (`tests/stored_sessions.py`).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from eval_pipeline.calibration.standings import definition_of
from eval_pipeline.judges.definition import Judge
from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import (
    HumanLabels,
    JudgeCalibrationReports,
    JudgeVerdicts,
    Promotions,
    Reviews,
    ReviewSlots,
    Table,
    TrendRollups,
)
from eval_pipeline.trends.rollups import CORRECTION_TYPES
from tests.known_categories import SHIPPED
from tests.resources.frames import frame_for
from tests.signals.conversations import talk
from tests.stored_sessions import DAY, store_sessions

TALK = talk("user: Where is my parcel?", "assistant: It is on its way.", "user: Thanks, bye!")
START = pd.Timestamp("2025-03-05T08:00:00Z")


def store_named(warehouse: Warehouse, names: Sequence[str], **columns: Any) -> None:
    """Store sessions called `names`, of the surface `chat` and real."""
    store_sessions(warehouse, dict.fromkeys(names, TALK), **{"surface": "chat", "user_id": None, **columns})


def review(session_id: str, reviewer: str, answer: str | None, minute: int = 0, **columns: Any) -> dict[str, Any]:
    """Return a review given `minute` minutes after the start: blind, and of the session alone, unless `columns` differ."""
    stage = columns.get("stage", "blind")
    plain = {
        "review_id": f"{session_id} {reviewer} {stage} {minute}",
        "session_id": session_id,
        "session_day": DAY,
        "reviewer": reviewer,
        "source": "app",
        "answers": {"session": answer} if answer else {},
        "first_bad_turn": None,
        "category": None,
        "note": None,
        "is_blind": stage == "blind",
        "arm": None,
        "inclusion_probability": None,
        "design_id": None,
        "seconds": 20.0,
        "submitted_at": START + pd.Timedelta(minutes=minute),
        "taxonomy_version": SHIPPED.version,
        "redaction_version": "1",
        "stage": stage,
        "is_repeat": False,
        "revision": None,
        "machine_words": {},
    }
    return plain | columns


def store(warehouse: Warehouse, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """Store rows of a table."""
    names = list(table.to_schema().columns)
    frame = pd.DataFrame([{name: row[name] for name in names} for row in rows], columns=names)
    warehouse.upsert(table, table.validate(frame)) if not table.is_append_only() else warehouse.append(
        table, table.validate(frame)
    )


def store_reviews(warehouse: Warehouse, *rows: Mapping[str, Any]) -> None:
    """Store reviews as `review` makes them."""
    store(warehouse, Reviews, rows)


def label(session_id: str, target: str = "session", answer: str = "fail", **columns: Any) -> dict[str, Any]:
    """Return a settled label of the calibration set."""
    plain = {
        "session_id": session_id,
        "session_day": DAY,
        "target": target,
        "label": answer,
        "status": "settled",
        "category": None,
        "label_set": "calibration",
        "n_reviews": 1,
        "reviewers": ["ada"],
        "is_blind": True,
        "reviews_hash": "h",
        "arm": None,
        "inclusion_probability": None,
        "design_id": None,
        "seconds": 20.0,
        "labelled_at": START,
        "taxonomy_version": SHIPPED.version,
        "redaction_version": "1",
        "origin": "production",
        "is_adjudicated": False,
    }
    return plain | columns


def store_labels(warehouse: Warehouse, *rows: Mapping[str, Any]) -> None:
    """Store labels as `label` makes them."""
    store(warehouse, HumanLabels, rows)


def verdict(session_id: str, judge: str, version: str, said: str, **columns: Any) -> dict[str, Any]:
    """Return a judge's verdict."""
    (plain,) = frame_for(JudgeVerdicts, 1, DAY).to_dict("records")
    own = {"session_id": session_id, "judge": judge, "judge_version": version, "repeat": 0, "verdict": said}
    return plain | own | {"critique": "Because.", "error_reason": None, "is_contested": False} | columns


def store_verdicts(warehouse: Warehouse, *rows: Mapping[str, Any]) -> None:
    """Store verdicts as `verdict` makes them."""
    store(warehouse, JudgeVerdicts, rows)


def measured(judge: str, version: str, counts: tuple[int, int, int, int], **columns: Any) -> dict[str, Any]:
    """Return a held-out report of a judge. `counts`: true fail, missed fail, false fail, true pass."""
    (plain,) = frame_for(JudgeCalibrationReports, 1, DAY).to_dict("records")
    rates = [name for name in plain if str(name).startswith(("tpr", "tnr", "precision", "recall"))]
    names = ("n_true_fail", "n_missed_fail", "n_false_fail", "n_true_pass")
    own = {
        "report_id": f"{judge} {version} {sorted(columns.items())}",
        "as_of_day": DAY,
        "subject_kind": "judge",
        "subject": judge,
        "subject_version": version,
        "origin": "production",
        "label_set": "held_out",
        "category": "all",
        "surface": "all",
        "n_labels": sum(counts),
        "n_human_fail": counts[0] + counts[1],
        "n_human_pass": counts[2] + counts[3],
        "status": "measured",
    }
    return plain | dict.fromkeys(rates) | dict(zip(names, counts, strict=True)) | own | columns


def store_measured(warehouse: Warehouse, *rows: Mapping[str, Any]) -> None:
    """Store reports as `measured` makes them."""
    store(warehouse, JudgeCalibrationReports, rows)


def rollup(judge: str, version: str, n: int, n_fail: int, **columns: Any) -> dict[str, Any]:
    """Return a judge's counts of a day over all models, surfaces and slices."""
    plain = {
        "session_day": DAY,
        "subject_kind": "judge",
        "subject": judge,
        "subject_version": version,
        "model_version": "all",
        "surface": "all",
        "slice": "all",
        "origin": "production",
        "n": n,
        "n_fail": n_fail,
        "n_not_applicable": 0,
        "n_error": 0,
        "fail_rate": n_fail / n,
        "fail_rate_low": 0.0,
        "fail_rate_high": 1.0,
        **dict.fromkeys(CORRECTION_TYPES),
        "n_labels": 0,
        "not_corrected_because": "no label yet",
    }
    return plain | columns


def store_rollups(warehouse: Warehouse, *rows: Mapping[str, Any]) -> None:
    """Store counts as `rollup` makes them."""
    store(warehouse, TrendRollups, rows)


def slot(session_id: str, state: str = "waiting", **columns: Any) -> dict[str, Any]:
    """Return a slot of a session."""
    (plain,) = frame_for(ReviewSlots, 1, DAY).to_dict("records")
    own = {
        "session_id": session_id,
        "slot": 1,
        "session_day": DAY,
        "state": state,
        "reviewer": None,
        "is_repeat": False,
    }
    return plain | {"claimed_at": None, "lease_until": None} | own | columns


def store_slots(warehouse: Warehouse, *rows: Mapping[str, Any]) -> None:
    """Store slots as `slot` makes them."""
    store(warehouse, ReviewSlots, rows)


def store_decision(warehouse: Warehouse, judge: Judge, decision: str, day: date, origin: str = "production") -> None:
    """Store a decision of the gate, or of a person, on a judge version, at noon of `day`."""
    row = frame_for(Promotions, 1, day).assign(
        promotion_id=f"{judge.version} {decision} {origin} {day}",
        subject_kind="judge",
        subject=judge.name,
        subject_version=judge.version,
        origin=origin,
        decision=decision,
        decided_at=pd.Timestamp(day, tz="UTC") + pd.Timedelta(hours=12),
        definition=[definition_of(judge)],
    )
    warehouse.append(Promotions, row)
