"""One attempt at one endpoint: it goes out when budget, breaker and rates let it, and is kept before it is settled.

Not here: trying again and the ledger (`asker.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from eval_pipeline.judges.asking.breaker import Breaker, Entry
from eval_pipeline.judges.asking.budget import OVER_BUDGET_DAY, OVER_BUDGET_RUN, Budget, Held
from eval_pipeline.judges.asking.endpoints import Limits
from eval_pipeline.judges.asking.pacing import Rates, likely_tokens
from eval_pipeline.ports import Attempt, JudgeModel, JudgeRequest

CIRCUIT_OPEN = Attempt("circuit_open", 0.0, error="not sent: the endpoint had failed too often in a row")
TOO_LATE = Attempt("too_late", 0.0, error="not sent: its turn would come after the call's deadline")
ASKED_ELSEWHERE = Attempt("asked_elsewhere", 0.0, error="not sent: another run was asking it without an end")
NOT_SENT = (CIRCUIT_OPEN, OVER_BUDGET_RUN, OVER_BUDGET_DAY, TOO_LATE, ASKED_ELSEWHERE)

Keep = Callable[[Attempt], Awaitable[None]]
"""Stores an attempt that was made; returns when it is stored."""


@dataclass(frozen=True)
class Gate:
    """What one endpoint bears. It lasts for a run, whatever model object speaks to the endpoint."""

    limits: Limits
    breaker: Breaker
    rates: Rates


@dataclass(frozen=True)
class Line:
    """An endpoint with what decides whether an attempt may go out to it. Without a `budget` it costs nothing."""

    model: JudgeModel
    gate: Gate
    budget: Budget | None

    async def send(self, request: JudgeRequest, give_up_at: float, keep: Keep) -> Attempt:
        """Make one attempt before `give_up_at` (loop seconds) if all let it; one of `NOT_SENT` otherwise.

        An attempt that goes out is waited for, kept and settled even when the caller is cancelled meanwhile: it is
        paid. Raises what `keep` and the budget raise.
        """
        held = None if self.budget is None else await self.budget.hold(request)
        if isinstance(held, Attempt):
            return held
        entry = n_tokens = None
        try:
            entry = await self.gate.breaker.enter(self._patience(give_up_at))
            n_tokens = None if entry is None else await self._turn(request, give_up_at)
        finally:
            if n_tokens is None:
                await self._not_sent(request, held, entry)
        if entry is None:
            return CIRCUIT_OPEN
        if n_tokens is None:
            return TOO_LATE
        return await _to_its_end(self._sent(request, held, entry, n_tokens, give_up_at, keep))

    def _patience(self, give_up_at: float) -> float:
        """Return until when a probe of an endpoint that fails is waited for."""
        return min(give_up_at, asyncio.get_running_loop().time() + self.gate.limits.deadline_s)

    async def _turn(self, request: JudgeRequest, give_up_at: float) -> int | None:
        """Wait for the turn that the rates give; return the tokens taken, None when the turn would come too late."""
        rates, now = self.gate.rates, asyncio.get_running_loop().time()
        # Tokens are counted only where they matter: it takes longer than all else here.
        n_tokens = 0 if rates.are_none else likely_tokens(request)
        at = rates.take_turn(n_tokens, now, give_up_at)
        if at is None:
            return None
        if at > now:
            await asyncio.sleep(at - now)
        return n_tokens

    async def _not_sent(self, request: JudgeRequest, held: Held | None, entry: Entry | None) -> None:
        if entry is not None:
            await self.gate.breaker.leave(entry, None, 0.0, 0.0)
        await self._settle(request, held, TOO_LATE)

    async def _sent(
        self, request: JudgeRequest, held: Held | None, entry: Entry, n_tokens: int, give_up_at: float, keep: Keep
    ) -> Attempt:
        attempt = None
        try:
            attempt = await self._asked(request, entry, n_tokens, give_up_at)
            await keep(attempt)
            return attempt
        finally:
            await self._settle(request, held, attempt)

    async def _asked(self, request: JudgeRequest, entry: Entry, n_tokens: int, give_up_at: float) -> Attempt:
        limits, clock = self.gate.limits, asyncio.get_running_loop().time
        attempt, sent_at = None, clock()
        try:
            timeout_s = min(limits.attempt_timeout_s, limits.deadline_s, give_up_at - sent_at)
            attempt = await self.model.ask(request, timeout_s)
            self.gate.rates.correct(n_tokens, attempt)
            return attempt
        finally:
            await self.gate.breaker.leave(entry, attempt, sent_at, clock())

    async def _settle(self, request: JudgeRequest, held: Held | None, attempt: Attempt | None) -> None:
        if self.budget is not None and held is not None:
            await self.budget.settle(request, held, attempt)


async def _to_its_end(work: Coroutine[Any, Any, Attempt]) -> Attempt:
    """Return what `work` comes to; when cancelled meanwhile, wait for it all the same."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
