"""Rates of a predictor in the traffic, from a sample drawn with unequal probability: weighted by the sampling design.

A cell is a stratum of the design crossed with what the predictor said. Every drawn session stands for 1/probability
sessions of the traffic, labelled or not; within a cell, the labelled of the drawn sessions stand for all of it.
Weighting by the cells removes the verification bias of labels that come mostly from flagged sessions (Begg and Greenes
1983), also where the predictor itself decides the stratum. Positive is a FAILURE.
Not here: which sessions and labels enter (`traffic.py`), what they say of a detector (`detection.py`), the raw form
(`report.py`).
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE, Rate

Array = NDArray[np.float64]
Cell = tuple[str, str]
"""A stratum and a prediction."""

_PRECISION = 3
"""Its place among the fields of `WeightedRates`."""

LEAST_PRIOR = 0.25
"""Under this the few labels of a small cell, all alike, would leave no doubt about it."""

MOST_MADE_UP = 0.03
"""What the made-up labels of `LEAST_PRIOR` may be of the real ones of a prediction, so that many cells do not outweigh them."""

_DECIMALS = 6
"""Figures are rounded, so that they do not depend on the machine's last bit."""


@dataclass(frozen=True)
class WeightedRates:
    """Rates in the traffic; `n` is the labels of the class, of `balanced` (the mean of tpr and tnr) of the scarcer class.

    A rate is null while a cell that it rests on has no labels: precision rests on the cells that the predictor fails,
    the others on all.
    """

    tpr: Rate
    tnr: Rate
    failure_rate: Rate
    precision: Rate
    balanced: Rate
    unlabelled_cells: tuple[Cell, ...]


def weighted_rates(
    drawn: pd.DataFrame,
    draws: int = 2000,
    seed: int = 0,
    *,
    ruled_out: Collection[Cell] = (),
    has_known_totals: bool = False,
) -> WeightedRates:
    """Return the rates in the traffic that `drawn` was drawn from.

    `drawn`: `stratum, prediction, weight, label`, one row per session that the design drew: prediction pass or fail,
    weight 1/probability, label pass or fail, null where there is none. `ruled_out`: cells that cannot hold a session,
    which matters where none was drawn of them. `has_known_totals`: `drawn` is all that was drawn of its strata, so
    their weights sum to the sessions that the log counts; false where it is part of them, as one label set is.

    With W_h the weights of cell h, and p_h the weighted share of failures among its labels,
    tpr = sum over fail cells of W_h p_h / sum of W_h p_h, tnr = sum over pass cells of W_h (1 - p_h) / sum of
    W_h (1 - p_h), failure rate = sum of W_h p_h / sum of W_h, precision = the same over fail cells alone,
    balanced accuracy = (tpr + tnr) / 2. Where all are labelled these are the Horvitz-Thompson ratios. The 95 % intervals are the quantiles of the same sums over `draws`
    samples of p_h ~ Beta(x_h + a_h, m_h - x_h + a_h), m_h the effective number of labels (Kish) and x_h = p_h m_h, and
    of W_h ~ W_h/n_h Gamma(n_h + a_h), n_h the drawn sessions: how many sessions a cell holds is itself estimated. Known
    totals scale these W_h to the sum of their stratum, so that equal weights make its split Dirichlet(n_h + a_h), and a
    stratum of one cell has no split. A cell of which none was drawn (n_h = 0) may still exist, unless it is ruled out,
    and goes by the mean weight of its stratum. The a_h are Jeffreys' 1/2, for each prediction shared out over its cells
    by the weight of their strata: 1/2 in every one of many small cells would outweigh the labels and drag a high rate
    down. A labelled cell has at least 1/4, as long as these are no more than 3 % of the labels of its prediction: few
    labels of a small cell that are all alike leave doubt (simulated with 22 labels in 4 cells: precision covers .94, without
    it .88). The intervals contain the point. Under 10 labels of a class its rate is null. The same `seed` gives the same
    interval.
    """
    cells, sizes = _Cells.of(drawn, ruled_out), _class_sizes(drawn)
    empty = cells.unlabelled
    is_blank = [bool(empty)] * len(sizes)
    is_blank[_PRECISION] = any(said == "fail" for _, said in empty)
    has_figures = [n >= MIN_FOR_RATE and not blank for n, blank in zip(sizes, is_blank, strict=True)]
    ends = _with_intervals(cells, draws, seed, has_known_totals).tolist() if any(has_figures) else [()] * len(sizes)
    rows = zip(sizes, has_figures, ends, strict=True)
    tpr, tnr, failure_rate, precision, balanced = (
        Rate(n, *row) if is_shown else Rate(n, None, None, None) for n, is_shown, row in rows
    )
    return WeightedRates(tpr, tnr, failure_rate, precision, balanced, empty)


