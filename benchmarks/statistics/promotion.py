"""False promotion and power of the real gate (`calibration/gate.py`), at the shipped demands of `catalog/promotion.yaml`.

An author tries candidate after candidate, each as good as the last; a held-out set is looked at K times and then replaced by a
fresh one. Only what he may look at is simulated: counts. Errors of the candidates are independent, or fall on the same hard
sessions. Not here: the bounds by themselves (`counted.py`, `compared.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.statistics.findings import Finding, how_often
from eval_pipeline.calibration.estimators.rates import lower_bound
from eval_pipeline.calibration.estimators.stability import flip_rate
from eval_pipeline.calibration.gate import Bounded, Evidence, Figures, Flips, decide
from eval_pipeline.calibration.gate_policy import GatePolicy, load_gates
from eval_pipeline.calibration.gathering import FLIP_ALPHA
from eval_pipeline.judges.definition import load_judges

CATALOG = Path(__file__).parents[2] / "catalog"
CANDIDATES = 20
MOST_FALSE = 0.05
ANCHORS, REPEATS = 50, 3
SIZES = ((50, 100), (61, 122), (75, 150), (100, 200))
"""Failed and passed sessions of a held-out set; at 61 the steps of whole numbers are the worst for the floor of .75."""


@dataclass(frozen=True)
class Candidate:
    """What a candidate truly is. `flips`: chance that two of its answers differ; `is_alike`: errs where the others do."""

    name: str
    tpr: float
    tnr: float
    flips: float = 0.0
    is_alike: bool = False


def policy() -> GatePolicy:
    """Return the demands on a judge as they are shipped."""
    return load_gates(CATALOG / "promotion.yaml", load_judges(CATALOG / "judges")).default


def bad_candidates(demands: GatePolicy) -> Iterator[Candidate]:
    """Yield candidates 2 points under a floor: good at all else, and without fault at all else."""
    low_tpr, low_tnr = demands.tpr_floor - 0.02, demands.tnr_floor - 0.02
    yield Candidate("TPR 2 points under, TNR .95, flips 2 %", low_tpr, 0.95, 0.02)
    yield Candidate("the same, all err on the same sessions", low_tpr, 0.95, 0.02, is_alike=True)
    yield Candidate("TNR 2 points under, TPR .90, flips 2 %", 0.90, low_tnr, 0.02)
    yield Candidate("TPR 2 points under, else faultless", low_tpr, 1.0)
    yield Candidate("TNR 2 points under, else faultless", 1.0, low_tnr)


def promotion(replicates: int, rng: np.random.Generator, sets: Sequence[tuple[int, int]] = SIZES) -> Iterator[Finding]:
    """Yield how often bad candidates are promoted, any of 20 and any of those that see one set, and good ones."""
    demands = policy()
    bad = list(bad_candidates(demands))
    at_floor = Candidate("TPR at the floor, TNR .95, flips 2 %", demands.tpr_floor, 0.95, 0.02)
    good = [
        Candidate("TPR .95, TNR .97, flips 2 %", 0.95, 0.97, 0.02),
        Candidate("TPR .90, TNR .95, flips 2 %", 0.9, 0.95, 0.02),
    ]
    for sizes in sets:
        regime = f"{sizes[0]} failed and {sizes[1]} passed"
        for candidate in bad:
            promoted = _promoted(candidate, sizes, CANDIDATES, demands, replicates, rng)
            yield how_often(f"any of {CANDIDATES}: {candidate.name}", regime, promoted.any(axis=1), at_most=MOST_FALSE)
        for candidate in (bad[0], at_floor):
            promoted = _promoted(candidate, sizes, demands.looks, demands, replicates, rng)
            name = f"any of {demands.looks} on one set: {candidate.name}"
            yield how_often(name, regime, promoted.any(axis=1), at_most=MOST_FALSE)
        for candidate in good:
            promoted = _promoted(candidate, sizes, 1, demands, replicates, rng)
            yield how_often(f"one look, good: {candidate.name}", regime, promoted[:, 0])


def stability(replicates: int, rng: np.random.Generator) -> Iterator[Finding]:
    """Yield how often judges of different flip rates meet the gate's demand of stability alone."""
    demands = policy()
    for flips in (0.02, 0.05, 0.10):
        found = [flips_of(int(n), FLIP_ALPHA) for n in rng.binomial(ANCHORS, unstable_share(flips), replicates)]
        passes = [each.rate.bound is not None and each.rate.bound <= demands.most_flips for each in found]
        yield how_often(f"stable enough: flips {flips:.0%}", f"{ANCHORS} anchors x {REPEATS}", passes)


