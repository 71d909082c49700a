"""Coverage of the rates that are counted as they stand: plain, clustered, of categories, and balanced accuracy.

Not here: labels drawn with unequal probability (`drawn.py`), agreement and comparisons (`compared.py`).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmarks.statistics.findings import Finding, coverage, ends
from eval_pipeline.calibration.estimators.balanced import balanced_accuracy
from eval_pipeline.calibration.estimators.categories import shrunk_rates
from eval_pipeline.calibration.estimators.clustered import clustered_rates
from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE, Rate, lower_bound, rate, wilson

GATE_ALPHA = 0.05 / 3
"""Of one look, where a held-out set allows three."""

CHEAP, QUICK = 20, 3
"""What is vectorised, and what is quick, is simulated this many times as often as what the queue draws."""


def counted_coverage(replicates: int, rng: np.random.Generator) -> Iterator[Finding]:
    """Yield the coverage of every interval of counted rates, at least `replicates` times each."""
    for n in (MIN_FOR_RATE, 20, 30, 50, 100, 200):
        yield of_rate(n, CHEAP * replicates, rng)
    for n in (30, 50, 100):
        yield of_lower_bound(n, CHEAP * replicates, rng)
    for p, clusters, icc in ((0.8, 60, 0.2), (0.8, 60, 0.5), (0.95, 15, 0.5), (0.9, 30, 0.3)):
        yield of_clusters(p, clusters, icc, CHEAP * replicates, rng)
    for mean_labels in (5, 15):
        for spread in (0.05, 0.15):
            yield of_categories(mean_labels, spread, replicates, rng)
    for n_fail, n_pass in ((10, 40), (30, 70), (50, 100)):
        yield of_balanced(n_fail, n_pass, CHEAP * replicates, rng)


def of_rate(n: int, replicates: int, rng: np.random.Generator) -> Finding:
    """Return the coverage of Wilson's interval, averaged over true rates from .60 to .99 as STATISTICS.md does."""
    truth = rng.uniform(0.60, 0.99, replicates)
    return coverage("rate", f"n = {n}, p from .60 to .99", truth, *wilson(rng.binomial(n, truth), n))


def of_lower_bound(n: int, replicates: int, rng: np.random.Generator) -> Finding:
    """Return how often the gate's one-sided bound lies under the truth, at its own confidence of 1 - .05/3."""
    truth = rng.uniform(0.60, 0.99, replicates)
    events = rng.binomial(n, truth)
    bound_of = np.array([lower_bound(x, n, GATE_ALPHA) for x in range(n + 1)])
    regime = f"n = {n}, p from .60 to .99, one-sided at .05/3"
    return coverage("lower bound of a rate", regime, truth, bound_of[events], np.full(replicates, np.inf))


def clusters_frame(p: float, clusters: int, icc: float, replicates: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return verdicts of `clusters` sessions per replicate, 3 on average of each: `replicate, session, event`.

    Sessions have chances from Beta(p/icc - p, (1-p)/icc - (1-p)): two verdicts of a session correlate by `icc`.
    """
    n = replicates * clusters
    chance = rng.beta(p * (1 / icc - 1), (1 - p) * (1 / icc - 1), n)
    of_session = np.repeat(np.arange(n), 1 + rng.poisson(2, n))
    event = rng.random(len(of_session)) < chance[of_session]
    return pd.DataFrame({"replicate": of_session // clusters, "session": of_session, "event": event})


def of_clusters(p: float, clusters: int, icc: float, replicates: int, rng: np.random.Generator) -> Finding:
    """Return the coverage of Wilson's interval on the effective n, several verdicts a session."""
    found = clustered_rates(clusters_frame(p, clusters, icc, replicates, rng), ["replicate"], "session", "event")
    regime = f"p = {p}, {clusters} sessions of 3 verdicts, ICC {icc}"
    return coverage("clustered rate", regime, np.full(replicates, p), found["low"], found["high"])


def of_categories(mean_labels: int, spread: float, replicates: int, rng: np.random.Generator) -> Finding:
    """Return the coverage of the shrunk rates of 8 categories, whose true rates have sd `spread` around .80."""
    strength = 0.8 * 0.2 / spread**2 - 1
    truth = rng.beta(0.8 * strength, 0.2 * strength, (replicates, 8))
    n = np.maximum(1, rng.poisson(mean_labels, (replicates, 8)))
    x = rng.binomial(n, truth)
    found = [shrunk_rates(events, trials) for events, trials in zip(x, n, strict=True)]
    low, high = (np.array([getattr(each, name) for each in found]) for name in ("low", "high"))
    regime = f"8 categories of {mean_labels} labels, sd {spread}"
    return coverage("shrunk rate of a category", regime, truth, low, high)


def of_balanced(n_fail: int, n_pass: int, replicates: int, rng: np.random.Generator) -> Finding:
    """Return the coverage of balanced accuracy, averaged over true catch rates from .60 and TNR from .80 to .99."""
    tpr, tnr = rng.uniform(0.60, 0.99, replicates), rng.uniform(0.80, 0.99, replicates)
    caught, passed = rng.binomial(n_fail, tpr), rng.binomial(n_pass, tnr)
    rates_fail, rates_pass = _rates(n_fail), _rates(n_pass)
    found = [balanced_accuracy(rates_fail[x], rates_pass[y]) for x, y in zip(caught, passed, strict=True)]
    regime = f"{n_fail} failed and {n_pass} passed"
    return coverage("balanced accuracy", regime, (tpr + tnr) / 2, *ends(found))


def _rates(n: int) -> list[Rate]:
    return [rate(x, n) for x in range(n + 1)]
