"""Rates and their intervals (Wilson), and from how many labels on they say anything.

Counts are taken as independent and drawn with equal probability; not here: labels drawn with unequal probability
(`weighted.py`), several verdicts per session (`clustered.py`), the report that carries the figures (`report.py`).
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

MIN_FOR_RATE = 10
"""Under this many labels of a class there are counts, and no rate."""

MIN_FOR_GATE = 30
"""Under this many labels of either class the figures decide nothing."""

Status = Literal["measured", "too_few_to_gate", "counts_only", "no_labels"]


def wilson(
    x: ArrayLike, n: ArrayLike, confidence: float = 0.95
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Return the lower and upper ends of Wilson's two-sided interval for `x` events among `n`, element by element.

    With p = x/n and z the (1 + confidence)/2 quantile of the normal distribution, the ends are centre -/+ half:
    centre = (p + z^2/2n) / (1 + z^2/n),  half = z / (1 + z^2/n) * sqrt(p(1-p)/n + z^2/4n^2)
    (Wilson 1927; recommended for small n by Brown, Cai and DasGupta 2001). `x` and `n` broadcast and may be
    fractional (an effective n). NaN where n is 0; exactly 0 at x = 0 and exactly 1 at x = n.

    Raises `ValueError` unless 0 <= x <= n and 0 < confidence < 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}")
    events, trials = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(n, dtype=float))
    if not ((events >= 0) & (events <= trials)).all():
        raise ValueError("wilson needs 0 <= x <= n everywhere")
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        p = events / trials
        centre = (events + z2 / 2) / (trials + z2)
        half = np.sqrt(z2) / (trials + z2) * np.sqrt(events * (1 - p) + z2 / 4)
    # The ends are exact at the edges; rounding would leave 1e-17 or 0.9999999.
    low = np.where(events == 0, 0.0, np.clip(centre - half, 0, 1))
    high = np.where(events == trials, 1.0, np.clip(centre + half, 0, 1))
    return np.where(trials == 0, np.nan, low), np.where(trials == 0, np.nan, high)


def lower_bound(x: float, n: float, alpha: float) -> float:
    """Return Wilson's one-sided lower bound for `x` events among `n`: above the true rate in a share `alpha` of samples.

    It is the lower end of `wilson` with z the 1 - alpha quantile, hence of confidence 1 - 2 alpha; 0 where n is 0, as
    nothing is ruled out. Raises `ValueError` unless 0 <= x <= n and 0 < alpha < 0.5.
    """
    return float(wilson(x, n, _two_sided(alpha))[0]) if n else 0.0


def upper_bound(x: float, n: float, alpha: float) -> float:
    """Return the one-sided upper bound, the counterpart of `lower_bound`; 1 where n is 0."""
    return float(wilson(x, n, _two_sided(alpha))[1]) if n else 1.0


def _two_sided(alpha: float) -> float:
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must be between 0 and 0.5, not {alpha}")
    return 1 - 2 * alpha


@dataclass(frozen=True)
class Rate:
    """A share with its 95 % Wilson interval; all three are None where there is too little data for one."""

    n: int
    value: float | None
    low: float | None
    high: float | None


def rate(x: int, n: int, min_n: int = 1) -> Rate:
    """Return the rate of `x` among `n`, without figures when n is under `min_n`."""
    if n < max(1, min_n):
        return Rate(n, None, None, None)
    low, high = wilson(x, n)
    return Rate(n, x / n, float(low), float(high))


def status_of(scarcer: int, n: int) -> Status:
    """Return the status for `scarcer` labels of the rarer class among `n` labels in all."""
    if n == 0:
        return "no_labels"
    if scarcer < MIN_FOR_RATE:
        return "counts_only"
    return "too_few_to_gate" if scarcer < MIN_FOR_GATE else "measured"
