"""Rates of verdicts of which several come from one session: Wilson's interval on the effective number of verdicts.

Verdicts of one session resemble each other, so they say less than as many sessions would: taken as independent, the
95 % interval covers .79 to .89. Not here: one verdict a session (`rates.py`), unequal probabilities (`weighted.py`).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from eval_pipeline.calibration.estimators.rates import Rate, wilson
from eval_pipeline.calibration.estimators.student import t_quantile

Array = NDArray[np.float64]

_TWO_SIDED = 0.975


def effective_n(x: ArrayLike, m: ArrayLike) -> float:
    """Return how many independent trials those of the clusters are worth: `x` events among `m` trials in each.

    With n = sum of m, p = sum of x / n and G clusters, the variance of p by linearisation is v = G/(G-1) sum of
    (x_g - p m_g)^2 / n^2, the design effect v / (p(1-p)/n) (Kish 1965), and

        effective n = n / max(1, design effect) * (t_(n-1) / t_(G-1))^2

    with t the .975 quantiles of Student, since v is estimated from G clusters (Korn and Graubard 1998). Where all trials
    are events, or none is, v says nothing and G takes the place of n / design effect. Clusters of one trial each are
    independent trials: n. One cluster is worth one trial, however many it holds; no trials are 0.

    Raises `ValueError` unless 0 <= x <= m everywhere.
    """
    events, trials = (np.atleast_1d(np.asarray(values, dtype=float)) for values in (x, m))
    if not ((events >= 0) & (events <= trials)).all():
        raise ValueError("effective_n needs 0 <= x <= m in every cluster")
    used = trials > 0
    if not used.any():
        return 0.0
    return float(_effective(events[used], trials[used], np.zeros(int(used.sum()), dtype=np.int64), 1)[0])


def clustered_rate(x: ArrayLike, m: ArrayLike, min_n: int = 1) -> Rate:
    """Return the rate of events among the trials of all clusters: Wilson's interval at `effective_n`.

    `Rate.n` is the raw number of trials; under `min_n` there are no figures. Raises what `effective_n` raises.
    """
    worth = effective_n(x, m)
    events, n = (float(np.sum(np.asarray(values, dtype=float))) for values in (x, m))
    if n < max(1, min_n):
        return Rate(int(n), None, None, None)
    low, high = _interval(np.array([events]), np.array([n]), np.array([worth]))
    return Rate(int(n), events / n, float(low[0]), float(high[0]))


def clustered_rates(frame: pd.DataFrame, by: Sequence[str], cluster: str, event: str) -> pd.DataFrame:
    """Return the `clustered_rate` of each group of `frame`, one row a trial.

    `by`: the columns of a group, `cluster`: the column of the cluster, `event`: 1 or true where the trial is an event,
    else 0. Columns of the answer: those of `by`, `n` trials, `x` events, `n_clusters`, `n_effective`, and the rate
    `value` with its 95 % interval `low` to `high`, by group. A cluster may have trials in several groups.

    Raises `ValueError` where an event or a cluster is missing.
    """
    if frame[[cluster, event]].isna().to_numpy().any():
        raise ValueError(f"every row needs its {cluster} and its {event}")
    groups = frame.groupby(list(by), sort=True, dropna=False, observed=True)
    names = groups.size().index.to_frame(index=False)
    number_of, clusters = pd.factorize(frame[cluster])
    n_clusters = max(1, len(clusters))
    place, pairs = pd.factorize(groups.ngroup().to_numpy(dtype=np.int64) * n_clusters + number_of)
    happened = frame[event].to_numpy(dtype=float)
    events, trials = (_summed(place, values, len(pairs)) for values in (happened, np.ones(len(frame))))
    group = pairs // n_clusters
    x, n = (_summed(group, values, len(names)) for values in (events, trials))
    worth = _effective(events, trials, group, len(names))
    low, high = _interval(x, n, worth)
    return names.assign(
        n=n.astype(int),
        x=x.astype(int),
        n_clusters=np.bincount(group, minlength=len(names)),
        n_effective=worth,
        value=x / n,
        low=low,
        high=high,
    )


def _effective(x: Array, m: Array, group: NDArray[np.int64], n_groups: int) -> Array:
    """Return the effective n of each group; `group` numbers that of each cluster, and each cluster has trials."""
    n, events = _summed(group, m, n_groups), _summed(group, x, n_groups)
    n_clusters = np.bincount(group, minlength=n_groups)
    p = events / n
    squares = _summed(group, (x - p[group] * m) ** 2, n_groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = n_clusters / (n_clusters - 1) * squares / n**2
        worth = n / np.maximum(1, variance / (p * (1 - p) / n))
    worth = np.where((events == 0) | (events == n), n_clusters, worth)
    worth = np.where(n_clusters == n, n, worth * _as_estimated(n, n_clusters))
    alone: Array = np.where(n_clusters == 1, 1.0, worth)
    return alone


def _summed(group: NDArray[np.int64], values: Array, n_groups: int) -> Array:
    return np.bincount(group, values, n_groups).astype(float)


def _as_estimated(n: Array, n_clusters: NDArray[np.int64]) -> Array:
    """Return (t_(n-1) / t_(G-1))^2 of each group."""
    pairs = zip(n.astype(int).tolist(), n_clusters.tolist(), strict=True)
    ratios = [_t(trials - 1) / _t(clusters - 1) for trials, clusters in pairs]
    return np.array(ratios, dtype=float) ** 2


def _t(degrees: int) -> float:
    return t_quantile(_TWO_SIDED, max(1, degrees))


def _interval(x: Array, n: Array, worth: Array) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    # At the edges exactly, so that Wilson's own exact ends are found.
    scaled = np.where(x == n, worth, np.minimum(x / n * worth, worth))
    return wilson(scaled, worth)
