"""Connections of the review app: one small pool, and transactions that name the person they write for.

Not here: what is read and written (`review_store.py`, `review_people.py`), the role behind the URL (`review_role.py`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from eval_pipeline.tables import Table
from resources.refusals import refusal, unreachable

Connection = psycopg.Connection[DictRow]

_MAX_CONNECTIONS = 8
_CONNECT_S = 10
_WAIT_FOR_CONNECTION_S = 30.0

_ACT_FOR = "SELECT set_config('eval_pipeline.actor', %s, true)"
"""Until the transaction ends: the triggers of the audit trail read it."""


class ReviewDatabase:
    """The database at `url`, reached through a pool that connects on first use; close it, or use `with`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            connection_class=Connection,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "application_name": "eval-pipeline review",
                "options": "-c timezone=UTC -c synchronous_commit=on",
            },
            min_size=0,
            max_size=_MAX_CONNECTIONS,
            timeout=_WAIT_FOR_CONNECTION_S,
            check=ConnectionPool.check_connection,
            open=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    @contextmanager
    def reading(self, table: type[Table]) -> Iterator[Connection]:
        """Lend a connection in a transaction that sees one state of the database; errors are told as of `table`.

        Raises:
            WarehouseError: when the database cannot be reached or refuses.
        """
        with self._transaction(table) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    @contextmanager
    def writing(self, table: type[Table], actor: str) -> Iterator[Connection]:
        """Lend a connection in a transaction that writes for `actor`: all of it is stored at the end, or nothing.

        Raises:
            WarehouseError: when the database cannot be reached or refuses. Whether a write was stored is then unknown only
                if the connection broke at the very end; whoever tries again with the same key finds out.
        """
        with self._transaction(table) as connection:
            connection.execute(_ACT_FOR, [actor])
            yield connection

    @contextmanager
    def _transaction(self, table: type[Table]) -> Iterator[Connection]:
        try:
            if self._pool.closed:
                # Tried by hand first: a pool would keep trying for long, and not say why.
                psycopg.connect(self._url, connect_timeout=_CONNECT_S).close()
                self._pool.open()
            with self._pool.connection() as connection, connection.transaction():
                yield connection
        except PoolTimeout as error:
            raise unreachable(str(error)) from None
        except psycopg.Error as error:
            raise refusal(table, error) from None


def first(connection: Connection, statement: str, parameters: dict[str, Any]) -> DictRow | None:
    """Run `statement` and return its first row, if any."""
    return connection.execute(statement.encode(), parameters).fetchone()
