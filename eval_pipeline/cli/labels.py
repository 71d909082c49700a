"""Commands for human labels."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from eval_pipeline.cli.terminal import err, out, stored
from eval_pipeline.settings import Settings

app = typer.Typer(help="Human labels.", no_args_is_help=True)


@app.command("import")
def import_labels(file: Annotated[Path, typer.Argument(help="JSONL or CSV of people's labels.")]) -> None:
    """Add people's labels from a file to `reviews`; lines that cannot be read are named with their mend."""
    from eval_pipeline.deployment import Deployment
    from eval_pipeline.review.importing import import_reviews

    settings = Settings.from_env()
    with stored(settings) as warehouse:
        added, rejected = import_reviews(file, warehouse, Deployment.load(settings), datetime.now(UTC))
    out.print(f"{added} reviews added, {len(rejected)} lines rejected")
    for line in rejected:
        err.print(f"  {line}", markup=False, highlight=False)
    if rejected:
        raise typer.Exit(1)
