"""Commands around the database: start and stop it, ask it, examine the machine."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.markup import escape

from eval_pipeline.cli.terminal import out, stored
from eval_pipeline.settings import Settings


class Output(StrEnum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"


def up() -> None:
    """Start the database (the embedded server, unless EVAL_PIPELINE_DATABASE_URL names another) and migrate it."""
    from resources.dagster_home import without_password
    from resources.embedded_postgres import database_url
    from resources.migration import migrate

    url = database_url(Settings.from_env())
    migrate(url)
    out.print(f"PostgreSQL is up: {escape(without_password(url))}", highlight=False)


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


def sql(
    statement: Annotated[str, typer.Argument(help="One read-only statement; tables are in the schema evals.")],
    format: Output = Output.table,
) -> None:
    """Ask the tables. Statements that write are refused by the database."""
    from eval_pipeline.printing import print_rows

    with stored(Settings.from_env()) as warehouse:
        print_rows(out, warehouse.query(statement), format.value)


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
