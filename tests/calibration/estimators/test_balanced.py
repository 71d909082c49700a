"""Balanced accuracy by hand, its laws, how often its interval holds, and the reference implementation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from eval_pipeline.calibration.estimators.balanced import balanced_accuracy
from eval_pipeline.calibration.estimators.rates import Rate, rate

rates = st.integers(1, 200).flatmap(lambda n: st.builds(rate, st.integers(0, n), st.just(n)))


def test_by_hand() -> None:
    got = balanced_accuracy(Rate(40, 0.8, 0.74, 0.88), Rate(60, 0.9, 0.82, 0.96))
    # The mean of .8 and .9. Below: half the root of .06^2 + .08^2 = .1^2. Above: half the root of .08^2 + .06^2.
    assert (got.n, got.value, got.low, got.high) == (40, *map(pytest.approx, (0.85, 0.80, 0.90)))


@given(rates, rates)
def test_it_is_narrower_than_the_wider_of_the_two_and_does_not_mind_their_order(tpr: Rate, tnr: Rate) -> None:
    got = balanced_accuracy(tpr, tnr)
    assert got == balanced_accuracy(tnr, tpr)
    assert 0 <= got.low <= got.value <= got.high <= 1
    assert got.high - got.low <= max(tpr.high - tpr.low, tnr.high - tnr.low) + 1e-12


def test_it_is_null_where_either_rate_is() -> None:
    assert balanced_accuracy(rate(9, 10), rate(3, 3, min_n=10)) == Rate(3, None, None, None)


@pytest.mark.parametrize(("n_fail", "n_pass"), [(5, 45), (10, 40), (50, 100)])
def test_it_covers_as_often_as_it_says(n_fail: int, n_pass: int) -> None:
    tpr, tnr, rng = 0.85, 0.95, np.random.default_rng(1)
    pairs = zip(rng.binomial(n_fail, tpr, 2000), rng.binomial(n_pass, tnr, 2000), strict=True)
    found = [balanced_accuracy(rate(int(x), n_fail), rate(int(y), n_pass)) for x, y in pairs]
    assert np.mean([each.low <= (tpr + tnr) / 2 <= each.high for each in found]) > 0.935


def test_it_is_that_of_the_reference_implementation() -> None:
    rng = np.random.default_rng(2)
    truth, said = rng.random(300) < 0.3, rng.random(300) < 0.4
    tpr, tnr = (rate(int((said[truth == side] == side).sum()), int((truth == side).sum())) for side in (True, False))
    assert balanced_accuracy(tpr, tnr).value == pytest.approx(balanced_accuracy_score(truth, said), abs=1e-9)
