"""Commands for the author of an evaluator: which there are, what one says of some sessions, and a new one to edit.

Not here: what a trial and a scaffold are (`eval_pipeline/evaluators/`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from eval_pipeline.cli.terminal import Day, err, out, stored
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.evaluators.scaffold_kinds import LooksAt
from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from eval_pipeline.evaluators.trying import Trial
    from resources.warehouse import PostgresWarehouse

app = typer.Typer(help="Evaluators: deterministic checks that give a verdict.", no_args_is_help=True)


@app.command("list")
def list_evaluators() -> None:
    """Print each evaluator: its version, what it looks at and asks, and what it said lately."""
    from eval_pipeline.evaluators.loading import load_evaluators
    from eval_pipeline.evaluators.overview import listed
    from eval_pipeline.printing import print_frame
    from eval_pipeline.recent import RECENT_DAYS

    settings = Settings.from_env()
    evaluators = load_evaluators(settings.catalog / "evaluators.py")
    with stored(settings) as warehouse:
        rows, origin = listed(evaluators, warehouse)
    note = (
        f"verdicts on sessions of origin {origin}, last {RECENT_DAYS} days that have any"
        if origin
        else "no verdict yet"
    )
    print_frame(out, rows, "Evaluators", f"{note}; counted are those of the version shown")


@app.command("try")
def try_evaluator(
    name: Annotated[str, typer.Argument(help="An evaluator of catalog/evaluators.py, as it is saved now.")],
    session: Annotated[str | None, typer.Option(help="One session of evals.raw_sessions.")] = None,
    sessions: Annotated[
        Path | None, typer.Option(help="A file of sessions, in any format that `ingest` reads.")
    ] = None,
    day: Annotated[Day, typer.Option(formats=["%Y-%m-%d"], help="One UTC day of evals.raw_sessions.")] = None,
    format: Annotated[str | None, typer.Option(help="Format of the file; found out from it when left out.")] = None,
    mapping: Annotated[str | None, typer.Option(help="Column mapping of the file, as `ingest` takes it.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Fails and errors that are shown.")] = 20,
) -> None:
    """Run one evaluator and print what it says, and why. Nothing is stored. Without an option: the newest day."""
    from eval_pipeline.evaluators.loading import load_evaluators
    from eval_pipeline.evaluators.trying import chosen, try_on

    if sum(option is not None for option in (session, sessions, day)) > 1:
        raise typer.BadParameter("give one of --session, --sessions and --day, or none")
    settings = Settings.from_env()
    path = settings.catalog / "evaluators.py"
    evaluator = chosen(load_evaluators(path), name, path)
    if sessions is not None:
        trial = try_on([_read_file(settings, sessions, format, mapping)], evaluator, limit)
    else:
        with _stored_sessions(settings, session, day) as frames:
            trial = try_on(frames, evaluator, limit)
    out.print(f"{evaluator.name} {evaluator.version}: {escape(evaluator.words)}", highlight=False)
    _print_trial(trial)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Small letters, digits and underscores: no_promised_refund.")],
    looks_at: Annotated[LooksAt, typer.Option(help="What it is asked of.")] = LooksAt.answers,
    tests: Annotated[
        Path | None, typer.Option(help="Folder for its test; tests/catalog beside the catalog when left out.")
    ] = None,
) -> None:
    """Add an evaluator to the catalog, with a test that passes; edit both."""
    from eval_pipeline.evaluators.scaffold import scaffold

    catalog = Settings.from_env().catalog
    folder = catalog.parent / "tests" / "catalog" if tests is None else tests
    made = scaffold(name, looks_at, catalog / "evaluators.py", folder)
    out.print(f"evaluator: {made.catalog}, line {made.line}", markup=False, highlight=False, soft_wrap=True)
    out.print(f"test:      {made.test}", markup=False, highlight=False, soft_wrap=True)
    out.print(f"try it:    eval-pipeline evaluators try {name}", markup=False, highlight=False)
    if (catalog.parent / "docs" / "build.py").is_file():  # the catalog of this repository: its pages name each one
        out.print("then:      make docs", markup=False, highlight=False)


def _read_file(settings: Settings, file: Path, format: str | None, mapping: str | None) -> "pd.DataFrame":
    """Return the sessions of a file as the door lets them in; records that it does not are named on stderr."""
    from eval_pipeline.evaluators.trying import admit
    from eval_pipeline.formats.mapping import Mapping, load_mapping
    from eval_pipeline.formats.registry import detect, importer_named
    from eval_pipeline.redaction.redactor import Redactor
    from eval_pipeline.redaction.secret import redaction_secret

    redactor = Redactor.from_catalog(settings.catalog / "redaction.yaml", redaction_secret(settings))
    importer = importer_named(format) if format else detect(file)
    records = importer.records(file, load_mapping(mapping) if mapping else Mapping())
    admitted = admit(records, redactor, datetime.now(UTC))
    for position, reason, detail in admitted.rejected.itertuples(index=False, name=None):
        err.print(f"{position} is left out: {reason}: {detail}", markup=False, highlight=False)
    if len(admitted.rejected):
        err.print(f"{len(admitted.rejected)} records could not be read", highlight=False)
    return admitted.sessions


@contextmanager
def _stored_sessions(settings: Settings, session: str | None, day: Day) -> Iterator[Any]:
    """Yield frames of the stored sessions that are meant. Raises `EvalPipelineError` where there is none."""
    from eval_pipeline.evaluators.run import INPUT_COLUMNS
    from eval_pipeline.tables import RawSessions

    with stored(settings) as warehouse:
        if session is not None:
            frames = [warehouse.read(RawSessions, columns=INPUT_COLUMNS, session_ids=[session])]
            if frames[0].empty:
                raise EvalPipelineError(f"no session {session!r} is stored", "give a session_id of evals.raw_sessions")
            yield frames
        else:
            yield warehouse.read_chunks(RawSessions, day.date() if day else _newest_day(warehouse), INPUT_COLUMNS)


def _newest_day(warehouse: "PostgresWarehouse") -> Any:
    newest = warehouse.query("select max(session_day) as day from evals.raw_sessions")["day"].iloc[0]
    if newest is None:
        raise EvalPipelineError("no session is stored", "give a file: --sessions FILE; or `eval-pipeline ingest PATH`")
    return newest


def _print_trial(trial: "Trial") -> None:
    from eval_pipeline.printing import printable

    out.print(", ".join(f"{n} {verdict}" for verdict, n in trial.counts.items()), highlight=False)
    for row in trial.shown.to_dict("records"):
        out.print()
        for line in _told(row):
            out.print(escape(printable(line)), highlight=False, soft_wrap=True)
    if trial.n_hidden:
        out.print(f"\n{trial.n_hidden} more; --limit shows them", highlight=False)


def _told(row: dict[Any, Any]) -> list[str]:
    """Return the lines that say of one verdict where it arose and why."""
    import pandas as pd

    place = [str(row["session_id"])]
    if pd.notna(row["turn_index"]):
        place.append(f"turn {row['turn_index']}")
    if pd.notna(row.get("pointer")):
        place.append(f"at {row['pointer']}")
    details = [f"  {name}: {row[name]}" for name in ("expected", "found") if pd.notna(row[name])]
    # The sentence of a verdict repeats what was found; here it has a line of its own.
    sentence = str(row["explanation"]).removesuffix(f"; found: {row['found']}")
    return [f"{str(row['verdict']).upper()} {', '.join(place)}", f"  {sentence}", *details]
