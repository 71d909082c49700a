"""Days of a series with versions behind them, as rows of `trend_versions`, of `daily_series` and of `trend_directions`."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pandas as pd

from eval_pipeline.trend_tables import TrendVersions

FIRST = dt.date(2026, 3, 1)
NAMES = {"subject_kind": "judge", "subject": "relevance", "origin": "production"}
ALL = {**NAMES, "model_version": "all", "surface": "all", "slice": "all"}

Counts = tuple[int, int]


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def versions(days: Mapping[int, Mapping[str, Mapping[str, Counts]]], **held: str) -> pd.DataFrame:
    """Return rows of `trend_versions`: `days` gives (n, n_fail) by day, component and version."""
    place = {**NAMES, "subject_version": "1", "surface": "all", **held}
    rows = [
        {**place, "session_day": day(number), "component": part, "component_version": version, "n": n, "n_fail": fails}
        for number, parts in days.items()
        for part, counts in parts.items()
        for version, (n, fails) in counts.items()
    ]
    return TrendVersions.validate(pd.DataFrame(rows)[list(TrendVersions.to_schema().columns)])


def series_of(rows: pd.DataFrame, **cell: str) -> pd.DataFrame:
    """Return the rows of `daily_series` that belong to rows of `trend_versions`, counted by their first component."""
    one = rows[rows["component"] == rows["component"].iloc[0]]
    keys = ["subject_kind", "subject", "surface", "origin", "subject_version", "session_day"]
    sums = one.groupby(keys, as_index=False)[["n", "n_fail"]].sum()
    return sums.assign(model_version="all", slice="all", **cell)


def turn(**fields: Any) -> dict[str, Any]:
    """Return the figures of a series that moved on `day(10)`, as a row of `trend_directions`."""
    return {
        **ALL,
        "as_of_day": day(19),
        "subject_version": "1",
        "baseline_id": "b",
        "baseline_name": "first 60 days",
        "n_baseline": 1000,
        "baseline_rate": 0.1,
        "phi": 1.0,
        "direction": "worse",
        "level": "alert",
        "not_enough_because": None,
        "window_days": 7,
        "n_7": 280,
        "rate_7": 0.3,
        "n_28": 1000,
        "rate_28": 0.2,
        "change": 0.2,
        "onset_day": day(10),
        "mix_shift": None,
        "within_change": None,
        "judge_shift": None,
        **fields,
    }
