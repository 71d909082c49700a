"""The test of growth by hand, and how often it errs."""

import numpy as np
import pytest

from eval_pipeline.error_analysis.growth import Counts, p_growth, trend


def test_growth_by_hand() -> None:
    # 14 of 56 days hold a quarter of all sessions. All 4 of a kind in that quarter: (1/4)^4. Of 4 at least 3:
    # 4 * (1/4)^3 * 3/4 + (1/4)^4.
    def counts(now: int, before: int) -> Counts:
        return Counts(now, before, 25, 75, 100, 300)

    assert p_growth(counts(4, 0)) == pytest.approx(0.25**4)
    assert p_growth(counts(3, 1)) == pytest.approx(4 * 0.25**3 * 0.75 + 0.25**4)
    assert trend(counts(8, 0), 0.001) == "new"
    assert trend(counts(8, 3), 0.001) == "growing"
    assert trend(counts(8, 3), 0.2) == "steady"
    assert trend(counts(0, 24), 1.0) == "shrinking"


def test_a_week_in_which_all_fails_more_is_no_growth_of_a_kind() -> None:
    # Half of the 96 other misfits are of the period, though only a quarter of the sessions is: p is 1/2.
    assert p_growth(Counts(4, 0, 52, 48, 100, 300)) == pytest.approx(0.5**4)


def test_a_kind_that_is_most_of_what_fails_can_grow() -> None:
    # Nothing failed before; of the period's 30 misfits 28 are of the kind. The other two say nothing of a bad week: p is 1/4.
    assert p_growth(Counts(28, 0, 30, 0, 100, 300)) == pytest.approx(0.25**28)


def test_without_weeks_before_nothing_has_grown() -> None:
    assert p_growth(Counts(40, 0, 60, 0, 300, 0)) == 1
    assert trend(Counts(40, 0, 60, 0, 300, 0), 1.0) == "steady"


def test_a_kind_that_does_not_grow_seems_to_as_rarely_as_the_level_says() -> None:
    draws = np.random.default_rng(5)
    kinds = [(int(draws.binomial(20, 0.25)),) for _ in range(2000)]
    found = [p_growth(Counts(now, 20 - now, 25, 75, 100, 300)) for (now,) in kinds]
    # At most 5 % plus three standard errors; the test is discrete, so rather less.
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)
