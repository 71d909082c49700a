"""False promotion where the held-out labels were drawn by the review queue, with unequal probability: the gate's other road.

The candidate is new, so its verdicts decided nobody's stratum. Its catch rate differs between flagged and other failures, and
lies 2 points under the floor in the traffic; all who see one set see the same sessions and labels, which is what makes their
fates alike. Not here: labels drawn with equal probability (`promotion.py`), coverage of the bounds (`drawn.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import comb

import numpy as np
import pandas as pd

from benchmarks.statistics.findings import Finding, how_often
from benchmarks.statistics.promotion import ANCHORS, CANDIDATES, MOST_FALSE, flips_of, unstable_share
from benchmarks.statistics.traffic import Product
from eval_pipeline.calibration.evidence import figures_of, n_labels, unlabelled_cells
from eval_pipeline.calibration.gate import Evidence, decide
from eval_pipeline.calibration.gate_policy import GatePolicy
from eval_pipeline.calibration.gathering import FLIP_ALPHA

PER_SET = 4
"""Candidates that are tried on each set; any K of them are as likely as any other K to be those that the budget lets look."""

FLIPS, TNR = 0.02, 0.95


def drawn_promotion(
    sets: Sequence[pd.DataFrame], product: Product, demands: GatePolicy, rng: np.random.Generator
) -> Iterator[Finding]:
    """Yield how often the gate promotes candidates 2 points under the floor of the catch rate, and good ones.

    `sets`: held-out sets, as `evidence.held_out_items` gives them, with `fired`.
    """
    enough = [items for items in sets if _is_enough(items, demands)]
    n_fail, n_pass = np.mean([n_labels(items) for items in enough], axis=0) if enough else (0, 0)
    regime = f"drawn by the queue, on average {n_fail:.0f} failed and {n_pass:.0f} passed"

    def promoted(tpr: float, n: int) -> np.ndarray:
        return np.array([_n_promoted(items, tpr, n, product, demands, rng) for items in enough])

    bad, good = demands.tpr_floor - 0.02, 0.95
    # Of PER_SET candidates, the chance that any K of them hold one that is promoted.
    none = np.array([comb(PER_SET - n, demands.looks) for n in promoted(bad, PER_SET)]) / comb(PER_SET, demands.looks)
    name = f"{_name(bad)}, TNR .95, flips 2 %"
    on_one = how_often(f"any of {demands.looks} on one set: {name}", regime, 1 - none, at_most=MOST_FALSE)
    yield on_one
    yield _of_all(on_one, f"any of {CANDIDATES}: {name}", CANDIDATES / demands.looks)
    yield how_often(f"one look, good: {_name(good)}, TNR .95, flips 2 %", regime, promoted(good, 1))


def _of_all(on_one: Finding, what: str, n_sets: float) -> Finding:
    """Return the chance of any promotion on `n_sets` independent sets, each as `on_one`, with its error (delta method)."""
    none = 1 - on_one.value
    return replace(on_one, what=what, value=1 - none**n_sets, error=n_sets * none ** (n_sets - 1) * on_one.error)


def _is_enough(items: pd.DataFrame, demands: GatePolicy) -> bool:
    n_fail, n_pass = n_labels(items.drop(columns="prediction"))
    return n_fail >= demands.min_fail and n_pass >= demands.min_pass


def _name(tpr: float) -> str:
    return f"TPR {tpr:.2f}".replace("0.", ".")


def _n_promoted(
    items: pd.DataFrame, tpr: float, n: int, product: Product, demands: GatePolicy, rng: np.random.Generator
) -> int:
    return sum(_is_promoted(_answered(items, tpr, product, rng), demands, rng, nth) for nth in range(n))


def _answered(items: pd.DataFrame, tpr: float, product: Product, rng: np.random.Generator) -> pd.DataFrame:
    """Return `items` with the verdicts of a candidate of `tpr` and `TNR`: it catches more of the flagged failures."""
    apart = min(0.1, (1 - tpr) / 2)
    fires = product.fires_on_failure
    catches = np.where(items["fired"], tpr + apart * (1 - fires), tpr - apart * fires)
    says_fail = rng.random(len(items)) < np.where(items["fails"], catches, 1 - TNR)
    return items.assign(prediction=np.where(says_fail, "fail", "pass"))


def _is_promoted(items: pd.DataFrame, demands: GatePolicy, rng: np.random.Generator, nth: int) -> bool:
    unstable = int(rng.binomial(ANCHORS, unstable_share(FLIPS)))
    evidence = Evidence(
        *n_labels(items),
        looks_taken=nth % demands.looks,
        unlabelled_cells=unlabelled_cells(items),
        flips=flips_of(unstable, FLIP_ALPHA),
        figures=figures_of(items, demands, f"set {nth}"),
    )
    return decide(evidence, demands).is_promoted
