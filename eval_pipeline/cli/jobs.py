"""Commands that run the jobs of the pipeline and print what came of them."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from eval_pipeline.cli.terminal import Day, err, out, stored
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    from resources.warehouse import PostgresWarehouse


class Job(StrEnum):
    """The jobs that can be run by hand."""

    nightly_evaluation = "nightly_evaluation"
    nightly_evaluation_by_batch = "nightly_evaluation_by_batch"
    refresh_labels = "refresh_labels"
    refresh_trends = "refresh_trends"
    alignment_check = "alignment_check"
    error_analysis = "error_analysis"
    synthetic_coverage = "synthetic_coverage"


def run(
    job: Annotated[Job, typer.Argument(metavar="JOB", help=f"One of {', '.join(Job)}.")],
    day: Annotated[Day, typer.Option(formats=["%Y-%m-%d"], help="One UTC day.")] = None,
    first: Annotated[Day, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of a range.")] = None,
    last: Annotated[Day, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of the range.")] = None,
) -> None:
    """Run a job for a day or a range; without either, for every day that a registered source covers."""
    from resources.dagster_home import prepare
    from resources.embedded_postgres import database_url

    settings = Settings.from_env()
    with stored(settings) as warehouse:
        days = _days(warehouse, day, first, last)
    if not days:
        raise EvalPipelineError(
            "no registered source covers any day",
            "register one: `eval-pipeline ingest PATH`, or `eval-pipeline simulate`",
        )
    prepare(settings.home, database_url(settings))
    _run_days(settings, job, days)


def _days(warehouse: "PostgresWarehouse", day: Day, first: Day, last: Day) -> list[date]:
    from eval_pipeline.formats.times import FIRST_DAY
    from resources.session_files import SessionFiles

    if day is None and first is None and last is None:
        return SessionFiles(warehouse).days()
    if day is not None and first is None and last is None:
        first = last = day
    if day not in (None, first) or first is None or last is None or last < first:
        raise typer.BadParameter("give --day D, or --from D and --to D in order, or neither")
    if first.date() < FIRST_DAY.date() or last.date() > datetime.now(UTC).date():
        raise EvalPipelineError(
            f"{first.date()} to {last.date()} is not all within {FIRST_DAY.date()} and today (UTC)",
            "give days that can have sessions",
        )
    return [first.date() + timedelta(days=n) for n in range((last - first).days + 1)]


def _run_days(settings: Settings, job: Job, days: list[date]) -> None:
    from assets.definitions import build_definitions
    from assets.running import n_steps, run_job
    from resources.progress import ProgressBar

    is_success = True
    with ProgressBar(n_steps(job.value) * len(days)) as progress:
        for outcome in run_job(build_definitions(settings, progress=progress), job.value, days):
            span = f"{outcome.first_day}" + (f" to {outcome.last_day}" if outcome.last_day > outcome.first_day else "")
            if outcome.is_interrupted:
                err.print(f"{job.value} {span}: interrupted. What was stored stays; run it again to finish.")
                raise typer.Exit(130)
            state = "[green]done[/]" if outcome.is_success else "[red]failed[/]"
            out.print(
                f"{job.value} {span}: {state} in {outcome.seconds:.1f} s (run {outcome.run_id[:8]})", highlight=False
            )
            for line in outcome.failures:
                out.print(f"  failed: {line}", highlight=False, markup=False)
            for line in outcome.warnings:
                out.print(f"  warning: {line}", highlight=False, markup=False)
            is_success &= outcome.is_success
    if not is_success:
        raise typer.Exit(1)


def report() -> None:
    """Print what came in, what was flagged, how it was judged, and how far that can be trusted."""
    from eval_pipeline.printing import print_frame
    from eval_pipeline.report import report as sections
    from eval_pipeline.simulation.demo import known_truth_section

    settings = Settings.from_env()
    with stored(settings) as warehouse:
        for section in [*sections(warehouse), *known_truth_section(warehouse)]:
            print_frame(out, section.rows, section.title, section.note)
