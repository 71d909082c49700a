"""False discoveries over many series: the q of each p, by Benjamini and Hochberg. Not here: how a p is made."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def q_values(p: ArrayLike) -> Array:
    """Return the q of each of the p values of one family, shape [m]; NaN stays NaN and counts for nothing.

    q_(i) = min over j >= i of p_(j) m / j, p in ascending order (Benjamini and Hochberg 1995): of all series with q <= a, a share
    of a at most is expected to be false. It also holds for series that move together (Benjamini and Yekutieli 2001).
    """
    values = np.asarray(p, dtype=np.float64)
    found = np.full(values.shape, np.nan)
    (tested,) = np.nonzero(np.isfinite(values))
    order = tested[np.argsort(values[tested], kind="stable")]
    ranks = np.arange(1, len(order) + 1)
    found[order] = np.minimum.accumulate((values[order] * len(order) / ranks)[::-1])[::-1]
    capped: Array = np.minimum(found, 1.0)
    return capped
