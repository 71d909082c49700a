"""The command line `eval-pipeline`: every command is a few lines over the core, the resources and the jobs.

The only core module that may import resources and assets, and only inside a command: `--help` stays quick.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer
from rich.console import Console
from rich.markup import escape

from eval_pipeline.errors import EvalPipelineError, SourceError
from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    from resources.warehouse import PostgresWarehouse

app = typer.Typer(
    help="Evaluation of LLM products as a data pipeline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
labels_app = typer.Typer(help="Human labels.", no_args_is_help=True)
app.add_typer(labels_app, name="labels")
TEXT_SUFFIXES = {"", ".txt", ".log", ".md", ".json", ".jsonl", ".ndjson"}

out = Console(width=None if sys.stdout.isatty() else 200)
err = Console(stderr=True)


class Job(StrEnum):
    """The jobs that can be run by hand."""

    nightly_evaluation = "nightly_evaluation"
    refresh_labels = "refresh_labels"
    alignment_check = "alignment_check"
    error_analysis = "error_analysis"


class Output(StrEnum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"


Day = datetime | None


def main() -> None:
    """Run the command line; an error meant for a person is printed with its mend, without a traceback."""
    try:
        app()
    except EvalPipelineError as error:
        err.print(f"[bold red]Error[/]: {escape(error.problem)}", highlight=False)
        err.print(f"[bold]Mend[/]: {escape(error.mend)}", highlight=False)
        sys.exit(1)


@contextmanager
def _warehouse(settings: Settings) -> Iterator["PostgresWarehouse"]:
    from resources.embedded_postgres import database_url
    from resources.migration import migrate
    from resources.warehouse import PostgresWarehouse

    url = database_url(settings)
    migrate(url)
    with PostgresWarehouse(url) as warehouse:
        yield warehouse


@app.command()
def up() -> None:
    """Start the database (the embedded server, unless EVAL_PIPELINE_DATABASE_URL names another) and migrate it."""
    from resources.dagster_home import without_password
    from resources.embedded_postgres import database_url
    from resources.migration import migrate

    url = database_url(Settings.from_env())
    migrate(url)
    out.print(f"PostgreSQL is up: {escape(without_password(url))}", highlight=False)


@app.command()
def down(
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete the embedded database, too: sessions, labels, all.")
    ] = False,
) -> None:
    """Stop the embedded PostgreSQL server. Data stays, unless it is to be deleted."""
    from resources.embedded_postgres import EmbeddedPostgres

    settings = Settings.from_env()
    server = EmbeddedPostgres(settings.home)
    if delete:
        server.delete()
    else:
        server.stop()
    out.print("the embedded PostgreSQL is down" + (" and its data deleted" if delete else ""))
    if settings.database_url is not None:
        out.print("the server of EVAL_PIPELINE_DATABASE_URL was left as it is")


@app.command()
def ingest(
    path: Annotated[Path, typer.Argument(help="A file or a folder of files; they stay where they are.")],
    format: Annotated[
        str | None, typer.Option(help="Interchange format; found out from the file when left out.")
    ] = None,
    mapping: Annotated[str | None, typer.Option(help="Column mapping: a YAML file, or key=column,key=column.")] = None,
) -> None:
    """Register a source of sessions. The next run of its days takes them in, redacted at the door."""
    from eval_pipeline.formats.mapping import load_mapping
    from resources.session_files import SessionFiles

    if str(path) == ".":
        raise SourceError("the present folder as a whole is no source", "name the file or folder that holds sessions")
    with _warehouse(Settings.from_env()) as warehouse:
        registration = SessionFiles(warehouse).register(
            path, format, load_mapping(mapping) if mapping else None, "production", datetime.now(UTC)
        )
    state = "registered" if registration.is_new else "known already"
    n_files = len(registration.parts) or 1
    out.print(
        f"{path}: {state}, {registration.n_read} records on {len(registration.days)} days in {n_files} files",
        highlight=False,
        markup=False,
    )


@app.command()
def simulate(
    days: Annotated[int, typer.Option(min=1, help="Full days, ending yesterday (UTC).")] = 14,
    sessions_per_day: Annotated[int, typer.Option(min=1)] = 60,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day instead.")] = None,
    reviews: Annotated[bool, typer.Option("--reviews", help="Have simulated reviewers answer the queue.")] = False,
) -> None:
    """Make a product's traffic with known truth, marked `simulated`; or let simulated people review its queue."""
    from eval_pipeline.simulation.demo import simulate_queue_reviews
    from eval_pipeline.simulation.traffic import write_traffic
    from eval_pipeline.simulation.truth import DEMO_SEED
    from resources.session_files import SessionFiles

    settings = Settings.from_env()
    start = first.date() if first else datetime.now(UTC).date() - timedelta(days=days)
    with _warehouse(settings) as warehouse:
        if reviews:
            out.print(f"{simulate_queue_reviews(warehouse, settings.catalog)} simulated reviews added")
            return
        wanted = [start + timedelta(days=n) for n in range(days)]
        folder = settings.home / "simulated" / str(sessions_per_day)
        files = write_traffic(folder, wanted, sessions_per_day, DEMO_SEED)
        source, now = SessionFiles(warehouse), datetime.now(UTC)
        n_read = sum(source.register(file, "sessions_jsonl", None, "simulated", now).n_read for file in files)
    out.print(f"{n_read} simulated sessions on {days} days from {wanted[0]} in {folder}", markup=False)


