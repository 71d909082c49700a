"""Coverage of the rates of the traffic, from labels that our own queue drew of it (`traffic.py`).

The judge is measured on the held-out half of the users, where all are labelled, as the question whether a session failed is
asked of all, and where one in J = 5 is, as a judge's own question is asked blind. The truth is that of the product: the days
are a sample of it. Signals are measured on both halves, where the weights sum to the sessions of the log, and the truth is
that of these very sessions. Not here: raw rates (`counted.py`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.statistics.counted import GATE_ALPHA
from benchmarks.statistics.findings import Finding, coverage, ends
from benchmarks.statistics.traffic import Product, drawn_traffic, is_asked
from eval_pipeline.calibration.detection import Detection, detection, ruled_out
from eval_pipeline.calibration.estimators.rates import Rate, rate
from eval_pipeline.calibration.estimators.weighted import weighted_lower_bounds, weighted_rates
from eval_pipeline.calibration.split import group_of, label_set
from eval_pipeline.judges.definition import load_judges
from eval_pipeline.review.design import Design

CATALOG = Path(__file__).parents[2] / "catalog"


@dataclass(frozen=True)
class Setting:
    """Traffic that is drawn from: `size` sessions a day for `days` days."""

    product: Product
    size: int
    days: int

    def __str__(self) -> str:
        return f"{self.size} a day, {self.days} days, {self.product.failing:.0%} failing"


SETTINGS = (
    Setting(Product(failing=0.10), 60, 28),
    Setting(Product(failing=0.25), 120, 14),
    Setting(Product(failing=0.10, catches=(0.85, 0.95), passes=(0.98, 0.95)), 300, 7),
)

SHORT_SETTINGS = (Setting(Product(failing=0.25), 80, 16),)


@dataclass(frozen=True)
class Drawn:
    """What was drawn in a setting: a frame a replicate, as the estimators take it, and the counts of its traffic."""

    setting: Setting
    groups: Sequence[pd.DataFrame]
    traffic: pd.DataFrame

    @property
    def held_out(self) -> list[pd.DataFrame]:
        """Of each replicate the held-out half of the users."""
        return [_held_out(group) for group in self.groups]


def drawn_coverage(drawn: Drawn) -> Iterator[Finding]:
    """Yield the coverage of every rate of the traffic in a setting."""
    yield from _of_judge(drawn.setting, drawn.groups)
    yield from _of_signals(drawn)


def drawn_of(setting: Setting, replicates: int, rng: np.random.Generator) -> Drawn:
    """Return what `replicates` draws of a setting give; `label` is the truth."""
    drawn, traffic = drawn_traffic(setting.product, Design(), replicates, setting.days, setting.size, rng)
    in_sets = [label_set(group_of(user, "")) for user in drawn["user_id"]]
    prepared = drawn.assign(
        weight=1 / drawn["inclusion_probability"],
        label=np.where(drawn["fails"], "fail", "pass"),
        prediction=np.where(drawn["judge_fails"], "fail", "pass"),
        is_held_out=np.array(in_sets) == "held_out",
        is_asked=is_asked(drawn["session_id"], load_judges(CATALOG / "judges")),
    )
    groups = [group.reset_index(drop=True) for _, group in prepared.groupby("surface", sort=True)]
    return Drawn(setting, groups, traffic)


def _of_judge(setting: Setting, groups: Sequence[pd.DataFrame]) -> Iterator[Finding]:
    product = setting.product
    truths = {
        "tpr": product.tpr,
        "tnr": product.tnr,
        "failure_rate": product.failing,
        "precision": product.precision,
        "balanced": (product.tpr + product.tnr) / 2,
    }
    as_they_stand = [_counted(_held_out(group)) for group in groups]
    yield coverage(
        "not printed: unweighted tpr",
        f"{setting}; held-out half",
        product.tpr,
        *ends(as_they_stand),
        at_least=None,
    )
    for labelled, of_judge in LABELLED.items():
        rates = [weighted_rates(of_judge(group), seed=seed) for seed, group in enumerate(groups)]
        for name, truth in truths.items():
            found = ends([getattr(each, name) for each in rates])
            yield coverage(f"weighted {name}", f"{setting}; {labelled}", truth, *found)
        bounds = [weighted_lower_bounds(of_judge(group), GATE_ALPHA, seed=seed) for seed, group in enumerate(groups)]
        for name, low in zip(("tpr", "tnr"), np.array(bounds, dtype=float).T, strict=True):
            regime = f"{setting}; {labelled}; one-sided at .05/3"
            yield coverage(f"weighted lower bound, {name}", regime, truths[name], low, np.full(len(low), np.inf))


def _of_signals(drawn: Drawn) -> Iterator[Finding]:
    detected = [_detected(group, seed) for seed, group in enumerate(drawn.groups)]
    for name, of_all in [("recall", "fails"), ("precision", "fired")]:
        found = ends([getattr(each, name) for each in detected])
        truth = (drawn.traffic["both"] / drawn.traffic[of_all]).to_numpy()
        yield coverage(f"signal {name}", f"{drawn.setting}; all labelled", truth, *found)


def _detected(group: pd.DataFrame, seed: int) -> Detection:
    """Return what is found of the subject that stands for all signals, as the strata are made of it."""
    said = group.assign(prediction=np.where(group["fired"], "fail", "pass"))
    impossible = ruled_out(group["stratum"], is_counting=True, is_any=True)
    return detection(said, impossible, has_known_totals=True, seed=seed)


def _counted(group: pd.DataFrame) -> Rate:
    """Return the catch rate of the labels as they stand, which flatters the judge: a control that the queue matters."""
    return rate(int((group["fails"] & group["judge_fails"]).sum()), int(group["fails"].sum()))


def _held_out(group: pd.DataFrame) -> pd.DataFrame:
    return group[group["is_held_out"]]


def _asked_blind(group: pd.DataFrame) -> pd.DataFrame:
    held_out = _held_out(group)
    return held_out.assign(label=held_out["label"].where(held_out["is_asked"]))


LABELLED: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "held-out half": _held_out,
    "held-out half, 1 in 5 asked": _asked_blind,
}
