"""Shrunk rates by hand, their laws, and what they gain over raw ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln

from eval_pipeline.calibration.estimators.categories import shrunk_rates
from eval_pipeline.calibration.estimators.rates import wilson

categories = st.lists(
    st.integers(1, 50).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=9
)


def test_the_mean_by_hand() -> None:
    # One label, an event: a (mu, kappa) weighs B(1 + a, b) / B(a, b) = a / kappa = mu, and gives (1 + mu kappa) / (1 + kappa).
    mu, kappa = np.linspace(0.02, 0.98, 49)[:, np.newaxis], np.geomspace(1, 200, 25)
    expected = (mu * (1 + mu * kappa) / (1 + kappa)).sum() / (mu.sum() * 25)
    assert shrunk_rates([1], [1]).value[0] == pytest.approx(expected)


def test_the_weights_are_those_of_a_reference_implementation() -> None:
    x, n = np.array([3, 9, 0, 14]), np.array([5, 10, 2, 20])
    mu, kappa = np.linspace(0.02, 0.98, 49)[:, np.newaxis, np.newaxis], np.geomspace(1, 200, 25)[:, np.newaxis]
    a, b = mu * kappa, (1 - mu) * kappa
    weight = np.exp((betaln(x + a, n - x + b) - betaln(a, b)).sum(axis=-1, keepdims=True))
    expected = (weight * (x + a) / (n + kappa)).sum(axis=(0, 1)) / weight.sum()
    assert shrunk_rates(x, n).value == pytest.approx(expected, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(categories)
def test_its_laws(found: list[tuple[int, int]]) -> None:
    x, n = np.array(found).T
    got, again, mirrored = shrunk_rates(x, n), shrunk_rates(x, n), shrunk_rates(n - x, n)
    assert (got.low == again.low).all()
    assert ((got.low >= 0) & (got.low <= got.value) & (got.value <= got.high) & (got.high <= 1)).all()
    assert mirrored.value == pytest.approx(1 - got.value)
    # Between the raw rates: no category leaves the others' neighbourhood, except for the prior's pull to one half.
    assert got.value.min() >= min((x / n).min(), 0.5) - 1e-9
    assert got.value.max() <= max((x / n).max(), 0.5) + 1e-9


def test_few_labels_follow_the_others_and_many_stand_alone() -> None:
    few = shrunk_rates([0, 45, 44, 46, 45], [2, 50, 50, 50, 50])
    assert few.value[0] > 0.5  # none of 2, beside four at nine in ten
    many = shrunk_rates([20, 450, 440, 460, 450], [200, 500, 500, 500, 500])
    assert many.value[0] == pytest.approx(0.1, abs=0.02)


def test_no_labels_are_no_rate() -> None:
    got = shrunk_rates([0, 8], [0, 10])
    assert np.isnan([got.value[0], got.low[0], got.high[0]]).all()
    assert got.value[1] == pytest.approx(shrunk_rates([8], [10]).value[0])
    assert shrunk_rates([], []).value.shape == (0,)
    with pytest.raises(ValueError, match="0 <= x <= n"):
        shrunk_rates([3], [2])


@pytest.mark.parametrize(("spread", "theirs"), [(0.05, 0.982), (0.15, 0.929)])
def test_it_covers_as_published_and_errs_less_than_raw_rates(spread: float, theirs: float) -> None:
    """STATISTICS.md section 1: 8 categories of about 5 labels, here around a rate of .7."""
    rng, size = np.random.default_rng(8), (80, 8)
    strength = 0.7 * 0.3 / spread**2 - 1
    truth = rng.beta(0.7 * strength, 0.3 * strength, size)
    n = np.maximum(1, rng.poisson(5, size))
    x = rng.binomial(n, truth)
    found = [shrunk_rates(*pair) for pair in zip(x, n, strict=True)]
    value, low, high = (np.array([getattr(each, name) for each in found]) for name in ("value", "low", "high"))
    assert ((low <= truth) & (truth <= high)).mean() == pytest.approx(theirs, abs=0.03)
    assert ((value - truth) ** 2).mean() < 0.5 * ((x / n - truth) ** 2).mean()
    raw_low, raw_high = wilson(x, n)
    assert (high - low).mean() < 0.9 * (raw_high - raw_low).mean()
