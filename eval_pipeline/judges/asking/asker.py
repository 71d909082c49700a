"""Putting many calls to an endpoint: ledger first, one run at a time for each call, bounded concurrency, retries.

Not here: when an attempt may go out (`line.py`), the protocol (`resources/judge_model.py`), what a reply means
(`replies.py`). A call of which no attempt may go out ends in `circuit_open`, `over_budget_*` or `asked_elsewhere`: it
was never sent and stands in no ledger, so a later run asks it.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from types import TracebackType
from typing import Protocol, Self, TypeVar

from eval_pipeline.judges.asking.batches import BATCH_PENDING
from eval_pipeline.judges.asking.breaker import Breaker
from eval_pipeline.judges.asking.budget import Budget, utc_today
from eval_pipeline.judges.asking.endpoints import Endpoints
from eval_pipeline.judges.asking.line import ASKED_ELSEWHERE, NOT_SENT, Gate, Keep, Line
from eval_pipeline.judges.asking.pacing import Rates, is_passing, wait_before_retry
from eval_pipeline.judges.asking.prices import Prices
from eval_pipeline.judges.asking.recording import Recorder
from eval_pipeline.ports import Attempt, CallLeases, CallLedger, DailySpend, JudgeModel, JudgeRequest, Sent

Result = TypeVar("Result")

LOOKUP_CHUNK = 200
"""Calls looked up in the ledger by one query; also about how many rendered prompts wait in memory."""

_FIRST_CHUNK = 32
_MAX_LEDGER_THREADS = 32

Progress = Callable[[int], None]
"""Told the number of calls that are settled so far, whether asked, found in the ledger or given up."""


@dataclass(frozen=True)
class AskPolicy:
    """How hard to try, and for how much money. Times are seconds; what `endpoints` and `prices` say is described there.

    The waits between attempts start at about `backoff_s` and double up to `max_backoff_s`. `failures_to_open` in a row
    stop the asking of an endpoint; after `max_backoff_s`, and twice and four times that, one attempt finds out whether
    it answers again, and when it does not, the asking ends for the run. While another run is asking a call, the ledger
    is looked up for its reply every `poll_s`; a call is left to the other run when the endpoint's `deadline_s` passes
    and nothing comes to an end.
    """

    endpoints: Endpoints = field(default_factory=Endpoints)
    prices: Prices = field(default_factory=Prices)
    backoff_s: float = 0.5
    max_backoff_s: float = 30.0
    poll_s: float = 1.0
    failures_to_open: int = 16


class Asks(Protocol):
    """What puts calls to an endpoint: an `Asker` at once, a `BatchAsker` within a day."""

    left_undone: Counter[tuple[str, str]]

    def ask(
        self, requests: Iterable[JudgeRequest], model: JudgeModel | None, progress: Progress | None = None
    ) -> dict[str, Attempt]:
        """Return for each call key the stored reply, or what its last attempt came to."""
        ...


class Asker:
    """One run's asking: its budget, its breakers and its event loop last over all frames, origins and days.

    The budget is one for all endpoints that cost something; each endpoint has a breaker and rates of its own. To be
    used in a `with` statement, from one thread, which must not have a running event loop.

    `left_undone` counts by reason (`over_budget_run`, `circuit_open`, ...) and judge the calls that were not made;
    `judge_sessions`, which knows the judges, fills it.
    """

    def __init__(
        self,
        ledger: CallLedger,
        policy: AskPolicy,
        daily: DailySpend | None = None,
        today: Callable[[], date] = utc_today,
    ) -> None:
        """`daily` is needed when the prices set a budget per day; `today` says which UTC day a call counts on."""
        self.left_undone: Counter[tuple[str, str]] = Counter()
        self.policy = policy
        self._ledger = ledger
        self._budget = Budget(policy.prices, daily, today) if policy.prices.has_budget else None
        self._gates: dict[str, Gate] = {}
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
        room appears, in another thread, so a generator keeps memory flat. A key that comes twice is asked once. What
        another run is asking is waited for, and asked here when that run dies or gets no reply; when it hangs, its
        calls are `asked_elsewhere`. Closes the model's connections.

        Raises what the ledger raises, for a reply that cannot be kept would be paid again; and `SettingsError` when
        there is a budget that no price goes with. Whatever ends the asking, attempts under way are waited for and kept.
        """
        return self._runner.run(self._asked(requests, model, progress))

    async def _asked(
        self, requests: Iterable[JudgeRequest], model: JudgeModel | None, progress: Progress | None
    ) -> dict[str, Attempt]:
        line = None if model is None else self._line(model)
        with self._ledger.leases() as leases:
            calls = _Calls(self._ledger, leases, self.policy, progress)
            try:
                await (calls.look_up(requests) if line is None else calls.make(requests, line))
            finally:
                calls.threads.shutdown(wait=True)
                if model is not None:
                    await model.close()
        return calls.settled

    def _line(self, model: JudgeModel) -> Line:
        gate = self._gates.get(model.endpoint)
        if gate is None:
            limits = self.policy.endpoints.limits_of(model.endpoint)
            rates = Rates(limits, asyncio.get_running_loop().time())
            breaker = Breaker(self.policy.failures_to_open, self.policy.max_backoff_s)
            gate = self._gates[model.endpoint] = Gate(limits, breaker, rates)
        return Line(model, gate, None if model.is_simulated else self._budget)


