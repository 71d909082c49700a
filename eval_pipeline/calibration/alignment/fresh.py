"""Agreement with people on labels fresher than the baseline, and whether it fell.

Labels count as they were drawn, without weights, as those of the baseline do: the agreement is that of the queue. An error
or `not_applicable` is neither agreement nor disagreement. Not here: which labels are read (`reading.py`), what moved.
"""

import datetime as dt
from dataclasses import dataclass
from math import sqrt

import pandas as pd

from eval_pipeline.calibration.estimators.rates import Rate, rate

MOST_FRESH = 100
"""Only the newest labels count: older ones would hide a fall behind the time before it."""

WINDOW_DAYS = 28
MIN_LABELS = 20
"""Under this many, fresh within `WINDOW_DAYS` or in the baseline, nothing is concluded."""

FALL_Z = 2.5
"""One-sided. About one false alarm per judge in ten years of weekly checks over the last hundred labels."""


@dataclass(frozen=True)
class Agreement:
    """Agreement on fresh labels (`now`) and in the baseline; `z` of its fall is None where either is too small."""

    now: Rate
    n_agree: int
    n_recent: int
    baseline: Rate
    n_baseline_agree: int
    z: float | None


def fall_z(x_before: int, n_before: int, x_now: int, n_now: int) -> float:
    """Return z of the fall of a share from x_before/n_before to x_now/n_now; positive is a fall.

    z = (a0 - a) / sqrt(pool (1 - pool) (1/n0 + 1/n)), pool = (x0 + x) / (n0 + n): the pooled two-sample test of
    proportions (STATISTICS.md section 6). It is 0 when all agree or none does. Both n must be positive.
    """
    pool = (x_before + x_now) / (n_before + n_now)
    spread = sqrt(pool * (1 - pool) * (1 / n_before + 1 / n_now))
    return (x_before / n_before - x_now / n_now) / spread if spread else 0.0


def agreement(
    day: dt.date, since: dt.date | None, answered: pd.DataFrame, n_baseline: int, n_baseline_agree: int
) -> Agreement:
    """Return the agreement on the last `MOST_FRESH` labels of sessions later than `since` and no later than `day`.

    `answered`: `session_id, session_day, is_right`, one row a blind label with a pass or fail prediction. `since` None:
    there is no baseline yet, so no label is fresh.
    """
    days = answered["session_day"]
    is_fresh = (days > since) & (days <= day) if since is not None else days != days
    fresh = answered[is_fresh].sort_values(["session_day", "session_id"]).tail(MOST_FRESH)
    n_agree, n_fresh = int(fresh["is_right"].sum()), len(fresh)
    n_recent = int((fresh["session_day"] > day - dt.timedelta(days=WINDOW_DAYS)).sum())
    is_measured = min(n_recent, n_baseline) >= MIN_LABELS
    z = fall_z(n_baseline_agree, n_baseline, n_agree, n_fresh) if is_measured else None
    return Agreement(rate(n_agree, n_fresh), n_agree, n_recent, rate(n_baseline_agree, n_baseline), n_baseline_agree, z)
