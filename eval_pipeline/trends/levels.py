"""What is made of the windows of a series: whether it is at watch or alert, and which window moved most.

Element by element over arrays. Not here: z and q (`windows_tested.py`, `discoveries.py`).
"""

import numpy as np
from numpy.typing import NDArray

from eval_pipeline.trends.policy import Level, TrendPolicy

Array = NDArray[np.float64]

NONE, WATCH, ALERT = 0, 1, 2
LEVEL_NAMES = np.array(["none", "watch", "alert"], dtype=object)


def levels(z_7: Array, z_28: Array, q: Array, policy: TrendPolicy) -> NDArray[np.int64]:
    """Return NONE, WATCH or ALERT of each.

    An alert passes the alert's thresholds upwards (worse) with the alert's q. What passes a threshold otherwise, and for the
    better whatever it passes, is at watch, where its q is that of watch.
    """
    is_alert = (farther(z_7, z_28, policy.alert) > 1) & (q <= policy.alert.q)
    is_watch = (np.abs(farther(z_7, z_28, policy.watch)) > 1) & (q <= policy.watch.q)
    return np.where(is_alert, ALERT, np.where(is_watch, WATCH, NONE))


def farther(z_7: Array, z_28: Array, level: Level) -> Array:
    """Return of both z, each divided by its threshold, the one farther from 0: beyond 1 or -1 it passed. NaN without any."""
    is_short = seven_moved_more(z_7, z_28, level)
    return np.where(is_short | np.isnan(z_28), z_7 / level.z_7, z_28 / level.z_28)


def seven_moved_more(z_7: Array, z_28: Array, level: Level) -> NDArray[np.bool_]:
    """Return whether the last 7 days moved more than the last 28, each by its own threshold."""
    short, long = (np.nan_to_num(np.abs(z) / limit) for z, limit in ((z_7, level.z_7), (z_28, level.z_28)))
    return np.asarray(short > long)