def weighted_lower_bounds(
    drawn: pd.DataFrame,
    alpha: float,
    draws: int = 8000,
    seed: int = 0,
    *,
    ruled_out: Collection[Cell] = (),
    has_known_totals: bool = False,
) -> tuple[float | None, float | None]:
    """Return the one-sided lower bounds of tpr and tnr in the traffic: the `alpha` quantiles of the draws.

    The draws are those of `weighted_rates`, whose other arguments these are; a bound is at most the point, and None where
    the rate is. By default there are more draws, since few of them lie beyond so small a quantile. Raises `ValueError`
    unless 0 < alpha < 0.5.
    """
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must be between 0 and 0.5, not {alpha}")
    cells, (n_fail, n_pass, *_) = _Cells.of(drawn, ruled_out), _class_sizes(drawn)
    if cells.unlabelled or max(n_fail, n_pass) < MIN_FOR_RATE:
        return None, None
    low = np.quantile(_rates(*_sampled(cells, draws, seed, has_known_totals)), alpha, axis=1)
    tpr, tnr, *_ = np.fmin(low, _point(cells)).round(_DECIMALS).tolist()
    return tpr if n_fail >= MIN_FOR_RATE else None, tnr if n_pass >= MIN_FOR_RATE else None


def _class_sizes(drawn: pd.DataFrame) -> tuple[int, int, int, int, int]:
    """Return how many labels each rate of `WeightedRates` rests on, in the order of its fields."""
    label, prediction = (drawn[name].to_numpy(dtype=object) for name in ("label", "prediction"))
    is_labelled = drawn["label"].notna().to_numpy(dtype=bool)
    n, n_fail = int(is_labelled.sum()), int((label == "fail").sum())
    n_caught = int(((prediction == "fail") & is_labelled).sum())
    return n_fail, n - n_fail, n, n_caught, min(n_fail, n - n_fail)


@dataclass(frozen=True)
class _Cells:
    """Arrays, a place a cell: its drawn sessions, their weight, and of the labels the weight, its squares and that of
    failures. `stratum` numbers the strata. No frame: every predictor is measured for every day, and cells are few.
    """

    names: list[Cell]
    stratum: NDArray[np.int64]
    is_failed: Array
    n: Array
    weight: Array
    labelled: Array
    squares: Array
    failed: Array

    @classmethod
    def of(cls, drawn: pd.DataFrame, ruled_out: Collection[Cell]) -> "_Cells":
        """Return both cells of every stratum, but for those of `ruled_out` of which none was drawn."""
        place, strata = pd.factorize(drawn["stratum"].to_numpy(dtype=object), sort=True)
        at = 2 * place + (drawn["prediction"].to_numpy(dtype=object) == "pass")
        weight = drawn["weight"].to_numpy(dtype="float64")
        labelled = np.where(drawn["label"].notna().to_numpy(dtype=bool), weight, 0.0)
        failed = np.where(drawn["label"].to_numpy(dtype=object) == "fail", weight, 0.0)
        names = [(str(stratum), word) for stratum in strata for word in ("fail", "pass")]
        parts = (np.ones(len(at)), weight, labelled, labelled**2, failed)
        sums = [np.bincount(at, part, minlength=len(names)) for part in parts]
        kept = np.array([n > 0 or name not in ruled_out for n, name in zip(sums[0], names, strict=True)], dtype=bool)
        stratum = np.arange(len(names)) // 2
        is_failed = (np.arange(len(names)) % 2 == 0).astype(float)
        shown = [name for name, is_kept in zip(names, kept, strict=True) if is_kept]
        return cls(
            shown, np.unique(stratum[kept], return_inverse=True)[1], is_failed[kept], *(part[kept] for part in sums)
        )

    @property
    def share(self) -> Array:
        """The weighted share of failures among the labels of each cell, 0 where it has none."""
        share: Array = np.divide(self.failed, self.labelled, out=np.zeros(len(self.n)), where=self.labelled > 0)
        return share

    @property
    def unlabelled(self) -> tuple[Cell, ...]:
        """The cells of which sessions were drawn and none is labelled."""
        return tuple(self.names[i] for i in np.flatnonzero((self.n > 0) & (self.labelled == 0)))

    def of_stratum(self, values: Array) -> Array:
        """Return for each cell the sum of `values` over its stratum."""
        sums: Array = np.bincount(self.stratum, values).astype(float)
        return sums[self.stratum]


