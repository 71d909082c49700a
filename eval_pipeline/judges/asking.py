"""Putting many calls to an endpoint: ledger first, one run at a time for each call, bounded concurrency, retries.

Not here: when an attempt may go out (`pacing.py`), the protocol (`resources/judge_model.py`), what a reply means
(`replies.py`). A call of which no attempt may go out ends in `circuit_open` or `over_budget`: it was never sent and
stands in no ledger, so a later run asks it.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

from eval_pipeline.judges.pacing import Breaker, Budget, is_passing, wait_before_retry
from eval_pipeline.judges.prices import Prices
from eval_pipeline.ports import Attempt, CallLeases, CallLedger, JudgeModel, JudgeRequest

Result = TypeVar("Result")

LOOKUP_CHUNK = 200
"""Calls looked up in the ledger by one query; also about how many rendered prompts wait in memory."""

CIRCUIT_OPEN = Attempt("circuit_open", 0.0, error="not sent: the endpoint had failed too often in a row")
OVER_BUDGET = Attempt("over_budget", 0.0, error="not sent: the run's cost budget cannot hold this call")
NOT_SENT = (CIRCUIT_OPEN, OVER_BUDGET)

Progress = Callable[[int], None]
"""Told the number of calls that are settled so far, whether asked, found in the ledger or given up."""


@dataclass(frozen=True)
class AskPolicy:
    """How hard to try. Times are seconds; `deadline_s` bounds one logical call with all its attempts and waits.

    `failures_to_open` and `budget_usd` hold for everything that one `Asker` is asked. While another run is asking a
    call, the ledger is looked up for its reply every `poll_s`.
    """

    concurrency: int = 16
    max_attempts: int = 5
    attempt_timeout_s: float = 60.0
    deadline_s: float = 300.0
    backoff_s: float = 0.5
    max_backoff_s: float = 30.0
    poll_s: float = 1.0
    failures_to_open: int = 19
    budget_usd: float | None = None
    prices: Prices = field(default_factory=Prices)


class Asker:
    """One run's asking: its budget, its breakers and its event loop last over all frames, origins and days.

    The budget is one for all endpoints that cost something; each endpoint has a breaker of its own. To be used in a
    `with` statement, from one thread, which must not have a running event loop.
    """

    def __init__(self, ledger: CallLedger, policy: AskPolicy) -> None:
        self._ledger, self._policy = ledger, policy
        self._budget = Budget(policy.budget_usd, policy.prices)
        self._unpaid = Budget(None, policy.prices)
        self._breakers: dict[str, Breaker] = {}
        # Budget and breakers wait on conditions, which belong to one event loop.
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.close()

    def ask(
        self, requests: Iterable[JudgeRequest], model: JudgeModel | None, progress: Progress | None = None
    ) -> dict[str, Attempt]:
        """Return for each call key the stored reply, or what its last attempt came to.

        Without a `model` the ledger alone answers, and keys that it does not know are missing. `requests` is drawn as
        room appears, so a generator keeps memory flat. A key that comes twice is asked once. What another run is
        asking is waited for, and asked here when that run dies or gets no reply. Closes the model's connections.

        Raises what the ledger raises, at once, for a reply that cannot be kept would be paid again; and
        `SettingsError` when there is a budget that no price goes with.
        """
        return self._runner.run(self._asked(requests, model, progress))

    async def _asked(
        self, requests: Iterable[JudgeRequest], model: JudgeModel | None, progress: Progress | None
    ) -> dict[str, Attempt]:
        with self._ledger.leases() as leases:
            calls = _Calls(self._ledger, leases, self._policy, progress)
            try:
                if model is None:
                    await calls.look_up(requests)
                else:
                    await calls.make(requests, _Line(model, self._breaker(model), self._budget_of(model)))
            finally:
                calls.threads.shutdown(wait=True)
                if model is not None:
                    await model.close()
        return calls.settled

    def _breaker(self, model: JudgeModel) -> Breaker:
        return self._breakers.setdefault(model.endpoint, Breaker(self._policy.failures_to_open))

    def _budget_of(self, model: JudgeModel) -> Budget:
        return self._unpaid if model.is_simulated else self._budget


@dataclass(frozen=True)
class _Line:
    """An endpoint with what decides whether an attempt may go out to it."""

    model: JudgeModel
    breaker: Breaker
    budget: Budget

    async def send(self, request: JudgeRequest, timeout_s: float) -> Attempt:
        """Make one attempt if the budget and the breaker let it; one of `NOT_SENT` otherwise."""
        reserved = await self.budget.reserve(request)
        if reserved is None:
            return OVER_BUDGET
        attempt = None
        try:
            attempt = await self._sent(request, timeout_s)
            return attempt
        finally:
            await self.budget.settle(request, reserved, attempt)

    async def _sent(self, request: JudgeRequest, timeout_s: float) -> Attempt:
        if not await self.breaker.enter():
            return CIRCUIT_OPEN
        clock = asyncio.get_running_loop().time
        attempt, sent_at = None, clock()
        try:
            attempt = await self.model.ask(request, timeout_s)
            return attempt
        finally:
            await self.breaker.leave(attempt, sent_at, clock())


class _Calls:
    """The calls of one `Asker.ask`."""

    def __init__(self, ledger: CallLedger, leases: CallLeases, policy: AskPolicy, progress: Progress | None) -> None:
        self.settled: dict[str, Attempt] = {}
        self.threads = ThreadPoolExecutor(min(policy.concurrency, 32) + 1, thread_name_prefix="ledger")
        self._ledger, self._leases, self._policy = ledger, leases, policy
        self._progress = progress or (lambda n_settled: None)
        self._queue: asyncio.Queue[JudgeRequest | None] = asyncio.Queue(policy.concurrency)

    async def look_up(self, requests: Iterable[JudgeRequest]) -> None:
        """Settle what the ledger knows."""
        for new in _chunks(requests, LOOKUP_CHUNK):
            await self._unknown(new)

    async def make(self, requests: Iterable[JudgeRequest], line: _Line) -> None:
        """Settle every call, asking what the ledger does not know."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._policy.concurrency):
                    group.create_task(self._work(line))
                group.create_task(self._feed(requests))
        except ExceptionGroup as failures:
            # The workers fail for one reason; the first says it.
            raise failures.exceptions[0] from None

    async def _feed(self, requests: Iterable[JudgeRequest]) -> None:
        elsewhere: dict[str, JudgeRequest] = {}
        for new in _chunks(requests, LOOKUP_CHUNK):
            elsewhere.update(await self._begin(new))
            elsewhere = await self._wait_for_others(elsewhere, LOOKUP_CHUNK)
        await self._wait_for_others(elsewhere, 0)
        for _ in range(self._policy.concurrency):
            await self._queue.put(None)

    async def _wait_for_others(self, elsewhere: dict[str, JudgeRequest], limit: int) -> dict[str, JudgeRequest]:
        """Wait until at most `limit` calls are in the hands of other runs; what they leave without a reply is ours.

        No deadlock: the calls that this run holds go on meanwhile.
        """
        while len(elsewhere) > limit:
            await asyncio.sleep(self._policy.poll_s)
            elsewhere = await self._begin(elsewhere)
        return elsewhere

    async def _begin(self, requests: dict[str, JudgeRequest]) -> dict[str, JudgeRequest]:
        """Settle what the ledger knows, queue what is free to be asked, and return what another run is asking."""
        unknown = await self._unknown(requests)
        if not unknown:
            return {}
        held = await self._in_thread(self._leases.take, list(unknown))
        # Looked up again: what another run has stored and given back since the first look would be paid twice.
        ours = await self._unknown({key: unknown[key] for key in unknown if key in held})
        await self._in_thread(self._leases.give_back, [key for key in held if key not in ours])
        for request in ours.values():
            await self._queue.put(request)
        return {key: request for key, request in unknown.items() if key not in held}

    async def _unknown(self, requests: dict[str, JudgeRequest]) -> dict[str, JudgeRequest]:
        found = await self._in_thread(self._ledger.replies, list(requests))
        for key, attempt in found.items():
            self._settle(key, attempt)
        return {key: request for key, request in requests.items() if key not in found}

    async def _work(self, line: _Line) -> None:
        while (request := await self._queue.get()) is not None:
            attempt = await self._call(request, line)
            await self._in_thread(self._leases.give_back, [request.call_key])
            self._settle(request.call_key, attempt)

    def _settle(self, key: str, attempt: Attempt) -> None:
        self.settled[key] = attempt
        self._progress(len(self.settled))

    async def _call(self, request: JudgeRequest, line: _Line) -> Attempt:
        """Attempt `request` until there is a reply, it is hopeless, or its time is up; return the last one sent."""
        clock = asyncio.get_running_loop().time
        give_up_at = clock() + self._policy.deadline_s
        last: Attempt | None = None
        for number in range(1, self._policy.max_attempts + 1):
            attempt = await line.send(request, min(self._policy.attempt_timeout_s, give_up_at - clock()))
            if attempt in NOT_SENT:
                return last or attempt
            await self._in_thread(self._ledger.record, request, attempt, number, line.model.endpoint)
            last = attempt
            if not is_passing(attempt):
                break
            wait = wait_before_retry(
                request.call_key, number, attempt, self._policy.backoff_s, self._policy.max_backoff_s
            )
            if number == self._policy.max_attempts or clock() + wait >= give_up_at:
                break
            await asyncio.sleep(wait)
        return attempt

    async def _in_thread(self, work: Callable[..., Result], *arguments: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self.threads, work, *arguments)


def _chunks(requests: Iterable[JudgeRequest], size: int) -> Iterator[dict[str, JudgeRequest]]:
    """Yield the requests by key, about `size` at a time, each key once."""
    source, seen = iter(requests), set[str]()
    while chunk := list(islice(source, size)):
        new = {request.call_key: request for request in chunk if request.call_key not in seen}
        seen.update(new)
        yield new
