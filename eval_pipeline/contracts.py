"""Whether stored rows keep their pandera model, and which do not. Not here: the models (`tables.py`)."""

from collections.abc import Iterator, Sequence
from datetime import date

import pandas as pd
import pandera.pandas as pa

from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import Table

CHUNK = 50_000


def broken_rows(
    warehouse: Warehouse, table: type[Table], days: Sequence[date] | None = None
) -> tuple[int, pd.DataFrame]:
    """Return how many rows of `days` (None: all) were checked and, for each that breaks the model, where and how.

    The frame has the primary key's columns (str), `column`, `check` and `found`; it is empty when all is well.
    Columns of JSON are left to the database, which keeps them valid and not null.
    """
    schema = table.to_schema()
    columns = [name for name, column in schema.columns.items() if (column.metadata or {}).get("sql") != "jsonb"]
    schema = schema.select_columns(columns)
    n_rows, broken = 0, [_no_rows(table)]
    for frame in _stored(warehouse, table, days, columns):
        n_rows += len(frame)
        broken.append(failures(frame, schema, table.primary_key()))
    return n_rows, pd.concat(broken, ignore_index=True)


def _stored(
    warehouse: Warehouse, table: type[Table], days: Sequence[date] | None, columns: Sequence[str]
) -> Iterator[pd.DataFrame]:
    if table.day_column() is None or days is None:
        yield warehouse.read(table, columns=columns)
        return
    for day in days:
        yield from warehouse.read_chunks(table, day, columns, size=CHUNK)


def failures(frame: pd.DataFrame, schema: pa.DataFrameSchema, key: Sequence[str]) -> pd.DataFrame:
    """Return one row per value of `frame` that breaks `schema`, named by its key."""
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        # A check over several columns gives a case for each column of a row; one is enough to name the row.
        cases = error.failure_cases.drop_duplicates(["index", "check"])
        cases["column"] = cases["column"].where(cases["schema_context"] == "Column", "row")
        at = frame.reindex(cases["index"])[list(key)].astype("str").reset_index(drop=True)
        found = cases[["column", "check", "failure_case"]].astype("str").reset_index(drop=True)
        broken: pd.DataFrame = pd.concat([at, found.rename(columns={"failure_case": "found"})], axis="columns")
        return broken
    return pd.DataFrame()


def _no_rows(table: type[Table]) -> pd.DataFrame:
    return pd.DataFrame(columns=[*table.primary_key(), "column", "check", "found"], dtype="str")
