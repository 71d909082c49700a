"""AUC by hand, against a count of all pairs, by its laws, and whether its interval covers as often as it says."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from eval_pipeline.calibration.estimators.auc import Auc, auc

Scores = NDArray[np.float64]
scores = st.lists(st.integers(-20, 20), min_size=1, max_size=40)


def test_by_hand() -> None:
    # of the 6 pairs, 0.9 beats three and 0.4 beats one and ties with one
    got = auc([0.9, 0.4], [0.1, 0.4, 0.5])
    assert (got.n_positive, got.n_negative) == (2, 3)
    assert got.value == pytest.approx(4.5 / 6)


def test_the_interval_by_hand() -> None:
    # One of each class, apart. Placements with made-up data: 3/4 and the ends 1/8, 7/8; centre (1 + 3/2)/4 = 5/8.
    # Variance of a class (1/64 + (1/4 + 1/16)/2)/2 = 11/128, of both 11/64: 5/8 - 1.96 sqrt(11/64) < 0.
    assert auc([1], [0]) == Auc(1, 1, 1.0, 0.0, 1.0)
    got = auc([1], [0], confidence=0.6826894921370859)
    assert got.low == pytest.approx(5 / 8 - (11 / 64) ** 0.5)


def test_no_data_in_a_class_is_no_auc_rather_than_a_half() -> None:
    assert auc([], [1, 2]) == Auc(0, 2, None, None, None)
    assert auc([1, 2], []).value is None


def test_a_score_that_is_the_same_for_all_is_a_half_with_an_interval_around_it() -> None:
    got = auc([0] * 30, [0] * 30)
    assert got.value == 0.5
    assert got.low is not None and 0.4 < got.low < 0.48


def test_perfect_separation_is_not_taken_for_certainty() -> None:
    got = auc(range(100, 130), range(30))
    assert (got.value, got.high) == (1, 1)
    assert got.low is not None and 0.85 < got.low < 0.95


@pytest.mark.parametrize("bad", [[float("nan")], [1.0, float("nan")]])
def test_a_score_that_is_no_number_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="NaN"):
        auc(bad, [1.0])


@given(scores, scores)
def test_it_is_the_share_of_pairs_in_order_and_lies_within_its_interval(up: list[int], down: list[int]) -> None:
    pairs = [(a > b) + (a == b) / 2 for a in up for b in down]
    got = auc(up, down)
    assert got.value == pytest.approx(sum(pairs) / len(pairs))
    assert got.value is not None and got.low is not None and got.high is not None
    assert 0 <= got.low <= got.value <= got.high <= 1


@given(scores, scores)
def test_only_the_order_counts_and_swapped_classes_mirror_it(up: list[int], down: list[int]) -> None:
    got = auc(up, down)
    assert auc(np.exp(np.array(up) / 10), np.exp(np.array(down) / 10)) == got
    swapped = auc(down, up)
    assert (swapped.value, swapped.low, swapped.high) == pytest.approx((1 - got.value, 1 - got.high, 1 - got.low))  # type: ignore[operator]


def normal(rng: np.random.Generator, n: int, shift: float) -> Scores:
    return rng.normal(shift, 1, n)


def rare(rng: np.random.Generator, n: int, share: float) -> Scores:
    """A signal that fires on a share of sessions, with one of two strengths."""
    return np.where(rng.random(n) < share, rng.choice([0.4, 0.8], n), 0.0)


@pytest.mark.parametrize(("m", "n"), [(30, 30), (60, 80)])
@pytest.mark.parametrize(
    ("draw", "positive", "negative", "truth"),
    [
        (normal, 0.5449254, 0.0, 0.65),
        (normal, 2.3261743, 0.0, 0.95),
        # among those that fire the strengths are alike, so AUC = (1 + share - share) / 2
        (rare, 0.1, 0.05, 0.525),
        (rare, 0.95, 0.02, 0.965),
        (rare, 0.05, 0.0, 0.525),
    ],
)
def test_the_interval_covers_as_often_as_it_says(
    m: int, n: int, draw: Callable[[np.random.Generator, int, float], Scores], positive: float, negative: float, truth: float
) -> None:  # fmt: skip
    rng = np.random.default_rng(5)
    found = [auc(draw(rng, m, positive), draw(rng, n, negative)) for _ in range(1000)]
    assert (
        np.mean([got.low <= truth <= got.high for got in found if got.low is not None and got.high is not None]) >= 0.93
    )
