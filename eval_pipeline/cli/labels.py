"""Commands for human labels."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from eval_pipeline.cli.terminal import err, out, stored
from eval_pipeline.errors import SettingsError
from eval_pipeline.settings import Settings

app = typer.Typer(help="Human labels.", no_args_is_help=True)

HELD_OUT_WARNING = (
    "These are held-out labels. Labels of a judge's question that are shown one by one can measure it no longer, so its set "
    "is retired into calibration. Of all other labels: whoever reads them must not tune anything on them."
)


@app.command("import")
def import_labels(file: Annotated[Path, typer.Argument(help="JSONL, CSV or Parquet of people's labels.")]) -> None:
    """Add people's labels from a file to `reviews`; lines that cannot be read are named with their mend."""
    from eval_pipeline.deployment import Deployment
    from eval_pipeline.review.files.importing import import_reviews
    from resources.taxonomy_register import hold_to, map_late_labels

    settings, now = Settings.from_env(), datetime.now(UTC)
    deployment = Deployment.load(settings)
    with stored(settings) as warehouse:
        hold_to(warehouse, deployment.taxonomy, now)
        added, rejected = import_reviews(file, warehouse, deployment, now)
        map_late_labels(warehouse, deployment.taxonomy, now)
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
    by: Annotated[
        str | None, typer.Option(help="Person who asks for held-out labels; the sets of judges shown are retired.")
    ] = None,
    reviews: Annotated[bool, typer.Option("--reviews", help="The reviews behind the labels instead.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file when it is there.")] = False,
) -> None:
    """Write people's labels, or the reviews behind them, to a file. Held-out labels of judges are thereby used up."""
    from eval_pipeline.review.files.exporting import check_path, labels_of, reviews_of, use_up, write_rows

    by = (by or "").strip()
    if in_set == "held_out" and not by:
        raise SettingsError(
            "held-out labels are shown to nobody unnamed: the sets of the judges they are about are retired thereby",
            "add --by PERSON, or export the calibration set",
        )
    check_path(file, force)
    with stored(Settings.from_env()) as warehouse:
        rows = (reviews_of if reviews else labels_of)(warehouse, in_set, target)
        # Used up before it is written: what could be seen and was not on record would be worse than the other way round.
        used_up = use_up(warehouse, rows, by, datetime.now(UTC)) if in_set == "held_out" else []
    write_rows(rows, file, force)
    kind = "reviews" if reviews else "labels"
    out.print(f"{len(rows)} {kind} of the {in_set} set written to {file}", markup=False, highlight=False)
    if in_set == "held_out":
        for sentence in (HELD_OUT_WARNING, *used_up):
            err.print(sentence, markup=False, highlight=False)
