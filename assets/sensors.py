"""Dagster sensors: days whose sessions came late or stayed open run again, trends over days that changed are summed up again,
new reviews refresh labels and calibration, and days whose judges were asked in batches run again when the answers have come.

Each asks our own tables what is not as it should be, so nothing is missed, however long a sensor was off. What is still
so an hour after it was asked for is asked for again: a run that failed is tried again, at most once an hour. A sensor
keeps only when it asked for what (its cursor); what has changed since is asked for at once.

`new_reviews` runs from the start, twice a minute, so that labels flow at once. It asks for one run at a time: a second one
beside it could put older labels over newer ones. What is reviewed meanwhile, the tick after the run's end asks for.
Not here: what the jobs do (`jobs.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import dagster as dg
import orjson

from assets.jobs import nightly_evaluation, nightly_evaluation_by_batch, refresh_labels, refresh_trends
from assets.running import RANGE_END, RANGE_START
from eval_pipeline.clock import Clock
from eval_pipeline.ports import Warehouse
from eval_pipeline.sessions import IDLE_CLOSE
from eval_pipeline.trends.windows import STALE_WINDOWS

MOST_RUNS = 20
"""Of one tick. What does not fit is asked for by the next ticks: nothing is asked for twice before everything was once."""

AGAIN_AFTER = timedelta(hours=1)

TICK_S = 60
REVIEWS_TICK_S = 30

OPEN_DAYS = 31
"""How far back open sessions are looked for: a session stays open only when it was taken in within half an hour."""

LATE_SESSIONS = """
with unread as (
    select d.session_day, max(s.registered_at) as changed_at,
           md5(string_agg(concat_ws(' ', d.source_id, s.is_superseded, extract(epoch from s.registered_at)), ','
                          order by d.source_id)) as revision
    from evals.source_days d join evals.session_sources s using (source_id)
    group by d.session_day
    having bool_or(case when s.is_superseded then d.n_read > 0 else d.n_accepted is null end)
), left_open as (
    select r.session_day, max(seen.at) as changed_at, 'open' as revision
    from evals.raw_sessions r cross join lateral (
        select greatest(r.started_at, max((turn ->> 'at')::timestamptz)) as at
        from jsonb_array_elements(r.turns) turn where turn ->> 'at' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T'
    ) seen
    where not r.is_closed and r.session_day >= %(today)s::date - %(open_days)s and seen.at <= %(idle_since)s
    group by r.session_day
), days as (
    -- What a day's sources say comes first: reading them again closes its sessions too.
    select distinct on (session_day) session_day, changed_at, revision
    from (select 1 as place, * from unread union all select 2, * from left_open) either order by session_day, place
)
select session_day::text as first_day, session_day::text as last_day, revision
from days where session_day <= %(today)s::date order by changed_at desc, session_day desc
"""

# One run over a range: a label of an old day counts in the measurements of all later days, and the newest is reported.
NEW_REVIEWS = """
with reviewed as (
    select session_id, md5(string_agg(review_id, ',' order by review_id)) as reviews_hash
    from evals.reviews where answers <> '{}' and not is_repeat group by session_id
), waiting as (
    select s.session_day, r.session_id, r.reviews_hash
    from reviewed r join evals.raw_sessions s using (session_id)
    where s.session_day <= %(today)s::date and not exists (
        select 1 from evals.human_labels l where l.session_id = r.session_id and l.reviews_hash = r.reviews_hash)
)
select min(session_day)::text as first_day,
       greatest(max(session_day), (select max(as_of_day) from evals.judge_calibration_reports))::text as last_day,
       md5(string_agg(session_id || reviews_hash, ',' order by session_id)) as revision
