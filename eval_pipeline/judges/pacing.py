"""When a call may go out: waiting between attempts, the circuit breaker, the cost budget.

Not here: sending and recording (`asking.py`). Waits are deterministic: jitter comes from the call's key.
"""

import asyncio
import math

from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.prices import Price, Prices
from eval_pipeline.ports import Attempt, JudgeRequest
from eval_pipeline.versions import unit_hash

_MAYBE_PAID = ("timeout", "connection", "bad_body")
_TOKENS_PER_MESSAGE = 16
_PASSING = frozenset({"timeout", "connection", "bad_body", "http_408", "http_409", "http_425", "http_429"})


def is_passing(attempt: Attempt) -> bool:
    """Return whether what went wrong may be gone the next time: timeouts, lost connections, 429 and 5xx."""
    return attempt.status in _PASSING or attempt.status.startswith("http_5")


def wait_before_retry(key: str, number: int, attempt: Attempt, base_s: float, max_s: float) -> float:
    """Return the seconds to wait after failed attempt `number` (from 1): exponential, half of it jitter.

    A Retry-After of the endpoint is the least it can be, with the jitter of the first wait on top, so that calls which
    were turned away together do not come back together.
    """
    jitter = unit_hash("retry", key, str(number))
    backoff = min(max_s, base_s * math.pow(2, number - 1)) * (0.5 + 0.5 * jitter)
    if attempt.retry_after_s is None:
        return backoff
    return max(backoff, attempt.retry_after_s + base_s * jitter)


class Breaker:
    """Lets attempts to one endpoint through until `limit` in a row have failed, then none for the rest of the run.

    Until the endpoint has answered, and after any failure, no more are under way than could fail without passing the
    limit: an endpoint that is dead from the start gets exactly `limit` attempts. 429s of calls that were sent before
    an earlier 429 came back are one failure, as they say one thing.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._failures = 0
        self._under_way = 0
        self._is_proven = False
        self._last_throttled_at = -math.inf
        self._changed = asyncio.Condition()

    @property
    def is_open(self) -> bool:
        """Whether no attempt goes out any more."""
        return self._failures >= self._limit

    async def enter(self) -> bool:
        """Wait until an attempt may go out; False when none may any more. Whoever got True calls `leave`."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.is_open or self._has_room())
            if not self.is_open:
                self._under_way += 1
            return not self.is_open

    def _has_room(self) -> bool:
        return (self._is_proven and not self._failures) or self._failures + self._under_way < self._limit

    async def leave(self, attempt: Attempt | None, sent_at: float, now: float) -> None:
        """Take note of how an attempt sent at `sent_at` ended (loop seconds); None when it was cancelled."""
        async with self._changed:
            self._under_way -= 1
            if attempt is not None:
                self._count(attempt, sent_at, now)
            self._changed.notify_all()

    def _count(self, attempt: Attempt, sent_at: float, now: float) -> None:
        if attempt.is_reply:
            self._is_proven = True
            self._failures = 0 if not self.is_open else self._failures
        elif attempt.status != "http_429":
            self._failures += 1
        elif sent_at >= self._last_throttled_at:
            self._failures += 1
            self._last_throttled_at = now


class Budget:
    """Money for one run in US dollars. An attempt goes out only when its dearest outcome still fits.

    The dearest outcome counts a token for each byte of the prompt and the full completion limit; what a reply did cost
    takes its place. Attempts whose end is unknown (timeouts) stay counted at their dearest.
    """

    def __init__(self, limit_usd: float | None, prices: Prices) -> None:
        self._limit = limit_usd
        self._prices = prices
        self._spent = 0.0
        self._reserved: list[float] = []
        self._changed = asyncio.Condition()

    async def reserve(self, request: JudgeRequest) -> float | None:
        """Wait for room and return the amount reserved; None when the budget cannot hold the attempt.

        Raises `SettingsError` when there is a limit and the model has no price or the judge no completion limit.
        """
        if self._limit is None:
            return 0.0
        dearest = dearest_cost(request, self._prices)
        async with self._changed:
            # What is under way was reserved at its dearest and may turn out cheaper: wait before giving up.
            await self._changed.wait_for(lambda: self._fits(dearest) or not self._reserved)
            if not self._fits(dearest):
                return None
            self._reserved.append(dearest)
            return dearest

    def _fits(self, amount: float) -> bool:
        return self._limit is not None and self._spent + sum(self._reserved) + amount <= self._limit

    async def settle(self, request: JudgeRequest, reserved: float, attempt: Attempt | None) -> None:
        """Put the cost of an ended attempt in the place of what was reserved; None when it was cancelled."""
        if self._limit is None:
            return
        async with self._changed:
            self._reserved.remove(reserved)
            self._spent += self._cost(request, reserved, attempt)
            self._changed.notify_all()

    def _cost(self, request: JudgeRequest, reserved: float, attempt: Attempt | None) -> float:
        if attempt is None or attempt.status in _MAYBE_PAID:
            return reserved
        if not attempt.is_reply:
            return 0.0
        cost = self._prices.cost(request.model, attempt.n_prompt_tokens, attempt.n_completion_tokens)
        return reserved if cost is None else cost


def dearest_cost(request: JudgeRequest, prices: Prices) -> float:
    """Return the most that one attempt can cost in US dollars.

    Raises `SettingsError` when the model has no price or the parameters no limit of the completion.
    """
    price: Price | None = prices.of(request.model)
    if price is None:
        raise SettingsError(
            f"there is a cost budget, and no price for {request.model}", "add the model to catalog/prices.yaml"
        )
    limit: int | None = request.parameters.get("max_completion_tokens") or request.parameters.get("max_tokens")
    if limit is None:
        raise SettingsError(
            f"there is a cost budget, and a judge on {request.model} sets no limit of its reply",
            "set `max_completion_tokens` under `parameters` in the judge's file",
        )
    n_prompt = sum(len(m["content"].encode("utf-8", "replace")) + _TOKENS_PER_MESSAGE for m in request.messages)
    return (n_prompt * price.prompt + limit * price.completion) / 1e6
