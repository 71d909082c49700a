"""Running a Dagster job from the command line, in this process, recorded in the instance like any other run."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import dagster as dg

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
_STEPS = {
    "nightly_evaluation": 12,
    "nightly_evaluation_by_batch": 12,
    "refresh_labels": 3,
    "refresh_trends": 4,
    "alignment_check": 1,
    "error_analysis": 3,
    "synthetic_coverage": 2,
}
QUIET_LOGS = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class RunOutcome:
    """What a run came to; `failures` are one line each: step or check, and why."""

    run_id: str
    seconds: float
    first_day: date
    last_day: date
    is_success: bool
    is_interrupted: bool
    failures: list[str]
    warnings: list[str]


def run_job(definitions: dg.Definitions, job_name: str, days: Sequence[date]) -> Iterator[RunOutcome]:
    """Run `job_name` over `days`, one run per stretch of consecutive days, and yield what each came to.

    A run that was interrupted (ctrl-C) is the last.
    """
    job = definitions.resolve_job_def(job_name)
    with dg.DagsterInstance.get() as instance:
        for first, last in stretches(days):
            started = time.monotonic()
            result = job.execute_in_process(
                instance=instance,
                tags={RANGE_START: first.isoformat(), RANGE_END: last.isoformat()},
                run_config=QUIET_LOGS,
                raise_on_error=False,
            )
            is_interrupted = any(map(_is_interruption, result.all_events))
            yield RunOutcome(
                run_id=result.run_id,
                seconds=time.monotonic() - started,
                first_day=first,
                last_day=last,
                is_success=result.success,
                is_interrupted=is_interrupted,
                failures=list(_failures(result)),
                warnings=[line for line, is_error in _unmet_checks(result) if not is_error],
            )
            if is_interrupted:
                return


def _is_interruption(event: dg.DagsterEvent) -> bool:
    error = event.step_failure_data.error if event.is_step_failure else None
    return error is not None and "Interrupt" in str(error.cls_name)


def n_steps(job_name: str) -> int:
    """Return how many steps of `job_name` report their progress, one report a day each."""
    return _STEPS[job_name]


def stretches(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of each stretch of consecutive days."""
    ordered = sorted(set(days))
    starts = [day for day in ordered if day - timedelta(days=1) not in set(ordered)]
    ends = [day for day in ordered if day + timedelta(days=1) not in set(ordered)]
    yield from zip(starts, ends, strict=True)


def _failures(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause if error is not None and error.cause is not None else error
            yield f"{event.step_key}: {(cause.message if cause else 'failed').strip()}"
    yield from (line for line, is_error in _unmet_checks(result) if is_error)


def _unmet_checks(result: dg.ExecuteInProcessResult) -> Iterator[tuple[str, bool]]:
    for evaluation in result.get_asset_check_evaluations():
        if not evaluation.passed:
            asset: Any = evaluation.asset_key.to_user_string()
            is_error = evaluation.severity == dg.AssetCheckSeverity.ERROR
            yield f"{asset}: check {evaluation.check_name}: {evaluation.description}", is_error
