"""Leases of judge calls: advisory locks of PostgreSQL, held by a connection of their own.

The server frees them when the connection ends, so a run that is killed leaves none behind and no clock is needed.
Not here: what is done under a lease (`eval_pipeline.judges.asking.asker`).
"""

import threading
from collections.abc import Callable, Collection
from typing import Any, Self

import psycopg

from eval_pipeline.errors import WarehouseError

_SEED = 7022026
"""Sets our locks apart from any other that are made of texts in the same database."""

_TAKE = "SELECT key FROM unnest(%s::text[]) AS key WHERE pg_try_advisory_lock(hashtextextended(key, %s))"
_GIVE_BACK = "SELECT pg_advisory_unlock(hashtextextended(key, %s)) FROM unnest(%s::text[]) AS key"

_KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
LEASE_OPTIONS: dict[str, Any] = {
    "autocommit": True,
    "application_name": "eval-pipeline judge calls",
    "options": " ".join(f"-c tcp_{name}={value}" for name, value in _KEEPALIVES.items()),
    **_KEEPALIVES,
}
"""How to connect: a process that dies is noticed at once, a machine that falls silent within a minute."""


class PostgresLeases:
    """`ports.CallLeases` over one connection, opened with the first lease. A pooler that lends one server session to
    many clients must not stand in between."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        self._connect = connect
        self._connection: psycopg.Connection[Any] | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()

    def take(self, call_keys: Collection[str]) -> set[str]:
        """Return those of `call_keys` that no other connection holds. Raises `WarehouseError`."""
        return {key for (key,) in self._rows(_TAKE, [list(call_keys), _SEED])}

    def give_back(self, call_keys: Collection[str]) -> None:
        """Free `call_keys`, which this connection holds.

        Raises `WarehouseError` also when it holds one no more: others may be asking the same.
        """
        if call_keys and not all(is_freed for (is_freed,) in self._rows(_GIVE_BACK, [_SEED, list(call_keys)])):
            raise WarehouseError(
                "the leases of judge calls were lost: the database session that held them is another's now",
                "point EVAL_PIPELINE_DATABASE_URL at the server itself, not at a pooler in transaction mode",
            )

    def _rows(self, statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                self._connection = self._connection or self._connect()
                return self._connection.execute(statement.encode(), parameters).fetchall()
        except psycopg.Error as error:
            raise WarehouseError(
                f"the connection that holds the leases of judge calls failed: {error.diag.message_primary or error}",
                "run again when the database can be reached: what was paid is in the ledger",
            ) from error
