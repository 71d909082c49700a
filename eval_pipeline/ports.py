"""What the core asks of the outside, as protocols. The real ones are in `resources/`, the fakes in `tests/`.

Not here: any implementation.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import pandas as pd

from eval_pipeline.errors import RejectedRecord
from eval_pipeline.sessions import TrafficOrigin
from eval_pipeline.tables import Table


@dataclass(frozen=True)
class Stored:
    """What a write did: rows now stored for the day, a hash of their content, and whether anything changed."""

    n_rows: int
    data_version: str
    is_changed: bool


class Warehouse(Protocol):
    """The tables of `tables.py` in a database. Frames have the model's columns and dtypes; jsonb columns hold objects."""

    def read(
        self,
        table: type[Table],
        days: Iterable[date] | None = None,
        columns: Sequence[str] | None = None,
        session_ids: Iterable[str] | None = None,
    ) -> pd.DataFrame:
        """Return the rows of `days` and `session_ids` (None: all), ordered by primary key.

        An empty frame still has its dtypes.
        """
        ...

    def read_chunks(
        self, table: type[Table], day: date, columns: Sequence[str] | None = None, size: int = 5000
    ) -> Iterator[pd.DataFrame]:
        """Yield a day's rows ordered by primary key, `size` at a time, in constant memory; nothing for an empty day."""
        ...

    def replace_day(self, table: type[Table], day: date, frames: Iterable[pd.DataFrame]) -> Stored:
        """Make `frames` the whole content of the day, in one transaction; identical content writes nothing."""
        ...

    def append(self, table: type[Table], frame: pd.DataFrame) -> int:
        """Add rows; those whose key is there already are left as they are. Return how many were added."""
        ...

    def upsert(self, table: type[Table], frame: pd.DataFrame) -> None:
        """Add rows, replacing those with the same key."""
        ...

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> pd.DataFrame:
        """Run one read-only statement with bound parameters."""
        ...


@dataclass(frozen=True)
class SourceRecord:
    """One record of a source: the fields of a `Session` before validation, or the reason why there are none."""

    source_id: str
    source_path: str
    position: str
    origin: TrafficOrigin
    fields: dict[str, Any] | None = None
    rejection: RejectedRecord | None = None


class SessionSource(Protocol):
    """Where sessions come from."""

    def days(self) -> list[date]:
        """Return the UTC days that the registered sources cover, or covered when they last ran, in order."""
        ...

    def counts(self, day: date) -> dict[str, int]:
        """Return how many records of `day` a scan of its own counted in each live source."""
        ...

    def read(self, day: date) -> Iterator[SourceRecord]:
        """Yield every record of every live source that counts on `day`, in source order.

        Raises `SourceError` when a registered file is gone or has changed since it was registered.
        """
        ...


@dataclass(frozen=True)
class JudgeRequest:
    """One logical call: what is asked, the key under which it is paid once, and the day of the session it is about."""

    call_key: str
    model: str
    messages: tuple[Mapping[str, str], ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    reply_schema: Mapping[str, Any] | None = None
    session_day: date | None = None


@dataclass(frozen=True)
class Attempt:
    """What one attempt at a call came to. `status` is `reply`, or what went wrong (`http_429`, `timeout`, ...)."""

    status: str
    latency_s: float
    reply: str | None = None
    finish_reason: str | None = None
    n_prompt_tokens: int | None = None
    n_completion_tokens: int | None = None
    error: str | None = None
    retry_after_s: float | None = None

    @property
    def is_reply(self) -> bool:
        """Whether the model answered, whatever it said."""
        return self.status == "reply"


@dataclass(frozen=True)
class Sent:
    """An attempt that was made: at which call, what came of it, which of the call's it was (from 1), and where it went."""

    request: JudgeRequest
    attempt: Attempt
    number: int
    endpoint: str


class JudgeModel(Protocol):
    """An endpoint that speaks the OpenAI protocol. One attempt a call: retries are the asker's."""

    @property
    def endpoint(self) -> str:
        """Host and path, without credentials."""
        ...

    @property
    def is_simulated(self) -> bool:
        """Whether a simulation answers, whatever model is asked for: free, and no word of that model."""
        ...

    async def ask(self, request: JudgeRequest, timeout_s: float) -> Attempt:
        """Send one attempt. Never raises for what the endpoint does; the attempt's status says it."""
        ...

    async def close(self) -> None:
        """Release the connections."""
        ...


class JudgeModels(Protocol):
    """Which endpoint judges what: simulated sessions have a simulated judge, all others the configured one."""

    def for_origin(self, origin: str) -> JudgeModel | None:
        """Return the endpoint for sessions of `origin`; None when none is configured: the ledger alone then answers."""
        ...


class CallLeases(Protocol):
    """The calls that one run is asking, so that no other does. Methods are called from several threads at a time."""

    def take(self, call_keys: Collection[str]) -> set[str]:
        """Return those of `call_keys` that no other run is asking; they are now this run's. Never waits.

        A lease lasts until it is given back or its holder ends, however it ends; no clock decides. `call_keys` are
        none that this run holds.
        """
        ...

    def give_back(self, call_keys: Collection[str]) -> None:
        """End the leases of `call_keys`, all of them this run's, whose replies are stored or will not come."""
        ...


class CallLedger(Protocol):
    """The paid calls. Looked up before anything is asked, written as each reply arrives.

    All methods are called from several threads at a time, those of one `CallLeases` too.
    """

    def leases(self) -> AbstractContextManager[CallLeases]:
        """Return one run's leases, to be used in a `with` statement that gives all of them back."""
        ...

    def replies(self, call_keys: Sequence[str]) -> dict[str, Attempt]:
        """Return the stored reply of each key that has one."""
        ...

    def in_batches(self, call_keys: Sequence[str]) -> set[str]:
        """Return those of `call_keys` that stand in a batch under way: asked now, they would be paid twice."""
        ...

    def record(self, sent: Sequence[Sent]) -> None:
        """Store attempts, durably and all together, before returning."""
        ...


class DailySpend(Protocol):
    """Money that all runs together spend on a UTC day. Methods are called from several threads at a time."""

    def reserve(self, day: date, usd: float, limit_usd: float) -> bool:
        """Add `usd` to the day if the sum stays within `limit_usd`, in one step; return whether it did.

        What is reserved and never settled, as by a run that was killed, stays counted: it may have been paid.
        """
        ...

    def settle(self, day: date, reserved_usd: float, spent_usd: float) -> None:
        """Put what was spent in the place of what was reserved."""
        ...

    def spent(self, day: date) -> float:
        """Return what is spent or reserved on the day; 0.0 when nothing is."""
        ...


@dataclass(frozen=True)
class Told:
    """What one attempt to tell somebody came to. `detail`: HTTP status or kind of failure, never an address or a key;
    `may_retry`: whether another attempt could end otherwise."""

    is_delivered: bool
    detail: str
    may_retry: bool = False


class AlertSink(Protocol):
    """Where alerts are told. One attempt a call: retries are the teller's (`trends/telling.py`)."""

    def tell(self, message: Mapping[str, Any]) -> Told:
        """Send `message`, JSON values by name. Never raises for what the other side does."""
        ...
