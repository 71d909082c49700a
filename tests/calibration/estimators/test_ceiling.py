"""The ceiling by hand, its laws, and a faultless judge held against simulated readers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.calibration.estimators.agreement import Pairs
from eval_pipeline.calibration.estimators.ceiling import Ceiling, ceiling


def test_by_hand() -> None:
    # Readers who err on 1 in 10, 200 of 1,000 sessions failing: both fail .2 x .81 + .8 x .01 = .17, both pass
    # .2 x .01 + .8 x .81 = .65, and 90 each way. They agree on .82 = .9^2 + .1^2 and fail .26 = .2 x .9 + .8 x .1.
    # Of 260 sessions that a reader fails 180 are failures, of 740 that he passes 720 are good.
    got = ceiling(Pairs(170, 90, 90, 650))
    assert (got.agreement, got.tpr, got.tnr) == pytest.approx((0.9, 180 / 260, 720 / 740))


def test_readers_who_always_agree_put_no_ceiling() -> None:
    assert ceiling(Pairs(10, 0, 0, 40)) == Ceiling(1, 1, 1)
    assert ceiling(Pairs(0, 0, 0, 40)) == Ceiling(1, None, 1)


def test_what_is_not_defined_is_null() -> None:
    assert ceiling(Pairs(3, 0, 0, 6)) == Ceiling()  # fewer than 10 pairs
    assert ceiling(Pairs(5, 5, 5, 5)) == Ceiling()  # no better than coins
    # No failure is ever confirmed: errors alone explain more than the fails there are, and of failures nothing is known.
    got = ceiling(Pairs(0, 5, 5, 90))
    assert got.agreement == pytest.approx(0.947, abs=1e-3)
    assert got.tpr is got.tnr is None


@given(st.floats(0, 0.45), st.floats(0.01, 0.99))
def test_it_finds_the_error_and_does_not_mind_what_a_failure_is(error: float, failing: float) -> None:
    right = 1 - error
    both_fail, both_pass = failing * right**2 + (1 - failing) * error**2, failing * error**2 + (1 - failing) * right**2
    apart = right * error
    got = ceiling(Pairs(1000 * both_fail, 1000 * apart, 1000 * apart, 1000 * both_pass))
    mirrored = ceiling(Pairs(1000 * both_pass, 1000 * apart, 1000 * apart, 1000 * both_fail))
    assert got.agreement == pytest.approx(right, abs=1e-6)
    assert got.tpr == pytest.approx(failing * right / (failing * right + (1 - failing) * error), abs=1e-5)
    assert (mirrored.tpr, mirrored.tnr) == pytest.approx((got.tnr, got.tpr))


def test_a_faultless_judge_reaches_it_and_no_more() -> None:
    rng, n = np.random.default_rng(7), 200_000
    truth = rng.random(n) < 0.15
    first, second = (truth ^ (rng.random(n) < 0.08) for _ in range(2))
    pairs = Pairs(*(int(cell.sum()) for cell in (first & second, first & ~second, ~first & second, ~first & ~second)))
    shown = (np.mean(truth == first), np.mean(truth[first]), np.mean(~truth[~first]))
    got = ceiling(pairs)
    assert (got.agreement, got.tpr, got.tnr) == pytest.approx(shown, abs=0.01)