from waiting having count(*) > 0
"""


# A run collects what has ended at the endpoint, and says again what is still to come.
BATCHED_CALLS = """
select session_day::text as first_day, session_day::text as last_day, 'waiting' as revision
from evals.calls_left_undone where reason = 'batch_pending' group by session_day order by session_day desc
"""


IN_PROGRESS = [
    *(dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING),
    *(dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING),
]


class _Wanted(NamedTuple):
    """Days that a job has to run over, and what makes it so."""

    first_day: str
    last_day: str
    revision: str

    @property
    def name(self) -> str:
        return f"{self.first_day}:{self.last_day}:{self.revision}"


def _sensor(
    name: str,
    job: Any,
    sql: str,
    request: Callable[[_Wanted], dict[str, Any]],
    description: str,
    is_prompt: bool = False,
) -> Any:
    """Return a sensor that asks for what `sql` finds; a prompt one is on by default, and asks for one run at a time."""

    @dg.sensor(
        name=name,
        job=job,
        minimum_interval_seconds=REVIEWS_TICK_S if is_prompt else TICK_S,
        default_status=dg.DefaultSensorStatus.RUNNING if is_prompt else dg.DefaultSensorStatus.STOPPED,
        description=description,
    )
    def sensor(
        context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
    ) -> dg.SensorResult:
        if is_prompt and _is_under_way(context.instance, job.name):
            return dg.SensorResult(skip_reason="a run is under way", cursor=context.cursor)
        now = clock()
        rows = warehouse.query(sql, _parameters(now, sql))
        wanted = [_Wanted(*row) for row in rows[list(_Wanted._fields)].itertuples(index=False, name=None)]
        asked = _still_wanted(context.cursor, wanted)
        due = _due(wanted, asked, now)
        asked |= {want.name: now.isoformat() for want in due}
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(run_key=f"{job.name}:{want.name}:{now:%Y-%m-%dT%H:%M}", **request(want)) for want in due
            ],
            cursor=orjson.dumps(asked).decode(),
        )

    return sensor


def _is_under_way(instance: dg.DagsterInstance, job_name: str) -> bool:
    return instance.get_runs_count(dg.RunsFilter(job_name=job_name, statuses=IN_PROGRESS)) > 0


def _parameters(now: datetime, sql: str) -> dict[str, Any]:
    """Return the parameters that `sql` names, as of `now`."""
    known = {"today": now.date(), "open_days": OPEN_DAYS, "idle_since": now - IDLE_CLOSE}
    return {name: value for name, value in known.items() if f"%({name})s" in sql}


def _still_wanted(cursor: str | None, wanted: Sequence[_Wanted]) -> dict[str, str]:
    """Return when each of `wanted` was last asked for; what came right meanwhile is forgotten."""
    asked: dict[str, str] = orjson.loads(cursor) if cursor else {}
    names = {want.name for want in wanted}
    return {name: at for name, at in asked.items() if name in names}


def _due(wanted: Sequence[_Wanted], asked: Mapping[str, str], now: datetime) -> list[_Wanted]:
    """Return what to ask for now: first what never was, in the order given, then what was asked for longest ago."""
    due = [w for w in wanted if w.name not in asked or now - datetime.fromisoformat(asked[w.name]) >= AGAIN_AFTER]
    return sorted(due, key=lambda want: asked.get(want.name, ""))[:MOST_RUNS]


def _of_day(want: _Wanted) -> dict[str, Any]:
    return {"partition_key": want.first_day}


def _of_range(want: _Wanted) -> dict[str, Any]:
    return {"tags": {RANGE_START: want.first_day, RANGE_END: want.last_day}}


all_sensors = [
    _sensor(
        "late_sessions",
        nightly_evaluation,
        LATE_SESSIONS,
        _of_day,
        "Runs the nightly job for each day that a registered source has brought sessions for since it last ran, and for "
        "each day with sessions that were open when they were taken in and have ended since.",
    ),
    _sensor(
        "batched_calls",
        nightly_evaluation_by_batch,
        BATCHED_CALLS,
        _of_day,
        "Runs the nightly job by batch again, once an hour, for each day with calls in a batch: it collects what was answered.",
    ),
    _sensor(
        "stale_trends",
        refresh_trends,
        STALE_WINDOWS,
        _of_range,
        "Sums the windows of trends up again, and what follows from them, for days whose daily rates have changed since: sessions of "
        "an earlier day came late.",
    ),
    _sensor(
        "new_reviews",
        refresh_labels,
        NEW_REVIEWS,
        _of_range,
        "Derives the labels of sessions that were reviewed since, and measures again from the first of their days to the "
        "newest day that was measured.",
        is_prompt=True,
    ),
]
