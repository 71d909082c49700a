"""TPR and TNR of a predictor in the traffic, from a sample drawn with unequal probability: weighted by the sampling design.

A cell is a stratum of the design crossed with what the predictor said. Every drawn session stands for 1/probability
sessions of the traffic, labelled or not; within a cell, the labelled of the drawn sessions stand for all of it.
Weighting by the cells removes the verification bias of labels that come mostly from flagged sessions (Begg and Greenes
1983), also where the predictor itself decides the stratum. Positive is a FAILURE.
Not here: which sessions and labels enter (`traffic.py`), the raw form (`report.py`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eval_pipeline.calibration.rates import MIN_FOR_RATE, Rate

Array = NDArray[np.float64]

_CELL = ["stratum", "prediction"]
_DECIMALS = 6
"""Figures are rounded, so that they do not depend on the machine's last bit."""


@dataclass(frozen=True)
class WeightedRates:
    """Rates in the traffic. `n` is the labels of the class; all figures are null while a cell has no labels."""

    tpr: Rate
    tnr: Rate
    failure_rate: Rate
    unlabelled_cells: tuple[tuple[str, str], ...]


def weighted_rates(drawn: pd.DataFrame, draws: int = 2000, seed: int = 0) -> WeightedRates:
    """Return the rates in the traffic that `drawn` was drawn from.

    `drawn`: `stratum, prediction, weight, label`, one row per session that the design drew: prediction pass or fail,
    weight 1/probability, label pass or fail, null where there is none.

    With W_h the weights of cell h, and p_h the weighted share of failures among its labels,
    tpr = sum over fail cells of W_h p_h / sum of W_h p_h, tnr = sum over pass cells of W_h (1 - p_h) / sum of
    W_h (1 - p_h), failure rate = sum of W_h p_h / sum of W_h. Where all are labelled these are the Horvitz-Thompson
    ratios. The 95 % intervals are the quantiles of the same sums over `draws` samples of
    p_h ~ Beta(x_h + a_h, m_h - x_h + a_h), m_h the effective number of labels (Kish) and x_h = p_h m_h, and of
    W_h ~ W_h/n_h Gamma(n_h + a_h), n_h the drawn sessions: how many sessions a cell holds is itself estimated. A cell
    of which none was drawn (n_h = 0) may still exist, and goes by the mean weight of its stratum. The a_h are Jeffreys'
    1/2, shared out over the strata by their weight: 1/2 in every one of many small cells would outweigh the labels and
    drag a high rate down. The intervals contain the point. Under 10 labels of a class its rate is null. The same `seed`
    gives the same interval.
    """
    cells = _cells(drawn)
    counts = drawn["label"].value_counts()
    n_fail, n_pass = int(counts.get("fail", 0)), int(counts.get("pass", 0))
    class_sizes = (n_fail, n_pass, n_fail + n_pass)
    empty = tuple(cells.index[(cells["n"] > 0) & (cells["labelled"] == 0)])
    if empty or max(class_sizes) < MIN_FOR_RATE:
        tpr, tnr, failure_rate = (Rate(n, None, None, None) for n in class_sizes)
        return WeightedRates(tpr, tnr, failure_rate, empty)
    weights, share = cells["weight"].to_numpy(), (cells["failed"] / cells["labelled"]).fillna(0).to_numpy()
    is_failed = (cells.index.get_level_values("prediction") == "fail").astype(float)
    point = _rates(weights, is_failed, share[np.newaxis])[:, 0]
    sampled = _rates(*_sampled(cells, is_failed, share, draws, seed))
    low, high = np.quantile(sampled, [0.025, 0.975], axis=1)
    ends = np.stack([point, np.fmin(low, point), np.fmax(high, point)], axis=1).round(_DECIMALS)
    tpr, tnr, failure_rate = (_rate(n, *row) for n, row in zip(class_sizes, ends.tolist(), strict=True))
    return WeightedRates(tpr, tnr, failure_rate, empty)


def _cells(drawn: pd.DataFrame) -> pd.DataFrame:
    """Return per cell its sessions, their weight, and of the labels the weight, its squares and that of failures.

    Every stratum has both cells.
    """
    weight = drawn["weight"].astype("float64")
    labelled = weight.where(drawn["label"].notna(), 0.0)
    failed = weight.where(drawn["label"] == "fail", 0.0)
    sums = drawn[_CELL].assign(n=1.0, weight=weight, labelled=labelled, squares=labelled**2, failed=failed)
    cells = sums.groupby(_CELL).sum()
    strata = cells.index.get_level_values("stratum").unique()
    return cells.reindex(pd.MultiIndex.from_product([strata, ["fail", "pass"]], names=_CELL), fill_value=0.0)


def _sampled(cells: pd.DataFrame, is_failed: Array, share: Array, draws: int, seed: int) -> tuple[Array, Array, Array]:
    """Return `draws` samples of the weights and of the failure shares of the cells, as `_rates` takes them."""
    rng = np.random.default_rng(seed)
    size = (draws, len(cells))
    of_stratum = cells[["n", "weight"]].groupby(level="stratum").transform("sum")
    of_one = (cells["weight"] / cells["n"]).fillna(of_stratum["weight"] / of_stratum["n"]).to_numpy()
    prior = 0.5 * of_stratum["weight"].to_numpy() / cells["weight"].sum()
    sizes = of_one * rng.gamma(cells["n"].to_numpy() + prior, size=size)
    n_labels = (cells["labelled"] ** 2 / cells["squares"]).fillna(0).to_numpy()
    # Rounding can leave the share a hair above 1.
    shares = rng.beta(share * n_labels + prior, np.maximum(1 - share, 0) * n_labels + prior, size=size)
    return sizes, is_failed, shares


def _rate(n: int, point: float, low: float, high: float) -> Rate:
    return Rate(n, point, low, high) if n >= MIN_FOR_RATE else Rate(n, None, None, None)


def _rates(weights: Array, is_failed: Array, p: Array) -> Array:
    """Return tpr, tnr and failure rate (rows) for each row of cell-wise weights and failure shares `p`; NaN where undefined."""
    failures, good = weights * p, weights * (1 - p)
    with np.errstate(divide="ignore", invalid="ignore"):
        tpr = (failures * is_failed).sum(axis=1) / failures.sum(axis=1)
        tnr = (good * (1 - is_failed)).sum(axis=1) / good.sum(axis=1)
    return np.stack([tpr, tnr, failures.sum(axis=1) / (failures + good).sum(axis=1)])
