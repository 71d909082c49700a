"""Builders of small frames of labels and predictions."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd

from eval_pipeline.calibration.predictions import PREDICTION_COLUMNS
from eval_pipeline.tables import HumanLabels

DAY = dt.date(2026, 3, 10)
LABELLED_AT = pd.Timestamp("2026-03-10T12:00Z")


def label(session_id: str, value: str | None, **changes: Any) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "session_day": DAY,
        "target": "judge:refund",
        "label": value,
        "status": "settled",
        "category": None,
        "label_set": "held_out",
        "n_reviews": 1,
        "reviews_hash": "of the reviews",
        "reviewers": ["ada"],
        "is_blind": True,
        "arm": None,
        "inclusion_probability": None,
        "design_id": None,
        "seconds": None,
        "labelled_at": LABELLED_AT,
        "taxonomy_version": "1",
        "redaction_version": "1",
        "origin": "production",
        "is_adjudicated": False,
        **changes,
    }


def label_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    return HumanLabels.validate(pd.DataFrame(rows, columns=list(HumanLabels.to_schema().columns)))


def prediction(session_id: str, value: str, **changes: Any) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "subject_kind": "judge",
        "subject": "refund",
        "subject_version": "1+aa",
        "target": "judge:refund",
        "prediction": value,
        "is_counting": False,
        **changes,
    }


def prediction_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    types = dict.fromkeys(PREDICTION_COLUMNS, "str") | {"is_counting": "bool"}
    return pd.DataFrame(rows, columns=PREDICTION_COLUMNS).astype(types)
