"""One day of one subject: its counts by version, what a turn is put down to, and the sessions that may be shown.

A session is held back while it waits for anybody's reading (`unblinded.py`), and for good while its group is held-out for
the subject. While one of the day waits, in whatever cell, nothing is said of any other: the counts less the others would
tell. Counts of fewer than `MIN_FOR_RATE` sessions are left out for the same reason, and with them those of a larger version
whose neighbours would give them away. Not here: the page of all (`trend_reading.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE, wilson
from eval_pipeline.calibration.held_out import held_out_of
from eval_pipeline.calibration.predictions import FLAGGED
from eval_pipeline.calibration.standings import proven
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.judge_figures import Share
from eval_pipeline.review.figures.records import records
from eval_pipeline.review.figures.unblinded import MAY_SEE
from eval_pipeline.trends.cells import ALL
from eval_pipeline.trends.series import SERIES_COLUMNS, daily_series

MOST_SESSIONS = 100

_OF_DAY = f"""
    select {", ".join(SERIES_COLUMNS)} from evals.trend_rollups
    where session_day = %(day)s and origin = %(origin)s and subject_kind = %(kind)s and subject = %(name)s
      and (model_version, surface, slice) in ((%(model)s, %(surface)s, %(slice)s), ('all', 'all', 'all'))"""

_BY_VERSION = """
    select component, component_version as version, n, n_fail from evals.trend_versions
    where session_day = %(day)s and subject_kind = %(kind)s and subject = %(name)s and subject_version = %(version)s
      and surface = %(surface)s and origin = %(origin)s and n > 0
    order by component, n desc, version"""

_CELL = """
    subject_kind = %(kind)s and subject = %(name)s and origin = %(origin)s
    and (model_version, surface, slice) = (%(model)s, %(surface)s, %(slice)s)"""

_DIRECTION = f"""
    select as_of_day, level, direction, sentence from evals.trend_directions
    where {_CELL} and as_of_day = (
        select max(as_of_day) from evals.trend_directions where origin = %(origin)s)"""

_CANDIDATES = f"""
    select rank, sentence, is_tied from evals.trend_candidates
    where {_CELL} and as_of_day = %(as_of_day)s order by rank"""

_SAID = {
    "evaluator": """
        select session_id, bool_or(verdict = 'fail') as is_fail from evals.evaluator_verdicts
        where session_day = %(day)s and evaluator = %(name)s and evaluator_version = %(version)s
        group by session_id having bool_or(verdict = 'fail') or (bool_or(verdict = 'pass') and not bool_or(verdict = 'error'))""",
    "judge": """
        select session_id, verdict = 'fail' as is_fail from evals.judge_verdicts
        where session_day = %(day)s and judge = %(name)s and judge_version = %(version)s and repeat = 0
          and verdict in ('pass', 'fail')""",
    "signal": """
        select session_id, outcome = 'fired' as is_fail from evals.session_signals
        where session_day = %(day)s and signal = %(name)s and signal_version = %(version)s and outcome in ('fired', 'quiet')""",
    FLAGGED: """
        select session_id, bool_or(outcome = 'fired') as is_fail from evals.session_signals
        where session_day = %(day)s and is_counting group by session_id""",
}
"""What a subject of each kind said of a session, as `trend_rollups` counts it: a failure anywhere fails it."""

_SESSIONS = f"""
    with of_day as (
        select s.session_id, s.surface, s.model_version, s.versions, said.is_fail, {MAY_SEE} as may_see,
               (%(surface)s = 'all' or s.surface = %(surface)s)
               and (%(model)s = 'all' or coalesce(s.model_version, 'not stated') = %(model)s)
               and (%(slice)s = 'all' or exists (
                   select 1 from jsonb_each_text(s.slices) cut where cut.key || '=' || cut.value = %(slice)s)) as is_asked
        from evals.raw_sessions s join ({{said}}) said using (session_id)
        where s.session_day = %(day)s and s.origin = %(origin)s)
    select session_id, surface, model_version, versions, is_fail, may_see, (select bool_and(may_see) from of_day) as is_telling
    from of_day where is_asked order by session_id"""
"""The sessions of the cell; `is_telling`: whether none of the whole day waits, as a cell's counts less another's tell too."""


@dataclass(frozen=True)
class DayView:
    """A subject's cell on a day."""

    kind: str
    name: str
    day: date
    origin: str
    model: str = ALL
    surface: str = ALL
    slice: str = ALL

    @property
    def parameters(self) -> dict[str, Any]:
        """The same for a statement."""
        return dict(vars(self))


@dataclass(frozen=True)
class OfVersion:
    """How many sessions of the day had a version; `n_fail` None where they are too few to say."""

    component: str
    version: str
    n: int
    n_fail: int | None
    rate: Share