def _with_intervals(cells: _Cells, draws: int, seed: int, has_known_totals: bool) -> Array:
    """Return point, low and high of each rate of `_rates`, a row a rate."""
    point = _point(cells)
    low, high = np.quantile(_rates(*_sampled(cells, draws, seed, has_known_totals)), [0.025, 0.975], axis=1)
    return np.stack([point, np.fmin(low, point), np.fmax(high, point)], axis=1).round(_DECIMALS)


def _point(cells: _Cells) -> Array:
    """Return the rates of `_rates` by the weights themselves."""
    point: Array = _rates(cells.weight, cells.is_failed, cells.share[np.newaxis])[:, 0]
    return point


def _sampled(cells: _Cells, draws: int, seed: int, has_known_totals: bool) -> tuple[Array, Array, Array]:
    """Return what `_rates` takes, with `draws` samples of the weights and of the failure shares of the cells."""
    rng = np.random.default_rng(seed)
    share, n, weight, is_failed = cells.share, cells.n, cells.weight, cells.is_failed
    n_of_stratum, weight_of_stratum = cells.of_stratum(n), cells.of_stratum(weight)
    of_one = np.where(n > 0, weight / np.maximum(n, 1), weight_of_stratum / n_of_stratum)
    n_labels = np.divide(cells.labelled**2, cells.squares, out=np.zeros(len(n)), where=cells.squares > 0)
    prior = 0.5 * weight_of_stratum / _of_prediction(weight_of_stratum, is_failed)
    # Of a few cells each keeps some doubt, of many all together do: their made-up labels are at most a share of the real ones.
    is_labelled = (cells.labelled > 0).astype(float)
    spared = MOST_MADE_UP * _of_prediction(n_labels, is_failed) / np.maximum(1, _of_prediction(is_labelled, is_failed))
    prior = np.where(is_labelled > 0, np.maximum(prior, np.fmin(LEAST_PRIOR, spared)), prior)
    size = (draws, len(n))
    sizes = of_one * rng.gamma(n + prior, size=size)
    if has_known_totals:
        is_of_stratum = np.eye(int(cells.stratum.max()) + 1)[cells.stratum]
        sizes *= weight_of_stratum / (sizes @ is_of_stratum)[:, cells.stratum]
    # Rounding can leave the share a hair above 1.
    shares = rng.beta(share * n_labels + prior, np.maximum(1 - share, 0) * n_labels + prior, size=size)
    return sizes, is_failed, shares


def _of_prediction(values: Array, is_failed: Array) -> Array:
    """Return for each cell the sum of `values` over all cells of its prediction."""
    found: Array = np.where(is_failed > 0, values @ is_failed, values @ (1 - is_failed))
    return found


def _rates(weights: Array, is_failed: Array, p: Array) -> Array:
    """Return the rates of `WeightedRates` (rows, in its order) for each row of cell-wise weights and failure shares `p`.

    NaN where undefined.
    """
    failures, good = weights * p, weights * (1 - p)
    with np.errstate(divide="ignore", invalid="ignore"):
        caught, passed = (failures * is_failed).sum(axis=1), (good * (1 - is_failed)).sum(axis=1)
        tpr, tnr = caught / failures.sum(axis=1), passed / good.sum(axis=1)
        failure_rate = failures.sum(axis=1) / (failures + good).sum(axis=1)
        precision = caught / ((failures + good) * is_failed).sum(axis=1)
    return np.stack([tpr, tnr, failure_rate, precision, (tpr + tnr) / 2])
