"""Shares of many series at once. Not here: what is shared out."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def ratio(above: Array, below: Array) -> Array:
    """Return above / below, NaN where `below` is 0 or NaN."""
    shares: Array = np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below > 0)
    return shares
