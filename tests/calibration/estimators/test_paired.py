"""The difference to the judge in production: published figures, by hand, its laws, and how often its bound holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from eval_pipeline.calibration.estimators.paired import Difference, PairedCounts, balanced_difference, paired_difference

counts = st.builds(PairedCounts, *[st.integers(0, 60)] * 4).filter(lambda pairs: pairs.n > 0)


def _swapped(pairs: PairedCounts) -> PairedCounts:
    return PairedCounts(pairs.both_right, pairs.only_old, pairs.only_new, pairs.both_wrong)


@pytest.mark.parametrize(
    ("cells", "low", "high"), [((36, 12, 2, 0), 0.0569, 0.3404), ((1, 1, 7, 12), -0.5069, -0.0256)]
)
def test_published_figures(cells: tuple[int, int, int, int], low: float, high: float) -> None:
    """Newcombe 1998, method 10, 95 %: the upper end is minus the lower one of the judges exchanged."""
    pairs = PairedCounts(*cells)
    assert paired_difference(pairs, 0.025).low == pytest.approx(low, abs=5e-5)
    assert -paired_difference(_swapped(pairs), 0.025).low == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize("cells", [(36, 12, 12, 4), (10, 10, 30, 30), (2, 8, 10, 40)])
def test_judges_that_do_not_correlate_are_as_two_samples(cells: tuple[int, int, int, int]) -> None:
    pairs = PairedCounts(*cells)
    n, new, old = pairs.n, pairs.both_right + pairs.only_new, pairs.both_right + pairs.only_old
    low, _ = confint_proportions_2indep(new, n, old, n, method="newcomb", compare="diff", alpha=0.10)
    assert paired_difference(pairs, 0.05).low == pytest.approx(low, abs=1e-9)


def test_by_hand() -> None:
    fails, passes = PairedCounts(40, 4, 2, 4), PairedCounts(80, 2, 8, 10)
    # Of 50 failures 44 against 42 right: .04; of 100 good ones 82 against 88: -.06. Half the sum is -.01.
    got = balanced_difference(fails, passes)
    assert got.value == pytest.approx(-0.01)
    below = [0.04 - paired_difference(fails).low, -0.06 - paired_difference(passes).low]
    assert got.low == pytest.approx(-0.01 - (below[0] ** 2 + below[1] ** 2) ** 0.5 / 2)


@given(counts, counts)
def test_its_laws(fails: PairedCounts, passes: PairedCounts) -> None:
    got = balanced_difference(fails, passes)
    assert -1.5 <= got.low <= got.value + 1e-12
    assert balanced_difference(passes, fails).low == pytest.approx(got.low)
    assert balanced_difference(fails, passes, alpha=0.01).low <= got.low + 1e-12
    assert balanced_difference(_swapped(fails), _swapped(passes)).value == pytest.approx(-got.value)


@given(counts)
def test_a_judge_is_not_better_than_itself(pairs: PairedCounts) -> None:
    same = PairedCounts(pairs.both_right, 0, 0, pairs.both_wrong + 1)
    got = balanced_difference(same, same)
    assert got.value == 0
    assert got.low <= 0


def test_without_a_class_there_is_nothing_to_compare() -> None:
    assert balanced_difference(PairedCounts(0, 0, 0, 0), PairedCounts(5, 1, 1, 0)) == Difference(None, None)


def test_its_bound_holds_and_a_judge_worse_by_the_margin_seldom_passes() -> None:
    """STATISTICS.md section 4: 10 points worse, a margin of 10 points, passes at most about .05."""
    rng = np.random.default_rng(6)
    new_only, old_only = 0.03, 0.13
    drawn = (rng.multinomial(n, [0.78, new_only, old_only, 0.06], 2000) for n in (50, 100))
    rows = zip(*drawn, strict=True)
    low = np.array([balanced_difference(PairedCounts(*map(int, f)), PairedCounts(*map(int, p))).low for f, p in rows])
    assert (low > -0.10).mean() <= 0.065
