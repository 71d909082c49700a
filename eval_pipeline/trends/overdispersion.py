"""How much more the days of a baseline differ than chance alone lets them: Pearson's phi, and whether days follow each other.

All functions take counts as matrices, a row a series and a column a calendar day, and work on all rows at once. Not
here: which days are a baseline (`baselines.py`), what is held against it (`windows_tested.py`).
"""

from dataclasses import dataclass

import numpy as np

from eval_pipeline.trends.policy import SHORT as WEEK
from eval_pipeline.trends.ratios import Array, ratio


@dataclass(frozen=True)
class Dispersed:
    """What the baselines of many series say, a value each.

    `days` with data; `n` passes and fails in them, `n_fail` fails; `phi` >= 1; `autocorrelation`, NaN where no two days follow
    each other, or none differs.
    """

    days: Array
    n: Array
    n_fail: Array
    phi: Array
    autocorrelation: Array

    @property
    def rate(self) -> Array:
        """n_fail / n, NaN without data."""
        return ratio(self.n_fail, self.n)

    @property
    def chance(self) -> Array:
        """The rate that variances are taken at: `rate`, but half a failure (or pass) where there was not a single one, as
        0 of 2,000 says that failures are rare, not that they cannot be."""
        least = ratio(np.full_like(self.n, 0.5), self.n)
        within: Array = np.clip(self.rate, least, 1 - least)
        return within


def dispersed(n: Array, n_fail: Array, blocks_above: float) -> Dispersed:
    """Return what baselines of counts `n` and `n_fail` say, both [series, consecutive calendar days], 0 on days without data.

    phi = max(1, X^2 / (days - 1)) with Pearson's X^2 = sum over days of (x_d - n_d p)^2 / (n_d p (1 - p)): the factor by which
    a quasi-binomial variance exceeds the binomial one (McCullagh and Nelder 1989, section 4.5). Where the autocorrelation
    is above `blocks_above`, days follow each other, and X^2 is taken of the sums of weeks from the first day on.
    """
    total, fails = n.sum(axis=1), n_fail.sum(axis=1)
    rate = ratio(fails, total)
    residuals = _residuals(n, n_fail, rate)
    correlation = _lag_one(residuals)
    of_weeks = _pearson(_residuals(_weeks(n), _weeks(n_fail), rate))
    phi = np.where(correlation > blocks_above, of_weeks, _pearson(residuals))
    return Dispersed((n > 0).sum(axis=1).astype(np.float64), total, fails, np.fmax(phi, 1.0), correlation)


def _residuals(n: Array, n_fail: Array, rate: Array) -> Array:
    """Return Pearson's residual of each day; NaN without data, and where all or none fail, as nothing can differ."""
    p = rate[:, np.newaxis]
    return ratio(n_fail - n * p, np.sqrt(n * p * (1 - p)))


def _pearson(residuals: Array) -> Array:
    """Return X^2 / (days - 1); NaN under two days."""
    days = np.isfinite(residuals).sum(axis=1)
    return ratio(np.nansum(residuals**2, axis=1), (days - 1).astype(np.float64))


def _lag_one(residuals: Array) -> Array:
    """Return mean(r_d r_(d+1)) / mean(r_d^2), over the pairs of days that follow each other and over all days."""
    return ratio(_mean(residuals[:, :-1] * residuals[:, 1:]), _mean(residuals**2))


def _mean(values: Array) -> Array:
    return ratio(np.nansum(values, axis=1), np.isfinite(values).sum(axis=1).astype(np.float64))


def _weeks(counts: Array) -> Array:
    """Return the sums of blocks of seven columns; the last block may be of fewer days."""
    missing = -counts.shape[1] % WEEK
    blocks: Array = np.pad(counts, ((0, 0), (0, missing))).reshape(len(counts), -1, WEEK).sum(axis=2)
    return blocks
