"""Agreement against hand counts, published figures and its laws; what little or one-sided data allows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from eval_pipeline.calibration.estimators.agreement import Pairs, ac1, agreement, count_pairs, kappa

counts = st.integers(0, 80)
tables = st.builds(Pairs, counts, counts, counts, counts).filter(lambda pairs: pairs.n > 0)


def _of_careful_people(prevalence: float, sensitivity: float = 0.85, specificity: float = 0.97) -> Pairs:
    """What two people, each right that often and neither knowing the other, answer to 10,000 sessions."""
    miss, alarm = 1 - sensitivity, 1 - specificity
    shares = [prevalence * a * b for a, b in [(1 - miss, 1 - miss), (1 - miss, miss), (miss, 1 - miss), (miss, miss)]]
    good = [(1 - prevalence) * a * b for a, b in [(alarm, alarm), (alarm, 1 - alarm), (1 - alarm, alarm)]]
    good.append((1 - prevalence) * (1 - alarm) ** 2)
    return Pairs(*(10_000 * (bad + fine) for bad, fine in zip(shares, good, strict=True)))


def test_a_table_counted_by_hand() -> None:
    # 20 + 15 of 50 agree: po .7. First fails 25 of 50, second 30: pe = .5 x .6 + .5 x .4 = .5, so kappa = .2 / .5.
    pairs = count_pairs(
        [("fail", "fail")] * 20 + [("fail", "pass")] * 5 + [("pass", "fail")] * 10 + [("pass", "pass")] * 15
    )
    found = agreement(pairs)
    assert (found.n, found.n_agree, found.n_both_fail, found.raw.value) == (50, 35, 20, 0.7)
    assert found.failing_share == pytest.approx(0.55)
    assert found.kappa.value == pytest.approx(0.4)
    assert found.ac1.value == pytest.approx((0.7 - 0.495) / 0.505)


def test_counts_and_kappa_are_those_of_the_reference_implementation() -> None:
    rng = np.random.default_rng(11)
    first = np.where(rng.random(400) < 0.2, "fail", "pass")
    second = np.where(rng.random(400) < 0.1, "fail", first)
    pairs = count_pairs(zip(first, second, strict=True))
    assert pairs.cells == tuple(confusion_matrix(first, second, labels=["fail", "pass"]).ravel())
    assert kappa(pairs) == pytest.approx(cohen_kappa_score(first, second), abs=1e-9)


def test_the_paradox_of_kappa_as_published() -> None:
    # Feinstein and Cicchetti 1990, as Gwet 2008 takes it up: nearly all agree, and kappa is below 0.
    pairs = Pairs(118, 5, 2, 0)
    assert kappa(pairs) == pytest.approx(-0.0234, abs=5e-5)
    assert ac1(pairs) == pytest.approx(0.9408, abs=5e-5)


@pytest.mark.parametrize(
    ("prevalence", "raw", "cohen", "gwet"),
    [(0.05, 0.932, 0.484, 0.922), (0.10, 0.922, 0.608, 0.903), (0.30, 0.883, 0.707, 0.805)],
)
def test_rarer_failures_lower_kappa_and_raise_ac1(prevalence: float, raw: float, cohen: float, gwet: float) -> None:
    pairs = _of_careful_people(prevalence)
    agreeing = (pairs.both_fail + pairs.both_pass) / pairs.n
    assert (agreeing, kappa(pairs), ac1(pairs)) == pytest.approx((raw, cohen, gwet), abs=1e-3)


def test_intervals_hold_the_figure_and_narrow_with_the_pairs() -> None:
    few, many = agreement(Pairs(4, 3, 1, 42)), agreement(Pairs(40, 30, 10, 420))
    for name in ("kappa", "ac1"):
        small, large = getattr(few, name), getattr(many, name)
        assert small.low < small.value < small.high
        assert large.high - large.low < small.high - small.low
    assert few.is_rough
    assert not many.is_rough


def test_an_interval_covers_about_as_often_as_the_simulation_of_the_project_found() -> None:
    """100 pairs at 30 % failures: .949 of kappa, .936 of AC1 (STATISTICS.md); 300 draws leave about .03 of noise."""
    truth = _of_careful_people(0.30)
    shares = np.array(truth.cells) / truth.n
    drawn = np.random.default_rng(7).multinomial(100, shares, size=300)
    found = [agreement(Pairs(*map(int, row))) for row in drawn]
    for name, true in [("kappa", 0.707), ("ac1", 0.805)]:
        ends = [getattr(each, name) for each in found]
        assert np.mean([end.low <= true <= end.high for end in ends]) == pytest.approx(0.945, abs=0.035)


def test_too_few_pairs_are_counts_alone() -> None:
    found = agreement(Pairs(2, 1, 1, 5))
    assert (found.n, found.n_agree) == (9, 7)
    assert (found.raw.value, found.failing_share, found.kappa.value, found.ac1.value) == (None, None, None, None)
    assert agreement(Pairs()).n == 0


def test_where_all_agree_no_interval_pretends_to_know() -> None:
    found = agreement(Pairs(both_pass=30))
    assert found.kappa.value is None  # both always said pass: nothing is left beyond chance
    assert (found.ac1.value, found.ac1.low) == (1.0, None)
    assert found.raw.low == pytest.approx(0.886, abs=1e-3)


def test_one_who_never_fails_anything_has_a_kappa_of_nothing_and_no_interval_of_it() -> None:
    found = agreement(Pairs(only_second_fails=4, both_pass=16))
    assert found.kappa.value == pytest.approx(0)
    assert found.kappa.low is None
    assert found.ac1.low is not None


def test_unsure_is_no_answer_to_agree_with() -> None:
    with pytest.raises(ValueError, match="not unsure"):
        count_pairs([("pass", "unsure")])


@given(tables)
def test_it_does_not_matter_who_is_first(pairs: Pairs) -> None:
    assert kappa(pairs.swapped) == pytest.approx(kappa(pairs))
    assert ac1(pairs.swapped) == pytest.approx(ac1(pairs))
    assert kappa(pairs.swapped.either_way) == kappa(pairs.either_way)
    one, other = agreement(pairs, are_of_many=True), agreement(pairs.swapped, are_of_many=True)
    assert (one.raw, one.failing_share, one.kappa.value) == (other.raw, other.failing_share, other.kappa.value)


@given(tables)
def test_figures_stay_within_their_bounds(pairs: Pairs) -> None:
    raw = (pairs.both_fail + pairs.both_pass) / pairs.n
    both = kappa(pairs), ac1(pairs)
    for value in both:
        assert value is None or -1 - 1e-9 <= value <= 1 + 1e-9
        assert value is None or value <= raw + 1e-9  # chance can only take away
    assert (both[1] == pytest.approx(1)) == (raw == 1)
