"""What a person is told when the database refuses: table, constraint, key and the mend; never a row's content.

They are raised without their cause, whose text quotes the row. Not here: the writes themselves (`warehouse.py`).
"""

import re

import psycopg

from eval_pipeline.errors import WarehouseError
from eval_pipeline.tables import Table

_COPY_LINE = re.compile(r"COPY \w+, line (\d+)")


def unreachable(what: str) -> WarehouseError:
    """Return the error of a database that does not answer."""
    return WarehouseError(
        f"the database cannot be reached: {what.strip()}",
        "start it (eval-pipeline up), or check EVAL_PIPELINE_DATABASE_URL; eval-pipeline doctor says more",
    )


def refusal(table: type[Table], error: psycopg.Error) -> WarehouseError:
    """Return `error` in words."""
    name, diagnosis = table.table_name(), error.diag
    if isinstance(error, psycopg.OperationalError) and diagnosis.sqlstate is None:
        return unreachable(str(error))
    if isinstance(
        error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn | psycopg.errors.InvalidSchemaName
    ):
        return WarehouseError(
            f"{name}: the database is not at this code's revision ({diagnosis.message_primary})",
            "migrate it: eval-pipeline up",
        )
    where = _where(diagnosis.context)
    if isinstance(error, psycopg.errors.UniqueViolation):
        return WarehouseError(
            f"{name}: constraint {diagnosis.constraint_name}: {_key(diagnosis.message_detail)}{where}",
            "a key may be in the table once: run the day that holds the row, or make the rows of the frame unique",
        )
    if isinstance(error, psycopg.errors.ForeignKeyViolation) and "category" in (diagnosis.constraint_name or ""):
        return WarehouseError(
            f"{name}: constraint {diagnosis.constraint_name}: a category that its taxonomy has not{where}",
            "name a category of that version (eval-pipeline taxonomy show VERSION); new ones come by a migration: "
            "eval-pipeline taxonomy migrate",
        )
    if isinstance(error, psycopg.errors.CheckViolation):
        return WarehouseError(
            f"{name}: constraint {diagnosis.constraint_name} refused a row{where}",
            "see the column's values and limits in eval_pipeline/tables.py; a new value needs a new migration",
        )
    if isinstance(error, psycopg.errors.NotNullViolation):
        return WarehouseError(
            f"{name}.{diagnosis.column_name}: null, where a value is required{where}",
            "fill the column, or declare it nullable in eval_pipeline/tables.py and migrate",
        )
    return WarehouseError(
        f"{name}: {diagnosis.message_primary or type(error).__name__}{where}",
        "eval-pipeline doctor checks the database; append-only tables are never changed, only added to",
    )


def _key(detail: str | None) -> str:
    """Return the key of a unique violation, which PostgreSQL states as `Key (a, b)=(1, 2) already exists.`"""
    return (detail or "a key is there twice").rstrip(".")[:500]


def _where(context: str | None) -> str:
    """Return the row of the COPY, if it was one: of the context, which may quote content, only the number."""
    found = _COPY_LINE.search(context or "")
    return f" (row {found.group(1)} of the day)" if found else ""
