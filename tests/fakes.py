"""Fakes of the ports: real classes that keep the contract in memory. Their own tests run beside the real ones'."""

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import pandas as pd
import pandera.pandas as pa

from eval_pipeline.ports import Attempt, CallLeases, JudgeRequest, Sent, Stored
from eval_pipeline.tables import Table
from eval_pipeline.versions import content_hash


def typed(table: type[Table], frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` with the table's dtypes, each column checked; like a database, blind to laws across columns.

    A date that is missing is None, as it is where PostgreSQL has it, and not what pandera makes of it.
    """
    columns = table.to_schema().columns
    checked = pa.DataFrameSchema(columns, strict=True, coerce=True).validate(frame)
    dates = [name for name, field in columns.items() if str(field.dtype) == "date"]
    return checked.assign(**{name: checked[name].astype(object).where(checked[name].notna(), None) for name in dates})


def empty_frame(table: type[Table]) -> pd.DataFrame:
    """Return a frame without rows that has the table's columns and dtypes."""
    return typed(table, pd.DataFrame({name: [] for name in table.to_schema().columns}))


class MemoryWarehouse:
    """`ports.Warehouse` over frames in a dict. `query` is not offered: SQL is tested against PostgreSQL."""

    def __init__(self) -> None:
        self._frames: dict[str, pd.DataFrame] = {}

    def _all(self, table: type[Table]) -> pd.DataFrame:
        name = table.table_name()
        if name not in self._frames:
            self._frames[name] = empty_frame(table)
        return self._frames[name]

    def _store(self, table: type[Table], parts: Sequence[pd.DataFrame]) -> None:
        filled = [part for part in parts if len(part)]
        frame = pd.concat(filled, ignore_index=True) if filled else empty_frame(table)
        key = list(table.primary_key())
        if frame.duplicated(key).any():
            raise ValueError(f"{table.table_name()}: duplicate key {key}")
        self._frames[table.table_name()] = typed(table, frame.sort_values(key, ignore_index=True))

    def read(
        self,
        table: type[Table],
        days: Iterable[date] | None = None,
        columns: Sequence[str] | None = None,
        session_ids: Iterable[str] | None = None,
    ) -> pd.DataFrame:
        frame = self._all(table)
        if session_ids is not None:
            frame = frame[frame["session_id"].isin(list(session_ids))]
        if days is not None:
            frame = frame[frame[table.day_column() or ""].isin(list(days))]
        return frame.reset_index(drop=True)[list(columns) if columns else list(frame.columns)].copy()

    def read_chunks(
        self, table: type[Table], day: date, columns: Sequence[str] | None = None, size: int = 5000
    ) -> Iterator[pd.DataFrame]:
        frame = self.read(table, [day], columns)
        for start in range(0, len(frame), size):
            yield frame.iloc[start : start + size].reset_index(drop=True)

    def replace_day(self, table: type[Table], day: date, frames: Iterable[pd.DataFrame]) -> Stored:
        column = table.day_column() or ""
        new = list(frames)
        others = self._all(table)
        before = others[others[column] == day].reset_index(drop=True)
        self._store(table, [others[others[column] != day], *new])
        stored = self.read(table, [day])
        version = content_hash(stored.to_json(orient="records", date_format="iso", default_handler=str))
        return Stored(len(stored), version, not stored.equals(before))

    def append(self, table: type[Table], frame: pd.DataFrame) -> int:
        present = self._all(table)
        key = list(table.primary_key())
        known = set(present[key].itertuples(index=False, name=None))
        is_new = [row not in known for row in frame[key].itertuples(index=False, name=None)]
        self._store(table, [present, frame[is_new].drop_duplicates(key)])
        return len(self._all(table)) - len(present)

    def upsert(self, table: type[Table], frame: pd.DataFrame) -> None:
        key = list(table.primary_key())
        gone = set(frame[key].itertuples(index=False, name=None))
        present = self._all(table)
        stays = [row not in gone for row in present[key].itertuples(index=False, name=None)]
        self._store(table, [present[stays], frame])

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> pd.DataFrame:
        raise AssertionError("MemoryWarehouse speaks no SQL; use the `warehouse` fixture")


class MemoryLeases:
    """`ports.CallLeases` over a set that all runs share."""

    def __init__(self, leased: set[str], lock: threading.Lock) -> None:
        self._leased, self._lock = leased, lock
        self.held: set[str] = set()

    def take(self, call_keys: Collection[str]) -> set[str]:
        with self._lock:
            free = set(call_keys) - self._leased
            self._leased |= free
            self.held |= free
        return free

    def give_back(self, call_keys: Collection[str]) -> None:
        with self._lock:
            assert self.held.issuperset(call_keys), "a lease is given back by its holder, once"
            self._leased.difference_update(call_keys)
            self.held.difference_update(call_keys)


class MemoryLedger:
    """`ports.CallLedger` in a list, in order of arrival. Its methods are called from several threads at a time."""

    def __init__(self) -> None:
        self.rows: list[tuple[JudgeRequest, Attempt, int]] = []
        self.batched: set[str] = set()
        self._leased: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def leases(self) -> Iterator[CallLeases]:
        mine = MemoryLeases(self._leased, self._lock)
        try:
            yield mine
        finally:
            mine.give_back(set(mine.held))

    def replies(self, call_keys: Sequence[str]) -> dict[str, Attempt]:
        wanted = set(call_keys)
        found: dict[str, Attempt] = {}
        with self._lock:
            for request, attempt, _ in self.rows:
                if attempt.is_reply and request.call_key in wanted:
                    found.setdefault(request.call_key, attempt)
        return found

    def in_batches(self, call_keys: Sequence[str]) -> set[str]:
        return self.batched.intersection(call_keys)

    def record(self, sent: Sequence[Sent]) -> None:
        with self._lock:
            self.rows += [(one.request, one.attempt, one.number) for one in sent]
