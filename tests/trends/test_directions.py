"""Whole series held against their baselines: what moved, when, and what is said where there is too little."""

import datetime as dt
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eval_pipeline.trend_tables import TrendBaselines, TrendDirections
from eval_pipeline.trends.baselines import baselines_due
from eval_pipeline.trends.directions import COLUMNS, directions
from eval_pipeline.trends.showing import lines
from tests.trends.daily import NOW, POLICY, day, flat, promotions, series, together

STEP = together(
    series([*flat(70), *[8] * 20]),
    series(flat(90), subject="tone"),
    series([*flat(70), *[0] * 20], subject="calm"),
    series([*[0] * 70, *[3] * 20], subject="never"),
)
"""From day 70 on: 8 of 40 for 3 of 40, nothing new, none at all, and the first failures ever."""


def found_on(
    as_of: int, rows: pd.DataFrame, baselines: pd.DataFrame | None = None, acts: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the directions of day `as_of`, with the baselines that are due by then."""
    acts = promotions() if acts is None else acts
    due = baselines_due(day(as_of), rows, TrendBaselines.empty(), acts, POLICY, NOW) if baselines is None else baselines
    return directions(day(as_of), rows, due, acts, POLICY)


def only(found: pd.DataFrame, **named: str) -> dict[str, Any]:
    """Return the single row whose columns are as named."""
    for name, value in named.items():
        found = found[found[name] == value]
    [row] = found.to_dict("records")
    return row


def test_what_moved_how_far_and_since_when() -> None:
    found = found_on(89, STEP)
    assert list(found.columns) == COLUMNS
    worse = only(found, subject="relevance")
    assert (worse["direction"], worse["level"], worse["baseline_name"]) == ("worse", "alert", "first 60 days")
    # 7.5 % of 60 x 40 before; 20 % of the last 7 days, and of the 28 8 days of 3 and 20 of 8 fails.
    assert (worse["n_baseline_days"], worse["n_baseline"], worse["baseline_rate"]) == (60, 2400, 0.075)
    assert (worse["n_7"], worse["rate_7"], worse["n_28"], worse["rate_28"]) == (
        280,
        0.2,
        1120,
        pytest.approx(184 / 1120),
    )
    # The days differ by less than chance: phi is 1. z = .125 / sqrt(.075 x .925 x (1/280 + 1/2400)).
    assert worse["phi"] == 1 and worse["z_7"] == pytest.approx(7.514, abs=1e-3)
    assert worse["window_days"] == 28 and worse["change"] == pytest.approx(184 / 1120 - 0.075)
    assert worse["onset_day"] == day(70)
    steady = only(found, subject="tone")
    assert (steady["direction"], steady["level"]) == ("steady", "none") and pd.isna(steady["onset_day"])
    assert abs(steady["z_28"]) < 0.5 and pd.isna(steady["not_enough_because"])


def test_what_gets_better_is_no_alert_and_what_never_failed_before_is_one() -> None:
    found = found_on(89, STEP)
    better = only(found, subject="calm")
    assert (better["direction"], better["level"], better["onset_day"]) == ("better", "watch", day(70))
    assert better["z_28"] < -POLICY.alert.z_28
    first = only(found, subject="never")
    assert (first["direction"], first["level"], first["baseline_rate"], first["onset_day"]) == (
        "worse",
        "alert",
        0,
        day(70),
    )


def test_the_rows_fit_the_table_and_their_order_changes_nothing() -> None:
    later = {"mix_shift": np.nan, "within_change": np.nan, "judge_shift": np.nan, "sentence": "it moved"}
    for found in (found_on(89, STEP), found_on(39, STEP)):
        TrendDirections.validate(found.assign(**later)[list(TrendDirections.to_schema().columns)])
    found = found_on(89, STEP)
    shuffled = STEP.sample(frac=1, random_state=5)
    pd.testing.assert_frame_equal(found, found_on(89, shuffled))
    empty = found_on(89, STEP.iloc[:0])
    assert empty.empty and list(empty.columns) == COLUMNS


def test_windows_begin_after_the_baseline() -> None:
    # Day 60 is the first after it; the ten bad days before lie in the baseline, and in no window.
    found = only(found_on(60, series([*flat(50), *[20] * 10, 3])))
    assert (found["n_7"], found["n_28"], found["n_baseline"]) == (40, 40, 2400)


def test_days_without_data_are_days_too() -> None:
    rows = STEP[~STEP["session_day"].isin([day(65), day(85)])]
    found = only(found_on(89, rows), subject="relevance")
    assert (found["n_7"], found["n_28"]) == (240, 1040)


RARELY = [*[0] * 9, 1] * 9
"""A failure in ten days: with 10 sessions a day 6 in the baseline of 600, 3 in the 28 days of 280; 280 x 9/880 = 2.86."""


@pytest.mark.parametrize(
    ("rows", "as_of", "because"),
    [
        (series(flat(40)), 39, "40 of 60 days for a first baseline"),
        (series(flat(60)), 59, "60 of 60 days for a first baseline"),
        (series(flat(29), first=41, subject="new"), 69, "19 of 30 days with data in the baseline first 60 days"),
        (series(flat(70), subject="new"), 79, "no sessions with a verdict in the last 7 days"),
        (series(RARELY, n=10, subject="new"), 89, "2.8 of 3 failures to be expected in 28 days"),
        (series([10 - x for x in RARELY], n=10, subject="new"), 89, "2.8 of 3 passes to be expected in 28 days"),
    ],
)
def test_too_little_is_said_in_words(rows: pd.DataFrame, as_of: int, because: str) -> None:
    is_first = (rows["subject"] == "relevance").all()
    found = found_on(as_of, rows if is_first else together(rows, series(flat(90))))
    told = only(found, subject=str(rows["subject"].iloc[0]))
    assert (told["direction"], told["not_enough_because"], told["level"]) == ("not_enough_data", because, "none")
    missing = ["z_7", "z_28", "p_value", "q_value", "change", "window_days", "onset_day"]
    assert all(pd.isna(told[name]) for name in missing) and told["n_28"] > 0


def test_a_series_that_has_ended_is_told_of_no_more() -> None:
    rows = together(series(flat(120)), series(flat(90), subject="gone"))
    assert set(found_on(100, rows)["subject"]) == {"relevance", "gone"}
    assert set(found_on(118, rows)["subject"]) == {"relevance"}


def test_hundreds_of_drill_downs_cost_the_roll_ups_nothing() -> None:
    cells = [series(flat(90), surface=f"s{number}") for number in range(40)]
    alone, beside = found_on(89, STEP), found_on(89, together(STEP, *cells))
    is_over_all = beside["surface"] == "all"
    assert beside.loc[is_over_all, "q_value"].tolist() == alone["q_value"].tolist()
    # A drill-down as bad as the roll-up pays for its own family: 41 cells for 4 series.
    bad = found_on(89, together(STEP, *cells, series([*flat(70), *[8] * 20], surface="bad")))
    p, q = (only(bad, surface="bad")[name] for name in ("p_value", "q_value"))
    assert q == pytest.approx(41 * p)


def test_origins_are_held_against_their_own_baselines() -> None:
    simulated = series([*flat(70), *[8] * 20], origin="simulated", first=20)
    found = found_on(89, together(STEP, simulated))
    assert only(found, origin="simulated")["baseline_id"] != only(found, subject="tone")["baseline_id"]
    alone = found_on(89, STEP)
    pd.testing.assert_frame_equal(found[found["origin"] == "production"].reset_index(drop=True), alone)


def test_a_version_that_was_promoted_starts_its_judge_anew() -> None:
    acts = promotions([(70, "v2")])
    rows = together(
        series(flat(70)), series([8] * 60, first=70, subject_version="v2"), series(flat(130), subject="tone")
    )
    waiting = found_on(89, rows, acts=acts)
    assert only(waiting, subject="relevance")["not_enough_because"] == "20 of 30 days since v2 was promoted"
    assert only(waiting, subject="tone")["direction"] == "steady", "another judge goes on"
    measured = only(found_on(110, rows, acts=acts), subject="relevance")
    assert (measured["direction"], measured["baseline_rate"], measured["baseline_name"]) == (
        "steady", 0.2, f"relevance v2 from {day(70)} on",
    )  # fmt: skip


def test_what_moved_is_told_worst_first() -> None:
    found = found_on(89, together(STEP, series(flat(10), first=80, subject="new")))
    told = list(lines(found.assign(sentence=found["subject"] + " moved")))
    assert told == [
        f"{day(89)}, production: 3 moved, 1 steady, 1 without enough data",
        "  ALERT never moved",
        "  ALERT relevance moved",
        "  WATCH calm moved",
        "  not enough data (1 series): 0 of 30 days with data in the baseline first 60 days",
    ]


def test_six_hundred_series_take_under_a_second() -> None:
    one = series(flat(180))
    rows = together(*[one.assign(surface=f"s{number}") for number in range(600)])
    due = baselines_due(day(179), rows, TrendBaselines.empty(), promotions(), POLICY, NOW)
    start = time.process_time()
    assert len(directions(day(179), rows, due, promotions(), POLICY)) == 600
    assert time.process_time() - start < 1.0


def test_dates_are_dates() -> None:
    [onset] = {row["onset_day"] for row in found_on(89, STEP).to_dict("records") if row["level"] == "alert"}
    assert type(onset) is dt.date
