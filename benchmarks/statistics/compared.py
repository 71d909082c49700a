"""Coverage of what compares: two people, a judge with itself, a judge with the one in production, a score with the truth.

Not here: rates of one predictor (`counted.py`, `drawn.py`).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmarks.statistics.counted import QUICK
from benchmarks.statistics.findings import Finding, coverage, ends
from eval_pipeline.calibration.estimators.agreement import MIN_FOR_KAPPA, Pairs, ac1, agreement, kappa
from eval_pipeline.calibration.estimators.alpha import krippendorff_alpha
from eval_pipeline.calibration.estimators.auc import auc
from eval_pipeline.calibration.estimators.paired import PairedCounts, balanced_difference
from eval_pipeline.calibration.estimators.stability import flip_rate

SE, SP = 0.85, 0.97
"""Of each of two people who read with the same care: what they fail of the failures, and pass of the good."""


def compared_coverage(replicates: int, rng: np.random.Generator) -> Iterator[Finding]:
    """Yield the coverage of every interval of a comparison, `QUICK` times `replicates` each."""
    times = QUICK * replicates
    for n, failing in ((30, 0.10), (50, 0.10), (100, 0.10), (100, 0.30), (200, 0.10)):
        yield from of_agreement(n, failing, times, rng)
    for n, failing in ((100, 0.10), (100, 0.30)):
        yield of_alpha(n, failing, times, rng)
    for borderline, items in ((0.15, 50), (0.15, 100), (0.03, 50), (0.03, 100)):
        yield of_flips(borderline, items, times, rng)
    for n_fail, n_pass in ((30, 70), (50, 100), (100, 200)):
        yield of_difference(n_fail, n_pass, times, rng)
    for n_fail, n_pass in ((30, 30), (60, 80)):
        for is_graded in (True, False):
            yield of_auc(n_fail, n_pass, is_graded, times, rng)


def careful_people(failing: float) -> np.ndarray:
    """Return the chances of the four cells of `Pairs` of two people of `SE` and `SP`, independent given the truth."""
    of_failure = np.outer([SE, 1 - SE], [SE, 1 - SE]).ravel()
    of_good = np.outer([1 - SP, SP], [1 - SP, SP]).ravel()
    return np.asarray(failing * of_failure + (1 - failing) * of_good)


def of_agreement(n: int, failing: float, replicates: int, rng: np.random.Generator) -> Iterator[Finding]:
    """Yield the coverage of raw agreement, and from `MIN_FOR_KAPPA` pairs on of kappa and AC1."""
    chances = careful_people(failing)
    true = Pairs(*chances)
    found = [agreement(Pairs(*map(int, row))) for row in rng.multinomial(n, chances, replicates)]
    truths = {"raw": true.both_fail + true.both_pass, "kappa": kappa(true), "ac1": ac1(true)}
    for name, truth in truths.items():
        if name == "raw" or n >= MIN_FOR_KAPPA:
            regime = f"{n} pairs, {failing:.0%} failing"
            yield coverage(f"agreement, {name}", regime, truth, *ends([getattr(a, name) for a in found]))


def of_alpha(n: int, failing: float, replicates: int, rng: np.random.Generator) -> Finding:
    """Return the coverage of alpha over `n` sessions that two of three people read each, all three a fifth of them.

    Its truth is Scott's pi of two such people, which alpha comes to with many units (Krippendorff 2004).
    """
    truth = kappa(Pairs(*careful_people(failing)).either_way)
    found = [krippendorff_alpha(_answers(n, failing, rng)) for _ in range(replicates)]
    return coverage("alpha", f"{n} sessions, {failing:.0%} failing", truth, *ends(found))


def _answers(n: int, failing: float, rng: np.random.Generator) -> pd.DataFrame:
    fails = rng.random(n) < failing
    says = rng.random((n, 3)) < np.where(fails, SE, 1 - SP)[:, np.newaxis]
    is_read = np.ones((n, 3), dtype=bool)
    missing = np.arange(n)[rng.random(n) >= 0.2]
    is_read[missing, rng.integers(0, 3, len(missing))] = False
    unit, rater = np.nonzero(is_read)
    return pd.DataFrame({"unit": unit, "rater": rater, "value": np.where(says[unit, rater], "fail", "pass")})


def of_flips(borderline: float, items: int, replicates: int, rng: np.random.Generator, repeats: int = 3) -> Finding:
    """Return the coverage of the flip rate where a share of the sessions is `borderline`, failed with any chance alike.

    Of these two answers differ with chance E 2u(1-u) = 1/3, of all others never.
    """
    chance = np.where(rng.random((replicates, items)) < borderline, rng.random((replicates, items)), 0.0)
    n_fail = rng.binomial(repeats, chance)
    found = [flip_rate(row, np.full(items, repeats)) for row in n_fail]
    regime = f"{items} sessions x {repeats}, true flip rate {borderline / 3:.3f}"
    return coverage("flip rate", regime, borderline / 3, *ends(found))


def of_difference(n_fail: int, n_pass: int, replicates: int, rng: np.random.Generator) -> Finding:
    """Return how often the one-sided 95 % bound of the difference to production lies under the truth.

    A session is easy, so that both judges are right, or either is right with a chance of its own.
    """
    easy = 0.6
    chances = rng.uniform(0.5, 1.0, (replicates, 2, 2))
    counts = [
        [_paired(n, easy, *chances[i, side], rng) for side, n in enumerate((n_fail, n_pass))] for i in range(replicates)
    ]
    truth = (1 - easy) * (chances[:, :, 0] - chances[:, :, 1]).mean(axis=1)
    low = [balanced_difference(*pair).low for pair in counts]
    regime = f"{n_fail} failed and {n_pass} passed, one-sided at .05"
    return coverage("difference to production", regime, truth, low, np.full(replicates, np.inf))


def _paired(n: int, easy: float, new: float, old: float, rng: np.random.Generator) -> PairedCounts:
    hard = (1 - easy) * np.outer([new, 1 - new], [old, 1 - old]).ravel()
    return PairedCounts(*map(int, rng.multinomial(n, [hard[0] + easy, *hard[1:]])))


def of_auc(n_fail: int, n_pass: int, is_graded: bool, replicates: int, rng: np.random.Generator) -> Finding:
    """Return the coverage of AUC for normal scores, the failures' shifted by 1, and for marks that fire on .45 and .05."""
    if is_graded:
        fails, passes = rng.normal(1, 1, (replicates, n_fail)), rng.normal(0, 1, (replicates, n_pass))
        truth = 0.760250  # Phi(1 / sqrt 2)
    else:
        fails, passes = ((rng.random((replicates, n)) < p).astype(float) for n, p in ((n_fail, 0.45), (n_pass, 0.05)))
        truth = 0.5 + (0.45 - 0.05) / 2
    found = [auc(up, down) for up, down in zip(fails, passes, strict=True)]
    regime = f"{n_fail} failed and {n_pass} passed, {'graded' if is_graded else 'yes or no'}"
    return coverage("AUC", regime, truth, *ends(found))
