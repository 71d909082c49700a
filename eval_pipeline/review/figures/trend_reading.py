"""What the trends page shows: every subject's daily counts in one cell, their windows, direction, corrected rates, versions.

Few columns of a bounded number of days are read, and of one page of subjects alone: the most concerning come first. A figure over fewer than `MIN_FOR_RATE` sessions is left out: it says
little, and may tell what a machine said of a session that still waits for a reviewer.
Not here: how the figures are made (`eval_pipeline/trends/`), the drawing (`trend_charts.py`), one day (`trend_day.py`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE, wilson
from eval_pipeline.calibration.standings import Standing, proven
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.judge_figures import Share
from eval_pipeline.review.figures.records import records, records_of
from eval_pipeline.table_model import TRAFFIC_ORIGINS
from eval_pipeline.trends.cells import ALL
from eval_pipeline.trends.changes import version_changes
from eval_pipeline.trends.series import daily_series

LONG = 28
"""Days of the long window; the short one has 7."""

PAGE_SIZE = 12
"""Subjects on a page."""

_OWN = ["subject", "judge_model"]
"""Components whose versions belong to one subject alone."""

_NEWEST = """
    select max(session_day) as day from evals.trend_rollups
    where origin = %(origin)s and (model_version, surface, slice) = ('all', 'all', 'all')"""

_CELLS = """
    select distinct model_version, surface, slice from evals.trend_windows
    where session_day = %(newest)s and window_days = 28 and origin = %(origin)s"""

_SUBJECTS = """
    select distinct subject_kind, subject from evals.trend_rollups
    where origin = %(origin)s and (model_version, surface, slice) = (%(model)s, %(surface)s, %(slice)s)
      and session_day >= %(first)s and session_day <= %(newest)s and n > 0
      and (%(kind)s::text is null or subject_kind = %(kind)s::text) and (%(name)s::text is null or subject = %(name)s::text)"""

_ON_PAGE = "(subject_kind, subject) in (select * from unnest(%(kinds)s::text[], %(names)s::text[]))"

_ROLLUPS = f"""
    select subject_kind, subject, subject_version, model_version, surface, slice, origin, session_day, n, n_fail
    from evals.trend_rollups
    where origin = %(origin)s and session_day > %(before)s and session_day <= %(newest)s and {_ON_PAGE}
      and (model_version, surface, slice) in ((%(model)s, %(surface)s, %(slice)s), ('all', 'all', 'all'))"""

_WINDOWS = f"""
    select subject_kind, subject, subject_version, session_day as day, n, n_fail, fail_rate, fail_rate_low, fail_rate_high,
           corrected_rate, corrected_rate_low, corrected_rate_high, n_labels, label_age_days, not_corrected_because
    from evals.trend_windows
    where session_day = any(%(days)s) and window_days = 28 and origin = %(origin)s and {_ON_PAGE}
      and (model_version, surface, slice) = (%(model)s, %(surface)s, %(slice)s)
    order by session_day"""

_DIRECTIONS = """
    select d.subject_kind, d.subject, d.as_of_day, d.level, d.direction, d.not_enough_because, d.baseline_rate, d.n_baseline,
           d.baseline_name, d.z_7, d.z_28, d.onset_day, d.sentence, b.first_day as baseline_first, b.last_day as baseline_last
    from evals.trend_directions d left join evals.trend_baselines b using (baseline_id)
    where d.as_of_day = (
            select max(as_of_day) from evals.trend_directions where origin = %(origin)s and as_of_day <= %(newest)s)
      and d.origin = %(origin)s and (%(kind)s::text is null or d.subject_kind = %(kind)s::text)
      and (d.model_version, d.surface, d.slice) = (%(model)s, %(surface)s, %(slice)s)"""

# The product's own components are the same whoever gave the verdict: of one day the subject with most sessions tells them.
_VERSIONS = f"""
    select case when component = any(%(own)s) then subject_kind else '' end as subject_kind,
           case when component = any(%(own)s) then subject else '' end as subject,
           surface, origin, component, component_version, session_day, max(n) as n
    from evals.trend_versions
    where session_day > %(before)s and session_day <= %(newest)s and origin = %(origin)s and surface = %(surface)s and n > 0
      and {_ON_PAGE}
    group by 1, 2, 3, 4, 5, 6, 7"""


Subject = tuple[str, str]
"""Kind and name."""

_ASKED = ("origin", "newest", "kind", "name", "model", "surface", "slice")


@dataclass(frozen=True)
class View:
    """What is asked for: one cell of one origin, of one kind of subject or one by name (None: all), over so many days up to
    the newest; and which page of it, from 1."""

    origin: str
    newest: date
    days: int
    kind: str | None = None
    model: str = ALL
    surface: str = ALL
    slice: str = ALL
    name: str | None = None
    page: int = 1

    @property
    def first(self) -> date:
        """The first day that is shown."""
        return self.newest - timedelta(days=self.days - 1)

    @property
    def parameters(self) -> dict[str, Any]:
        """The same for a statement; `before`: the last day that enters no window."""
        cell = {name: getattr(self, name) for name in (*_ASKED, "first")}
        return {**cell, "before": self.first - timedelta(days=LONG)}


@dataclass(frozen=True)
class Point:
    """A day: its own share, and those of the 7 and the 28 days that end with it."""

    day: date
    of_day: Share
    short: Share
    long: Share


@dataclass(frozen=True)
class Corrected:
    """The 28 days up to `day`: the share as measured, what people would fail, or why that is not known."""

    day: date
    raw: Share
    corrected: Share
    label_age_days: float | None
    why_not: str | None


@dataclass(frozen=True)
class Change:
    """A version that came on `day`, and the commonest one before it; None where there was none for 28 days."""

    day: date
    component: str
    old: str | None
    new: str


@dataclass(frozen=True)
class Direction:
    """Where a series went against its baseline, as `trend_directions` has it."""

    as_of_day: date
    level: str
    direction: str
    not_enough_because: str | None
    baseline_rate: float | None
    n_baseline: int
    baseline_name: str | None
    z_7: float | None
    z_28: float | None
    onset_day: date | None
    sentence: str
    baseline_first: date | None
    baseline_last: date | None

    @property
    def concern(self) -> tuple[int, float]:
        """Order of looking: alerts, watches, the rest, what has too little data; worse before better, the furthest first."""
        is_enough = self.direction != "not_enough_data"
        rank = {"alert": 0, "watch": 2}.get(self.level, 4 if is_enough else 5)
        rank += 1 if rank < 4 and self.direction == "better" else 0
        return rank, -max(abs(self.z_7 or 0.0), abs(self.z_28 or 0.0))


@dataclass(frozen=True)
class Trend:
    """All that is known of one subject in the cell. `points`: the days that are shown and have a session, oldest first."""

    kind: str
    name: str
    version: str
    is_proven: bool
    points: tuple[Point, ...]
    corrected: tuple[Corrected, ...]
    changes: tuple[Change, ...]
    direction: Direction | None

    @property
    def is_enough(self) -> bool:
        """Whether there is enough data to say a direction."""
        return self.direction is None or self.direction.direction != "not_enough_data"


@dataclass(frozen=True)
class Choices:
    """What the cells of the last 28 days can be narrowed to, `all` first."""

    models: tuple[str, ...]
    surfaces: tuple[str, ...]
    slices: tuple[str, ...]


def newest_days(warehouse: Warehouse) -> dict[str, date]:
    """Return origin to its newest day that was rolled up, real traffic first; origins without one are left out."""
    found = {origin: records(warehouse, _NEWEST, origin=origin)[0]["day"] for origin in TRAFFIC_ORIGINS}
    return {origin: day for origin, day in found.items() if day is not None}


def choices(warehouse: Warehouse, view: View) -> Choices:
    """Return what the page can be narrowed to."""
    cells = records(warehouse, _CELLS, **view.parameters)
    model, surface, cut = (
        (ALL, *sorted({cell[name] for cell in cells} - {ALL})) for name in ("model_version", "surface", "slice")
    )
    return Choices(model, surface, cut)


def trends(warehouse: Warehouse, view: View) -> tuple[list[Trend], int]:
    """Return the page's subjects that spoke in the cell, the most concerning first; and how many there are on all pages."""
    directions = _directions(warehouse, view)
    spoke = [(row["subject_kind"], row["subject"]) for row in records(warehouse, _SUBJECTS, **view.parameters)]
    ordered = sorted(spoke, key=lambda subject: (*_concern(directions.get(subject)), *subject))
    start = (view.page - 1) * PAGE_SIZE
    return _read(warehouse, view, ordered[start : start + PAGE_SIZE], directions), len(ordered)


