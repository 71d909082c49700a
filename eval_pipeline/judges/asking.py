"""Putting many calls to one endpoint: ledger first, bounded concurrency, retries, breaker, budget, every attempt kept.

Not here: the protocol (`resources/judge_model.py`), what a reply means (`replies.py`). A call that cannot be made ends
in an `Attempt` that says why, `circuit_open` or `over_budget`; those were never sent and stand in no ledger.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from eval_pipeline.judges.pacing import Breaker, Budget, is_passing, wait_before_retry
from eval_pipeline.judges.prices import Prices
from eval_pipeline.ports import Attempt, CallLedger, JudgeModel, JudgeRequest

Result = TypeVar("Result")

LOOKUP_CHUNK = 200
"""Calls looked up in the ledger by one query; also how many rendered prompts wait in memory at most."""

CIRCUIT_OPEN = Attempt("circuit_open", 0.0, error="not sent: the endpoint had failed too often in a row")
OVER_BUDGET = Attempt("over_budget", 0.0, error="not sent: the run's cost budget cannot hold this call")

Progress = Callable[[int], None]
"""Told the number of calls that are settled so far, whether asked, found in the ledger or given up."""


@dataclass(frozen=True)
class AskPolicy:
    """How hard to try. Times are seconds; `deadline_s` bounds one logical call with all its attempts and waits."""

    concurrency: int = 16
    max_attempts: int = 5
    attempt_timeout_s: float = 60.0
    deadline_s: float = 300.0
    backoff_s: float = 0.5
    max_backoff_s: float = 30.0
    failures_to_open: int = 19
    budget_usd: float | None = None
    prices: Prices = field(default_factory=Prices)


async def ask_all(
    requests: Iterable[JudgeRequest],
    model: JudgeModel,
    ledger: CallLedger,
    policy: AskPolicy,
    progress: Progress | None = None,
) -> dict[str, Attempt]:
    """Return for each call key the stored reply, or what its last attempt came to.

    `requests` is drawn as room appears, so a generator keeps memory flat. A key that comes twice is asked once. Ledger
    methods are called from several threads at a time. An error of the ledger ends everything at once, for a reply that
    cannot be kept would be paid again.
    """
    asker = _Asker(model, ledger, policy, progress)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(policy.concurrency):
                group.create_task(asker.work())
            group.create_task(asker.feed(requests))
    except ExceptionGroup as failures:
        # The workers fail for one reason; the first says it.
        raise failures.exceptions[0] from None
    finally:
        asker.threads.shutdown(wait=True)
    return asker.settled


class _Asker:
    def __init__(self, model: JudgeModel, ledger: CallLedger, policy: AskPolicy, progress: Progress | None) -> None:
        self.settled: dict[str, Attempt] = {}
        self.threads = ThreadPoolExecutor(min(policy.concurrency, 32) + 1, thread_name_prefix="ledger")
        self._model, self._ledger, self._policy = model, ledger, policy
        self._progress = progress or (lambda n_settled: None)
        self._queue: asyncio.Queue[JudgeRequest | None] = asyncio.Queue(policy.concurrency)
        self._breaker = Breaker(policy.failures_to_open)
        self._budget = Budget(policy.budget_usd, policy.prices)

    async def feed(self, requests: Iterable[JudgeRequest]) -> None:
        seen: set[str] = set()
        for chunk in _chunks(requests, LOOKUP_CHUNK):
            new = {request.call_key: request for request in chunk if request.call_key not in seen}
            seen.update(new)
            found = await self._in_thread(self._ledger.replies, list(new))
            for key, attempt in found.items():
                self._settle(key, attempt)
            for key, request in new.items():
                if key not in found:
                    await self._queue.put(request)
        for _ in range(self._policy.concurrency):
            await self._queue.put(None)

    async def work(self) -> None:
        while (request := await self._queue.get()) is not None:
            self._settle(request.call_key, await self._call(request))

    def _settle(self, key: str, attempt: Attempt) -> None:
        self.settled[key] = attempt
        self._progress(len(self.settled))

    async def _call(self, request: JudgeRequest) -> Attempt:
        """Attempt `request` until there is a reply, it is hopeless, or its time is up."""
        clock = asyncio.get_running_loop().time
        give_up_at = clock() + self._policy.deadline_s
        for number in range(1, self._policy.max_attempts + 1):
            attempt = await self._attempt(request, number, give_up_at - clock())
            if number == self._policy.max_attempts or not is_passing(attempt):
                break
            wait = wait_before_retry(
                request.call_key, number, attempt, self._policy.backoff_s, self._policy.max_backoff_s
            )
            if clock() + wait >= give_up_at:
                break
            await asyncio.sleep(wait)
        return attempt

    async def _attempt(self, request: JudgeRequest, number: int, left_s: float) -> Attempt:
        """Make one attempt if the budget and the breaker let it, and record it."""
        reserved = await self._budget.reserve(request)
        if reserved is None:
            return OVER_BUDGET
        attempt = None
        try:
            attempt = await self._sent(request, min(self._policy.attempt_timeout_s, left_s))
        finally:
            await self._budget.settle(request, reserved, attempt)
        if attempt is not CIRCUIT_OPEN:
            await self._in_thread(self._ledger.record, request, attempt, number, self._model.endpoint)
        return attempt

    async def _sent(self, request: JudgeRequest, timeout_s: float) -> Attempt:
        if not await self._breaker.enter():
            return CIRCUIT_OPEN
        clock = asyncio.get_running_loop().time
        attempt, sent_at = None, clock()
        try:
            attempt = await self._model.ask(request, timeout_s)
            return attempt
        finally:
            await self._breaker.leave(attempt, sent_at, clock())

    async def _in_thread(self, work: Callable[..., Result], *arguments: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self.threads, work, *arguments)


def _chunks(requests: Iterable[JudgeRequest], size: int) -> Iterator[list[JudgeRequest]]:
    source = iter(requests)
    while chunk := list(islice(source, size)):
        yield chunk
