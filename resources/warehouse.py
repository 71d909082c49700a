"""`ports.Warehouse` over PostgreSQL: days replaced as a whole by COPY, rows added or replaced by key, queries.

Not here: how frames become rows (`copying.py`), what a refused write says (`refusals.py`), tables (`migration.py`).
"""

import hashlib
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from typing import IO, Any

import orjson
import pandas as pd
import psycopg
from psycopg import sql
from psycopg.rows import tuple_row
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool, PoolTimeout

from eval_pipeline.errors import WarehouseError
from eval_pipeline.ports import Stored
from eval_pipeline.tables import Table
from resources.call_leases import LEASE_OPTIONS, PostgresLeases
from resources.copying import Column, columns_of, copy_rows, frame_of, result_frame, text_columns, text_rows
from resources.refusals import refusal, unreachable

SCHEMA = "evals"
QUERY_TIMEOUT_S = 300

_MAX_CONNECTIONS = 8
_CONNECT_S = 10
_WAIT_FOR_CONNECTION_S = 30.0
_SPOOL_IN_MEMORY_BYTES = 32 * 2**20
_BLOCK_BYTES = 2**20
_READ_ROWS = 50_000
_READ_BYTES = 64 * 2**20
_WRITE_ROWS = 1_000


class PostgresWarehouse:
    """The tables of `tables.py` at `url`, through one small pool that connects on first use; close it, or use `with`."""

    def __init__(self, url: str, query_timeout_s: float = QUERY_TIMEOUT_S) -> None:
        self._url = url
        self._query_timeout_s = query_timeout_s
        self._pool = ConnectionPool(
            url,
            kwargs={"autocommit": True, "options": "-c timezone=UTC -c synchronous_commit=on -c datestyle=ISO"},
            min_size=0,
            max_size=_MAX_CONNECTIONS,
            timeout=_WAIT_FOR_CONNECTION_S,
            check=ConnectionPool.check_connection,
            configure=_configure,
            open=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def __enter__(self) -> "PostgresWarehouse":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(
        self,
        table: type[Table],
        days: Iterable[date] | None = None,
        columns: Sequence[str] | None = None,
        session_ids: Iterable[str] | None = None,
    ) -> pd.DataFrame:
        """Return the rows of `days` and `session_ids` (None: all), ordered by primary key.

        Raises:
            WarehouseError: when the database cannot be reached or is not migrated.
        """
        conditions = []
        if days is not None:
            conditions.append(_is_any(_day_column(table), list(days), "date[]"))
        if session_ids is not None:
            conditions.append(_is_any("session_id", list(session_ids), "text[]"))
        parts = list(self._frames(table, columns, conditions, _READ_ROWS))
        return pd.concat(parts, ignore_index=True) if len(parts) > 1 else (parts or [_empty(table, columns)])[0]

    def read_chunks(
        self, table: type[Table], day: date, columns: Sequence[str] | None = None, size: int = 5000
    ) -> Iterator[pd.DataFrame]:
        """Yield a day's rows ordered by primary key, `size` at a time, streamed; nothing for an empty day.

        A connection is held until the last chunk was taken.
        """
        yield from self._frames(table, columns, [_is_any(_day_column(table), [day], "date[]")], size, 2**62)

    def replace_day(self, table: type[Table], day: date, frames: Iterable[pd.DataFrame]) -> Stored:
        """Make `frames` the whole content of `day`, in one transaction; identical content writes nothing.

        `data_version` hashes the set of rows: neither their order nor the cutting into frames matters. Rows that
        somebody changed by hand are not noticed as long as their number is the same.

        Raises:
            WarehouseError: naming table, constraint and key of a refused row, and the mend.
        """
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL_IN_MEMORY_BYTES) as spool:
            n_rows, version = _spool(table, day, frames, spool)
            with self.writing(table) as connection:
                connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", _lock_key(table, day))
                if _is_stored(connection, table, day, version, n_rows):
                    return Stored(n_rows, version, is_changed=False)
                _write_day(connection, table, day, spool)
                _remember(connection, table, day, version, n_rows)
        return Stored(n_rows, version, is_changed=True)

    def append(self, table: type[Table], frame: pd.DataFrame) -> int:
        """Add rows; those whose key is there already are left as they are. Return how many were added.

        Raises:
            WarehouseError: naming table, constraint and key of a refused row, and the mend.
        """
        return self._insert(table, frame, "ON CONFLICT DO NOTHING")

    def append_rows(self, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> int:
        """Add a few rows of Python values as `append` does those of a frame, at a tenth of the cost; no table of days.

        Raises:
            WarehouseError: naming table, constraint and key of a refused row, and the mend.
        """
        statement = _insert_statement(table, "ON CONFLICT DO NOTHING")
        parts = [rows[start : start + _WRITE_ROWS] for start in range(0, len(rows), _WRITE_ROWS)]
        with self.writing(table) as connection:
            return sum(connection.execute(statement, text_rows(table, part)).rowcount for part in parts)

    def upsert(self, table: type[Table], frame: pd.DataFrame) -> None:
        """Add rows, replacing those with the same key.

        Raises:
            WarehouseError: naming table, constraint and key of a refused row, and the mend.
        """
        key = table.primary_key()
        others = [column.name for column in columns_of(table) if column.name not in key]
        updates = [sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(name)) for name in others]
        action = sql.SQL("UPDATE SET {}").format(_listed(updates)) if updates else sql.SQL("NOTHING")
        on_conflict = sql.SQL("ON CONFLICT ({}) DO {}").format(_names(key), action)
        self._insert(table, frame, on_conflict.as_string())

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> pd.DataFrame:
        """Run one read-only statement with bound parameters (`%s` or `%(name)s`) and a time limit.

        Raises:
            WarehouseError: with what the database says of the statement.
        """
        try:
            # In a pipeline, as each statement alone would be a round trip of its own.
            with (
                self._connection() as connection,
                connection.pipeline() as pipeline,
                connection.transaction(force_rollback=True),
            ):
                connection.execute("SET TRANSACTION READ ONLY")
                connection.execute("SELECT set_config('statement_timeout', %s, true)", [_ms(self._query_timeout_s)])
                # Prepared: the server then takes one statement only, so none can end the read-only transaction.
                cursor = connection.execute(sql.encode(), parameters or None, prepare=True)
                pipeline.sync()
                if cursor.description is None:
                    return pd.DataFrame()
                types = [psycopg.adapters.types.get(column.type_code) for column in cursor.description]
                names = [column.name for column in cursor.description]
                return result_frame(names, [t.name if t else None for t in types], cursor.fetchall())
        except psycopg.Error as error:
            raise WarehouseError(
                f"the query failed: {error.diag.message_primary or error}",
                "mend the statement; tables and columns stand in docs/data-dictionary.md, all in schema evals",
            ) from error

    def leases(self) -> PostgresLeases:
        """Return leases of judge calls on a connection of their own; use `with`."""
        return PostgresLeases(lambda: psycopg.connect(self._url, connect_timeout=_CONNECT_S, **LEASE_OPTIONS))

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        """Lend a connection of the pool, which is opened on first use."""
        try:
            if self._pool.closed:
                # Tried by hand first: a pool would keep trying for long, and not say why.
                psycopg.connect(self._url, connect_timeout=_CONNECT_S).close()
                self._pool.open()
            with self._pool.connection() as connection:
                yield connection
        except PoolTimeout as error:
            raise unreachable(str(error)) from None

    @contextmanager
    def writing(self, table: type[Table]) -> Iterator[psycopg.Connection[Any]]:
        """Lend a connection in a transaction; what the database refuses is told in words."""
        try:
            with self._connection() as connection, connection.transaction():
                yield connection
        except psycopg.Error as error:
            raise refusal(table, error) from None

    def _frames(
        self,
        table: type[Table],
        columns: Sequence[str] | None,
        conditions: Sequence[sql.Composable],
        size: int,
        n_bytes: int = _READ_BYTES,
    ) -> Iterator[pd.DataFrame]:
        """Yield the chosen rows by primary key, up to `size` rows or about `n_bytes` bytes of CSV a frame."""
        chosen = _chosen(table, columns)
        statement = sql.SQL("COPY (SELECT {} FROM {} WHERE {} ORDER BY {}) TO STDOUT (FORMAT csv)").format(
            _names([column.name for column in chosen]),
            _table(table),
            sql.SQL(" AND ").join([*conditions, sql.SQL("true")]),
            _names(table.primary_key()),
        )
        try:
            with self._connection() as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
                # PostgreSQL sends one message a row.
                lines: list[bytes] = []
                filled = 0
                for line in copy:
                    lines.append(bytes(line))
                    filled += len(line)
                    if len(lines) == size or filled >= n_bytes:
                        yield frame_of(chosen, lines)
                        lines, filled = [], 0
                if lines:
                    yield frame_of(chosen, lines)
        except psycopg.Error as error:
            raise refusal(table, error) from None

    def _insert(self, table: type[Table], frame: pd.DataFrame, on_conflict: str) -> int:
        """Insert `frame` in one transaction, some rows a statement; return how many were inserted."""
        statement = _insert_statement(table, on_conflict)
        n_added = 0
        arrays = text_columns(table, frame)
        with self.writing(table) as connection:
            for start in range(0, len(frame), _WRITE_ROWS):
                rows = [array.slice(start, _WRITE_ROWS).to_pylist() for array in arrays]
                n_added += connection.execute(statement, rows).rowcount
            if table.day_column() is not None and len(frame):
                _forget(connection, table, set(frame[_day_column(table)]))
        return n_added


