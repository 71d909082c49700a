"""How often a judge contradicts itself: the pairwise flip rate over repeats of the same sessions.

It does not depend on the number of repeats, as the share that differs from the majority does. More sessions say more
than more repeats. Not here: which sessions are asked anew, and what is neither pass nor fail (`anchors.py`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from eval_pipeline.calibration.estimators.rates import upper_bound, wilson


@dataclass(frozen=True)
class FlipRate:
    """The share of pairs of repeats of a session that disagree, with its 95 % interval.

    `n_sessions` with two repeats or more and `n_repeats` of them in all; `n_effective`: how many independent pairs they
    are worth. `value` and ends are None without such sessions.
    """

    n_sessions: int
    n_repeats: int
    n_effective: float
    value: float | None
    low: float | None
    high: float | None

    def upper(self, alpha: float) -> float | None:
        """Return the one-sided upper bound (Wilson on `n_effective`), None without a value."""
        return None if self.value is None else upper_bound(self.value * self.n_effective, self.n_effective, alpha)


def flip_rate(n_fail: ArrayLike, n_repeats: ArrayLike) -> FlipRate:
    """Return the flip rate: `n_fail` of `n_repeats` repeats of each session said fail, the others pass.

    With x_i fails among k_i repeats, phi_i = 2 x_i (k_i - x_i) / (k_i (k_i - 1)) is the share of pairs that disagree,
    unbiased for the probability that two runs on the session do; phi is its mean over the m sessions, s its standard
    error. The interval is Wilson's with effective n = phi (1 - phi) / s^2, m where s is 0, and no more than the pairs there
    are (STATISTICS.md section 1; coverage .93 to .96 there). Sessions with fewer than 2 repeats are left out.

    Raises `ValueError` unless 0 <= n_fail <= n_repeats everywhere.
    """
    fails, repeats = (np.asarray(values, dtype=float).ravel() for values in (n_fail, n_repeats))
    if not ((fails >= 0) & (fails <= repeats)).all():
        raise ValueError("flip_rate needs 0 <= n_fail <= n_repeats everywhere")
    x, k = fails[repeats >= 2], repeats[repeats >= 2]
    m = len(k)
    if not m:
        return FlipRate(0, 0, 0.0, None, None, None)
    n_pairs = k * (k - 1) / 2
    flips = x * (k - x) / n_pairs
    value = float(flips.mean())
    variance = float(flips.var(ddof=1)) / m if m > 1 else 0.0
    worth = min(value * (1 - value) / variance, float(n_pairs.sum())) if np.ptp(flips) else float(m)
    low, high = wilson(value * worth, worth)
    return FlipRate(m, int(k.sum()), worth, value, float(low), float(high))
