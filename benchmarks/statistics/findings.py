"""What a simulation finds: how often an interval covered the truth, or how often something happened, against a promise.

Not here: the simulations themselves, the tables that are printed (`bench_statistics.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

PROMISED_COVERAGE = 0.93
"""Every interval that we print covers the truth at least this often, of 95 % that it is named for."""


@dataclass(frozen=True)
class Finding:
    """A share found in `n` replicates, with its Monte Carlo standard error and the bound that is promised of it.

    `width`: mean width of the intervals; `printed`: share of the replicates in which there was an interval at all; None
    where it has no meaning. A finding without a bound is there to be read.
    """

    what: str
    regime: str
    n: int
    value: float
    error: float
    width: float | None = None
    printed: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    def is_kept(self, slack: float = 0.0) -> bool:
        """Return whether the bound holds, `slack` Monte Carlo errors allowed. Without a single replicate it does not."""
        if self.n == 0:
            return False
        low, high = self.value - slack * self.error, self.value + slack * self.error
        return (self.at_least is None or high >= self.at_least) and (self.at_most is None or low <= self.at_most)


def coverage(
    what: str,
    regime: str,
    truth: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    at_least: float | None = PROMISED_COVERAGE,
) -> Finding:
    """Return how often `low` <= `truth` <= `high`, a row a replicate; NaN ends are of intervals that were not printed.

    Where a replicate has several intervals (columns), its share of them counts, as they are not independent: the error is
    that of the mean over replicates, sd / sqrt(n).
    """
    lows, highs = np.atleast_2d(_column(low)), np.atleast_2d(_column(high))
    truths = np.broadcast_to(_column(truth), lows.shape)
    is_printed = ~np.isnan(lows) & ~np.isnan(highs)
    hits = np.where(is_printed, (lows <= truths) & (truths <= highs), np.nan)
    has_any = is_printed.any(axis=1)
    shares = np.nanmean(hits[has_any], axis=1) if has_any.any() else np.empty(0)
    widths = (highs - lows)[is_printed & np.isfinite(lows) & np.isfinite(highs)]
    return Finding(
        what,
        regime,
        len(shares),
        *_mean_and_error(shares),
        width=float(widths.mean()) if len(widths) else None,
        printed=float(is_printed.mean()),
        at_least=at_least,
    )


def how_often(what: str, regime: str, happened: ArrayLike, **bounds: Any) -> Finding:
    """Return the share of the replicates in which something `happened`. `bounds`: at_least, at_most."""
    shares = np.asarray(happened, dtype=float)
    return Finding(what, regime, len(shares), *_mean_and_error(shares), **bounds)


def ends(rates: Sequence[Any]) -> tuple[Array, Array]:
    """Return the lower and the upper ends of anything with `low` and `high`, NaN where there is none."""
    return tuple(  # type: ignore[return-value]
        np.array([np.nan if (end := getattr(rate, name)) is None else end for rate in rates], dtype=float)
        for name in ("low", "high")
    )


def _column(values: ArrayLike) -> Array:
    array = np.asarray(values, dtype=float)
    return array[:, np.newaxis] if array.ndim == 1 else array


def _mean_and_error(shares: Array) -> tuple[float, float]:
    if not len(shares):
        return float("nan"), float("nan")
    # Where all replicates say the same, their spread says nothing of the error: one more that differs is taken as seen.
    spread = max(float(shares.std()), (1 / len(shares)) ** 0.5 * (1 - 1 / len(shares)) ** 0.5)
    return float(shares.mean()), spread / len(shares) ** 0.5