@cache
def _insert_statement(table: type[Table], on_conflict: str) -> bytes:
    """Return the statement that inserts rows given as one array of texts a column."""
    columns = columns_of(table)
    names = _names([column.name for column in columns])
    insert = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM unnest({}) AS row ({}) ").format(
        _table(table),
        names,
        _listed([sql.SQL("{}::" + c.sql_type).format(sql.Identifier(c.name)) for c in columns]),
        _listed([sql.SQL("%s::text[]")] * len(columns)),
        names,
    )
    return insert.as_bytes() + on_conflict.encode()


def _configure(connection: psycopg.Connection[Any]) -> None:
    set_json_loads(orjson.loads, connection)
    connection.row_factory = tuple_row


def _spool(table: type[Table], day: date, frames: Iterable[pd.DataFrame], spool: IO[bytes]) -> tuple[int, str]:
    """Write `frames` to `spool` in COPY's text format; return the number of rows and the hash of their set.

    The hash is the sum of the rows' hashes, hashed with the columns' names: a sum does not know an order.
    """
    total, n_rows = 0, 0
    for frame in frames:
        _refuse_other_days(table, day, frame)
        lines = copy_rows(text_columns(table, frame))
        for line in lines:
            total += int.from_bytes(hashlib.sha256(line).digest(), "big")
        if lines:
            spool.write(b"\n".join([*lines, b""]))
        n_rows += len(lines)
    names = ",".join(column.name for column in columns_of(table))
    return n_rows, hashlib.sha256(f"{names}|{n_rows}|{total}".encode()).hexdigest()[:32]


