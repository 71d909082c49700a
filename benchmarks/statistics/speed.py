"""Rates and intervals of a million verdict-label pairs in 200 groups, beside a plain groupby of the same frame by pandas."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from eval_pipeline.calibration.estimators.categories import shrunk_rates
from eval_pipeline.calibration.estimators.clustered import clustered_rates

PAIRS, GROUPS = 1_000_000, 200
MOST_SECONDS = 5.0
ROUNDS = 3


@dataclass(frozen=True)
class Speed:
    """Seconds, the fastest of `ROUNDS` rounds: ours, and of the peer on the same frame in the same run."""

    pairs: int
    rates: float
    shrunk: float
    groupby: float

    @property
    def ours(self) -> float:
        """Clustered rates and shrunk rates together."""
        return self.rates + self.shrunk

    @property
    def is_kept(self) -> bool:
        """Whether it is as fast as promised."""
        return self.ours < MOST_SECONDS


def speed(pairs: int, rng: np.random.Generator) -> Speed:
    """Return how long the catch rate and the TNR of `GROUPS` groups take, of `pairs` pairs, three of each session."""
    session = rng.permutation(pairs) // 3
    label = np.where(rng.random(pairs // 3 + 1) < 0.1, "fail", "pass")[session]
    frame = pd.DataFrame(
        {"group": session % GROUPS, "session": session, "label": label, "is_right": rng.random(pairs) < 0.9}
    )
    by = ["group", "label"]
    found = clustered_rates(frame, by, "session", "is_right")
    fails = found[found["label"] == "fail"]
    return Speed(
        pairs,
        rates=_seconds(lambda: clustered_rates(frame, by, "session", "is_right")),
        shrunk=_seconds(lambda: shrunk_rates(fails["x"], fails["n"])),
        groupby=_seconds(lambda: frame.groupby(by)["is_right"].agg(["sum", "count"])),
    )


def _seconds(work: Callable[[], Any]) -> float:
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)