def _promoted(
    candidate: Candidate,
    sizes: tuple[int, int],
    n: int,
    demands: GatePolicy,
    replicates: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return who of `n` candidates is promoted (columns), in each replicate (rows)."""
    caught = right_answers(candidate.tpr, sizes[0], n, demands.looks, candidate.is_alike, replicates, rng)
    passed = right_answers(candidate.tnr, sizes[1], n, demands.looks, candidate.is_alike, replicates, rng)
    unstable = rng.binomial(ANCHORS, unstable_share(candidate.flips), caught.shape)
    decided = [
        _is_promoted(demands, sizes, *map(int, counts), seen)
        for counts, seen in zip(
            np.stack([caught, passed, unstable], axis=-1).reshape(-1, 3),
            np.tile(np.arange(n) % demands.looks, replicates).tolist(),
            strict=True,
        )
    ]
    return np.array(decided).reshape(caught.shape)


def right_answers(
    rate: float, size: int, n: int, looks: int, is_alike: bool, replicates: int, rng: np.random.Generator
) -> np.ndarray:
    """Return how many of `size` sessions each of `n` candidates gets right: a fresh set after each `looks` of them.

    Where all are `is_alike`, a session has a chance of its own to be got right, from Beta(rate, 1 - rate), in all looks.
    """
    if not is_alike:
        return rng.binomial(size, rate, (replicates, n))
    n_sets = -(-n // looks)
    chances = rng.beta(rate, 1 - rate, (replicates, n_sets, 1, size)).astype(np.float32)
    right = rng.random((replicates, n_sets, looks, size), dtype=np.float32) < chances
    return right.sum(axis=-1).reshape(replicates, -1)[:, :n]


def unstable_share(flips: float) -> float:
    """Return the share of sessions whose three answers are not all alike, where a flip rate of `flips` comes of sessions
    that are failed with any chance alike.

    Of these two answers differ with chance 1/3, and three are not all alike with chance 1 - E[u^3 + (1-u)^3] = 1/2.
    """
    return 3 * flips / 2


@cache
def flips_of(unstable: int, alpha: float) -> Flips:
    """Return the stability of a judge on anchors of which `unstable` got answers that are not all alike."""
    found = flip_rate([1] * unstable + [0] * (ANCHORS - unstable), [REPEATS] * ANCHORS)
    return Flips(Bounded(found.n_repeats, found.value, found.upper(alpha)), found.n_sessions)


@cache
def _is_promoted(
    demands: GatePolicy, sizes: tuple[int, int], caught: int, passed: int, unstable: int, looks_taken: int
) -> bool:
    """Return what the gate decides on these counts, all sessions drawn with the same probability."""
    n_fail, n_pass = sizes
    flips = flips_of(unstable, FLIP_ALPHA)
    figures = Figures(
        n_true_fail=caught,
        n_missed_fail=n_fail - caught,
        n_false_fail=n_pass - passed,
        n_true_pass=passed,
        n_error=0,
        n_not_applicable=0,
        tpr=_bounded(caught, n_fail, demands),
        tnr=_bounded(passed, n_pass, demands),
        is_weighted=False,
    )
    return decide(Evidence(n_fail, n_pass, looks_taken, flips=flips, figures=figures), demands).is_promoted


def _bounded(right: int, n: int, demands: GatePolicy) -> Bounded:
    return Bounded(n, right / n, lower_bound(right, n, demands.alpha_of_look))