def _refuse_other_days(table: type[Table], day: date, frame: pd.DataFrame) -> None:
    column = _day_column(table)
    if column in frame and not (frame[column] == day).all():
        raise WarehouseError(
            f"{table.table_name()}: rows of another day were given for {day} (column {column})",
            "give a day only its own rows",
        )


def _is_stored(connection: psycopg.Connection[Any], table: type[Table], day: date, version: str, n_rows: int) -> bool:
    """Return whether the day holds exactly this content; the rows themselves are counted, not believed."""
    found = connection.execute(
        "SELECT data_version FROM evals.partition_versions WHERE table_name = %s AND day = %s",
        [table.table_name(), day],
    ).fetchone()
    if found is None or found[0] != version:
        return False
    counted = connection.execute(
        sql.SQL("SELECT count(*) FROM {} WHERE {} = %s").format(_table(table), sql.Identifier(_day_column(table))),
        [day],
    ).fetchone()
    return counted is not None and counted[0] == n_rows


def _write_day(connection: psycopg.Connection[Any], table: type[Table], day: date, spool: IO[bytes]) -> None:
    connection.execute(
        sql.SQL("DELETE FROM {} WHERE {} = %s").format(_table(table), sql.Identifier(_day_column(table))), [day]
    )
    names = _names([column.name for column in columns_of(table)])
    spool.seek(0)
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(_table(table), names)) as copy,
    ):
        while block := spool.read(_BLOCK_BYTES):
            copy.write(block)


def _remember(connection: psycopg.Connection[Any], table: type[Table], day: date, version: str, n_rows: int) -> None:
    connection.execute(
        "INSERT INTO evals.partition_versions (table_name, day, data_version, n_rows) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (table_name, day) DO UPDATE"
        " SET data_version = EXCLUDED.data_version, n_rows = EXCLUDED.n_rows, stored_at = now()",
        [table.table_name(), day, version, n_rows],
    )


def _forget(connection: psycopg.Connection[Any], table: type[Table], days: Iterable[date]) -> None:
    """Drop what is remembered of `days`, as their content has changed row by row."""
    connection.execute(
        "DELETE FROM evals.partition_versions WHERE table_name = %s AND day = ANY(%s)",
        [table.table_name(), sorted(days)],
    )


def _lock_key(table: type[Table], day: date) -> tuple[int, int]:
    return zlib.crc32(table.table_name().encode()) - 2**31, day.toordinal()


def _day_column(table: type[Table]) -> str:
    column = table.day_column()
    if column is None:
        raise ValueError(f"{table.table_name()} has no day column")
    return column


def _chosen(table: type[Table], columns: Sequence[str] | None) -> list[Column]:
    by_name = {column.name: column for column in columns_of(table)}
    return list(by_name.values()) if columns is None else [by_name[name] for name in columns]


def _empty(table: type[Table], columns: Sequence[str] | None) -> pd.DataFrame:
    return frame_of(_chosen(table, columns), [])


def _is_any(column: str, values: list[Any], array_type: str) -> sql.Composed:
    """Return the condition that `column` is one of `values`; COPY takes no parameters, hence literals."""
    return sql.SQL("{} = ANY({}::" + array_type + ")").format(sql.Identifier(column), sql.Literal(values))


def _table(table: type[Table]) -> sql.Identifier:
    return sql.Identifier(SCHEMA, table.table_name())


def _names(names: Iterable[str]) -> sql.Composed:
    return _listed([sql.Identifier(name) for name in names])


def _listed(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)


def _ms(seconds: float) -> str:
    return str(round(seconds * 1000))
