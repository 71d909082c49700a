"""Traffic of many series whose true failure rate is known on each day, as STATISTICS.md section 5 has it.

Sessions a day: a weekday effect times log-normal noise. Days differ by more than chance (kind B), not at all (A), or in runs
(C). Not here: what is found in it (`direction.py`).
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, ndtr

Array = NDArray[np.float64]
Kind = Literal["A", "B", "C"]

BASELINE, YEAR = 60, 365

WEEKDAYS = np.array([1.15, 1.15, 1.1, 1.1, 1.0, 0.75, 0.75])
NOISE = 0.15
"""sd of the logarithm of a day's sessions."""

SPREAD = 0.0138
"""Variance of a day's rate over p (1 - p): 40 sessions a day have phi = 1 + 39 x .0138 = 1.54."""

RUNS = 0.5
"""Correlation of one day's effect with the next in kind C."""


@dataclass(frozen=True)
class Series:
    """`n` and `n_fail` [series, days]; the first `BASELINE` days, or fewer where it says so, are the baseline."""

    n: Array
    n_fail: Array
    baseline: int = BASELINE

    def starting(self, day: int) -> "Series":
        """Return the series from `day` on, with a baseline as much shorter."""
        return replace(self, n=self.n[:, day:], n_fail=self.n_fail[:, day:], baseline=self.baseline - day)


def traffic(rate: Array, sessions: ArrayLike, kind: Kind, rng: np.random.Generator) -> Series:
    """Return series with the true failure `rate` [series, days] and `sessions` a day ([series, 1], or one for all).

    A day's own rate is beta with mean `rate` and variance SPREAD rate (1 - rate), independent from day to day (B) or through
    an autoregressive normal of lag-1 correlation RUNS (C); in A it is `rate`.
    """
    days = rate.shape[1]
    busy = np.asarray(sessions) * WEEKDAYS[np.arange(days) % 7] * rng.lognormal(-(NOISE**2) / 2, NOISE, rate.shape)
    n = np.maximum(1, np.rint(busy)).astype(np.int64)
    strength = 1 / SPREAD - 1
    effect = None if kind == "A" else ndtr(_effects(rate.shape, RUNS if kind == "C" else 0.0, rng))
    of_day = rate if effect is None else betaincinv(rate * strength, (1 - rate) * strength, effect)
    return Series(n.astype(np.float64), rng.binomial(n, of_day).astype(np.float64))


def _effects(shape: tuple[int, int], correlation: float, rng: np.random.Generator) -> Array:
    effects = rng.standard_normal(shape)
    if correlation:
        for day in range(1, shape[1]):
            effects[:, day] = correlation * effects[:, day - 1] + (1 - correlation**2) ** 0.5 * effects[:, day]
    return effects
