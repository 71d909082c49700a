"""Trends on the command line: what moved, and the baselines that series are held against.

Not here: how a series is tested (`eval_pipeline/trends/`).
"""

from datetime import UTC, datetime
from typing import Annotated

import typer

from eval_pipeline.cli.terminal import Day, out, say, stored
from eval_pipeline.settings import Settings

app = typer.Typer(help="Trends: what moved against its baseline, and the baselines.", no_args_is_help=True)

DAY_FORMATS = ["%Y-%m-%d"]

_OF_DAY = """
    SELECT * FROM evals.trend_directions
    WHERE as_of_day = coalesce(%(day)s::date, (SELECT max(as_of_day) FROM evals.trend_directions))
      AND (%(origin)s::text IS NULL OR origin = %(origin)s)
    ORDER BY subject_kind, subject, model_version, surface, slice"""


@app.command("show")
def show(
    day: Annotated[Day, typer.Option(formats=DAY_FORMATS, help="UTC day; without it the latest.")] = None,
    origin: Annotated[str | None, typer.Option(help="Only this origin of sessions: production or simulated.")] = None,
) -> None:
    """Say what moved, worst first, how many series are steady, and what the others lack."""
    from eval_pipeline.trends.showing import lines

    with stored(Settings.from_env()) as warehouse:
        found = warehouse.query(_OF_DAY, {"day": day.date() if day else None, "origin": origin})
    for line in lines(found):
        say(line)
    if found.empty:
        say("no trend on record; measure them: eval-pipeline run refresh_trends")


@app.command("baselines")
def list_baselines() -> None:
    """List the baselines, in the order in which they were set. Of those that fit a series the last one counts."""
    from eval_pipeline.printing import print_frame
    from eval_pipeline.tables import TrendBaselines

    with stored(Settings.from_env()) as warehouse:
        rows = warehouse.read(TrendBaselines).sort_values(["set_at", "baseline_id"])
    if rows.empty:
        say(
            "no baseline yet: the first is set once there are days enough, or set one: eval-pipeline trends baseline NAME"
        )
        return
    kinds = rows["subject_kind"].fillna("all") + rows["subject"].map(":{}".format, na_action="ignore").fillna("")
    rows = rows.assign(subject=kinds, set_at=rows["set_at"].dt.strftime("%Y-%m-%d %H:%M"))
    print_frame(out, rows[["name", "subject", "origin", "first_day", "last_day", "set_by", "set_at", "reason"]])


@app.command("baseline")
def set_baseline(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name that sentences will say; for ever.")],
    first: Annotated[datetime, typer.Option("--from", formats=DAY_FORMATS, help="First UTC day.")],
    last: Annotated[datetime, typer.Option("--to", formats=DAY_FORMATS, help="Last UTC day; it must be over.")],
    by: Annotated[str, typer.Option(help="Person who sets it; stands in the record.")],
    reason: Annotated[str, typer.Option(help="Why; stands in the record.")],
    subject: Annotated[
        str | None, typer.Option(help="What it is for, as judge:relevance, or a kind, as judge; without it all.")
    ] = None,
    origin: Annotated[str, typer.Option(help="Origin of the sessions: production or simulated.")] = "production",
) -> None:
    """Freeze a stretch of days as a baseline; from now on it counts for what it is for. It cannot be taken back, only followed."""
    from eval_pipeline.deployment import Deployment
    from eval_pipeline.trends.setting_baselines import Wanted
    from eval_pipeline.trends.setting_baselines import set_baseline as freeze

    settings = Settings.from_env()
    wanted = Wanted(name, first.date(), last.date(), origin, subject, by, reason)
    with stored(settings) as warehouse:
        days = freeze(wanted, warehouse, Deployment.load(settings).trends, datetime.now(UTC))
    say(f"baseline {name}: {wanted.first} to {wanted.last}, {days} days with {origin} data, for {subject or 'all'}")
    say("it counts from the next run on: eval-pipeline run refresh_trends")