@app.command()
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
    with _warehouse(settings) as warehouse:
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


@app.command()
def report() -> None:
    """Print what came in, what was flagged, how it was judged, and how far that can be trusted."""
    from eval_pipeline.printing import print_frame
    from eval_pipeline.report import report as sections
    from eval_pipeline.simulation.demo import known_truth_section

    settings = Settings.from_env()
    with _warehouse(settings) as warehouse:
        for section in [*sections(warehouse), *known_truth_section(warehouse)]:
            print_frame(out, section.rows, section.title, section.note)


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help="One read-only statement; tables are in the schema evals.")],
    format: Output = Output.table,
) -> None:
    """Ask the tables. Statements that write are refused by the database."""
    from eval_pipeline.printing import print_rows

    with _warehouse(Settings.from_env()) as warehouse:
        print_rows(out, warehouse.query(statement), format.value)


@app.command()
def redact(
    file: Annotated[Path, typer.Argument(help="Text, or JSONL (one record a line).")],
    spans: Annotated[
        bool, typer.Option("--spans", help="Print what would be replaced instead: line, start, end, rule.")
    ] = False,
) -> None:
    """Print a file as the door would let it in."""
    from eval_pipeline.deployment import Deployment
    from eval_pipeline.redaction.report import line_spans, redacted_lines

    if file.suffix not in TEXT_SUFFIXES:
        raise SourceError(
            f"{file.name} is neither text nor JSONL; the door reads its columns, which a text does not show",
            "`ingest` it and look at evals.raw_sessions, or give one of " + ", ".join(sorted(TEXT_SUFFIXES)),
        )
    redactor = Deployment.load(Settings.from_env()).redactor
    n_held_back = 0
    with _opened(file) as lines:
        for line in line_spans(redactor, lines) if spans else redacted_lines(redactor, lines):
            if line.problem is not None:
                n_held_back += 1
                err.print(f"line {line.number} is held back: {line.problem}", markup=False, highlight=False)
            else:
                sys.stdout.writelines(f"{text}\n" for text in line.shown())
    if n_held_back:
        raise typer.Exit(1)


@labels_app.command("import")
def import_labels(file: Annotated[Path, typer.Argument(help="JSONL or CSV of people's labels.")]) -> None:
    """Add people's labels from a file to `reviews`; lines that cannot be read are named with their mend."""
    from eval_pipeline.deployment import Deployment
    from eval_pipeline.review.importing import import_reviews

    settings = Settings.from_env()
    with _warehouse(settings) as warehouse:
        added, rejected = import_reviews(file, warehouse, Deployment.load(settings), datetime.now(UTC))
    out.print(f"{added} reviews added, {len(rejected)} lines rejected")
    for line in rejected:
        err.print(f"  {line}", markup=False, highlight=False)
    if rejected:
        raise typer.Exit(1)


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            yield lines
    except OSError as error:
        raise SourceError(
            f"{file} cannot be read: {error.strerror}", "give the path of a text or JSONL file"
        ) from error


@app.command()
def doctor() -> None:
    """Say what is missing on this machine, and the mend."""
    from resources.doctor import examine

    findings = list(examine(Settings.from_env()))
    for finding in findings:
        mark = "[green]ok[/]  " if finding.is_fine else ("[yellow]note[/]" if finding.is_optional else "[red]miss[/]")
        out.print(f"{mark}  {finding.what}: {escape(finding.found)}", highlight=False)
        if not finding.is_fine:
            out.print(f"      mend: {finding.mend}", highlight=False, markup=False)
    if any(not finding.is_fine and not finding.is_optional for finding in findings):
        raise typer.Exit(1)


@app.command()
def dev(port: int = 3000) -> None:
    """Serve Dagster's UI on loopback, with everything that `workspace.yaml` names."""
    import subprocess

    from resources.dagster_home import prepare
    from resources.embedded_postgres import database_url

    settings = Settings.from_env()
    with _warehouse(settings):
        prepare(settings.home, database_url(settings))
    executable = Path(sys.executable).with_name("dagster")
    command: list[str | Path] = [executable, "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    raise typer.Exit(subprocess.call(command))  # noqa: S603 - our own virtual environment's dagster
