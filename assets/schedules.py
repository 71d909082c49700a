"""Dagster schedules. All are off until somebody switches them on; times are UTC."""

from datetime import timedelta
from typing import Any

import dagster as dg

from assets.jobs import alignment_check, error_analysis, nightly_evaluation, nightly_evaluation_by_batch

Job = Any  # Dagster does not export the type of a job that is still to be resolved.


def _day_before(job: Job, cron: str) -> dg.ScheduleDefinition:
    """Make a schedule that runs `job` for the last full UTC day."""

    @dg.schedule(name=f"{job.name}_schedule", job=job, cron_schedule=cron, execution_timezone="UTC")
    def request(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = (context.scheduled_execution_time - timedelta(days=1)).date().isoformat()
        return dg.RunRequest(run_key=f"{job.name}:{day}", partition_key=day)

    return request


all_schedules = [
    _day_before(nightly_evaluation, "30 1 * * *"),
    _day_before(nightly_evaluation_by_batch, "30 1 * * *"),
    _day_before(alignment_check, "0 4 * * 1"),
    _day_before(error_analysis, "30 4 * * 1"),
]
