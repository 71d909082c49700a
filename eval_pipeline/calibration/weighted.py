"""TPR and TNR of a predictor where labels were drawn with unequal probability: post-stratified over the sampling cells.

A cell is a stratum of the sampling design crossed with what the predictor said. How many sessions each cell holds is
known from the logs; within a cell the labels are a random sample. Weighting by the cells removes the verification
bias of labels that come mostly from flagged sessions (Begg and Greenes 1983). Positive is a FAILURE.
Not here: labels without a known probability (they enter no rate), the raw form (`report.py`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eval_pipeline.calibration.rates import MIN_FOR_RATE, Rate

Array = NDArray[np.float64]

_CELL = ["stratum", "prediction"]


@dataclass(frozen=True)
class WeightedRates:
    """Rates in the traffic. `n` is the labels of the class; all figures are null while a cell has no labels."""

    tpr: Rate
    tnr: Rate
    failure_rate: Rate
    unlabelled_cells: tuple[tuple[str, str], ...]


def weighted_rates(labels: pd.DataFrame, population: pd.DataFrame, draws: int = 4000, seed: int = 0) -> WeightedRates:
    """Return the rates in the traffic that `population` counts, from `labels` drawn stratum by stratum.

    `population`: `stratum, prediction, n`, one row per cell with n sessions in it. `labels`: `stratum, prediction,
    label`, one row per labelled session, labels pass or fail; predictions are pass or fail in both.

    With W_h the sessions of cell h, and p_h the share of failures among its labels,
    tpr = sum over fail cells of W_h p_h / sum of W_h p_h, tnr = sum over pass cells of W_h (1 - p_h) / sum of
    W_h (1 - p_h), failure rate = sum of W_h p_h / sum of W_h. The 95 % intervals are the quantiles of the same sums
    over `draws` samples of p_h ~ Beta(x_h + 1/2, n_h - x_h + 1/2) (Jeffreys). Under 10 labels of a class its rate
    is null. The same `seed` gives the same interval.

    Raises `ValueError` when a label stands in a cell that the population does not have, or there are more labels than
    sessions in it.
    """
    cells = population[population["n"] > 0].set_index(_CELL)["n"].sort_index()
    counts = _label_counts(labels, cells)
    n_fail, n_pass = int(counts["fail"].sum()), int(counts["pass"].sum())
    class_sizes = (n_fail, n_pass, n_fail + n_pass)
    empty = tuple(cells.index[counts.sum(axis=1) == 0])
    if empty or not len(cells):
        tpr, tnr, failure_rate = (Rate(n, None, None, None) for n in class_sizes)
        return WeightedRates(tpr, tnr, failure_rate, empty)
    fails, passes = counts["fail"].to_numpy(dtype=float), counts["pass"].to_numpy(dtype=float)
    weights = cells.to_numpy(dtype=float)
    is_failed = (cells.index.get_level_values("prediction") == "fail").astype(float)
    point = _rates(weights, is_failed, (fails / (fails + passes))[np.newaxis])[:, 0]
    sampled = np.random.default_rng(seed).beta(fails + 0.5, passes + 0.5, size=(draws, len(weights)))
    low, high = np.quantile(_rates(weights, is_failed, sampled), [0.025, 0.975], axis=1)
    tpr, tnr, failure_rate = map(_rate, class_sizes, point.tolist(), low.tolist(), high.tolist())
    return WeightedRates(tpr, tnr, failure_rate, empty)


def _label_counts(labels: pd.DataFrame, cells: pd.Series) -> pd.DataFrame:
    """Return the labels of each cell that fail and pass, for every cell of the population."""
    counts = labels.groupby([*_CELL, "label"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=["fail", "pass"], fill_value=0)
    n_labels = counts.sum(axis=1)
    if not (n_labels <= cells.reindex(n_labels.index).fillna(0)).all():
        raise ValueError("a cell has more labels than sessions: population and labels do not belong together")
    return counts.reindex(cells.index, fill_value=0)


def _rate(n: int, point: float, low: float, high: float) -> Rate:
    return Rate(n, point, low, high) if n >= MIN_FOR_RATE else Rate(n, None, None, None)


def _rates(weights: Array, is_failed: Array, p: Array) -> Array:
    """Return tpr, tnr and failure rate (rows) for each row of cell-wise failure shares `p`; NaN where undefined."""
    failures, good = weights * p, weights * (1 - p)
    with np.errstate(divide="ignore", invalid="ignore"):
        tpr = (failures * is_failed).sum(axis=1) / failures.sum(axis=1)
        tnr = (good * (1 - is_failed)).sum(axis=1) / good.sum(axis=1)
    return np.stack([tpr, tnr, failures.sum(axis=1) / weights.sum()])
