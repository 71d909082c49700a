"""Bringing a database to the tables of this code, and its descriptions to those of the pandera models.

Not here: the SQL (`migrations/versions/`), what the tables are (`eval_pipeline/tables.py`).
"""

from pathlib import Path
from typing import NoReturn

import psycopg
from psycopg import sql

from eval_pipeline.errors import WarehouseError
from eval_pipeline.tables import TABLES, VIEWS
from eval_pipeline.versions import content_hash
from resources.review_role import GRANTS, grant, is_granted

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x6576_616C
"""Any fixed number: one migration at a time in a database."""

_STATE = """
    SELECT to_regclass('evals.alembic_version') IS NOT NULL,
           coalesce(obj_description(to_regnamespace('evals'), 'pg_namespace'), '')
"""


def migrate(url: str) -> None:
    """Create or upgrade schema `evals` in the database at `url`; returns at once when there is nothing to do.

    Any number of processes may call it at the same time. Descriptions of tables, views and columns become COMMENTs. The
    review app's role gets its rights, where the server knows it (`review_role.py`).

    Raises:
        WarehouseError: when the database cannot be reached or changed, or is newer than this code.
    """
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            if _is_current(connection):
                return
            connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            if _revision(connection) != head():
                _upgrade(url)
            _describe(connection)
    except psycopg.ProgrammingError as error:
        # An error in the connection string quotes it, password and all; what a role may not do has a state of its own.
        what = "its URL cannot be read" if error.sqlstate is None else _first_line(error)
        raise _not_migrated(what) from None
    except psycopg.Error as error:
        raise _not_migrated(_first_line(error)) from error


def is_current(url: str) -> bool:
    """Return whether the database at `url` is at this code's revision and descriptions."""
    with psycopg.connect(url, autocommit=True) as connection:
        return _is_current(connection)


def head() -> str:
    """Return the newest revision of this code: read from the files' names, as importing alembic takes a second."""
    return max(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]


def execute_file(revision_file: str) -> None:
    """Run the SQL that lies beside a revision, as it stands, in alembic's transaction."""
    from alembic import op

    statements = Path(revision_file).with_suffix(".sql").read_text()
    driver_connection = op.get_bind().connection.driver_connection
    if not isinstance(driver_connection, psycopg.Connection):
        raise TypeError(f"migrations run over psycopg, not {type(driver_connection)}")
    driver_connection.execute(statements.encode())


def refuse_downgrade(revision: str) -> NoReturn:
    """Refuse to undo a revision: it would drop labels and paid replies.

    Raises:
        WarehouseError: always.
    """
    raise WarehouseError(
        f"revision {revision} cannot be undone: labels and paid model calls would be lost",
        "restore a backup (pg_restore) made before the upgrade, and run the code that made it",
    )


def _is_current(connection: psycopg.Connection) -> bool:
    is_there, description = connection.execute(_STATE).fetchone() or (False, "")
    is_described = bool(is_there) and description == _schema_description()
    return is_described and _revision(connection) == head() and is_granted(connection)


def _revision(connection: psycopg.Connection) -> str | None:
    """Return the database's revision, None for an empty database; refuse one that this code does not know."""
    is_there, _ = connection.execute(_STATE).fetchone() or (False, "")
    found = connection.execute("SELECT version_num FROM evals.alembic_version").fetchone() if is_there else None
    if found is None:
        return None
    if found[0] > head():
        raise WarehouseError(
            f"the database is at revision {found[0]}, newer than this code, which knows {head()}",
            "upgrade eval-pipeline, or use a database of this version; a downgrade is not possible",
        )
    return str(found[0])


def _upgrade(url: str) -> None:
    """Run alembic. Its import is heavy, hence here and not above."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except DBAPIError as error:
            raise (error.orig if isinstance(error.orig, psycopg.Error) else error) from None


def _descriptions() -> dict[str, tuple[str, dict[str, str]]]:
    """Return the description of each table and view and of its columns, in one line each."""
    return {
        table.table_name(): (
            " ".join((table.__doc__ or "").split()),
            {name: " ".join((c.description or "").split()) for name, c in table.to_schema().columns.items()},
        )
        for table in (*TABLES, *VIEWS)
    }


def _schema_description() -> str:
    return f"Evaluation of LLM sessions; descriptions {content_hash([_descriptions(), GRANTS])}"


def _describe(connection: psycopg.Connection) -> None:
    """Write all descriptions as COMMENTs and give all rights, in one transaction; the schema's own says which are there."""
    views = {view.table_name() for view in VIEWS}
    with connection.transaction():
        grant(connection)
        for table, (about, columns) in _descriptions().items():
            name, kind = sql.Identifier("evals", table), sql.SQL("VIEW" if table in views else "TABLE")
            connection.execute(sql.SQL("COMMENT ON {} {} IS {}").format(kind, name, sql.Literal(about)))
            for column, meaning in columns.items():
                place = sql.Identifier("evals", table, column)
                connection.execute(sql.SQL("COMMENT ON COLUMN {} IS {}").format(place, sql.Literal(meaning)))
        connection.execute(sql.SQL("COMMENT ON SCHEMA evals IS {}").format(sql.Literal(_schema_description())))


def _not_migrated(what: str) -> WarehouseError:
    return WarehouseError(
        f"the database could not be migrated: {what}",
        "check that EVAL_PIPELINE_DATABASE_URL reads postgresql://USER:PASSWORD@HOST:PORT/DATABASE, that the server runs, "
        "and that its role may create a schema",
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
