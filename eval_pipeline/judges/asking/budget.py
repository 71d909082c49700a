"""Money for judge calls, per run and per UTC day: set aside before an attempt, settled after it.

Not here: prices (`prices.py`), where a day's spending is kept (`ports.DailySpend`).
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from eval_pipeline.clock import utc_now
from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.asking.pacing import completion_limit
from eval_pipeline.judges.asking.prices import Prices
from eval_pipeline.ports import Attempt, DailySpend, JudgeRequest

OVER_BUDGET_RUN = Attempt("over_budget_run", 0.0, error="not sent: the run's cost budget cannot hold this call")
OVER_BUDGET_DAY = Attempt("over_budget_day", 0.0, error="not sent: the day's cost budget cannot hold this call")

_MAYBE_PAID = ("timeout", "connection", "bad_body", "http_408", "http_502", "http_504")
"""The model may have answered, and its answer got lost on the way."""

_TOKENS_PER_MESSAGE = 16


def utc_today() -> date:
    """Return the present UTC day."""
    return utc_now().date()


@dataclass(frozen=True)
class Held:
    """US dollars set aside for one attempt, on the day that they count on."""

    usd: float
    day: date


class Budget:
    """What a run may spend of its own budget and of the day's. An attempt goes out only when its dearest outcome fits.

    The dearest outcome counts a token for each byte of the prompt and the full completion limit; what a reply did cost
    takes its place. Attempts whose end is unknown (timeouts, lost answers) stay counted at their dearest. What is under
    way may turn out cheaper, so an attempt that does not fit waits for it before it is given up.
    """

    def __init__(self, prices: Prices, daily: DailySpend | None = None, today: Callable[[], date] = utc_today) -> None:
        """Raises `ValueError` when `prices` sets a budget per day and there is no `daily` to keep it in."""
        if prices.budget_usd_per_day is not None and daily is None:
            raise ValueError("a budget per day needs a DailySpend, which all runs share")
        self._prices, self._daily, self._today = prices, daily, today
        self._spent = 0.0
        self._held: list[Held] = []
        self._in_question: list[Held] = []
        self._n_changes: Counter[str] = Counter()
        self._changed = asyncio.Condition()

    async def hold(self, request: JudgeRequest) -> Held | Attempt:
        """Return what was set aside for an attempt, or the `OVER_BUDGET_*` that says which budget has no room for it.

        Raises `SettingsError` when the model has no price or the judge no completion limit.
        """
        held = Held(dearest_cost(request, self._prices), self._today())
        while True:
            before = self._n_changes.copy()
            refusal = await self._refusal(held)
            if refusal is None:
                return held
            if not self._may_come_free(refusal) and self._n_changes[refusal.status] == before[refusal.status]:
                return refusal
            await self._change(refusal.status, before[refusal.status])

    async def _refusal(self, held: Held) -> Attempt | None:
        """Set `held` aside and return None, or return which budget has no room for it."""
        in_hand = sum(other.usd for other in (*self._held, *self._in_question))
        per_run = self._prices.budget_usd_per_run
        if per_run is not None and self._spent + in_hand + held.usd > per_run:
            return OVER_BUDGET_RUN
        # The day is asked by many at a time, as it takes a transaction; for the run the money counts meanwhile.
        self._in_question.append(held)
        try:
            has_room = await self._is_reserved(held)
        finally:
            self._in_question.remove(held)
        if has_room:
            self._held.append(held)
            return None
        await self._tell(OVER_BUDGET_RUN)
        return OVER_BUDGET_DAY

    async def _is_reserved(self, held: Held) -> bool:
        per_day = self._prices.budget_usd_per_day
        if self._daily is None or per_day is None:
            return True
        return await asyncio.to_thread(self._daily.reserve, held.day, held.usd, per_day)

    def _may_come_free(self, refusal: Attempt) -> bool:
        return bool(self._held) or (refusal is OVER_BUDGET_RUN and bool(self._in_question))

    async def _change(self, status: str, n_before: int) -> None:
        """Wait until what was refused as `status` is worth another try."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._n_changes[status] != n_before)

    async def _tell(self, *refusals: Attempt) -> None:
        async with self._changed:
            self._n_changes.update(refusal.status for refusal in refusals)
            self._changed.notify_all()

    async def settle(self, request: JudgeRequest, held: Held, attempt: Attempt | None) -> None:
        """Put the cost of an ended attempt in the place of what was held; None when it was cancelled."""
        cost = self._cost(request, held, attempt)
        if self._daily is not None and self._prices.budget_usd_per_day is not None:
            await asyncio.to_thread(self._daily.settle, held.day, held.usd, cost)
        self._held.remove(held)
        self._spent += cost
        await self._tell(OVER_BUDGET_RUN, OVER_BUDGET_DAY)

    def _cost(self, request: JudgeRequest, held: Held, attempt: Attempt | None) -> float:
        if attempt is None:
            return held.usd
        if not attempt.is_reply and attempt.status not in _MAYBE_PAID:
            return 0.0
        cost = self._prices.cost(request.model, attempt.n_prompt_tokens, attempt.n_completion_tokens)
        return held.usd if cost is None else cost


def dearest_cost(request: JudgeRequest, prices: Prices) -> float:
    """Return the most that one attempt can cost in US dollars.

    Raises `SettingsError` when the model has no price or the parameters no limit of the completion.
    """
    price = prices.of(request.model)
    if price is None:
        raise SettingsError(
            f"there is a cost budget, and no price for {request.model}", "add the model to catalog/prices.yaml"
        )
    limit = completion_limit(request)
    if limit is None:
        raise SettingsError(
            f"there is a cost budget, and a judge on {request.model} sets no limit of its reply",
            "set `max_completion_tokens` under `parameters` in the judge's file",
        )
    n_prompt = sum(len(m["content"].encode("utf-8", "replace")) + _TOKENS_PER_MESSAGE for m in request.messages)
    return (n_prompt * price.prompt + limit * price.completion) / 1e6
