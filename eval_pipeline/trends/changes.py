"""Version changes on record: which component got which new version, from which first day, beside which old one.

A change is found in the verdicts themselves, whose sessions say what they were made with; nobody has to announce it. Not
here: how days are counted by version (`version_rollups.py`), which change a turn is put down to (`candidates.py`).
"""

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pandas as pd

from eval_pipeline.trend_tables import TrendVersions
from eval_pipeline.trends.cells import NOT_STATED

RECORD = ("subject_kind", "subject", "surface", "origin")
"""What a record of versions is kept for: the surfaces apart, as a version may reach one before the others."""

CHANGES = [*RECORD, "component", "from_version", "to_version", "first_day", "side_by_side_days"]

ABSENT_DAYS = 7
"""A version that was away this long and is seen again came anew, as after a roll-back."""

BEFORE_DAYS = 28
"""The days before a change in which its commonest version is what it came from."""


def version_changes(versions: pd.DataFrame) -> pd.DataFrame:
    """Return a row per change: `CHANGES`, ordered by record, first day, component and version.

    `versions`: rows of `trend_versions`, one subject version a day. A version comes on the first day on which it is seen
    after `ABSENT_DAYS` days without it. What stood there on the first day of the record is no change, and neither is a
    version that is no longer stated. `from_version` is the commonest of the `BEFORE_DAYS` days before, of equal ones the first
    by name; None where the component was not on record then. `side_by_side_days`: days from the first one on that hold
    both, over which a gradual roll-out went.
    """
    seen = versions.loc[versions["n"] > 0, [*RECORD, "component", "component_version", "session_day", "n"]]
    found = [
        {**dict(zip(RECORD, record, strict=True)), "component": component, **change}
        for record, rows in seen.groupby(list(RECORD), sort=True)
        for component, of_component in rows.groupby("component", sort=True)
        for change in _changes(of_component, min(rows["session_day"]))
    ]
    order = [*RECORD, "first_day", "component", "to_version"]
    return pd.DataFrame(found, columns=CHANGES).sort_values(order, ignore_index=True)


def counted_versions(versions: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Return those rows of `trend_versions` that are of the subject version that counts on their day, as `series` says."""
    chosen = ["session_day", "subject_kind", "subject", "subject_version", "origin"]
    columns = list(TrendVersions.to_schema().columns)
    return versions[columns].merge(series[chosen].drop_duplicates(), on=chosen)


def _changes(rows: pd.DataFrame, record_began: dt.date) -> Iterator[dict[str, Any]]:
    """Yield the changes of one component on a record."""
    days = {str(version): sorted(set(of["session_day"])) for version, of in rows.groupby("component_version")}
    for version, seen in days.items():
        if version == NOT_STATED:
            continue
        for first in _arrivals(seen):
            if first > record_began:
                old = _commonest_before(rows, first, version)
                both = set(seen) & set(days.get(old or "", []))
                yield {
                    "from_version": old,
                    "to_version": version,
                    "first_day": first,
                    "side_by_side_days": sum(day >= first for day in both),
                }


def _arrivals(seen: list[dt.date]) -> Iterator[dt.date]:
    absent = dt.timedelta(days=ABSENT_DAYS)
    yield seen[0]
    yield from (day for before, day in pairwise(seen) if day - before > absent)


def _commonest_before(rows: pd.DataFrame, first: dt.date, version: str) -> str | None:
    since = first - dt.timedelta(days=BEFORE_DAYS)
    is_before = (rows["session_day"] < first) & (rows["session_day"] >= since) & (rows["component_version"] != version)
    sizes = rows[is_before].groupby("component_version")["n"].sum()
    return None if sizes.empty else str(sizes.idxmax())  # of equal ones idxmax takes the first, in order of name
