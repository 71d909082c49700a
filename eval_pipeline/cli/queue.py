"""Command for the review queue: what is in it, why, and how far it has been read."""

from datetime import date
from typing import Annotated

import typer

from eval_pipeline.cli.terminal import Day, out, stored
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.settings import Settings


def queue(
    day: Annotated[
        Day, typer.Option(formats=["%Y-%m-%d"], help="UTC day; the newest with a queue if left out.")
    ] = None,
    surface: Annotated[str | None, typer.Option(help="One surface alone.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All days together.")] = False,
) -> None:
    """Print the review queue by stratum and reason, and how far it has been reviewed."""
    from eval_pipeline.printing import print_frame
    from eval_pipeline.review.overview import newest_day, progress, reasons, strata

    if every and day is not None:
        raise typer.BadParameter("give --day or --all, not both")
    with stored(Settings.from_env()) as warehouse:
        chosen: date | None = None if every else (day.date() if day else newest_day(warehouse, surface))
        cells = strata(warehouse, chosen, surface)
        why = reasons(warehouse, chosen, surface)
    if cells.empty:
        raise EvalPipelineError(
            f"no session is queued{f' of {chosen}' if chosen else ''}{f' on surface {surface}' if surface else ''}",
            f"run `eval-pipeline run nightly_evaluation{f' --day {chosen}' if chosen else ''}`, which draws the queue; "
            "`eval-pipeline queue --all` shows every day and surface",
        )
    newest = "" if day else ", the newest day that has one"
    title = f"Review queue of {chosen}{newest}" if chosen else "Review queue of all days"
    note = (
        "of about: sessions of the stratum, by the sampling weights (exact where a day was drawn once); probability: of "
        "being drawn\n"
        "control: random sessions that nothing points at; reviewers are not told which ones they are"
    )
    print_frame(out, cells, title, note)
    print_frame(out, why, "Why they are there", "one session can have several reasons; controls have none that counts")
    out.print(progress(cells), highlight=False)
