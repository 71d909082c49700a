"""Batches of judge calls: what is known of one, and what asking by batch needs of the outside.

Not here: the asking (`batching.py`), collecting (`batch_collecting.py`), OpenAI's protocol and PostgreSQL (`resources/`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import BinaryIO, Protocol, runtime_checkable

from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.judges.asking.prices import Prices
from eval_pipeline.ports import Attempt, CallLedger, JudgeModel, JudgeRequest

UPLOADING = "uploading"
"""Status of a batch of which the endpoint's id is not known yet."""

BATCH_PENDING = Attempt(
    "batch_pending", 0.0, error="not answered yet: it stands in a batch, or is free for a later run"
)
"""What a call comes to that has no answer so far. Like a call that was not sent, it says nothing about its session."""

BATCH_PRICE_SHARE = 0.5
"""What a call in a batch costs, as a share of the same call made at once."""

SIMULATION_LIVES = timedelta(minutes=5)
"""How long a batch of the simulation that another process has begun is left alone; it dies with that process."""


@dataclass(frozen=True)
class BatchPolicy:
    """How calls are put in batches. Times are seconds; money is bounded by `prices`.

    A file holds at most `max_requests` lines, `max_bytes` bytes and about `max_tokens` tokens, replies at their full
    limit. After the endpoint took a batch for too many tokens, half as many calls of that model wait there at a time, for
    a day. Answers are waited for `wait_s`, with a look at
    least every `poll_s`. A batch whose creation was cut short is given `appear_s` to be found at the endpoint. A call
    that a batch answered with an error that stays (such as http_400) is not put in another for `failure_holds_s`.
    """

    max_requests: int = 50_000
    max_bytes: int = 200_000_000
    max_tokens: int = 2_000_000
    wait_s: float = 20.0
    poll_s: float = 5.0
    appear_s: float = 300.0
    failure_holds_s: float = 2 * 86_400.0
    prices: Prices = field(default_factory=Prices)


@dataclass(frozen=True)
class CallBatch:
    """One row of `call_batches`. `batch_id` is our own, which stands in the metadata of the endpoint's batch too.

    `held_usd` is what of the budget of the day of `submitted_at` is set aside for it.
    """

    batch_id: str
    endpoint: str
    model: str
    status: str
    call_keys: tuple[str, ...]
    session_days: tuple[date, ...]
    submitted_at: datetime
    remote_id: str | None = None
    input_file_id: str | None = None
    ended_at: datetime | None = None
    error: str | None = None
    held_usd: float = 0.0

    @property
    def lease(self) -> str:
        """The name under which one run at a time works on it."""
        return f"batch {self.batch_id}"


@dataclass(frozen=True)
class RemoteBatch:
    """What the endpoint says of a batch. `seconds` is how long it took or takes; `file_ids` hold its answers.

    `mark` is our own id in its metadata; None where the endpoint keeps none.
    """

    remote_id: str
    status: str
    is_ended: bool
    input_file_id: str
    file_ids: tuple[str, ...] = ()
    seconds: float = 0.0
    error: str | None = None
    mark: str | None = None


class EndpointError(EvalPipelineError):
    """The endpoint refused or failed at something about batches, `is_passing` when another try may succeed.

    `is_unsure`: it may have been done all the same, as when the connection broke.
    """

    def __init__(self, problem: str, mend: str, *, is_passing: bool = False, is_unsure: bool = False) -> None:
        super().__init__(problem, mend)
        self.is_passing = is_passing
        self.is_unsure = is_unsure


class FileGoneError(EndpointError):
    """The endpoint does not know a file of answers that it has named itself."""


class BatchModel(Protocol):
    """The batches of one endpoint. Every method raises `EndpointError` after tries of its own."""

    @property
    def endpoint(self) -> str:
        """Host and path, without credentials: as the ledger names it."""
        ...

    def line(self, request: JudgeRequest, last: Attempt | None = None) -> bytes:
        """Return the line of a file that asks `request`, ended. `last` is what its last line in a batch came to."""
        ...

    def upload(self, name: str, lines: BinaryIO) -> str:
        """Upload a file of lines and return its id."""
        ...

    def create(self, batch_id: str, input_file_id: str) -> RemoteBatch:
        """Begin a batch that carries our own `batch_id`. Never tried again when it may have begun."""
        ...

    def find(self, batch_id: str) -> RemoteBatch | None:
        """Return the batch that carries our own `batch_id`; None when the endpoint has none."""
        ...

    def look(self, remote_id: str) -> RemoteBatch | None:
        """Return a batch by the endpoint's id; None when the endpoint does not know it."""
        ...

    def answers(self, batch: RemoteBatch) -> Iterator[tuple[str, Attempt]]:
        """Yield call key and attempt for each line of an ended batch's files; damaged lines are passed over.

        A line without an answer has a status `batch_...`, such as `batch_expired`. Raises `FileGoneError` after the
        answers of the files that are there.
        """
        ...

    def requests(self, input_file_id: str) -> Iterator[JudgeRequest]:
        """Yield what a batch was asked, read back from its file; nothing when the endpoint has it no more."""
        ...

    def close(self) -> None:
        """Release the connections."""
        ...


@runtime_checkable
class BatchingJudgeModel(JudgeModel, Protocol):
    """A judge's endpoint that also takes batches."""

    def batches(self) -> BatchModel:
        """Return its batches; close them after use."""
        ...


class BatchStore(Protocol):
    """The table `call_batches`. Whoever changes a batch holds its lease."""

    def put(self, batch: CallBatch) -> None:
        """Store a batch, new or changed, durably."""
        ...

    def get(self, batch_id: str) -> CallBatch:
        """Return a batch as it is stored now."""
        ...

    def open(self, endpoint: str) -> list[CallBatch]:
        """Return the batches of `endpoint` that have not ended, oldest first."""
        ...

    def fewest_over_limit(self, endpoint: str, model: str, since: datetime) -> int | None:
        """Return how many calls the smallest batch had that failed after `since` for too many waiting tokens."""
        ...


class BatchLedger(CallLedger, Protocol):
    """The ledger of paid calls, also of those in batches."""

    def record_batch(self, batch: CallBatch, calls: Sequence[tuple[JudgeRequest, Attempt]]) -> None:
        """Store attempts made in `batch`, at the price of batches; those of it that are stored already stay as they are."""
        ...

    def failures(self, call_keys: Sequence[str], since: datetime) -> dict[str, Attempt]:
        """Return for each key its latest attempt in a batch submitted at or after `since`, if that got no reply."""
        ...
