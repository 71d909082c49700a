"""Trends: how often a flat series is called worse, and after how many days one that gets worse is, with the code as shipped.

Many series are tested together each day, false discoveries controlled over the family, as in production. Not here: the
traffic (`direction_traffic.py`), the days one by one (`direction_watched.py`), what a turn is put down to.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.statistics.direction_traffic import BASELINE, YEAR, Kind, Series, traffic
from benchmarks.statistics.direction_watched import baseline_of, episodes, tested, watched
from benchmarks.statistics.findings import Finding, how_often
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.trends.levels import ALERT, WATCH, levels
from eval_pipeline.trends.policy import LONG, Level, TrendPolicy, load_trends
from eval_pipeline.trends.slope import turns

Array = NDArray[np.float64]

POLICY = load_trends(PROJECT_ROOT / "catalog" / "trends.yaml")

ROLL_UPS, DRILL_DOWNS = 50, 550
"""Series of the two families of a deployment."""

MOST_FALSE_ALERTS, MOST_DAYS_OF_RAMP, MOST_DAYS_OF_STEP = 0.1, 50, 8
"""What is promised: a flat series and year, and the median until an alert."""

LEAST_YEARS = 400
"""Series-years behind a promise of false alerts, however few replicates are asked for."""

QUIET, WATCHED = 28, 120
"""Days between baseline and change, and days after the change in which it may be found."""

SESSIONS, PASSES = 40, 0.92
"""Sessions a day, and the share of them that pass where it is not said otherwise."""


RAMP = 1 - PASSES + 0.04 * np.minimum((np.arange(WATCHED) + 1) / 14, 1)
STEP = np.full(WATCHED, 0.20)
"""True failure rates of the days after a change: 4 points worse in 14 days, 12 points at once."""


def _rule(z_7: float, z_28: float, q: float) -> TrendPolicy:
    return POLICY.model_copy(update={"alert": Level(z_7=z_7, z_28=z_28, q=q)})


RIVALS = {
    "as shipped": POLICY,
    "z 5.2 or 3.9, any q": _rule(5.2, 3.9, 0.9999),
    "z 5.2 or 3.9, q .02": _rule(5.2, 3.9, 0.02),
    "q .02, any z": _rule(0.01, 0.01, 0.02),
}
"""Rules for an alert that STATISTICS.md section 5 names, beside the one that is shipped."""


def direction(replicates: int, rng: np.random.Generator, is_short: bool = False) -> Iterator[Finding]:
    """Yield all findings: four series-years a replicate and regime, and a family with one series that changes a replicate.

    `is_short`: what is promised of `ROLL_UPS` series at 40 a day alone.
    """
    streams = iter(rng.spawn(9))
    years = max(LEAST_YEARS, 4 * replicates)
    failing = np.full(years, 1 - PASSES)
    yield from _flat("B: 40 a day, 8 % fail, days differ", failing, "B", next(streams), promised=True)
    yield from _changes(ROLL_UPS, replicates, next(streams), promised=True)
    if is_short:
        return
    yield from _mixed(years, next(streams))
    yield from _flat("A: days differ by chance alone", failing, "A", next(streams))
    yield from _flat("C: days differ in runs", failing, "C", next(streams))
    yield from _flat("B, a baseline of 30 days", failing, "B", next(streams), baseline=POLICY.least_baseline_days)
    yield from _flat("B, 2 % fail", np.full(years, 0.02), "B", next(streams))
    yield from _changes(DRILL_DOWNS, -(-replicates // 10), next(streams))
    yield from _rivals(replicates, next(streams))


def _rivals(replicates: int, rng: np.random.Generator) -> Iterator[Finding]:
    """Yield what other rules for an alert find in the same traffic as the shipped one: why it is as it is."""
    years = max(LEAST_YEARS, 4 * replicates)
    for failing in (1 - PASSES, 0.004):
        figures = tested(traffic(np.full((years, BASELINE + YEAR), failing), SESSIONS, "B", rng), ROLL_UPS, POLICY)
        for name, policy in RIVALS.items():
            regime = f"{name}: B, {100 * failing:.2g} % fail; {ROLL_UPS} together"
            yield how_often("false alerts a series and year", regime, episodes(levels(*figures, policy) == ALERT))
    ramps = [tested(_changed(RAMP, ROLL_UPS, rng), ROLL_UPS, POLICY) for _ in range(replicates)]
    for name, policy in RIVALS.items():
        is_alert = np.array([levels(*figures, policy)[0, QUIET:] == ALERT for figures in ramps])
        regime = f"{name}: 92 to 88 % in 14 days; 1 of {ROLL_UPS} together"
        yield _median("days until an alert", regime, _delays(is_alert))


def _flat(
    regime: str,
    failing: Array,
    kind: Kind,
    rng: np.random.Generator,
    promised: bool = False,
    baseline: int = BASELINE,
) -> Iterator[Finding]:
    """Yield the findings of roll-ups at 40 sessions a day, a year each, that never change."""
    series = traffic(np.repeat(failing[:, np.newaxis], BASELINE + YEAR, axis=1), SESSIONS, kind, rng)
    found = watched(series.starting(BASELINE - baseline), ROLL_UPS, POLICY)
    yield from _false_ones(f"{regime}; {ROLL_UPS} together", found, promised)


def _mixed(years: int, rng: np.random.Generator) -> Iterator[Finding]:
    """Yield the findings of drill-downs: 3 to 200 sessions a day, 0.2 to 50 % failing, all of a deployment together."""
    n = DRILL_DOWNS * -(-years // DRILL_DOWNS)
    sessions = np.exp(rng.uniform(np.log(3), np.log(200), (n, 1)))
    failing = np.exp(rng.uniform(np.log(0.002), np.log(0.5), (n, 1)))
    series = traffic(np.repeat(failing, BASELINE + YEAR, axis=1), sessions, "B", rng)
    yield from _false_ones(
        f"B, 3 to 200 a day, 0.2 to 50 % fail; {DRILL_DOWNS} together", watched(series, DRILL_DOWNS, POLICY), True
    )


def _false_ones(regime: str, found: NDArray[np.int64], promised: bool) -> Iterator[Finding]:
    bound = {"at_most": MOST_FALSE_ALERTS} if promised else {}
    yield how_often("false alerts a series and year", regime, episodes(found == ALERT), **bound)
    yield how_often("false watches a series and year", regime, episodes(found >= WATCH))


def _changes(family: int, replicates: int, rng: np.random.Generator, promised: bool = False) -> Iterator[Finding]:
    """Yield when one series of `family` that gets worse is found, slowly or at once."""
    for what, failing, most in (
        ("92 to 88 % in 14 days", RAMP, MOST_DAYS_OF_RAMP),
        ("92 to 80 % at once", STEP, MOST_DAYS_OF_STEP),
    ):
        regime = f"{what}; 1 of {family} together"
        yield from _found_after(regime, failing, family, replicates, most if promised else None, rng)


def _found_after(
    regime: str, failing: Array, family: int, replicates: int, most: int | None, rng: np.random.Generator
) -> Iterator[Finding]:
    found, turned = [], []
    for _ in range(replicates):
        series = _changed(failing, family, rng)
        found.append(watched(series, family, POLICY)[0, QUIET:])
        turned.append(_turn(series))
    yield _median("days until an alert", regime, _delays(np.array(found) >= ALERT), most)
    yield _median("days until a watch", regime, _delays(np.array(found) >= WATCH))
    yield _median(
        "days from the change to its onset, asked 28 days after it", regime, np.array(turned, dtype=np.float64)
    )


def _changed(failing: Array, family: int, rng: np.random.Generator) -> Series:
    """Return `family` series of which the first fails as `failing` says from `QUIET` days after its baseline on."""
    rate = np.full((family, BASELINE + QUIET + WATCHED), 1 - PASSES)
    rate[0, BASELINE + QUIET :] = failing
    return traffic(rate, SESSIONS, "B", rng)


def _turn(series: Series) -> int:
    """Return the onset of the first series, in days after its change, as it is found four weeks after it."""
    base = baseline_of(Series(series.n[:1], series.n_fail[:1], series.baseline), POLICY)
    days = slice(BASELINE, BASELINE + QUIET + LONG)
    worse, least = np.ones(1), POLICY.onset_days
    [at] = turns(series.n[:1, days], series.n_fail[:1, days], base.chance, base.phi, worse, least)
    return int(at) - QUIET


def _delays(is_at: NDArray[np.bool_]) -> Array:
    """Return the day, from 1, on which each row is first True; infinite where none is."""
    return np.where(is_at.any(axis=1), is_at.argmax(axis=1) + 1.0, np.inf)


def _median(what: str, regime: str, values: Array, at_most: float | None = None) -> Finding:
    """Return the median with its standard error, from the order statistics one binomial sd (sqrt(n)/2) to either side."""
    half = 0.5 / len(values) ** 0.5
    low, high = np.quantile(values, [max(0.0, 0.5 - half), min(1.0, 0.5 + half)], method="nearest")
    error = float(high - low) / 2 if np.isfinite(high) else float("inf")
    return Finding(what, regime, len(values), float(np.median(values)), error, at_most=at_most)
