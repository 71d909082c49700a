"""A window of days held against a baseline: its z, and the chance of a move as large if nothing had changed.

Element by element over arrays of any shape that broadcast with the baselines', such as [series]. Positive is worse: more
failures. Not here: false discoveries over many series (`discoveries.py`), what is made of a z (`levels.py`).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from eval_pipeline.trends.overdispersion import Dispersed
from eval_pipeline.trends.ratios import ratio

Array = NDArray[np.float64]


def expected(n: Array, n_fail: Array, base: Dispersed) -> tuple[Array, Array]:
    """Return how many failures and how many passes a window of `n_fail` fails of `n` lets expect if nothing had changed.

    The rate is that of window and baseline together, as in the expected counts of Pearson's test of a 2 x 2 table: a baseline
    without one failure lets expect some once the window is full of them. 0 without data.
    """
    share = np.nan_to_num(ratio(n_fail + base.n_fail, n + base.n))
    return n * share, n * (1 - share)


def z_of(n: Array, n_fail: Array, base: Dispersed) -> Array:
    """Return z = (p_w - p_0) / sqrt(p_0 (1 - p_0) phi (1/n_w + 1/n_0)) of windows (STATISTICS.md section 5); NaN without data.

    p_0 in the variance is `base.chance`.
    """
    spread = ratio(n + base.n, n * base.n)
    return ratio(ratio(n_fail, n) - base.rate, np.sqrt(base.chance * (1 - base.chance) * base.phi * spread))


def tail_p(n: Array, n_fail: Array, base: Dispersed) -> Array:
    """Return the two-sided p of a window by tails of the beta distribution; NaN without data.

    Given the fails of window and baseline together, those of the window are binomial with chance f = n_w / (n_w + n_0) if
    nothing had changed (two Poisson rates: Przyborowski and Wilenski 1940). Counts are divided by s = phi (1 - p), p of both
    together: by phi as days differ (quasi-likelihood), by 1 - p as fails are binomial, not Poisson. With a = x_w / s, b = x_0 / s
    and I the regularised incomplete beta function, more is I_f(a, b + 1), less is I_(1-f)(b, a + 1), and
    p = min(1, 2 min(more, less)). Where most fail, passes are counted in their place.

    Why not the normal tail of z: it is symmetric and takes p_0 as known, which says too much where fails are few. Of 40
    sessions a day with .4 % fails, z alone raises several times the false alerts (benchmarks/RESULTS.md).
    """
    both = n + base.n
    share = ratio(n_fail + base.n_fail, both)
    is_rare = share <= 0.5
    scale = base.phi * np.where(is_rare, 1 - share, share)
    a = ratio(np.where(is_rare, n_fail, n - n_fail), scale)
    b = ratio(np.where(is_rare, base.n_fail, base.n - base.n_fail), scale)
    f = ratio(n, both)
    p = np.minimum(1.0, 2 * np.minimum(_tail(a, b, f), _tail(b, a, 1 - f)))
    return np.where((n > 0) & (base.n > 0), p, np.nan)


def _tail(a: Array, b: Array, f: Array) -> Array:
    """Return I_f(a, b + 1): the chance of `a` or more of a + b, each with chance f; 1 where `a` is 0."""
    return np.where(a > 0, betainc(np.where(a > 0, a, 1.0), b + 1, f), 1.0)


def p_of_both(p_short: Array, p_long: Array) -> Array:
    """Return the p of two windows together: twice the smaller (Bonferroni), or the only one there is; NaN without any."""
    looks = np.isfinite(p_short).astype(np.float64) + np.isfinite(p_long)
    both: Array = np.minimum(1.0, np.fmin(p_short, p_long) * np.maximum(looks, 1.0))
    return both
