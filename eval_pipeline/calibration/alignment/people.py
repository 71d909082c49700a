"""Whether the product moved: the share of sessions that people fail, estimated for the traffic, now against before.

A queue that takes more of the doubtful sessions, or a judge that fails more, makes more failures among the labels though
the product is the same. So each sampling stratum counts with its weight in the traffic, and each surface with the same
share of both periods. Not here: a label's agreement with a judge (`fresh.py`).
"""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import pandas as pd

MIN_LABELS = 20
LABEL_Z = 3.0
"""Two-sided. A little over that of the agreement, as nothing but the labels' own scatter is in it, not that of days."""


@dataclass(frozen=True)
class FailShare:
    """Share of failures in one period: its variance, and the sessions it stands for, with their labels."""

    value: float
    variance: float
    traffic: float


@dataclass(frozen=True)
class LabelChange:
    """Shares of sessions that people fail, before and now, like with like, and z of the rise; None where too few labels."""

    before: float | None
    now: float | None
    z: float | None


NO_CHANGE_KNOWN = LabelChange(None, None, None)


def label_change(before: pd.DataFrame, now: pd.DataFrame) -> LabelChange:
    """Return how the share of failures changed; frames: `surface, stratum, weight, label`, one row a drawn session.

    `weight` is 1/probability, `label` pass, fail or null. Of a surface, with W the summed weights of its strata, as shares
    of their sum T, and x failures among n labels: theta = sum W x/n over the strata with labels (Cochran 1977, chapter 5A;
    two phases, chapter 12), variance = sum W^2 r (1 - r) / n + sum W (r - theta)^2 / T with r = (x + .5) / (n + 1), so that a
    stratum without a failure has one too. Surfaces with labels in both periods are put together with their share of
    both periods' traffic; z = (now - before) / sqrt(sum share^2 (variance now + before)). None under `MIN_LABELS` of
    either period.
    """
    if min(before["label"].notna().sum(), now["label"].notna().sum()) < MIN_LABELS:
        return NO_CHANGE_KNOWN
    old, new = _by_surface(before), _by_surface(now)
    shared = sorted(old.keys() & new.keys())
    total = sum(old[name].traffic + new[name].traffic for name in shared)
    if not shared or not total:
        return NO_CHANGE_KNOWN
    shares = {name: (old[name].traffic + new[name].traffic) / total for name in shared}
    values = [sum(shares[name] * of[name].value for name in shared) for of in (old, new)]
    variance = sum(shares[name] ** 2 * (old[name].variance + new[name].variance) for name in shared)
    return LabelChange(values[0], values[1], (values[1] - values[0]) / sqrt(variance))


def _by_surface(drawn: pd.DataFrame) -> dict[str, FailShare]:
    """Return the share of failures of each surface that has labels."""
    found = {}
    for surface, rows in drawn.groupby("surface", sort=True):
        strata = rows.groupby("stratum")
        n = strata["label"].count()
        x = (rows["label"] == "fail").groupby(rows["stratum"]).sum()
        weight = strata["weight"].sum()
        is_labelled = n > 0
        if is_labelled.any():
            found[str(surface)] = _share(x[is_labelled], n[is_labelled], weight[is_labelled])
    return found


def _share(x: "pd.Series[Any]", n: "pd.Series[Any]", weight: "pd.Series[Any]") -> FailShare:
    traffic = float(weight.sum())
    share, smoothed = weight / traffic, (x + 0.5) / (n + 1)
    value = float((share * x / n).sum())
    of_labels = (share**2 * smoothed * (1 - smoothed) / n).sum()
    of_strata = (share * (smoothed - (share * smoothed).sum()) ** 2).sum() / traffic
    return FailShare(value, float(of_labels + of_strata), traffic)
