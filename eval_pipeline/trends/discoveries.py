"""False discoveries over many series: the q of each p, by Benjamini and Hochberg. Not here: how a p is made."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def q_values(p: ArrayLike) -> Array:
    """Return the q of each of the p values of one family, shape [m]; NaN stays NaN and counts for nothing.

    q_(i) = min over j >= i of p_(j) m / j, p in ascending order (Benjamini and Hochberg 1995): of all series with q <= a, a share
    of a at most is expected to be false. It also holds for series that move together (Benjamini and Yekutieli 2001).
    """
    from scipy.stats import false_discovery_control  # a second to import: where it is needed alone

    values = np.asarray(p, dtype=np.float64)
    found = np.full(values.shape, np.nan)
    tested = np.isfinite(values)
    if tested.any():
        found[tested] = false_discovery_control(values[tested], method="bh")
    return found
