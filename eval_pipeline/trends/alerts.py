"""Episodes: when a finding is news. A series that rises to watch or alert opens one row, and stays silent while it lasts.

Not here: what is found (`directions.py`), who is told (`telling.py`).
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from eval_pipeline.trend_tables import CELL, TrendAlerts
from eval_pipeline.versions import content_hash

QUIET_DAYS = 7
"""A series that comes back to its level within this many days is in the same episode."""

EPISODE = (*CELL, "baseline_id", "direction")
"""What an episode is of: a new baseline or a turn the other way begins another."""

_LEVELS = {"watch": ("watch", "alert"), "alert": ("alert",)}
"""The levels at or above each."""

SPOKEN = """
    SELECT as_of_day, subject_kind, subject, model_version, surface, slice, origin, baseline_id, direction, level
    FROM evals.trend_directions WHERE level <> 'none' AND direction IN ('worse', 'better')"""
"""Findings of all days that an episode may be of: what `opened` needs of `trend_directions`."""


def opened(
    day: dt.date, directions: pd.DataFrame, spoken: pd.DataFrame, alerts: pd.DataFrame, now: dt.datetime
) -> pd.DataFrame:
    """Return the rows of `trend_alerts` that `day` opens, one an episode at most.

    `directions`: rows of `trend_directions` of `day`; `spoken`: of all days, those at watch or alert, at least EPISODE,
    as_of_day and level; `alerts`: the rows of `trend_alerts` so far. An episode of a level is a run of days at that level or
    above, gaps of up to `QUIET_DAYS` bridged, as the days are stored before `day` and after it. A row opens where none of the
    whole run has been opened yet, at its level or above: a rise from watch to alert opens one more. So a day that is run
    twice, or out of order, opens nothing in an episode that has its row, and an episode without one gets it on its next
    day. A backfill that starts over a week before the first row of an episode that was known cannot know yet that it will
    join it: there its first day opens a row too.
    """
    runs = dict(list(spoken.groupby(list(EPISODE), sort=False)))
    known = dict(list(alerts.groupby(list(EPISODE), sort=False)))
    found = directions[directions["level"].isin(list(_LEVELS)) & directions["direction"].isin(["worse", "better"])]
    rows = []
    for row in found.sort_values(list(EPISODE)).to_dict("records"):
        key, level = tuple(row[name] for name in EPISODE), row["level"]
        first, last = _run(day, _days(runs.get(key), "as_of_day", level))
        if not any(first <= opened_on <= last for opened_on in _days(known.get(key), "opened_on", level)):
            rows.append(_row(day, row, now))
    return (
        TrendAlerts.validate(pd.DataFrame(rows)[list(TrendAlerts.to_schema().columns)]) if rows else TrendAlerts.empty()
    )


def _days(rows: pd.DataFrame | None, column: str, level: str) -> Sequence[dt.date]:
    """Return the days of `rows` at `level` or above, in order."""
    return [] if rows is None else sorted(set(rows.loc[rows["level"].isin(_LEVELS[level]), column]))


def _run(day: dt.date, days: Sequence[dt.date]) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of the run that `day` is in."""
    earlier = list(_reach(day, [other for other in reversed(days) if other < day]))
    later = list(_reach(day, [other for other in days if other > day]))
    return (earlier or [day])[-1], (later or [day])[-1]


def _reach(day: dt.date, days: Sequence[dt.date]) -> Iterator[dt.date]:
    """Yield those of `days`, nearest first, that are joined to `day` without a gap of more than `QUIET_DAYS`."""
    for other in days:
        if abs((other - day).days) > QUIET_DAYS:
            return
        yield other
        day = other


def _row(day: dt.date, row: dict[Any, Any], now: dt.datetime) -> dict[Any, Any]:
    episode = {name: row[name] for name in (*EPISODE, "level")}
    return {
        "alert_id": content_hash([*episode.values(), day.isoformat()]),
        "opened_on": day,
        **episode,
        **{name: row[name] for name in ("change", "onset_day", "sentence")},
        "opened_at": now,
    }
