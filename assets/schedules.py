"""Dagster schedules. All are off until somebody switches them on; times are UTC, from `catalog/schedules.yaml`."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import BaseModel, ConfigDict

from assets.jobs import (
    alignment_check,
    error_analysis,
    nightly_evaluation,
    nightly_evaluation_by_batch,
    synthetic_coverage,
)
from eval_pipeline.catalog import load_yaml
from eval_pipeline.errors import SettingsError

Job = Any  # Dagster does not export the type of a job that is still to be resolved.

SCHEDULED: Mapping[str, Job] = {
    job.name: job
    for job in (nightly_evaluation, nightly_evaluation_by_batch, alignment_check, error_analysis, synthetic_coverage)
}


class _Timetable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    times: dict[str, str]


def load_schedules(path: Path) -> list[dg.ScheduleDefinition]:
    """Return a schedule for each job of the timetable at `path`.

    Raises `SettingsError` naming the file when it names a job that no schedule runs, leaves one out, or gives a time that is no
    cron expression.
    """
    times = load_yaml(path, _Timetable).times
    wrong = sorted(set(times) ^ set(SCHEDULED))
    if wrong:
        raise SettingsError(
            f"{path}: times: {', '.join(wrong)} stands there too much or is missing",
            f"give a time to each of {', '.join(SCHEDULED)}, and to nothing else",
        )
    return [_schedule(path, SCHEDULED[name], cron) for name, cron in times.items()]


def _schedule(path: Path, job: Job, cron: str) -> dg.ScheduleDefinition:
    try:
        return _day_before(job, cron)
    except dg.DagsterInvalidDefinitionError as error:
        raise SettingsError(
            f"{path}: times.{job.name}: {cron!r} is no cron expression",
            'write five fields: minute, hour, day, month, weekday, e.g. "30 1 * * *"',
        ) from error


def _day_before(job: Job, cron: str) -> dg.ScheduleDefinition:
    """Make a schedule that runs `job` for the last full UTC day."""

    @dg.schedule(name=f"{job.name}_schedule", job=job, cron_schedule=cron, execution_timezone="UTC")
    def request(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = (context.scheduled_execution_time - timedelta(days=1)).date().isoformat()
        return dg.RunRequest(run_key=f"{job.name}:{day}", partition_key=day)

    return request
