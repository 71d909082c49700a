"""Builders of the evidence of a check: nothing moved, unless a test says what did."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from eval_pipeline.calibration.alignment.check import alignment_rows
from eval_pipeline.calibration.alignment.evidence import Baseline, Evidence, Subject
from eval_pipeline.calibration.alignment.health import Asked

DAY = dt.date(2026, 3, 10)
PROMOTED = DAY - dt.timedelta(days=28)
JUDGE = Subject("judge", "refund", "1+aa", "production", Baseline(150, 135, PROMOTED))


def answered(n: int, n_right: int, day: dt.date = DAY) -> pd.DataFrame:
    ids = [f"{day}-{i:03}" for i in range(n)]
    return pd.DataFrame({"session_id": ids, "session_day": [day] * n, "is_right": [i < n_right for i in range(n)]})


def anchors(fails: list[int], repeats: int = 3) -> pd.DataFrame:
    """Anchor i says fail `fails[i]` times."""
    rows = [(f"a{i:02}", r, "fail" if r < x else "pass") for i, x in enumerate(fails) for r in range(repeats)]
    return pd.DataFrame(rows, columns=["session_id", "repeat", "verdict"])


def drawn(strata: dict[tuple[str, str], tuple[float, int, int, int]]) -> pd.DataFrame:
    """By surface and stratum: weight, drawn sessions, labels among them, fails among those."""
    rows = [
        (surface, stratum, weight, "fail" if i < n_fail else "pass" if i < n_labels else None)
        for (surface, stratum), (weight, n, n_labels, n_fail) in strata.items()
        for i in range(n)
    ]
    return pd.DataFrame(rows, columns=["surface", "stratum", "weight", "label"])


def mix(last: dt.date, n_days: int = 28, dimension: str = "surface", **a_day: int) -> pd.DataFrame:
    """As many sessions of each value every day."""
    rows = [(last - dt.timedelta(days=d), dimension, name, n) for d in range(n_days) for name, n in a_day.items()]
    return pd.DataFrame(rows, columns=["session_day", "dimension", "value", "n"])


def noisy_mix(rng: np.random.Generator, last: dt.date, share: float = 0.7, per_day: int = 60) -> pd.DataFrame:
    counts = rng.binomial(per_day, share, 28)
    parts = [mix(last - dt.timedelta(days=d), 1, chat=int(c), mail=per_day - int(c)) for d, c in enumerate(counts)]
    return pd.concat(parts, ignore_index=True)


STEADY = [0] * 40 + [3] * 10
LABELS = {("chat", "quiet"): (4.0, 50, 50, 2), ("chat", "flagged"): (1.0, 50, 50, 20)}


def evidence(**changes: Any) -> Evidence:
    return Evidence(
        **{
            "answered": answered(100, 90),
            "drawn_before": drawn(LABELS),
            "drawn_now": drawn(LABELS),
            "mix_before": mix(PROMOTED, chat=40, mail=20),
            "mix_now": mix(DAY, chat=40, mail=20),
            "anchors_before": anchors(STEADY),
            "anchors_now": anchors(STEADY),
            "asked": Asked(1000, 5, 2),
            "newest_labels": [DAY] * 30,
            **changes,
        }
    )


def check(subject: Subject = JUDGE, **changes: Any) -> dict[Any, Any]:
    [row] = alignment_rows(DAY, [(subject, evidence(**changes))]).to_dict("records")
    return row
