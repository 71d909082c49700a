"""The weighted rates by hand, and what they say when there is little or nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.calibration.estimators.weighted import WeightedRates, weighted_lower_bounds, weighted_rates

CELLS = [("flagged", "fail"), ("flagged", "pass"), ("quiet", "fail"), ("quiet", "pass")]
COLUMNS = ["stratum", "prediction", "weight", "label"]


def rates(population: list[int], fails: list[int], passes: list[int], unlabelled: int = 0) -> WeightedRates:
    return weighted_rates(_drawn(population, fails, passes, unlabelled))


def _drawn(population: list[int], fails: list[int], passes: list[int], unlabelled: int = 0) -> pd.DataFrame:
    """Drawn sessions of which those of each cell stand for `population` sessions, in equal parts."""
    rows = []
    for cell, n, n_fail, n_pass in zip(CELLS, population, fails, passes, strict=True):
        marks = ["fail"] * n_fail + ["pass"] * n_pass + [None] * unlabelled
        rows += [(*cell, n / len(marks), mark) for mark in marks]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_by_hand() -> None:
    got = rates([100, 100, 100, 700], fails=[8, 2, 5, 1], passes=[2, 8, 5, 9])
    # failures in the traffic: 80 + 20 + 50 + 70 = 220, of which the judge fails 80 + 50 = 130
    assert got.tpr.value == pytest.approx(130 / 220, abs=1e-6)
    # good ones: 20 + 80 + 50 + 630 = 780, of which it passes 80 + 630 = 710
    assert got.tnr.value == pytest.approx(710 / 780, abs=1e-6)
    assert got.failure_rate.value == pytest.approx(0.22, abs=1e-6)
    assert (got.tpr.n, got.tnr.n) == (16, 24)


def test_balanced_accuracy_is_the_mean_of_both_and_null_where_one_is() -> None:
    got = rates([100, 100, 100, 700], fails=[8, 2, 5, 1], passes=[2, 8, 5, 9])
    # By the counts above: (130/220 + 710/780) / 2, over 16 labels of the scarcer class.
    assert (got.balanced.n, got.balanced.value) == (16, pytest.approx((130 / 220 + 710 / 780) / 2, abs=1e-6))
    assert (got.tpr.low + got.tnr.low) / 2 < got.balanced.low < got.balanced.value < got.balanced.high
    few = rates([100, 100, 100, 700], fails=[4, 1, 2, 1], passes=[6, 9, 8, 9])
    assert few.balanced.value is few.tpr.value is None
    assert few.tnr.value is not None


def test_one_sided_bounds_are_the_quantiles_behind_the_intervals() -> None:
    drawn = _drawn([100, 100, 100, 700], fails=[8, 2, 5, 1], passes=[2, 8, 5, 9])
    both = weighted_rates(drawn, draws=500, seed=3)
    assert weighted_lower_bounds(drawn, 0.025, draws=500, seed=3) == (both.tpr.low, both.tnr.low)
    few = _drawn([100, 100, 100, 700], fails=[4, 1, 2, 1], passes=[6, 9, 8, 9])
    tpr_low, tnr_low = weighted_lower_bounds(few, 0.05)
    assert tpr_low is None
    assert 0 < tnr_low < weighted_rates(few).tnr.value
    unlabelled = _drawn([100, 100, 100, 700], fails=[8, 2, 5, 0], passes=[2, 8, 5, 0], unlabelled=1)
    assert weighted_lower_bounds(unlabelled, 0.05) == (None, None)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(3, 30), min_size=8, max_size=8), st.lists(st.integers(50, 900), min_size=4, max_size=4))
def test_a_stricter_bound_is_lower_and_all_are_under_the_point(labels: list[int], population: list[int]) -> None:
    drawn = _drawn(population, labels[:4], labels[4:])
    points = weighted_rates(drawn, draws=200)
    loose, strict = (weighted_lower_bounds(drawn, alpha, draws=400) for alpha in (0.05, 0.05 / 3))
    for low, lower, rate in zip(loose, strict, (points.tpr, points.tnr), strict=True):
        assert 0 <= lower <= low <= rate.value <= 1
    if len(set(population)) == 1:
        assert points.balanced.value == pytest.approx((points.tpr.value + points.tnr.value) / 2, abs=1e-6)


def test_balanced_accuracy_and_bounds_hold_where_flagged_sessions_are_drawn_more_often() -> None:
    rng, replicates = np.random.default_rng(10), 80
    failing, failed, chance = np.array([0.5, 0.06]), 0.85, np.array([0.5, 0.06])  # of flagged and quiet sessions
    held = np.zeros(3)
    for seed in range(replicates):
        is_quiet = (rng.random(1500) > 0.15).astype(int)
        truth = rng.random(1500) < failing[is_quiet]
        said = np.where(truth, rng.random(1500) < failed, rng.random(1500) < 0.08)
        is_drawn = rng.random(1500) < chance[is_quiet]
        words = np.array(["pass", "fail"])
        drawn = pd.DataFrame(
            {
                "stratum": np.array(["flagged", "quiet"])[is_quiet],
                "prediction": words[said.astype(int)],
                "weight": 1 / chance[is_quiet],
                "label": words[truth.astype(int)],
            }
        )[is_drawn]
        got = weighted_rates(drawn, draws=500, seed=seed).balanced
        tpr_low, tnr_low = weighted_lower_bounds(drawn, 0.05, draws=500, seed=seed)
        held += [got.low <= (failed + 0.92) / 2 <= got.high, tpr_low <= failed, tnr_low <= 0.92]
    assert (held / replicates > 0.88).all()


def test_drawn_sessions_without_a_label_count_in_the_population_alone() -> None:
    labelled = rates([100, 100, 100, 700], fails=[8, 2, 5, 1], passes=[2, 8, 5, 9])
    more = rates([100, 100, 100, 700], fails=[8, 2, 5, 1], passes=[2, 8, 5, 9], unlabelled=10)
    assert (more.tpr.n, more.tpr.value, more.tnr.value) == (16, labelled.tpr.value, labelled.tnr.value)


def test_with_equal_shares_drawn_it_is_the_raw_rate() -> None:
    got = rates([80, 120, 40, 400], fails=[15, 5, 6, 4], passes=[5, 25, 4, 96])
    assert got.tpr.value == pytest.approx(21 / 30, abs=1e-6)
    assert got.tnr.value == pytest.approx(121 / 130, abs=1e-6)


def test_labels_of_one_cell_count_by_their_own_weight() -> None:
    rows = [("quiet", "pass", 1.0, "pass")] * 10 + [("quiet", "pass", 3.0, "fail")] * 10
    rows += [("quiet", "fail", 2.0, "fail")] * 10
    got = weighted_rates(pd.DataFrame(rows, columns=COLUMNS))
    assert got.tpr.value == pytest.approx(20 / 50, abs=1e-6)
    assert got.failure_rate.value == pytest.approx(50 / 60, abs=1e-6)


def test_a_cell_without_labels_is_named_and_gives_no_figures() -> None:
    got = rates([100, 100, 100, 700], fails=[8, 2, 5, 0], passes=[2, 8, 5, 0], unlabelled=1)
    assert got.unlabelled_cells == (("quiet", "pass"),)
    assert got.tpr.value is got.tnr.value is got.failure_rate.value is None
    assert rates([100, 100, 100, 0], fails=[8, 2, 5, 0], passes=[2, 8, 5, 0]).tpr.value is not None


def test_few_failures_give_no_catch_rate() -> None:
    got = rates([100, 100, 100, 700], fails=[7, 1, 1, 0], passes=[3, 9, 9, 10])
    assert (got.tpr.n, got.tpr.value) == (9, None)
    assert got.tnr.value is not None


def test_the_interval_contains_the_point_even_at_the_edge() -> None:
    got = rates([100, 100, 100, 700], fails=[10, 0, 10, 0], passes=[0, 10, 0, 10])
    assert (got.tpr.value, got.tpr.high, got.tnr.value, got.tnr.high) == (1, 1, 1, 1)
    assert got.tpr.low is not None and 0 < got.tpr.low < 1


def test_what_never_failed_a_drawn_session_is_not_known_never_to_catch_one() -> None:
    got = rates([0, 300, 0, 700], fails=[0, 20, 0, 10], passes=[0, 10, 0, 60])
    assert (got.tpr.value, got.tpr.low, got.tnr.value, got.tnr.high) == (0, 0, 1, 1)
    assert got.tpr.high is not None and 0.005 < got.tpr.high < 0.2
    assert got.tnr.low is not None and 0.9 < got.tnr.low < 1


def test_many_small_cells_do_not_drag_a_high_rate_down() -> None:
    rows = [(f"surface {n}", word, 1.0, word) for n in range(20) for word in ("fail", "fail", "pass", "pass")]
    got = weighted_rates(pd.DataFrame(rows, columns=COLUMNS))
    # 40 of 40: the exact interval of a plain sample begins at 0.91
    assert got.tpr.low is not None and got.tpr.low > 0.9
    assert got.tnr.low is not None and got.tnr.low > 0.9


def test_the_same_seed_gives_the_same_interval() -> None:
    drawn = pd.DataFrame([(*cell, 5.0, word) for cell in CELLS for word in ("fail", "pass") * 6], columns=COLUMNS)
    assert weighted_rates(drawn, seed=3) == weighted_rates(drawn, seed=3)
    assert weighted_rates(drawn, seed=3).tpr != weighted_rates(drawn, seed=4).tpr


def test_nothing_drawn_gives_nothing() -> None:
    got = weighted_rates(pd.DataFrame([], columns=COLUMNS))
    assert (got.tpr.n, got.tpr.value, got.tnr.value, got.failure_rate.value) == (0, None, None, None)
