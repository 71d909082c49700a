"""Commands at the door: register a source of sessions, simulate one, and see what redaction makes of a file."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from eval_pipeline.cli.terminal import err, out, stored
from eval_pipeline.errors import SourceError
from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    from eval_pipeline.simulation.novel import Plant

TEXT_SUFFIXES = {"", ".txt", ".log", ".md", ".json", ".jsonl", ".ndjson"}


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
    with stored(Settings.from_env()) as warehouse:
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


def simulate(
    days: Annotated[int, typer.Option(min=1, help="Full days, ending yesterday (UTC).")] = 14,
    sessions_per_day: Annotated[int, typer.Option(min=1)] = 60,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day instead.")] = None,
    reviews: Annotated[
        bool, typer.Option("--reviews", help="Have simulated reviewers answer the queue, but for its newest day.")
    ] = False,
    plant: Annotated[str | None, typer.Option(help="Plant a failure that the taxonomy does not know.")] = None,
    plant_from: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day of it; the first day when left out.")
    ] = None,
    plant_share: Annotated[float, typer.Option(help="Its share of the sessions.")] = 0.03,
) -> None:
    """Make a product's traffic with known truth, marked `simulated`; or let simulated people review its queue."""
    from eval_pipeline.simulation.demo import newest_queued_day, simulate_queue_reviews
    from eval_pipeline.simulation.traffic import write_traffic
    from eval_pipeline.simulation.truth import DEMO_SEED
    from eval_pipeline.taxonomy.categories import load_taxonomy
    from resources.session_files import SessionFiles
    from resources.taxonomy_register import hold_to

    settings = Settings.from_env()
    start = first.date() if first else datetime.now(UTC).date() - timedelta(days=days)
    with stored(settings) as warehouse:
        if reviews:
            hold_to(warehouse, load_taxonomy(settings.catalog / "taxonomy.yaml"), datetime.now(UTC))
            yours = newest_queued_day(warehouse)
            n_added = simulate_queue_reviews(warehouse, settings.catalog, before=yours)
            out.print(
                f"{n_added} simulated reviews added" + (f"; the queue of {yours} is left to you" if yours else "")
            )
            return
        wanted = [start + timedelta(days=n) for n in range(days)]
        folder = settings.home / "simulated" / str(sessions_per_day)
        planted = _plant(plant, plant_from.date() if plant_from else start, plant_share)
        files = write_traffic(folder, wanted, sessions_per_day, DEMO_SEED, plant=planted)
        source, now = SessionFiles(warehouse), datetime.now(UTC)
        n_read = sum(source.register(file, "sessions_jsonl", None, "simulated", now).n_read for file in files)
    out.print(f"{n_read} simulated sessions on {days} days from {wanted[0]} in {folder}", markup=False)


def _plant(name: str | None, first_day: date, share: float) -> "Plant | None":
    from eval_pipeline.simulation.novel import Plant

    try:
        return Plant(name, first_day, share) if name is not None else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


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


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            yield lines
    except OSError as error:
        raise SourceError(
            f"{file} cannot be read: {error.strerror}", "give the path of a text or JSONL file"
        ) from error