def _concern(direction: Direction | None) -> tuple[int, float]:
    # What no direction was measured for stands with what is steady.
    return direction.concern if direction else (4, 0.0)


def _read(
    warehouse: Warehouse, view: View, subjects: Sequence[Subject], directions: Mapping[Subject, Direction]
) -> list[Trend]:
    """Return the trends of `subjects`, in their order."""
    if not subjects:
        return []
    kinds, names = map(list, zip(*subjects, strict=True))
    asked = {**view.parameters, "kinds": kinds, "names": names}
    counting = proven(warehouse)
    # The version that counts on a day is chosen over all cells, so the whole is read along.
    series = daily_series(warehouse.query(_ROLLUPS, asked), counting)
    cell = (series["model_version"] == view.model) & (series["surface"] == view.surface)
    mine = series[cell & (series["slice"] == view.slice)]
    corrected, changes = _corrected(warehouse, view, asked, counting), _changes(warehouse, view, asked)
    found = {
        (str(kind), str(name)): _trend(view, (str(kind), str(name)), rows, counting, directions, corrected, changes)
        for (kind, name), rows in mine.groupby(["subject_kind", "subject"], sort=True)
    }
    return [found[subject] for subject in subjects if subject in found and found[subject].points]


def _trend(
    view: View,
    subject: Subject,
    rows: pd.DataFrame,
    counting: Collection[Standing],
    directions: Mapping[Subject, Direction],
    corrected: Mapping[Subject, Sequence[Corrected]],
    changes: Mapping[Subject, Sequence[Change]],
) -> Trend:
    kind, name = subject
    version = str(rows["subject_version"].iloc[-1])
    return Trend(
        kind,
        name,
        version,
        kind != "judge" or (kind, name, version, view.origin) in counting,
        tuple(_points(view, rows)),
        tuple(corrected.get(subject, ())),
        tuple(sorted([*changes.get(subject, ()), *changes.get(("", ""), ())], key=lambda each: each.day)),
        directions.get(subject),
    )


