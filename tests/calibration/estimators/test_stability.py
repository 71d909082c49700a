"""Flip rates by hand, their laws, and how often the interval holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.calibration.estimators.rates import upper_bound, wilson
from eval_pipeline.calibration.estimators.stability import flip_rate

repeats = st.lists(
    st.integers(0, 6).flatmap(lambda k: st.tuples(st.integers(0, k), st.just(k))), min_size=1, max_size=40
)


def test_by_hand() -> None:
    # Of 3 repeats with 1 fail two of three pairs differ, of 4 with 2 four of six: 2/3 both; with 0 or all, none.
    got = flip_rate([1, 2, 0, 3], [3, 4, 3, 3])
    assert (got.n_sessions, got.n_repeats, got.value) == (4, 13, pytest.approx(1 / 3))
    # Deviations of 1/3 each: s^2 = (4/9) / 3 / 4 = 1/27, effective n = (1/3)(2/3) x 27 = 6.
    assert got.n_effective == pytest.approx(6)
    assert [got.low, got.high] == pytest.approx(np.array(wilson(2, 6)))
    assert got.upper(0.05) == pytest.approx(upper_bound(2, 6, 0.05))


def test_where_all_sessions_are_alike_each_counts_once() -> None:
    steady = flip_rate([0] * 20 + [3] * 30, [3] * 50)
    # The 95 % bound of no flip in 50: z^2 / (50 + z^2) with z = 1.645.
    assert (steady.value, steady.n_effective, steady.upper(0.05)) == (0, 50, pytest.approx(2.7055 / 52.7055, abs=1e-5))
    assert flip_rate([1] * 50, [3] * 50).n_effective == 50


def test_fewer_than_two_repeats_say_nothing() -> None:
    assert flip_rate([1, 0, 1, 0], [3, 3, 1, 0]) == flip_rate([1, 0], [3, 3])
    nothing = flip_rate([1, 0], [1, 0])
    assert (nothing.n_sessions, nothing.value, nothing.low, nothing.upper(0.05)) == (0, None, None, None)
    with pytest.raises(ValueError, match="0 <= n_fail <= n_repeats"):
        flip_rate([4], [3])


@given(repeats)
def test_it_is_the_share_of_pairs_that_differ_and_does_not_mind_what_a_fail_is(found: list[tuple[int, int]]) -> None:
    x, k = np.array(found).T
    got, mirrored = flip_rate(x, k), flip_rate(k - x, k)
    shares = [
        np.mean([a != b for i, a in enumerate(said) for b in said[:i]])
        for said in ([1] * fails + [0] * (n - fails) for fails, n in found if n >= 2)
    ]
    assert got.n_sessions == len(shares)
    if shares:
        assert got.value == pytest.approx(np.mean(shares))
        assert 0 <= got.low <= got.value <= got.high <= 1
        assert mirrored.value == pytest.approx(got.value)
        assert got.upper(0.05) <= got.high + 1e-12


@pytest.mark.parametrize(
    ("flipping", "n_sessions", "theirs"), [(0.11, 50, 0.937), (0.11, 100, 0.956), (0.022, 50, 0.901)]
)
def test_it_covers_as_often_as_it_says(flipping: float, n_sessions: int, theirs: float) -> None:
    """STATISTICS.md section 1: true rates .0365 and .0073 over 3 repeats, here by a share of sessions that waver."""
    rng, replicates = np.random.default_rng(4), 1500
    chance = np.where(rng.random((replicates, n_sessions)) < flipping, rng.random((replicates, n_sessions)), 0)
    found = [flip_rate(row, np.full(n_sessions, 3)) for row in rng.binomial(3, chance)]
    covered = np.mean([each.low <= flipping / 3 <= each.high for each in found])
    assert covered > min(0.93, theirs) - 0.01


def test_its_mean_does_not_depend_on_the_number_of_repeats() -> None:
    rng, m = np.random.default_rng(5), 40_000
    chance = rng.beta(0.2, 4, m)
    truth = (2 * chance * (1 - chance)).mean()
    for k in (2, 3, 10):
        assert flip_rate(rng.binomial(k, chance), np.full(m, k)).value == pytest.approx(truth, rel=0.05)