class _Calls:
    """The calls of one `Asker.ask`."""

    def __init__(self, ledger: CallLedger, leases: CallLeases, policy: AskPolicy, progress: Progress | None) -> None:
        self.settled: dict[str, Attempt] = {}
        self.threads = ThreadPoolExecutor(_MAX_LEDGER_THREADS + 1, thread_name_prefix="ledger")
        self._ledger, self._leases, self._policy = ledger, leases, policy
        self._recorder = Recorder(ledger, self.threads)
        self._progress = progress or (lambda n_settled: None)
        self._over: list[str] = []

    async def look_up(self, requests: Iterable[JudgeRequest]) -> None:
        """Settle what the ledger knows."""
        chunks = _chunks(requests)
        while (new := await self._in_thread(next, chunks, None)) is not None:
            await self._unknown(new)

    async def make(self, requests: Iterable[JudgeRequest], line: Line) -> None:
        """Settle every call, asking what the ledger does not know."""
        n_workers = line.gate.limits.concurrency
        queue: _Queue = asyncio.Queue(n_workers)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(n_workers):
                    group.create_task(self._work(queue, line))
                await self._feed(requests, queue, line.gate.limits.deadline_s)
                for _ in range(n_workers):
                    await queue.put(None)
        except ExceptionGroup as failures:
            # The workers fail for one reason; the first says it.
            raise failures.exceptions[0] from None
        await self._give_back()

    async def _feed(self, requests: Iterable[JudgeRequest], queue: "_Queue", patience_s: float) -> None:
        elsewhere: dict[str, JudgeRequest] = {}
        chunks = _chunks(requests)
        while (new := await self._in_thread(next, chunks, None)) is not None:
            elsewhere.update(await self._begin(new, queue))
            elsewhere = await self._wait_for_others(elsewhere, LOOKUP_CHUNK, queue, patience_s)
        await self._wait_for_others(elsewhere, 0, queue, patience_s)

    async def _wait_for_others(
        self, elsewhere: dict[str, JudgeRequest], limit: int, queue: "_Queue", patience_s: float
    ) -> dict[str, JudgeRequest]:
        """Wait until at most `limit` calls are in the hands of other runs; what they leave without a reply is ours.

        No deadlock: the calls that this run holds go on meanwhile. When for `patience_s` neither these nor those come
        to an end, the other runs hang, and their calls are left to them.
        """
        clock = asyncio.get_running_loop().time
        seen, seen_at = (0, 0), clock()
        while len(elsewhere) > limit:
            await asyncio.sleep(self._policy.poll_s)
            elsewhere = await self._begin(elsewhere, queue)
            if seen != (seen := (len(self.settled), len(elsewhere))):
                seen_at = clock()
            elif clock() - seen_at >= patience_s:
                self._leave(elsewhere)
                elsewhere = {}
        return elsewhere

    def _leave(self, elsewhere: Iterable[str]) -> None:
        for key in elsewhere:
            self._settle(key, ASKED_ELSEWHERE)

    async def _begin(self, requests: dict[str, JudgeRequest], queue: "_Queue") -> dict[str, JudgeRequest]:
        """Settle what the ledger knows, queue what is free to be asked, and return what another run is asking."""
        await self._give_back()
        unknown = await self._unknown(requests)
        if not unknown:
            return {}
        held = await self._in_thread(self._leases.take, list(unknown))
        # Looked up again: what another run has stored and given back since the first look would be paid twice.
        ours = await self._free({key: unknown[key] for key in unknown if key in held})
        self._over += [key for key in held if key not in ours]
        for request in ours.values():
            await queue.put(request)
        return {key: request for key, request in unknown.items() if key not in held}

    async def _free(self, requests: dict[str, JudgeRequest]) -> dict[str, JudgeRequest]:
        """Return what has no reply and stands in no batch under way; the rest is settled."""
        if not requests:
            return {}
        # Batches first: replies are stored before their batch ends, so what is collected between the looks is found.
        batched = await self._in_thread(self._ledger.in_batches, list(requests))
        unknown = await self._unknown(requests)
        for key in batched & unknown.keys():
            self._settle(key, BATCH_PENDING)
        return {key: request for key, request in unknown.items() if key not in batched}

    async def _give_back(self) -> None:
        """Give back all leases of calls that are over, at once: one by one they would cost as much as the asking."""
        over, self._over = self._over, []
        if over:
            await self._in_thread(self._leases.give_back, over)

    async def _unknown(self, requests: dict[str, JudgeRequest]) -> dict[str, JudgeRequest]:
        found = await self._in_thread(self._ledger.replies, list(requests))
        for key, attempt in found.items():
            self._settle(key, attempt)
        return {key: request for key, request in requests.items() if key not in found}

    async def _work(self, queue: "_Queue", line: Line) -> None:
        while (request := await queue.get()) is not None:
            attempt = await self._call(request, line)
            self._over.append(request.call_key)
            self._settle(request.call_key, attempt)

    def _settle(self, key: str, attempt: Attempt) -> None:
        self.settled[key] = attempt
        self._progress(len(self.settled))

    async def _call(self, request: JudgeRequest, line: Line) -> Attempt:
        """Attempt `request` until there is a reply, it is hopeless, or its time is up; return the last one sent."""
        clock, limits = asyncio.get_running_loop().time, line.gate.limits
        last: Attempt | None = None
        give_up_at = math.inf
        for number in range(1, limits.max_attempts + 1):
            attempt = await line.send(request, give_up_at, self._keep(request, number, line))
            if attempt in NOT_SENT:
                return last or attempt
            if last is None:
                # Counted from where the first attempt went out: before that it waited for others, not for the endpoint.
                give_up_at = clock() - attempt.latency_s + limits.deadline_s
            last = attempt
            if not is_passing(attempt):
                break
            wait = wait_before_retry(
                request.call_key, number, attempt, self._policy.backoff_s, self._policy.max_backoff_s
            )
            if number == limits.max_attempts or clock() + wait >= give_up_at:
                break
            await asyncio.sleep(wait)
        return attempt

    def _keep(self, request: JudgeRequest, number: int, line: Line) -> Keep:
        return lambda attempt: self._recorder.record(Sent(request, attempt, number, line.model.endpoint))

    async def _in_thread(self, work: Callable[..., Result], *arguments: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self.threads, work, *arguments)


_Queue = asyncio.Queue[JudgeRequest | None]


def _chunks(requests: Iterable[JudgeRequest]) -> Iterator[dict[str, JudgeRequest]]:
    """Yield the requests by key, each key once: few at first, so that the asking starts at once, then more at a time."""
    source, seen, size = iter(requests), set[str](), _FIRST_CHUNK
    while chunk := list(islice(source, size)):
        new = {request.call_key: request for request in chunk if request.call_key not in seen}
        seen.update(new)
        size = min(2 * size, LOOKUP_CHUNK)
        yield new
