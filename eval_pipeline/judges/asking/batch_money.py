"""Money for batches: set aside at its dearest before a batch goes out, settled when it has been collected.

Not here: prices (`prices.py`), the budget of calls made one by one (`budget.py`).
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from itertools import accumulate

from eval_pipeline.judges.asking.batches import BATCH_PRICE_SHARE
from eval_pipeline.judges.asking.budget import OVER_BUDGET_RUN, dearest_cost
from eval_pipeline.judges.asking.prices import Prices
from eval_pipeline.ports import Attempt, DailySpend, JudgeRequest


class BatchMoney:
    """What a run may hand over in batches, of its own budget and of the day's.

    A batch counts at its dearest for the run to its end, as its cost is not known before another must be decided on; on
    the day it was submitted, until it is collected.
    """

    def __init__(self, prices: Prices, daily: DailySpend | None, *, is_paid: bool = True) -> None:
        """`is_paid` False is for an endpoint that costs nothing.

        Raises `ValueError` when `prices` sets a budget per day and there is no `daily` to keep it in.
        """
        if prices.budget_usd_per_day is not None and daily is None:
            raise ValueError("a budget per day needs a DailySpend, which all runs share")
        self._spent = 0.0
        self._prices, self._daily = prices, daily
        self._is_paid = is_paid
        self._is_limited = is_paid and prices.has_budget

    def dearest(self, request: JudgeRequest) -> float:
        """Return the most that `request` can cost in a batch; 0.0 where no money is limited.

        Raises `SettingsError` when the model has no price or the judge no completion limit.
        """
        return BATCH_PRICE_SHARE * dearest_cost(request, self._prices) if self._is_limited else 0.0

    def cost(self, request: JudgeRequest, attempt: Attempt, held: float) -> float:
        """Return what an attempt in a batch cost; `held`, what was set aside for it, when that cannot be told."""
        if not self._is_paid or not attempt.is_reply:
            return 0.0
        cost = self._prices.cost(request.model, attempt.n_prompt_tokens, attempt.n_completion_tokens)
        return held if cost is None else BATCH_PRICE_SHARE * cost

    def refusal(self, usd: float) -> Attempt | None:
        """Return why the run's budget holds `usd` no more, or None and count them."""
        limit = self._prices.budget_usd_per_run
        if self._is_limited and limit is not None and self._spent + usd > limit:
            return OVER_BUDGET_RUN
        self._spent += usd
        return None

    def give_back(self, usd: float) -> None:
        """Take `usd` back that the run has counted and not handed over."""
        self._spent -= usd

    def hold(self, day: date, amounts: Sequence[float]) -> tuple[int, float]:
        """Set aside, of the budget of `day`, as many of the first `amounts` as it holds; return how many, and their sum.

        The sum is 0.0 where no day has a budget.
        """
        limit = self._prices.budget_usd_per_day
        if not self._is_limited or self._daily is None or limit is None:
            return len(amounts), 0.0
        n = len(amounts)
        # Others may spend between the look and the holding: each round tries fewer.
        while n and not self._daily.reserve(day, sum(amounts[:n]), limit):
            room = limit - self._daily.spent(day)
            n = min(n - 1, bisect_right(list(accumulate(amounts)), room))
        return n, sum(amounts[:n])

    def settle(self, day: date, held: float, cost: float) -> None:
        """Put what a batch of `day` cost in the place of what was held for it."""
        has_budget = self._is_limited and self._prices.budget_usd_per_day is not None
        if self._daily is not None and (has_budget or held > 0):
            self._daily.settle(day, held, cost)
