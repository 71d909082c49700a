"""What a turn is put down to: the version changes near its onset, ranked by how well each splits the series.

A candidate is no proof: what else changed on the same days, and is not on record, is not ruled out. Not here: which changes
there are (`changes.py`), whether a series moved (`directions.py`).
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from eval_pipeline.trend_tables import CELL, TrendCandidates
from eval_pipeline.trends.cells import ALL
from eval_pipeline.trends.changes import RECORD, counted_versions, version_changes
from eval_pipeline.trends.sentences import candidate_sentence
from eval_pipeline.trends.splits import VersionDays

DAYS_BEFORE, DAYS_AFTER = 21, 7
"""A change is near a turn if it came from 21 days before its onset, as a roll-out is slow and a day is a guess, to 7 after."""

AROUND_DAYS = 28
"""The split is looked for in this many days before the onset, of which most are as the baseline, and as many after it."""

RECENT_DAYS = 7
MOST_CANDIDATES = 10

TIE_SHARE, TIE_SCORE = 0.05, 2.0
"""Two candidates are tied where they deal under 5 % of the sessions differently, day by day, and their scores differ by less
than 2: the one is then less than e^2 = 7 times as likely as the other."""


def candidates(
    as_of_day: dt.date, directions: pd.DataFrame, versions: pd.DataFrame, series: pd.DataFrame
) -> pd.DataFrame:
    """Return the rows of `trend_candidates` of `as_of_day`, for the series that moved to watch or alert.

    `directions`: rows of the day, at least CELL, direction, level, onset_day, window_days and phi; without an onset the
    window's first day stands for it. `versions`: rows of `trend_versions` from `DAYS_BEFORE` + `AROUND_DAYS` days before
    the onsets on; of these the subject version that `series` counts on a day is taken. They hold surfaces apart, not
    models or slices: a series of one model or slice is split by all sessions of its surface, and for one of a single
    model the model is no candidate.

    score = (log likelihood of fails with the new version and without it, less that of no split) / phi, on the sessions of
    the days around the turn; 0 where the split goes against the direction of the turn. Sessions are split by what each was
    made with, so the days of a gradual roll-out count by session. phi is the overdispersion of the series, by which
    quasi-likelihood divides (Wedderburn 1974). Equal scores: the change nearest to the onset first, then by component.
    """
    counted = counted_versions(versions, series)
    records = dict(list(counted.groupby(list(RECORD), sort=False)))
    moved = directions[directions["level"].isin(["watch", "alert"])]
    rows = [
        row
        for turn in moved.sort_values(list(CELL)).to_dict("records")
        for row in _ranked(as_of_day, turn, records.get(tuple(turn[name] for name in RECORD), counted.iloc[:0]))
    ]
    return TrendCandidates.validate(pd.DataFrame(rows, columns=list(TrendCandidates.to_schema().columns)))


def onset_of(as_of_day: dt.date, turn: dict[Any, Any]) -> dt.date:
    """Return the onset of a row of `trend_directions`, or else the first day of the window that moved."""
    if isinstance(turn["onset_day"], dt.date) and not pd.isna(turn["onset_day"]):
        return turn["onset_day"]
    return as_of_day - dt.timedelta(days=int(turn["window_days"]) - 1)


def _ranked(as_of_day: dt.date, turn: dict[Any, Any], record: pd.DataFrame) -> Iterator[dict[Any, Any]]:
    if turn["model_version"] != ALL:
        record = record[record["component"] != "model"]
    onset = onset_of(as_of_day, turn)
    around = VersionDays(record[_is_between(record["session_day"], onset, -AROUND_DAYS, AROUND_DAYS)])
    recent = VersionDays(record[_is_between(record["session_day"], as_of_day, 1 - RECENT_DAYS, 0)])
    changes = version_changes(record)
    near = changes[_is_between(changes["first_day"], onset, -DAYS_BEFORE, DAYS_AFTER)]
    near = near.drop_duplicates(["component", "to_version"])
    found = [_found(change, turn, around, recent, onset) for change in near.to_dict("records")]
    found.sort(key=lambda row: (-row["score"], row["days_off"], row["component"], row["to_version"]))
    found = found[:MOST_CANDIDATES]
    for rank, row in enumerate(found, start=1):
        tied = [other for other in found if other is not row and _is_tied(row, other)]
        cell = {name: turn[name] for name in CELL}
        words = candidate_sentence(row, [other["component"] for other in tied], turn)
        yield {"as_of_day": as_of_day, **cell, "rank": rank, **row, "is_tied": bool(tied), "sentence": words}


def _found(
    change: dict[Any, Any], turn: dict[Any, Any], around: VersionDays, recent: VersionDays, onset: dt.date
) -> dict[Any, Any]:
    component, version = change["component"], change["to_version"]
    split, lately = around.split(component, version), recent.split(component, version)
    phi = 1.0 if pd.isna(turn["phi"]) else float(turn["phi"])
    n_lately = lately.n_with + lately.n_without
    return {
        **{
            name: change[name] for name in ("component", "from_version", "to_version", "first_day", "side_by_side_days")
        },
        "share_now": lately.n_with / n_lately if n_lately else None,
        "n_with": split.n_with,
        "rate_with": split.rate_with,
        "n_without": split.n_without,
        "rate_without": split.rate_without,
        "score": split.gain() / phi if split.goes(turn["direction"]) else 0.0,
        "days_off": abs((change["first_day"] - onset).days),
        "by_day": around.with_version(component, version),
    }


def _is_tied(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    dealt_apart = np.abs(one["by_day"] - other["by_day"]).sum()
    is_alike = dealt_apart <= TIE_SHARE * (one["n_with"] + one["n_without"])
    return bool(is_alike and abs(one["score"] - other["score"]) < TIE_SCORE)


def _is_between(days: "pd.Series[Any]", day: dt.date, first: int, last: int) -> "pd.Series[Any]":
    return (days >= day + dt.timedelta(days=first)) & (days <= day + dt.timedelta(days=last))
