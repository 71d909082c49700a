"""Figures that the project's methods were chosen by, found again with the code that is shipped: theirs, ours, the difference.

Where a figure was simulated, ours may differ by Monte Carlo error: three standard errors of both simulations together.
Not here: coverage in our own settings (`counted.py`, `compared.py`, `drawn.py`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.statistics.compared import of_flips
from benchmarks.statistics.counted import clusters_frame
from benchmarks.statistics.findings import Finding, coverage
from eval_pipeline.calibration.estimators.rates import lower_bound, wilson

THEIR_REPLICATES = 2000
"""Theirs were of 600 to 8,000 replicates each."""

ERRORS = 3

THEIRS = {
    ("clustered rate", "p = 0.8, 60 sessions of 3 verdicts, ICC 0.2"): 0.947,
    ("clustered rate", "p = 0.8, 60 sessions of 3 verdicts, ICC 0.5"): 0.938,
    ("clustered rate", "p = 0.95, 15 sessions of 3 verdicts, ICC 0.5"): 0.955,
    ("shrunk rate of a category", "8 categories of 5 labels, sd 0.05"): 0.982,
    ("shrunk rate of a category", "8 categories of 5 labels, sd 0.15"): 0.929,
    ("shrunk rate of a category", "8 categories of 15 labels, sd 0.05"): 0.972,
    ("shrunk rate of a category", "8 categories of 15 labels, sd 0.15"): 0.922,
    ("agreement, raw", "50 pairs, 10% failing"): 0.943,
    ("agreement, raw", "100 pairs, 10% failing"): 0.965,
    ("agreement, raw", "100 pairs, 30% failing"): 0.967,
    ("agreement, kappa", "100 pairs, 10% failing"): 0.939,
    ("agreement, kappa", "100 pairs, 30% failing"): 0.949,
    ("agreement, ac1", "100 pairs, 10% failing"): 0.939,
    ("agreement, ac1", "100 pairs, 30% failing"): 0.936,
}
"""Their coverage of intervals that we simulate as they did, by name and regime."""


@dataclass(frozen=True)
class Figure:
    """A figure: theirs, ours, and by how much they may differ, which is rounding where both are exact."""

    what: str
    theirs: float
    ours: float
    tolerance: float

    @property
    def is_kept(self) -> bool:
        """Whether ours is theirs."""
        return abs(self.ours - self.theirs) <= self.tolerance


def figures(coverages: Iterable[Finding], replicates: int, rng: np.random.Generator) -> Iterator[Figure]:
    """Yield the figures: of `coverages` those that stand in `THEIRS`, the others exact or from `replicates` replicates.

    Raises `KeyError` where `coverages` lacks one.
    """
    yield from _wilson_figures()
    yield from _least_right_answers()
    found = {(each.what, each.regime): each for each in coverages}
    for name, theirs in THEIRS.items():
        yield simulated(theirs, found[name])
    for icc, theirs in ((0.2, 0.887), (0.5, 0.790)):
        yield simulated(theirs, _as_if_independent(icc, replicates, rng))
    # Not its coverage: that hangs on whether six sessions of fifty are just within, and so on the last digit of .0365.
    for items, theirs in ((50, 0.093), (100, 0.062)):
        flips = of_flips(3 * 0.0365, items, replicates, rng)
        yield Figure(f"mean width of {flips.what}: {flips.regime}", theirs, flips.width or 0.0, 0.006)


def _wilson_figures() -> Iterator[Figure]:
    p = np.linspace(0.60, 0.99, 7801)
    for n, mean, least, width in ((5, 0.956, 0.835, 0.55), (10, 0.955, 0.835, 0.42), (20, 0.954, 0.896, 0.31),
                                  (50, 0.952, 0.895, 0.20), (200, 0.951, 0.935, 0.10)):  # fmt: skip
        x = np.arange(n + 1)
        low, high = wilson(x, n)
        chances = binomial(n, p)
        covered = (chances * ((low <= p[:, np.newaxis]) & (p[:, np.newaxis] <= high))).sum(axis=1)
        yield Figure(f"Wilson, n = {n}: mean coverage", mean, float(covered.mean()), 0.0015)
        yield Figure(f"Wilson, n = {n}: least coverage", least, float(covered.min()), 0.008)
        yield Figure(f"Wilson, n = {n}: mean width", width, float((chances * (high - low)).sum(axis=1).mean()), 0.006)


def binomial(n: int, p: np.ndarray) -> np.ndarray:
    """Return the chances of 0 to n events among n, a row for each of `p`."""
    x = np.arange(n + 1)
    steps = np.log(np.maximum(1, n - x + 1)) - np.log(np.maximum(1, x))
    logs = np.cumsum(np.where(x == 0, 0.0, steps))
    return np.asarray(np.exp(logs + x * np.log(p)[:, np.newaxis] + (n - x) * np.log1p(-p)[:, np.newaxis]))


def _least_right_answers() -> Iterator[Figure]:
    for n, theirs in ((50, 45), (100, 85)):
        least = next(x for x in range(n + 1) if lower_bound(x, n, 0.05 / 3) >= 0.75)
        yield Figure(f"gate: least caught of {n}", theirs, least, 0)


def _as_if_independent(icc: float, replicates: int, rng: np.random.Generator) -> Finding:
    sums = clusters_frame(0.8, 60, icc, replicates, rng).groupby("replicate")["event"].agg(["sum", "count"])
    regime = f"p = 0.8, 60 sessions of 3 verdicts, ICC {icc}"
    return coverage("Wilson as if independent", regime, 0.8, *wilson(sums["sum"], sums["count"]))


def simulated(theirs: float, found: Finding) -> Figure:
    """Return the figure of a coverage that both simulated."""
    error = np.hypot(found.error, (theirs * (1 - theirs) / THEIR_REPLICATES) ** 0.5)
    return Figure(f"coverage of {found.what}: {found.regime}", theirs, found.value, float(ERRORS * error))
