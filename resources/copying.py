"""Between frames and PostgreSQL's COPY: a frame as text rows, and the CSV of a query as a frame.

All by column, in Arrow; only jsonb values pass through Python one by one. What a jsonb column cannot hold is replaced
or refused here, so that no row is stored that cannot be read again. Not here: any connection (`warehouse.py`).
"""

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from eval_pipeline.errors import WarehouseError
from eval_pipeline.tables import Table

REPLACEMENT = "\ufffd"
"""Stands for what PostgreSQL cannot store in a text: NUL and half surrogate pairs."""

MAX_JSON_DEPTH = 200
"""Below orjson's limit of 254 levels; what is nested deeper is replaced by `REPLACEMENT`."""

_MAX_DECIMAL_BITS = 10_000
"""Python refuses to write integers of more than 4,300 digits in decimal."""

_JSON = "jsonb"
_SQL_TYPES = {
    "string[pyarrow]": "text",
    "str": "text",
    "int64": "bigint",
    "Int64": "bigint",
    "float64": "double precision",
    "bool": "boolean",
    "date": "date",
    "datetime64[us, UTC]": "timestamptz",
}
_ARROW_TYPES = {
    "text": pa.large_string(),
    "bigint": pa.int64(),
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", "UTC"),
    _JSON: pa.large_string(),
}
_RESULT_DTYPES = {
    "text": "str",
    "varchar": "str",
    "int2": "int64",
    "int4": "int64",
    "int8": "int64",
    "float4": "float64",
    "float8": "float64",
    "numeric": "float64",
    "bool": "bool",
    "timestamptz": "datetime64[us, UTC]",
}
_JSON_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
# How COPY's text format writes these; the backslash first.
_ESCAPES = [("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")]


@dataclass(frozen=True)
class Column:
    """One column of a table: its name, SQL type, and whether it can be empty."""

    name: str
    sql_type: str
    is_nullable: bool


@cache
def columns_of(table: type[Table]) -> tuple[Column, ...]:
    """Return the columns of `table` in the model's order."""
    found = []
    for name, field in table.to_schema().columns.items():
        declared = (field.metadata or {}).get("sql")
        found.append(Column(name, declared or _SQL_TYPES[str(field.dtype)], field.nullable))
    return tuple(found)


def text_columns(table: type[Table], frame: pd.DataFrame) -> list[pa.Array]:
    """Return `frame` as one array of PostgreSQL literals a column, in the model's order; null stays null.

    Raises:
        WarehouseError: when the columns are not exactly the model's, or a value does not fit its column's type.
    """
    columns = columns_of(table)
    expected, given = {c.name for c in columns}, set(frame.columns)
    if expected != given or len(frame.columns) != len(columns):
        raise WarehouseError(
            f"{table.table_name()}: missing columns {sorted(expected - given)}, unknown {sorted(given - expected)}",
            "give the frame exactly the columns of the model in eval_pipeline/tables.py",
        )
    return [_literals(table, column, frame[column.name]) for column in columns]


def text_rows(table: type[Table], rows: Sequence[Mapping[str, Any]]) -> list[list[str | None]]:
    """Return rows of Python values as one list of PostgreSQL literals a column, in the model's order.

    For a few rows: `text_columns` is quicker for many, and takes milliseconds to begin. Raises `KeyError` for a row
    without one of the columns.
    """
    return [[_literal(column, row[column.name]) for row in rows] for column in columns_of(table)]


def _literal(column: Column, value: Any) -> str | None:
    if column.sql_type == _JSON:
        return json_text(value)
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else _storable_text(str(value))


def copy_rows(arrays: Sequence[pa.Array]) -> list[bytes]:
    """Return one line of COPY's text format a row, without its line end."""
    rows = pc.binary_join_element_wise(
        *[_escaped(array) for array in arrays],
        pa.scalar("\t", pa.large_string()),
        null_handling="replace",
        null_replacement="\\N",
    )
    lines: list[bytes] = rows.cast(pa.large_binary()).to_pylist()
    return lines


def frame_of(columns: Sequence[Column], lines: Iterable[bytes]) -> pd.DataFrame:
    """Return rows in the CSV that COPY writes (no header) as a frame with the model's dtypes."""
    data = b"".join(lines)
    names = [column.name for column in columns]
    if not data:
        table = pa.table({c.name: pa.array([], _ARROW_TYPES[c.sql_type]) for c in columns})
    else:
        table = pyarrow.csv.read_csv(
            io.BytesIO(data),
            # One block, as a row must not straddle two.
            read_options=pyarrow.csv.ReadOptions(column_names=names, block_size=len(data) + 1, use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={c.name: _ARROW_TYPES[c.sql_type] for c in columns},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["t"],
                false_values=["f"],
            ),
        )
    return pd.DataFrame({c.name: _series(c, table.column(c.name)) for c in columns})


