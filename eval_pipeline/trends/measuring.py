"""A day's trends from the tables: which series moved, by how much, made of what, and what that is put down to.

Puts the parts together and stores nothing. Not here: the parts themselves (`directions.py`, `candidates.py`,
`decomposition.py`, `sentences.py`).
"""

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from eval_pipeline.calibration.standings import proven
from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import AnchorVerdicts, Promotions, TrendBaselines, TrendRollups, TrendVersions
from eval_pipeline.trend_tables import CELL, TrendDirections
from eval_pipeline.trends.baselines import baselines_due, days_to_read
from eval_pipeline.trends.candidates import AROUND_DAYS, DAYS_BEFORE, candidates, onset_of
from eval_pipeline.trends.decomposition import decompose
from eval_pipeline.trends.directions import directions
from eval_pipeline.trends.policy import TrendPolicy
from eval_pipeline.trends.sentences import direction_sentence
from eval_pipeline.trends.series import SERIES_COLUMNS, daily_series

_DAYS = """
    SELECT DISTINCT origin, session_day FROM evals.trend_rollups
    WHERE model_version = 'all' AND surface = 'all' AND slice = 'all' ORDER BY 1, 2"""
_DECISIONS = ["promotion_id", "subject_kind", "subject", "subject_version", "origin", "decision", "decided_at"]
_ANCHORS = ["judge", "judge_version", "origin", "session_id", "asked_for_day", "verdict"]


class Measured(NamedTuple):
    """Rows of `trend_baselines` that are new, of `trend_directions` and of `trend_candidates`."""

    baselines: pd.DataFrame
    directions: pd.DataFrame
    candidates: pd.DataFrame


def measure(day: dt.date, warehouse: Warehouse, policy: TrendPolicy, now: dt.datetime) -> Measured:
    """Return what is found of `day`; nothing is stored.

    Read are the rollups of `days_to_read` (baselines and `policy.look_back_days`), and the versions of the days around the
    turns that were found.
    """
    known, promotions = warehouse.read(TrendBaselines), warehouse.read(Promotions, columns=_DECISIONS)
    needed = days_to_read(day, warehouse.query(_DAYS), known, promotions, policy)
    series = daily_series(warehouse.read(TrendRollups, needed, SERIES_COLUMNS), proven(warehouse))
    due = baselines_due(day, series, known, promotions, policy, now)
    baselines = pd.concat([frame for frame in (known, due) if len(frame)]) if len(due) else known
    found = directions(day, series, baselines, promotions, policy)
    anchors = warehouse.read(AnchorVerdicts, columns=_ANCHORS)
    parts = decompose(found, series, baselines, anchors)
    causes = candidates(day, found, _versions(day, found, warehouse), series)
    return Measured(due, _told(found.join(parts), causes, baselines), causes)


def _told(found: pd.DataFrame, causes: pd.DataFrame, baselines: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with their sentences."""
    of_cell = {cell: rows.sort_values("rank").to_dict("records") for cell, rows in causes.groupby(list(CELL))}
    ends = dict(zip(baselines["baseline_id"], baselines["last_day"], strict=True))
    sentences = [
        direction_sentence(row, of_cell.get(tuple(row[name] for name in CELL), []), ends.get(row["baseline_id"]))
        for row in found.to_dict("records")
    ]
    told = found.assign(sentence=pd.Series(sentences, index=found.index, dtype="object"))
    return TrendDirections.validate(told[list(TrendDirections.to_schema().columns)])


def _versions(day: dt.date, found: pd.DataFrame, warehouse: Warehouse) -> pd.DataFrame:
    """Return the rows of `trend_versions` around the turns."""
    moved = found[found["level"].isin(["watch", "alert"])]
    onsets = [onset_of(day, row) for row in moved.to_dict("records")]
    first = min(onsets, default=day) - dt.timedelta(days=DAYS_BEFORE + AROUND_DAYS)
    return warehouse.read(TrendVersions, _days(first, day) if onsets else [])


def _days(first: dt.date, last: dt.date) -> Iterable[dt.date]:
    return [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
