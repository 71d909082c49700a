"""Many series watched day by day, all days at once, with the code that is shipped; and how alerts are counted.

An episode is counted as `trend_alerts` counts it: days at a level, gaps of up to a week bridged. That this finds what
`directions` finds day by day is tested (`tests/trends/test_directions_simulation.py`). Not here: any traffic.
"""

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from benchmarks.statistics.direction_traffic import Series
from eval_pipeline.trends.alerts import QUIET_DAYS
from eval_pipeline.trends.discoveries import q_values
from eval_pipeline.trends.levels import levels
from eval_pipeline.trends.overdispersion import Dispersed, dispersed
from eval_pipeline.trends.policy import LONG, SHORT, TrendPolicy
from eval_pipeline.trends.windows_tested import expected, p_of_both, tail_p, z_of

Array = NDArray[np.float64]


def watched(series: Series, family: int, policy: TrendPolicy) -> NDArray[np.int64]:
    """Return the level [series, days after the baseline] of each series on each day."""
    return levels(*tested(series, family, policy), policy)


def tested(series: Series, family: int, policy: TrendPolicy) -> tuple[Array, Array, Array]:
    """Return z of 7 days, z of 28 days and q, each [series, days after the baseline]; each `family` rows are a family."""
    base = _columns(baseline_of(series, policy))
    (z_7, p_7), (z_28, p_28) = (_window(series, length, base, policy) for length in (SHORT, LONG))
    p = p_of_both(p_7, p_28)
    q = np.empty_like(p)
    for first in range(0, len(p), family):
        for day in range(p.shape[1]):
            q[first : first + family, day] = q_values(p[first : first + family, day])
    return z_7, z_28, q


def _window(series: Series, length: int, base: Dispersed, policy: TrendPolicy) -> tuple[Array, Array]:
    """Return z and p of the window on each day after the baseline; NaN where it is not tested."""
    n, n_fail = (_sums(counts[:, series.baseline :], length) for counts in (series.n, series.n_fail))
    is_tested = np.minimum(*expected(n, n_fail, base)) >= policy.least_expected
    return tuple(np.where(is_tested, of(n, n_fail, base), np.nan) for of in (z_of, tail_p))  # type: ignore[return-value]


def _sums(counts: Array, length: int) -> Array:
    """Return the sums of the `length` columns that end with each, of fewer at first."""
    until = np.cumsum(counts, axis=1)
    return until - np.pad(until, ((0, 0), (length, 0)))[:, : until.shape[1]]


def baseline_of(series: Series, policy: TrendPolicy) -> Dispersed:
    """Return what the first `series.baseline` days say."""
    days = slice(0, series.baseline)
    return dispersed(series.n[:, days], series.n_fail[:, days], policy.blocks_above)


def _columns(base: Dispersed) -> Dispersed:
    """Return the baselines as columns, to be broadcast over days."""
    return Dispersed(*(getattr(base, field.name)[:, np.newaxis] for field in fields(base)))


def episodes(is_at: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many episodes each row has: days that are True with no other in the `QUIET_DAYS` before."""
    before = _sums(np.pad(is_at.astype(np.float64), ((0, 0), (1, 0)))[:, :-1], QUIET_DAYS)
    return np.asarray((is_at & (before == 0)).sum(axis=1))
