"""Dagster sensors: late sessions re-materialise their day alone, new reviews refresh their labels.

Both ask one indexed question of our own tables, keep no state of their own, and start at most a few runs a tick.
"""

from typing import Any

import dagster as dg

from assets.jobs import nightly_evaluation, refresh_labels
from eval_pipeline.ports import Warehouse

MOST_RUNS = 20

LATE_SESSIONS = """
select d.session_day::text as day, md5(string_agg(d.source_id || s.is_superseded, ',' order by d.source_id)) as revision
from evals.source_days d join evals.session_sources s using (source_id)
group by d.session_day
having bool_or(d.n_accepted is null or s.is_superseded)
order by d.session_day limit %(limit)s
"""

NEW_REVIEWS = """
select r.session_day::text as day, md5(string_agg(r.review_id, ',' order by r.review_id)) as revision
from evals.reviews r
left join (select session_day, max(labelled_at) as labelled_at from evals.human_labels group by session_day) l
  using (session_day)
group by r.session_day, l.labelled_at
having l.labelled_at is null or max(r.submitted_at) > l.labelled_at
order by r.session_day limit %(limit)s
"""


def _sensor(name: str, job: Any, sql: str, description: str) -> dg.SensorDefinition:
    @dg.sensor(name=name, job=job, minimum_interval_seconds=60, description=description)
    def sensor(context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse]) -> dg.SensorResult:
        days = warehouse.query(sql, {"limit": MOST_RUNS})
        # The run key names the day and the revision of its input: the same state never starts a second run.
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(run_key=f"{job.name}:{day}:{revision}", partition_key=day)
                for day, revision in days[["day", "revision"]].itertuples(index=False, name=None)
            ]
        )

    return sensor


all_sensors = [
    _sensor(
        "late_sessions",
        nightly_evaluation,
        LATE_SESSIONS,
        "Runs the nightly job for each day that a registered source has brought sessions for since it last ran.",
    ),
    _sensor(
        "new_reviews",
        refresh_labels,
        NEW_REVIEWS,
        "Derives the labels of each day whose sessions were reviewed since, and measures again.",
    ),
]
