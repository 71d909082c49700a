"""Commands for human labels."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from eval_pipeline.cli.terminal import err, out, stored
from eval_pipeline.settings import Settings

app = typer.Typer(help="Human labels.", no_args_is_help=True)

HELD_OUT_WARNING = (
    "These are held-out labels. Whoever reads them must not tune a judge, its prompt or its examples on them: what is "
    "measured on them afterwards would be worth nothing. Keep the file where those who write judges do not see it."
)


@app.command("import")
def import_labels(file: Annotated[Path, typer.Argument(help="JSONL, CSV or Parquet of people's labels.")]) -> None:
    """Add people's labels from a file to `reviews`; lines that cannot be read are named with their mend."""
    from eval_pipeline.deployment import Deployment
    from eval_pipeline.review.files.importing import import_reviews

    settings = Settings.from_env()
    with stored(settings) as warehouse:
        added, rejected = import_reviews(file, warehouse, Deployment.load(settings), datetime.now(UTC))
    out.print(f"{added} reviews added, {len(rejected)} lines rejected")
    for line in rejected:
        err.print(f"  {line}", markup=False, highlight=False)
    if rejected:
        raise typer.Exit(1)


@app.command("export")
def export_labels(
    file: Annotated[Path, typer.Argument(help="File to write; its ending is the format: .jsonl, .csv or .parquet.")],
    in_set: Annotated[
        Literal["calibration", "held_out"], typer.Option("--set", help="Which set; the two never stand in one file.")
    ] = "calibration",
    target: Annotated[str | None, typer.Option(help="Only this target, e.g. session or judge:NAME.")] = None,
    reviews: Annotated[bool, typer.Option("--reviews", help="The reviews behind the labels instead.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file when it is there.")] = False,
) -> None:
    """Write people's labels, or the reviews behind them, to a file."""
    from eval_pipeline.review.files.exporting import labels_of, reviews_of, write_rows

    with stored(Settings.from_env()) as warehouse:
        rows = (reviews_of if reviews else labels_of)(warehouse, in_set, target)
    write_rows(rows, file, force)
    kind = "reviews" if reviews else "labels"
    out.print(f"{len(rows)} {kind} of the {in_set} set written to {file}", markup=False, highlight=False)
    if in_set == "held_out":
        err.print(HELD_OUT_WARNING, markup=False, highlight=False)
