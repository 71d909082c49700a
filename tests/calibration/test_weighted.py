"""The weighted rates by hand, and by simulation where raw rates are known to be wrong."""

import numpy as np
import pandas as pd
import pytest

from eval_pipeline.calibration.weighted import WeightedRates, weighted_rates

CELLS = [("flagged", "fail"), ("flagged", "pass"), ("quiet", "fail"), ("quiet", "pass")]


def rates(population: list[int], fails: list[int], passes: list[int]) -> WeightedRates:
    cells = pd.DataFrame(CELLS, columns=["stratum", "prediction"])
    labels = pd.concat(
        [
            cells.loc[cells.index.repeat(fails)].assign(label="fail"),
            cells.loc[cells.index.repeat(passes)].assign(label="pass"),
        ]
    )
    return weighted_rates(labels, cells.assign(n=population))


def test_by_hand() -> None:
    got = rates([100, 100, 100, 700], fails=[8, 2, 5, 1], passes=[2, 8, 5, 9])
    # failures in the traffic: 80 + 20 + 50 + 70 = 220, of which the judge fails 80 + 50 = 130
    assert got.tpr.value == pytest.approx(130 / 220)
    # good ones: 20 + 80 + 50 + 630 = 780, of which it passes 80 + 630 = 710
    assert got.tnr.value == pytest.approx(710 / 780)
    assert got.failure_rate.value == pytest.approx(0.22)
    assert (got.tpr.n, got.tnr.n) == (16, 24)


def test_with_equal_shares_drawn_it_is_the_raw_rate() -> None:
    got = rates([80, 120, 40, 400], fails=[15, 5, 6, 4], passes=[5, 25, 4, 96])
    assert got.tpr.value == pytest.approx(21 / 30)
    assert got.tnr.value == pytest.approx(121 / 130)


def test_a_cell_without_labels_is_named_and_gives_no_figures() -> None:
    got = rates([100, 100, 100, 700], fails=[8, 2, 5, 0], passes=[2, 8, 5, 0])
    assert got.unlabelled_cells == (("quiet", "pass"),)
    assert got.tpr.value is got.tnr.value is got.failure_rate.value is None
    assert rates([100, 100, 100, 0], fails=[8, 2, 5, 0], passes=[2, 8, 5, 0]).tpr.value is not None


def test_few_failures_give_no_catch_rate() -> None:
    got = rates([100, 100, 100, 700], fails=[7, 1, 1, 0], passes=[3, 9, 9, 10])
    assert (got.tpr.n, got.tpr.value) == (9, None)
    assert got.tnr.value is not None


def test_more_labels_than_sessions_are_refused() -> None:
    with pytest.raises(ValueError, match="more labels than sessions"):
        rates([5, 100, 100, 700], fails=[8, 2, 5, 1], passes=[2, 8, 5, 9])


def simulate(rng: np.random.Generator, n_labels: int) -> tuple[WeightedRates, float, float, float]:
    """4,000 sessions, 10 % failures; flags catch 60 % of them, and the judge catches flagged ones more often."""
    is_fail = rng.random(4000) < 0.10
    is_flagged = rng.random(4000) < np.where(is_fail, 0.6, 0.08)
    chance = np.where(is_fail, np.where(is_flagged, 0.90, 0.65), 0.05)
    traffic = pd.DataFrame(
        {
            "stratum": np.where(is_flagged, "flagged", "quiet"),
            "prediction": np.where(rng.random(4000) < chance, "fail", "pass"),
            "label": np.where(is_fail, "fail", "pass"),
        }
    )
    drawn = [g.sample(n_labels // 2, random_state=rng) for _, g in traffic.groupby("stratum")]
    labels = pd.concat(drawn)
    population = traffic.groupby(["stratum", "prediction"]).size().rename("n").reset_index()
    failed = traffic["label"] == "fail"
    tpr = (traffic.loc[failed, "prediction"] == "fail").mean()
    tnr = (traffic.loc[~failed, "prediction"] == "pass").mean()
    raw = (labels.loc[labels["label"] == "fail", "prediction"] == "fail").mean()
    return weighted_rates(labels, population, draws=1000), float(tpr), float(tnr), float(raw)


def test_it_is_right_where_labels_come_mostly_from_flagged_sessions() -> None:
    rng = np.random.default_rng(20260310)
    runs = [simulate(rng, n_labels=200) for _ in range(200)]
    covers_tpr = np.mean([got.tpr.low <= tpr <= got.tpr.high for got, tpr, _, _ in runs])
    covers_tnr = np.mean([got.tnr.low <= tnr <= got.tnr.high for got, _, tnr, _ in runs])
    raw_bias = np.mean([raw - tpr for _, tpr, _, raw in runs])
    bias = np.mean([got.tpr.value - tpr for got, tpr, _, _ in runs])
    # .90: nominal .95 less three standard errors over 200 runs
    assert min(covers_tpr, covers_tnr) > 0.90
    assert raw_bias > 0.06
    assert abs(bias) < raw_bias / 2
