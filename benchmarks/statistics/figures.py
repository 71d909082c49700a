"""Figures that the project's methods were chosen by, found again with the code that is shipped: theirs, ours, the difference.

Where a figure was simulated, ours may differ by Monte Carlo error: three standard errors of both simulations together.
Not here: coverage in our own settings (`counted.py`, `compared.py`, `drawn.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.statistics.compared import of_agreement, of_flips
from benchmarks.statistics.counted import clusters_frame, of_categories, of_clusters
from benchmarks.statistics.findings import Finding, coverage
from eval_pipeline.calibration.estimators.rates import lower_bound, wilson

THEIR_REPLICATES = 2000
"""Theirs were of 600 to 8,000 replicates each."""

ERRORS = 3


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


def figures(replicates: int, rng: np.random.Generator) -> Iterator[Figure]:
    """Yield the figures, those that are simulated from `replicates` replicates."""
    yield from _wilson_figures()
    yield from _least_right_answers()
    yield from _cluster_figures(replicates, rng)
    yield from _category_figures(replicates, rng)
    yield from _agreement_figures(replicates, rng)
    yield from _flip_figures(replicates, rng)


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


def _cluster_figures(replicates: int, rng: np.random.Generator) -> Iterator[Figure]:
    for p, clusters, icc, theirs in ((0.8, 60, 0.2, 0.947), (0.8, 60, 0.5, 0.938), (0.95, 15, 0.5, 0.955)):
        yield simulated("n_eff", theirs, of_clusters(p, clusters, icc, replicates, rng))
    for icc, theirs in ((0.2, 0.887), (0.5, 0.790)):
        sums = clusters_frame(0.8, 60, icc, replicates, rng).groupby("replicate")["event"].agg(["sum", "count"])
        naive = coverage("Wilson as if independent", f"p = 0.8, 60 sessions of 3 verdicts, ICC {icc}",
                         np.full(replicates, 0.8), *wilson(sums["sum"], sums["count"]))  # fmt: skip
        yield simulated("naive", theirs, naive)


def _category_figures(replicates: int, rng: np.random.Generator) -> Iterator[Figure]:
    for mean, spread, theirs in ((5, 0.05, 0.982), (5, 0.15, 0.929), (15, 0.05, 0.972), (15, 0.15, 0.922)):
        yield simulated("", theirs, of_categories(mean, spread, replicates, rng))


def _agreement_figures(replicates: int, rng: np.random.Generator) -> Iterator[Figure]:
    for n, failing, theirs in (
        (50, 0.10, (0.943,)),
        (100, 0.10, (0.965, 0.939, 0.939)),
        (100, 0.30, (0.967, 0.949, 0.936)),
    ):
        for figure, found in zip(theirs, of_agreement(n, failing, replicates, rng), strict=True):
            yield simulated("", figure, found)


def _flip_figures(replicates: int, rng: np.random.Generator) -> Iterator[Figure]:
    for items, theirs in ((50, 0.937), (100, 0.956)):
        yield simulated("", theirs, of_flips(3 * 0.0365, items, replicates, rng))


def simulated(name: str, theirs: float, found: Finding) -> Figure:
    """Return the figure of a coverage that both simulated."""
    error = np.hypot(found.error, (theirs * (1 - theirs) / THEIR_REPLICATES) ** 0.5)
    what = f"coverage of {found.what}{', ' + name if name else ''}: {found.regime}"
    return Figure(what, theirs, found.value, float(ERRORS * error))
