"""The gate's demands and decisions in words and as a table, for one screen. Not here: the decision itself (`gate.py`)."""

from collections.abc import Iterator

import pandas as pd

from eval_pipeline.calibration.gate import Condition, Decision, Figures
from eval_pipeline.calibration.gate_policy import GatePolicy
from eval_pipeline.calibration.promoting import Outcome

POSITIVE = (
    "positive = a failure; catch rate (TPR): share of human-confirmed failures that it fails; "
    "TNR: share of human-confirmed good ones that it passes"
)
TITLES = {"promoted": "PASSED, promoted", "refused": "REFUSED", "not_enough_labels": "NOT ENOUGH LABELS"}

_HOLDS = {True: "yes", False: "NO", None: "-"}


def demands(policy: GatePolicy) -> str:
    """Return what `policy` asks of a judge, in one sentence."""
    return (
        f"{policy.min_fail} human-failed and {policy.min_pass} human-passed held-out labels; "
        f"lower bounds of {policy.tpr_floor:.0%} for catch rate (TPR) and {policy.tnr_floor:.0%} for TNR "
        f"(one-sided, {policy.alpha:g}/{policy.looks} a look); balanced accuracy at most {policy.most_worse:.0%} lower than in "
        f"production; a flip rate of at most {policy.most_flips:.0%} (upper bound); neither pass nor fail on at most "
        f"{policy.most_unanswered:.0%} of the labelled sessions"
    )


def headline(decision: Decision) -> str:
    """Return the decision in a few words, and why."""
    return f"{TITLES[decision.decision]}: {decision.reason}"


def table(decision: Decision) -> pd.DataFrame:
    """Return one row per condition, all texts: condition, holds, figure, bound, demand, of."""
    rows = [
        {
            "condition": condition.name,
            "holds": _HOLDS[condition.holds],
            "figure": _number(condition.figure),
            "bound": _number(condition.bound),
            "demand": _demand(condition),
            "of": condition.note,
        }
        for condition in decision.conditions
    ]
    return pd.DataFrame(rows)


def notes(outcome: Outcome, policy: GatePolicy) -> Iterator[str]:
    """Yield what is to be known beside the table: the bounds, the people's ceiling, the looks."""
    if outcome.evidence.figures is not None:
        yield _counts(outcome.evidence.figures)
        yield _kind_of_bounds(outcome.evidence.figures, policy)
    yield _ceiling(outcome.ceiling)
    yield _looks(outcome, policy)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _demand(condition: Condition) -> str:
    if condition.limit is None:
        return ""
    return f"{'<=' if condition.is_ceiling else '>='} {_number(condition.limit)}"


def _counts(found: Figures) -> str:
    return (
        f"people fail: {found.n_true_fail} it fails, {found.n_missed_fail} it passes; people pass: {found.n_true_pass} it "
        f"passes, {found.n_false_fail} it fails; {found.n_error} errors and {found.n_not_applicable} not applicable count for "
        "neither"
    )


def _kind_of_bounds(found: Figures, policy: GatePolicy) -> str:
    of = "of the traffic, weighted by the sampling design" if found.is_weighted else "Wilson's, of a plain sample"
    return f"bounds of TPR and TNR: one-sided at {policy.alpha:g}/{policy.looks} = {policy.alpha_of_look:.4f}, {of}"


def _ceiling(ceiling: dict[str, float] | None) -> str:
    if not ceiling:
        return "people's ceiling: not known, too few sessions were read by two people"
    names = {"tpr": "TPR", "tnr": "TNR", "agreement": "agreement"}
    shown = ", ".join(f"{words} {ceiling[name]:.3f}" for name, words in names.items() if name in ceiling)
    read_twice = f"from {ceiling['n_double']:.0f} sessions that two people read, without an interval"
    return f"people's ceiling: as people err, a faultless judge would show {shown} ({read_twice})"


def _looks(outcome: Outcome, policy: GatePolicy) -> str:
    number = outcome.set_number
    if outcome.is_retired:
        return f"looks: held-out set {number} is used up after {policy.looks} looks, and retired into calibration"
    if outcome.is_new_look:
        done = "this was a look"
    elif outcome.look_id is not None:
        done = "no look was spent, the same version was measured on the same labels before"
    else:
        done = "no look was spent"
    return f"looks: {done}; {outcome.looks_left} of {policy.looks} are left at held-out set {number}"
