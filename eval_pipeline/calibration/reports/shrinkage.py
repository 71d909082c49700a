"""Rates of single categories and surfaces, drawn towards the others of the same subject and label set.

A category has few labels: a rate of 2 in 2 is no 100 %. The raw counts stand beside.
Not here: the model (`estimators/categories.py`).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eval_pipeline.calibration.estimators.categories import shrunk_rates
from eval_pipeline.calibration.reports.rows import ALL, FROM

SHRUNK = [f"{name}_shrunk{end}" for name in ("tpr", "tnr") for end in ("", "_low", "_high")]
_CELLS = {"tpr": ("n_true_fail", "n_missed_fail"), "tnr": ("n_true_pass", "n_false_fail")}
_DECIMALS = 6
"""Figures are rounded, so that they do not depend on the machine's last bit."""


def with_shrunk(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` (of `counted`) with the columns `SHRUNK`: tpr of each category, tpr and tnr of each surface.

    Shrunk over the categories, or the surfaces, of one subject, version, origin and label set that have a label of the
    class; null for a single one, which there is nothing to draw towards, and for rows over all.
    """
    is_category = (frame["category"] != ALL) & (frame["surface"] == ALL)
    is_surface = (frame["category"] == ALL) & (frame["surface"] != ALL)
    found = {name: np.full((len(frame), 3), np.nan) for name in _CELLS}
    for name, is_part in (("tpr", is_category), ("tpr", is_surface), ("tnr", is_surface)):
        right, wrong = (frame[cell].to_numpy(dtype="int64") for cell in _CELLS[name])
        places = np.flatnonzero(is_part.to_numpy(dtype=bool) & (right + wrong > 0))
        for at in frame.iloc[places].groupby(FROM).indices.values():
            rows = places[at]
            if len(rows) > 1:
                found[name][rows] = _shrunk(right[rows], (right + wrong)[rows])
    return frame.assign(**dict(zip(SHRUNK, np.hstack([found["tpr"], found["tnr"]]).T, strict=True)))


def _shrunk(x: NDArray[np.int64], n: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return value, low and high of each part, a row a part."""
    found = shrunk_rates(x, n)
    return np.stack([found.value, found.low, found.high], axis=1).round(_DECIMALS)