def result_frame(names: Sequence[str], type_names: Sequence[str | None], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """Return the rows of a query as a frame; `type_names` are PostgreSQL's, None for one that is not known.

    Numbers with nulls are `Int64` or float with NaN; what has no dtype of its own in pandas stays an object.
    """
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    series = [_result_series(type_name, values) for type_name, values in zip(type_names, columns, strict=True)]
    frame = pd.concat(series, axis=1) if series else pd.DataFrame(index=range(len(rows)))
    frame.columns = pd.Index(names)
    return frame


def _result_series(type_name: str | None, values: Sequence[Any]) -> "pd.Series[Any]":
    dtype = _RESULT_DTYPES.get(type_name or "", "object")
    if None in values and dtype in {"int64", "bool"}:
        dtype = {"int64": "Int64", "bool": "boolean"}[dtype]
    if dtype == "float64":
        values = [None if value is None else float(value) for value in values]
    if dtype == "object":
        return _objects(list(values))
    return pd.Series(list(values), dtype=dtype)


def _objects(values: list[Any]) -> "pd.Series[Any]":
    """Return a series of Python objects as they are: a list stays one value."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return pd.Series(array, dtype=object)


def _series(column: Column, values: pa.ChunkedArray) -> "pd.Series[Any]":
    """Return a column with the dtype of the model."""
    if column.sql_type == _JSON:
        return _objects([None if text is None else orjson.loads(text) for text in values.to_pylist()])
    if column.sql_type == "bigint" and column.is_nullable:
        nullable: pd.Series[Any] = values.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return nullable
    series: pd.Series[Any] = values.to_pandas()
    return series.astype("str") if column.sql_type == "text" else series


def _literals(table: type[Table], column: Column, series: "pd.Series[Any]") -> pa.Array:
    """Return the values of one column as PostgreSQL reads them."""
    try:
        if column.sql_type == _JSON:
            return pa.array([json_text(value) for value in series], pa.large_string())
        values = _arrow(column, series)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise WarehouseError(
            f"{table.table_name()}.{column.name}: a value does not fit type {column.sql_type} ({type(error).__name__})",
            "give the column the dtype that eval_pipeline/tables.py declares",
        ) from error
    return _without_nul(values) if column.sql_type == "text" else values.cast(pa.large_string())


def _arrow(column: Column, series: "pd.Series[Any]") -> pa.Array:
    target = _ARROW_TYPES[column.sql_type]
    if column.sql_type == "timestamptz" and series.dtype == object:
        series = pd.to_datetime(series, utc=True, format="ISO8601").dt.as_unit("us")
    try:
        values = pa.array(series, from_pandas=True)
    except UnicodeEncodeError:
        values = pa.array([_storable_text(v) if isinstance(v, str) else v for v in series], from_pandas=True)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    # Times are kept to the microsecond; anything else must fit as it is.
    return values.cast(target, safe=column.sql_type != "timestamptz")


def _without_nul(texts: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring(texts, "\x00")).as_py():
        return pc.replace_substring(texts, "\x00", REPLACEMENT)
    return texts


def _escaped(texts: pa.Array) -> pa.Array:
    for character, escape in _ESCAPES:
        if pc.any(pc.match_substring(texts, character)).as_py():
            texts = pc.replace_substring(texts, character, escape)
    return texts


def json_text(value: Any) -> str | None:
    """Return `value` as canonical JSON that jsonb accepts, None for a missing value.

    NUL and lone surrogates become U+FFFD, NaN and Infinity null, integers beyond 64 bits strings of their digits,
    and what is nested deeper than `MAX_JSON_DEPTH` U+FFFD.
    """
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    try:
        text = orjson.dumps(value, option=_JSON_OPTIONS)
    except TypeError:
        text = orjson.dumps(_storable(value, 0), option=_JSON_OPTIONS)
    if b"\\u0000" in text:
        text = orjson.dumps(_storable(orjson.loads(text), 0), option=_JSON_OPTIONS)
    return text.decode()


def _storable(value: Any, depth: int) -> Any:
    """Return `value` with everything replaced that jsonb, or orjson on the way back, refuses."""
    if isinstance(value, str):
        return _storable_text(value)
    if isinstance(value, dict | list | tuple) and depth >= MAX_JSON_DEPTH:
        return REPLACEMENT
    if isinstance(value, dict):
        return {_storable_text(k) if isinstance(k, str) else k: _storable(item, depth + 1) for k, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item, depth + 1) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value) if value.bit_length() < _MAX_DECIMAL_BITS else hex(value)
    return value


def _storable_text(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", REPLACEMENT)
