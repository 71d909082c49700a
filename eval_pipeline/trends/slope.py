"""How steep the last days are, and where they turned: descriptions, which test nothing.

Counts are matrices, a row a series and a column a calendar day, 0 on days without data. Not here: whether a series moved
(`windows_tested.py`).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from eval_pipeline.trends.ratios import ratio

Array = NDArray[np.float64]

LEAST_DAYS = 7
"""Days with data from which on a slope is given: of fewer the median is that of a handful of pairs."""


def theil_sen(n: Array, n_fail: Array) -> Array:
    """Return for each series the median of (r_j - r_i) / (j - i) over all pairs of days i < j with data, r = n_fail / n.

    Rate a day; NaN under `LEAST_DAYS` days with data. (Theil 1950, Sen 1968: of all days nearly 3 in 10 may be outliers.)
    """
    rates = ratio(n_fail, n)
    early, late = np.triu_indices(n.shape[1], k=1)
    found = np.full(len(n), np.nan)
    enough = (n > 0).sum(axis=1) >= LEAST_DAYS
    if enough.any():
        some = rates[enough]
        found[enough] = np.nanmedian((some[:, late] - some[:, early]) / (late - early), axis=1)
    return found


def turns(n: Array, n_fail: Array, chance: Array, phi: Array, signs: Array, least_days: int) -> NDArray[np.int64]:
    """Return for each series the column from which on a step explains its days best; -1 where no day can be one.

    The days before the step have the baseline's rate p_0 (`chance`), those from it on their own, p_t = x / m of x fails among m.
    Taken is the t with the greatest gain in the binomial log likelihood over phi,

        gain(t) = [x ln(p_t / p_0) + (m - x) ln((1 - p_t) / (1 - p_0))] / phi

    the first of equal ones: the generalised likelihood ratio of a change from a known rate (Lorden 1971), whose sums from day t
    on are those that CUSUM compares. A day can be t if it has data, `least_days` days with data lie from it on, and p_t
    departs from p_0 towards `signs` (1 worse, -1 better). Of a slow change it is a day near its middle.
    """
    passes, fails, days = (_from_each_day_on(counts) for counts in (n - n_fail, n_fail, (n > 0).astype(np.float64)))
    p, p_0 = ratio(fails, passes + fails), chance[:, np.newaxis]
    gain = (xlogy(fails, p) + xlogy(passes, 1 - p) - xlogy(fails, p_0) - xlogy(passes, 1 - p_0)) / phi[:, np.newaxis]
    can_be = (n > 0) & (days >= least_days) & (np.sign(p - p_0) == signs[:, np.newaxis])
    ranked = np.where(can_be, gain, -np.inf)
    if not ranked.shape[1]:
        return np.full(len(n), -1, dtype=np.int64)
    return np.where(can_be.any(axis=1), ranked.argmax(axis=1), -1)


def _from_each_day_on(counts: Array) -> Array:
    return counts[:, ::-1].cumsum(axis=1)[:, ::-1]