def _points(view: View, rows: pd.DataFrame) -> list[Point]:
    """Return a point for each day that is shown and has sessions; the windows are of calendar days."""
    length = view.days + LONG - 1
    start = view.newest - timedelta(days=length - 1)
    at = [(day - start).days for day in rows["session_day"]]
    counts = np.zeros((2, length), dtype="int64")
    counts[:, at] = rows["n_fail"], rows["n"]
    shown = LONG - 1 + np.flatnonzero(counts[1, LONG - 1 :])
    shares = (_shares(*_summed(counts, days)[:, shown]) for days in (1, 7, LONG))
    return [
        Point(start + timedelta(days=number), *of_day) for number, *of_day in zip(shown.tolist(), *shares, strict=True)
    ]


def _summed(counts: np.ndarray[Any, Any], days: int) -> np.ndarray[Any, Any]:
    """Return, for each day, the sums over the `days` that end with it; at the beginning of fewer."""
    total = np.cumsum(counts, axis=1)
    total[:, days:] -= np.cumsum(counts, axis=1)[:, :-days]
    return total


def _shares(x: Any, n: Any) -> list[Share]:
    low, high = wilson(x, n)
    return [
        Share(a / b, float(lo), float(hi), int(b)) if b >= MIN_FOR_RATE else Share(None, None, None, int(b))
        for a, b, lo, hi in zip(x.tolist(), n.tolist(), low, high, strict=True)
    ]


def _directions(warehouse: Warehouse, view: View) -> dict[Subject, Direction]:
    rows = records(warehouse, _DIRECTIONS, **view.parameters)
    return {(row.pop("subject_kind"), row.pop("subject")): Direction(**row) for row in rows}


def _corrected(
    warehouse: Warehouse, view: View, asked: Mapping[str, Any], counting: Collection[Standing]
) -> dict[Subject, list[Corrected]]:
    """Return by subject the windows of 28 days that do not overlap, oldest first, of the version that counts."""
    days = [view.newest - timedelta(days=back) for back in range(0, view.days, LONG)]
    best: dict[tuple[str, str, date], tuple[tuple[bool, int], Corrected]] = {}
    for row in records(warehouse, _WINDOWS, **asked, days=days):
        who = (row["subject_kind"], row["subject"], row["subject_version"], view.origin)
        weight = (who in counting, int(row["n"]))
        known = best.get((who[0], who[1], row["day"]))
        if known is None or weight > known[0]:
            best[who[0], who[1], row["day"]] = weight, _window(row)
    found: dict[Subject, list[Corrected]] = {}
    for (kind, name, _), (_, window) in sorted(best.items(), key=lambda each: each[0]):
        found.setdefault((kind, name), []).append(window)
    return found


def _window(row: Mapping[str, Any]) -> Corrected:
    n = int(row["n"])
    raw = Share(row["fail_rate"], row["fail_rate_low"], row["fail_rate_high"], n)
    corrected = Share(
        row["corrected_rate"], row["corrected_rate_low"], row["corrected_rate_high"], int(row["n_labels"])
    )
    shown = raw if n >= MIN_FOR_RATE else Share(None, None, None, n)
    return Corrected(row["day"], shown, corrected, row["label_age_days"], row["not_corrected_because"])


def _changes(warehouse: Warehouse, view: View, asked: Mapping[str, Any]) -> dict[Subject, list[Change]]:
    """Return by subject its own changes on days that are shown, and under empty names those of the product."""
    found: dict[Subject, list[Change]] = {}
    changes = version_changes(warehouse.query(_VERSIONS, {**asked, "own": _OWN}))
    for row in records_of(changes[changes["first_day"] >= view.first]):
        component = row["subject_kind"] if row["component"] == "subject" else row["component"]
        change = Change(row["first_day"], component, row["from_version"], row["to_version"])
        found.setdefault((row["subject_kind"], row["subject"]), []).append(change)
    return found
