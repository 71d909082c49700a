"""Student's quantiles against closed forms, their laws and the reference implementation."""

from math import pi, sqrt, tan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from eval_pipeline.calibration.estimators.student import t_quantile

probabilities = st.floats(0.51, 0.999)


@given(probabilities)
def test_one_and_two_degrees_have_closed_forms(probability: float) -> None:
    share = 2 * probability - 1
    assert t_quantile(probability, 1) == pytest.approx(tan(pi * share / 2))
    assert t_quantile(probability, 2) == pytest.approx(share * sqrt(2 / (1 - share**2)))


@given(probabilities, st.integers(1, 500))
def test_it_falls_with_the_degrees_and_rises_with_the_probability(probability: float, degrees: int) -> None:
    assert t_quantile(probability, degrees) > t_quantile(probability, degrees + 1)
    assert t_quantile(probability, degrees) > t_quantile((probability + 0.5) / 2, degrees)


@pytest.mark.parametrize("degrees", [1, 2, 3, 10, 29, 30])
def test_it_is_exact_for_few_degrees(degrees: int) -> None:
    assert t_quantile(0.975, degrees) == pytest.approx(stats.t.ppf(0.975, degrees), abs=1e-9)


@pytest.mark.parametrize("degrees", [31, 50, 1000, 10**6])
def test_it_is_close_for_many(degrees: int) -> None:
    for probability in (0.6, 0.9, 0.975, 0.999):
        assert t_quantile(probability, degrees) == pytest.approx(stats.t.ppf(probability, degrees), abs=1e-5)


@pytest.mark.parametrize(("probability", "degrees"), [(0.5, 3), (1.0, 3), (0.975, 0)])
def test_it_refuses_what_has_no_quantile(probability: float, degrees: int) -> None:
    with pytest.raises(ValueError, match="t_quantile needs"):
        t_quantile(probability, degrees)
