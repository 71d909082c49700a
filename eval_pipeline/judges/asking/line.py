"""One attempt at one endpoint: it goes out when budget, breaker and rates let it.

Not here: trying again and the ledger (`asker.py`).
"""

import asyncio
from dataclasses import dataclass

from eval_pipeline.judges.asking.budget import OVER_BUDGET_DAY, OVER_BUDGET_RUN, Budget
from eval_pipeline.judges.asking.endpoints import Limits
from eval_pipeline.judges.asking.pacing import Breaker, Rates, likely_tokens
from eval_pipeline.ports import Attempt, JudgeModel, JudgeRequest

CIRCUIT_OPEN = Attempt("circuit_open", 0.0, error="not sent: the endpoint had failed too often in a row")
TOO_LATE = Attempt("too_late", 0.0, error="not sent: its turn would come after the call's deadline")
NOT_SENT = (CIRCUIT_OPEN, OVER_BUDGET_RUN, OVER_BUDGET_DAY, TOO_LATE)


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

    async def send(self, request: JudgeRequest, give_up_at: float) -> Attempt:
        """Make one attempt before `give_up_at` (loop seconds) if all let it; one of `NOT_SENT` otherwise."""
        if self.budget is None:
            return await self._enter(request, give_up_at)
        held = await self.budget.hold(request)
        if isinstance(held, Attempt):
            return held
        attempt = None
        try:
            attempt = await self._enter(request, give_up_at)
            return attempt
        finally:
            await self.budget.settle(request, held, attempt)

    async def _enter(self, request: JudgeRequest, give_up_at: float) -> Attempt:
        if not await self.gate.breaker.enter():
            return CIRCUIT_OPEN
        clock = asyncio.get_running_loop().time
        attempt = sent_at = None
        try:
            n_tokens = await self._turn(request, give_up_at)
            if n_tokens is None:
                return TOO_LATE
            sent_at = clock()
            attempt = await self._sent(request, n_tokens, give_up_at - sent_at)
            return attempt
        finally:
            await self.gate.breaker.leave(attempt, sent_at or 0.0, clock())

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

    async def _sent(self, request: JudgeRequest, n_tokens: int, left_s: float) -> Attempt:
        limits = self.gate.limits
        attempt = await self.model.ask(request, min(limits.attempt_timeout_s, limits.deadline_s, left_s))
        self.gate.rates.correct(n_tokens, attempt)
        return attempt