@dataclass(frozen=True)
class Listed:
    """A session with its versions. `is_fail` None where the page does not say what the subject said of it."""

    session_id: str
    surface: str
    model: str
    versions: str
    is_fail: bool | None


@dataclass(frozen=True)
class Sessions:
    """The sessions of the day that may be shown, those that failed first, and how many are not. `is_telling`: whether the
    page says what the subject said of each."""

    listed: tuple[Listed, ...]
    n: int
    n_held_back: int
    is_telling: bool


@dataclass(frozen=True)
class Day:
    """All that is known of a day. `direction`: the newest row of `trend_directions`, as a turn is found days after it."""

    version: str
    total: OfVersion
    by_version: tuple[OfVersion, ...]
    direction: Mapping[str, Any] | None
    candidates: tuple[Mapping[str, Any], ...]
    sessions: Sessions


def day_of(warehouse: Warehouse, view: DayView, person: str) -> Day | None:
    """Return the day as `person` may see it; None where the subject said nothing in this cell."""
    series = daily_series(warehouse.query(_OF_DAY, view.parameters), proven(warehouse))
    cell = (series["model_version"] == view.model) & (series["surface"] == view.surface)
    mine = records_of_series(series[cell & (series["slice"] == view.slice)])
    if not mine:
        return None
    (row,) = mine
    asked = {**view.parameters, "version": row["subject_version"]}
    direction = next(iter(records(warehouse, _DIRECTION, **asked)), None)
    as_of = direction["as_of_day"] if direction else None
    return Day(
        row["subject_version"],
        _of_version("", "all", row["n"], row["n_fail"]),
        _by_version(records(warehouse, _BY_VERSION, **asked)),
        direction,
        tuple(records(warehouse, _CANDIDATES, **asked, as_of_day=as_of)),
        _sessions(warehouse, view, {**asked, "person": person}),
    )


def records_of_series(series: pd.DataFrame) -> list[dict[str, Any]]:
    """Return version, `n` and `n_fail` of the rows of a series."""
    return [
        {"subject_version": str(version), "n": int(n), "n_fail": int(n_fail)}
        for version, n, n_fail in series[["subject_version", "n", "n_fail"]].itertuples(index=False)
    ]


def _by_version(rows: Sequence[Mapping[str, Any]]) -> tuple[OfVersion, ...]:
    """Return the versions in the order given. `rows`: the largest version of each component first."""
    untold: dict[str, int] = {}
    made = []
    for row in reversed(rows):
        hidden = untold.get(row["component"], 0)
        # A few that are left out alone would be the total less the others: the next larger version is left out with them.
        is_told = row["n"] >= MIN_FOR_RATE and not 0 < hidden < MIN_FOR_RATE
        untold[row["component"]] = hidden + (0 if is_told else row["n"])
        made.append(_of_version(row["component"], row["version"], row["n"], row["n_fail"] if is_told else None))
    return tuple(reversed(made))


def _of_version(component: str, version: str, n: int, n_fail: int | None) -> OfVersion:
    if n_fail is None or n < MIN_FOR_RATE:
        return OfVersion(component, version, n, None, Share(None, None, None, n))
    low, high = wilson(n_fail, n)
    return OfVersion(component, version, n, n_fail, Share(n_fail / n, float(low), float(high), n))


def _sessions(warehouse: Warehouse, view: DayView, asked: Mapping[str, Any]) -> Sessions:
    said = _SAID[FLAGGED if (view.kind, view.name) == ("signal", FLAGGED) else view.kind]
    rows = records(warehouse, _SESSIONS.format(said=said), **asked)
    open_to_all = [row for row in rows if row["may_see"]]
    named = pd.Series([row["session_id"] for row in open_to_all], dtype="str")
    held_out = held_out_of(warehouse, named, f"{view.kind}:{view.name}") if len(named) else set()
    shown = [row for row in open_to_all if row["session_id"] not in held_out]
    is_telling = all(row["is_telling"] for row in rows)
    ordered = sorted(shown, key=lambda row: (is_telling and not row["is_fail"], row["session_id"]))
    listed = tuple(_listed(row, is_telling) for row in ordered[:MOST_SESSIONS])
    return Sessions(listed, len(shown), len(rows) - len(shown), is_telling)


def _listed(row: Mapping[str, Any], is_telling: bool) -> Listed:
    versions: Sequence[tuple[str, Any]] = sorted((row["versions"] or {}).items())
    words = ", ".join(f"{component} {version}" for component, version in versions)
    said = bool(row["is_fail"]) if is_telling else None
    return Listed(row["session_id"], row["surface"], row["model_version"] or "not stated", words, said)
