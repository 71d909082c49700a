"""Daily counts of series as rows of `daily_series`, and promotions. Made by hand: no chance is in them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.tables import Promotions
from eval_pipeline.trends.policy import load_trends
from eval_pipeline.trends.series import SERIES_COLUMNS

POLICY = load_trends(PROJECT_ROOT / "catalog" / "trends.yaml")
FIRST = dt.date(2026, 1, 1)
NOW = dt.datetime(2026, 7, 1, 9, tzinfo=dt.UTC)
CELL_OF_JUDGE = {
    "subject_kind": "judge", "subject": "relevance", "subject_version": "v1", "model_version": "all", "surface": "all",
    "slice": "all", "origin": "production",
}  # fmt: skip


def day(number: int) -> dt.date:
    """Return the day of this number, from 0."""
    return FIRST + dt.timedelta(days=number)


def series(fails: Sequence[int], n: int = 40, first: int = 0, **cell: str) -> pd.DataFrame:
    """Return a series that fails `fails` of `n` sessions day by day, from day `first` on."""
    rows = [
        {**CELL_OF_JUDGE, **cell, "session_day": day(first + number), "n": n, "n_fail": x}
        for number, x in enumerate(fails)
    ]
    return pd.DataFrame(rows)[SERIES_COLUMNS]


def flat(days: int) -> list[int]:
    """Return 4 or 2 fails a day in turn: of 40 sessions 7.5 %."""
    return [4 if number % 2 else 2 for number in range(days)]


def together(*parts: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of all `parts`."""
    return pd.concat(parts, ignore_index=True)


def promotions(acts: Iterable[tuple[int, str]] = (), **columns: Any) -> pd.DataFrame:
    """Return a row of `promotions` for each (day, version) of the judge."""
    rows = [
        {
            "promotion_id": f"{version} on {number}", "subject_kind": "judge", "subject": "relevance",
            "subject_version": version, "origin": "production", "decision": "promoted", "decided_by": "ada",
            "decided_at": pd.Timestamp(day(number), tz="UTC") + pd.Timedelta(hours=9), "reason": "good enough",
            "held_out_version": None, "look_id": None, "evidence": {}, "definition": {}, "versions": {}, **columns,
        }
        for number, version in acts
    ]  # fmt: skip
    names = list(Promotions.to_schema().columns)
    return Promotions.validate(pd.DataFrame(rows, columns=names)) if rows else Promotions.empty()
