"""The database role that the review app works as: it reads everything, and writes reviews and what belongs to them.

Whoever makes the app run SQL of his own (injection) may then still not change a stored review or a line of the audit trail.
He may write new reviews in anybody's name: the app itself says for whom it writes, and so does he. Against one who runs
programs as the app's account the role protects on a server with passwords alone: the embedded server trusts whoever reaches
its socket. Not here: how the embedded server gets the role (`embedded_postgres.py`), when grants are given (`migration.py`).
"""

from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from eval_pipeline.errors import SettingsError, WarehouseError
from eval_pipeline.settings import Settings

REVIEW_ROLE = "eval_pipeline_review"
URL_VARIABLE = "EVAL_PIPELINE_REVIEW_DATABASE_URL"

_MAY = {
    "INSERT": ["reviews", "review_set_asides", "review_reveals", "taxonomy_decisions"],
    "INSERT, UPDATE": ["review_slots", "reviewer_sessions"],
    "INSERT, UPDATE, DELETE": ["review_drafts"],
}

GRANTS = (
    # Anew each time: what an earlier release granted and this one does not is gone.
    f"REVOKE ALL ON ALL TABLES IN SCHEMA evals FROM {REVIEW_ROLE}",
    f"REVOKE ALL ON SCHEMA evals FROM {REVIEW_ROLE}",
    # A trigger fires without it. With it, one who may make a (temporary) table hangs the audit's function on it, and so
    # writes lines of the trail by hand.
    "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA evals FROM PUBLIC",
    f"GRANT USAGE ON SCHEMA evals TO {REVIEW_ROLE}",
    f"GRANT SELECT ON ALL TABLES IN SCHEMA evals TO {REVIEW_ROLE}",
    *(f"GRANT {rights} ON evals.{table} TO {REVIEW_ROLE}" for rights, tables in _MAY.items() for table in tables),
)
"""What a migration grants the role, where there is one: SELECT on all, writes on little, changes on less."""

_IS_THERE = "SELECT FROM pg_roles WHERE rolname = %s"

_HAS_GRANTS = """
    SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = %(role)s)
           OR to_regclass('evals.reviews') IS NOT NULL
              AND (SELECT has_table_privilege(oid, 'evals.reviews', 'INSERT') FROM pg_roles WHERE rolname = %(role)s)
"""

# Whether the role, or one that it could become, may do what it must not, and whether it may do its work; NULL where there are
# no tables yet.
_POWERS = """
    SELECT current_user,
           bool_or(pg_has_role(current_user, relowner, 'MEMBER')
                   OR has_any_column_privilege(current_user, pg_class.oid, 'UPDATE')
                   OR has_table_privilege(current_user, pg_class.oid, 'DELETE, TRUNCATE, TRIGGER')
                   OR relname = 'audit_trail' AND has_any_column_privilege(current_user, pg_class.oid, 'INSERT')),
           bool_or(relname = 'reviews' AND has_schema_privilege(current_user, relnamespace, 'USAGE')
                   AND has_table_privilege(current_user, pg_class.oid, 'INSERT'))
      FROM pg_class
     WHERE relnamespace = to_regnamespace('evals') AND relname IN ('reviews', 'audit_trail')
"""


def grant(connection: psycopg.Connection) -> None:
    """Give the role its rights, if the server knows it; the caller's role must own schema evals."""
    if connection.execute(_IS_THERE, [REVIEW_ROLE]).fetchone() is not None:
        for statement in GRANTS:
            connection.execute(statement.encode())


def is_granted(connection: psycopg.Connection) -> bool:
    """Return whether the role is either not there or has its rights."""
    found = connection.execute(_HAS_GRANTS, {"role": REVIEW_ROLE}).fetchone()
    return found is not None and bool(found[0])


def create_role(connection: psycopg.Connection, database: str) -> None:
    """Make the role and keep it from temporary tables in `database`; for an administrator. Does nothing the second time."""
    if connection.execute(_IS_THERE, [REVIEW_ROLE]).fetchone() is None:
        connection.execute(f"CREATE ROLE {REVIEW_ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE".encode())
    connection.execute(sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))


def as_review_role(embedded_url: str) -> str:
    """Return the URL of a database of the embedded server, with the review app's role in place of the owner."""
    parts = urlsplit(embedded_url)
    return parts._replace(netloc=f"{REVIEW_ROLE}@{parts.netloc.rpartition('@')[2]}").geturl()


def review_database_url(settings: Settings) -> str:
    """Return the URL at which the review app works, as a role that can change neither reviews nor the audit trail.

    Migrate the database first. The embedded server has the role by itself; one's own needs EVAL_PIPELINE_REVIEW_DATABASE_URL.

    Raises:
        SettingsError: when one's own server is used without such a URL, or with a role that may do too much.
        WarehouseError: when the database cannot be reached, or is not migrated.
    """
    from resources.embedded_postgres import EmbeddedPostgres

    if settings.review_database_url is not None:
        url = settings.review_database_url.get_secret_value()
        refuse_powerful(url)
        return url
    if settings.database_url is not None:
        raise SettingsError(
            f"the review app has no database role of its own: {URL_VARIABLE} is not set",
            f"{_mend()}; EVAL_PIPELINE_DATABASE_URL stays as it is",
        )
    return as_review_role(EmbeddedPostgres(settings.home).start())


def refuse_powerful(url: str) -> None:
    """Check that the role behind `url` can change neither reviews nor the audit trail.

    Raises:
        SettingsError: when it can, with the statement that makes one which cannot; when it may not do its work either.
        WarehouseError: when the database cannot be reached, or is not migrated.
    """
    try:
        with psycopg.connect(url, connect_timeout=10, row_factory=tuple_row) as connection:
            name, is_powerful, is_able = connection.execute(_POWERS.encode()).fetchone() or ("", None, None)
    except psycopg.Error as error:
        # An error in the connection string quotes it, password and all.
        what = (
            str(error).strip().partition("\n")[0]
            if isinstance(error, psycopg.OperationalError)
            else "it cannot be read"
        )
        raise WarehouseError(
            f"the review app's database cannot be reached: {what}",
            f"check that {URL_VARIABLE} reads postgresql://USER:PASSWORD@HOST:PORT/DATABASE and that the server runs",
        ) from None
    if is_powerful is None:
        raise WarehouseError("the review app's database has no tables yet", "migrate it: eval-pipeline up")
    if is_powerful:
        raise SettingsError(f"role {name} of {URL_VARIABLE} could change reviews or the audit trail", _mend())
    if not is_able:
        mend = f"`eval-pipeline up` gives {REVIEW_ROLE} its rights; to another role, GRANT {REVIEW_ROLE} TO {name}"
        raise SettingsError(f"role {name} of {URL_VARIABLE} may not write reviews", mend)


def _mend() -> str:
    return (
        f"as an administrator of the server: CREATE ROLE {REVIEW_ROLE} LOGIN PASSWORD '...' NOSUPERUSER NOCREATEDB "
        f"NOCREATEROLE; then `eval-pipeline up`, which gives it its rights, and "
        f"{URL_VARIABLE}=postgresql://{REVIEW_ROLE}:PASSWORD@HOST:PORT/DATABASE"
    )
