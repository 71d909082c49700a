"""The gate's rule on evidence alone, and the demands that a catalog may state."""

from dataclasses import replace
from math import comb
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.calibration.estimators.paired import Difference
from eval_pipeline.calibration.estimators.rates import lower_bound
from eval_pipeline.calibration.gate import Bounded, Evidence, Figures, Flips, decide, is_open
from eval_pipeline.calibration.gate_policy import GatePolicy, load_gates
from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.definition import load_judges
from eval_pipeline.settings import PROJECT_ROOT

POLICY = GatePolicy(alpha=0.05)
STEADY = Flips(Bounded(150, 0.02, 0.06), 50)


def look(n_caught: int = 46, n_fail: int = 50, n_passed: int = 97, n_pass: int = 100) -> Figures:
    """A look at labels that were all drawn alike."""
    return Figures(
        n_true_fail=n_caught,
        n_missed_fail=n_fail - n_caught,
        n_false_fail=n_pass - n_passed,
        n_true_pass=n_passed,
        n_error=0,
        n_not_applicable=0,
        tpr=Bounded(n_fail, n_caught / n_fail, lower_bound(n_caught, n_fail, POLICY.alpha_of_look)),
        tnr=Bounded(n_pass, n_passed / n_pass, lower_bound(n_passed, n_pass, POLICY.alpha_of_look)),
        is_weighted=False,
    )


GOOD = Evidence(50, 100, 1, flips=STEADY, figures=look())


def test_the_floor_is_held_against_a_lower_bound_at_a_third_of_five_percent() -> None:
    """z of 1 - .05/3 is 2.128. Of 45 of 50: p = .9, z^2 = 4.529; centre = (45 + 2.264)/54.529 = .8668, half = 2.128/54.529
    x sqrt(45 x .1 + 1.132) = .0926; bound .774, over .75. Of 44: (44 + 2.264)/54.529 = .8484, half = .0390 x
    sqrt(44 x .12 + 1.132) = .0988; bound .7496, under it. So 45 of 50 are needed."""
    assert decide(replace(GOOD, figures=look(45)), POLICY).decision == "promoted"
    refused = decide(replace(GOOD, figures=look(44)), POLICY)
    assert refused.decision == "refused" and refused.reason.startswith(
        "catch rate (TPR): the bound of 74.96% is under 75.00%"
    )


@pytest.mark.parametrize(
    ("evidence", "decision", "why"),
    [
        (replace(GOOD, leaks=("example 1 comes from held-out session s7",)), "refused", "s7"),
        (replace(GOOD, n_without_verdict=8, figures=None), "refused", "8 of 158 that people pass or fail"),
        (
            replace(GOOD, n_fail=45, n_without_verdict=20, figures=None),
            "refused",
            "; 5 human-failed and 0 human-passed",
        ),
        (replace(GOOD, n_without_verdict=7), "promoted", "every demand"),
        (replace(GOOD, n_fail=38, figures=None), "not_enough_labels", "12 human-failed and 0 human-passed"),
        (replace(GOOD, unlabelled_cells=("chat/quiet where it says fail",)), "not_enough_labels", "chat/quiet"),
        (replace(GOOD, flips=Flips(Bounded(150, 0.08, 0.13), 50), figures=None), "refused", "flip rate"),
        (replace(GOOD, looks_taken=3, figures=None), "not_enough_labels", "looked at 3 times"),
        (replace(GOOD, figures=replace(look(), difference=Difference(-0.02, -0.11))), "refused", "production"),
        (replace(GOOD, figures=replace(look(), difference=Difference(-0.02, -0.09))), "promoted", "every demand"),
    ],
)
def test_each_demand_decides_alone(evidence: Evidence, decision: str, why: str) -> None:
    found = decide(evidence, POLICY)
    assert found.decision == decision and why in found.reason


def test_what_costs_no_look_stands_against_one_and_a_used_up_set_does_not() -> None:
    assert is_open(replace(GOOD, flips=None, figures=None, looks_taken=3), POLICY)
    assert not is_open(replace(GOOD, n_pass=99, figures=None), POLICY)


@given(st.integers(0, 49), st.integers(0, 99))
def test_a_judge_that_is_right_once_more_is_never_decided_worse(n_caught: int, n_passed: int) -> None:
    before = decide(replace(GOOD, figures=look(n_caught, n_passed=n_passed)), POLICY)
    after = decide(replace(GOOD, figures=look(n_caught + 1, n_passed=n_passed + 1)), POLICY)
    assert after.is_promoted or not before.is_promoted


def test_of_20_candidates_two_points_under_the_floor_seldom_is_one_promoted_whatever_the_size_of_the_set() -> None:
    """Exactly: 20 looks, at sets that are replaced after every third, each passed with P(X >= least), X ~ Bin(n, .73)."""
    shipped = GatePolicy()
    for n_fail in range(50, 301, 10):
        given = [n for n in range(n_fail + 1) if lower_bound(n, n_fail, shipped.alpha_of_look) >= shipped.tpr_floor]
        passed = sum(comb(n_fail, n) * 0.73**n * 0.27 ** (n_fail - n) for n in given)
        assert 1 - (1 - passed) ** 20 <= 0.05


def test_a_judge_names_only_what_differs_and_nothing_lies_under_30_and_70(tmp_path: Path) -> None:
    judges = load_judges(PROJECT_ROOT / "catalog" / "judges")
    path = tmp_path / "promotion.yaml"
    path.write_text("default: {looks: 2}\njudges: {tone: {tpr_floor: 0.8}}\n")
    gates = load_gates(path, judges)
    assert (gates.of("tone").tpr_floor, gates.of("tone").looks, gates.of("relevance").tpr_floor) == (0.8, 2, 0.75)
    assert load_gates(PROJECT_ROOT / "catalog" / "promotion.yaml", judges).default == GatePolicy()
    for text, problem in [
        ("default: {min_fail: 29}", "default.min_fail: under 30"),
        ("judges: {tone: {min_pass: 69}}", "judges.tone.min_pass: under 70"),
        ("judges: {tune: {}}", "judges.tune: there is no such judge"),
        ("default: {floor: 0.8}", "default.floor"),
    ]:
        path.write_text(text)
        with pytest.raises(SettingsError) as raised:
            load_gates(path, judges)
        assert problem in raised.value.problem and raised.value.mend
