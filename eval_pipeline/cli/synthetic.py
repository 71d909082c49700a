"""Coverage on the command line: the cells and what is sparse, and the sessions that were made to fill them.

Not here: how any of it is found or made (`eval_pipeline/coverage/`, `eval_pipeline/synthetic/`).
"""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eval_pipeline.cli.terminal import Day, out, say, stored
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    from resources.warehouse import PostgresWarehouse

app = typer.Typer(help="Sessions made to fill sparse cells of the coverage; never in any rate.", no_args_is_help=True)

DAY_FORMATS = ["%Y-%m-%d"]
_RUN = "run `eval-pipeline run synthetic_coverage --day D`, which counts the cells and fills them"

_NEWEST = {
    "coverage_cells": "SELECT max(as_of_day) AS day FROM evals.coverage_cells",
    "synthetic_sessions": "SELECT max(as_of_day) AS day FROM evals.synthetic_sessions",
}
_MADE = "SELECT count(*) AS n FROM evals.synthetic_sessions WHERE as_of_day = %(day)s AND is_valid"
_LISTED = """
    SELECT synthetic_id, ground_origin AS origin, cell, operator, is_valid, seed_session_ids->>0 AS made_from,
           coalesce(invalid_because, note) AS what
    FROM evals.synthetic_sessions WHERE as_of_day = %(day)s ORDER BY ground_origin, grid, cell, synthetic_id
"""
_FOUND = """
    SELECT subject_kind, subject, expected, before, after, outcome FROM evals.synthetic_expectations
    WHERE synthetic_id = %(id)s AND outcome <> 'not_applicable'
    ORDER BY outcome = 'noticed', subject_kind, subject
"""


def coverage(
    day: Annotated[Day, typer.Option(formats=DAY_FORMATS, help="UTC day; the newest counted if left out.")] = None,
    sparse: Annotated[bool, typer.Option("--sparse", help="Sparse cells alone.")] = False,
    origin: Annotated[str | None, typer.Option(help="One origin alone: production or simulated.")] = None,
) -> None:
    """Print how well each cell of the configured grids is covered, and what is sparse."""
    from eval_pipeline.coverage.showing import grids, summary
    from eval_pipeline.printing import print_frame
    from eval_pipeline.tables import CoverageCells

    with stored(Settings.from_env()) as warehouse:
        chosen = _day(warehouse, day, "coverage_cells")
        cells = warehouse.read(CoverageCells, [chosen])
        n_made = int(warehouse.query(_MADE, {"day": chosen})["n"].iloc[0])
    if cells.empty:
        raise EvalPipelineError(f"no cell was counted as of {chosen}", _RUN)
    for (of_origin, grid), rows in grids(cells, origin, sparse):
        print_frame(out, rows, f"{grid}, {of_origin} sessions, as of {chosen}")
    for line in summary(cells):
        say(line)
    say(f"{n_made} sessions were made for these cells; they count as n synthetic from the next day on")


@app.command("list")
def list_made(
    day: Annotated[Day, typer.Option(formats=DAY_FORMATS, help="UTC day; the newest with any if left out.")] = None,
) -> None:
    """List the sessions that a run made: for which cell, by whom, from which real session, and whether they are valid."""
    from eval_pipeline.printing import print_frame

    with stored(Settings.from_env()) as warehouse:
        chosen = _day(warehouse, day, "synthetic_sessions")
        rows = warehouse.query(_LISTED, {"day": chosen})
    if rows.empty:
        raise EvalPipelineError(f"no session was made as of {chosen}", _RUN)
    note = "eval-pipeline synthetic show ID tells one, with what evaluators made of it"
    print_frame(out, rows, f"Synthetic sessions as of {chosen}", note)


@app.command("show")
def show(synthetic_id: Annotated[str, typer.Argument(metavar="ID", help="As `synthetic list` prints it.")]) -> None:
    """Print a synthetic session: what was done to which real one, its turns, and who noticed."""
    from eval_pipeline.coverage.showing import facts, told_turns
    from eval_pipeline.printing import print_frame

    with stored(Settings.from_env()) as warehouse:
        rows = warehouse.query(
            "SELECT * FROM evals.synthetic_sessions WHERE synthetic_id = %(id)s", {"id": synthetic_id}
        )
        if rows.empty:
            raise EvalPipelineError(
                f"there is no synthetic session {synthetic_id!r}", "eval-pipeline synthetic list prints their ids"
            )
        found = warehouse.query(_FOUND, {"id": synthetic_id})
    made: dict[str, Any] = {str(name): value for name, value in rows.iloc[0].items()}
    for line in facts(made):
        say(line)
    print_frame(out, told_turns(made["turns"]))
    if len(found):
        print_frame(out, found, "What was expected of whom", "not_applicable ones are left out")


def _day(warehouse: "PostgresWarehouse", day: Day, table: str) -> date:
    if day is not None:
        return day.date()
    newest = warehouse.query(_NEWEST[table])["day"].iloc[0]
    if newest is None:
        raise EvalPipelineError("coverage was never counted", _RUN)
    found: date = newest
    return found
