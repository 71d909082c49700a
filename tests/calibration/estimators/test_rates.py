"""Wilson against published figures, by exact enumeration and by its laws; what little data allows."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from eval_pipeline.calibration.estimators.rates import lower_bound, rate, status_of, upper_bound, wilson

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [(10, 10, 0.72, 1.0), (20, 20, 0.84, 1.0), (27, 30, 0.74, 0.97), (45, 50, 0.79, 0.96), (90, 100, 0.83, 0.94)],
)
def test_wilson_gives_the_published_figures(x: int, n: int, low: float, high: float) -> None:
    got_low, got_high = wilson(x, n)
    assert (round(float(got_low), 2), round(float(got_high), 2)) == (low, high)


def test_wilson_equals_a_reference_implementation_to_many_digits() -> None:
    # scipy 1.17: binomtest(27, 30).proportion_ci(method="wilson"); binomtest(0, 12).proportion_ci(0.9, "wilson")
    assert wilson(27, 30) == pytest.approx((0.7437891742081592, 0.9654001112526657), abs=1e-12)
    assert wilson(0, 12, confidence=0.9) == pytest.approx((0.0, 0.18398119474747693), abs=1e-12)


def test_wilson_is_vectorised_and_has_no_figure_where_there_is_no_data() -> None:
    low, high = wilson([0, 5, 10, 0], [10, 10, 10, 0])
    assert low[0] == 0.0
    assert high[2] == 1.0
    assert low[1] == pytest.approx(1 - high[1])  # 5 of 10 is symmetric
    assert np.isnan([low[3], high[3]]).all()


@pytest.mark.parametrize(("x", "n"), [(-1, 5), (6, 5), (float("nan"), 5)])
def test_wilson_refuses_impossible_counts(x: float, n: float) -> None:
    with pytest.raises(ValueError, match="0 <= x <= n"):
        wilson(x, n)


@given(counts)
def test_wilson_is_that_of_the_reference_implementation(xn: tuple[int, int]) -> None:
    x, n = xn
    assert wilson(x, n) == pytest.approx(proportion_confint(x, n, method="wilson"), abs=1e-9)
    for alpha in (0.05, 0.05 / 3):
        both = proportion_confint(x, n, alpha=2 * alpha, method="wilson")
        assert (lower_bound(x, n, alpha), upper_bound(x, n, alpha)) == pytest.approx(both, abs=1e-9)


def test_one_sided_bounds_by_hand() -> None:
    # All of n: the lower bound is n / (n + z^2), z = 1.645 at .05, its square 2.7055.
    assert lower_bound(30, 30, 0.05) == pytest.approx(30 / 32.7055, abs=1e-5)
    assert upper_bound(0, 30, 0.05) == pytest.approx(2.7055 / 32.7055, abs=1e-5)
    assert (lower_bound(0, 0, 0.05), upper_bound(0, 0, 0.05)) == (0, 1)  # nothing is ruled out
    with pytest.raises(ValueError, match=r"alpha must be between 0 and 0\.5"):
        lower_bound(5, 10, 0.5)


@pytest.mark.parametrize(("n", "least"), [(50, 45), (100, 85)])
def test_a_look_of_three_needs_as_many_as_published(n: int, least: int) -> None:
    """STATISTICS.md section 4: a floor of .75 at .05/3."""
    assert lower_bound(least, n, 0.05 / 3) >= 0.75 > lower_bound(least - 1, n, 0.05 / 3)


@given(counts)
def test_wilson_lies_in_the_unit_interval_around_the_share(xn: tuple[int, int]) -> None:
    x, n = xn
    low, high = wilson(x, n)
    assert 0 <= low <= x / n <= high <= 1
    mirrored_low, mirrored_high = wilson(n - x, n)
    assert (1 - mirrored_high, 1 - mirrored_low) == (pytest.approx(low), pytest.approx(high))


@given(counts)
def test_wilson_rises_with_the_events_and_narrows_with_the_data(xn: tuple[int, int]) -> None:
    x, n = xn
    low, high = wilson([x, x * 2], [n, n * 2])
    assert high[1] - low[1] < high[0] - low[0]
    if x < n:
        more_low, more_high = wilson(x + 1, n)
        assert more_low > low[0]
        assert more_high > high[0]


@pytest.mark.parametrize(("n", "mean", "smallest"), [(5, 0.956, 0.835), (10, 0.955, 0.835), (20, 0.954, 0.896)])
def test_wilson_covers_as_often_as_it_says(n: int, mean: float, smallest: float) -> None:
    """Exact: over every x that can happen, the binomial probability of those whose interval holds the truth."""
    low, high = wilson(np.arange(n + 1), n)
    coverages = []
    for p in np.linspace(0.60, 0.99, 3901):
        chances = np.array([comb(n, x) * p**x * (1 - p) ** (n - x) for x in range(n + 1)])
        coverages.append(chances[(low <= p) & (p <= high)].sum())
    assert np.mean(coverages) == pytest.approx(mean, abs=0.002)
    assert min(coverages) == pytest.approx(smallest, abs=0.005)


@pytest.mark.parametrize(
    ("n_fail", "n_pass", "status"),
    [
        (30, 30, "measured"),
        (29, 500, "too_few_to_gate"),
        (10, 10, "too_few_to_gate"),
        (9, 500, "counts_only"),
        (500, 9, "counts_only"),
        (0, 1, "counts_only"),
        (0, 0, "no_labels"),
    ],
)
def test_little_data_says_so(n_fail: int, n_pass: int, status: str) -> None:
    assert status_of(min(n_fail, n_pass), n_fail + n_pass) == status


def test_no_data_is_no_rate_rather_than_zero() -> None:
    assert rate(0, 0).value is None
    assert rate(0, 20).value == 0.0
    assert rate(9, 9, min_n=10).value is None
