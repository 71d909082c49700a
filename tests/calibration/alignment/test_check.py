"""A whole check on frames: what stays aligned, what drifted, and which of judge, product and traffic moved."""

import dataclasses
import datetime as dt

import pandas as pd
import pytest

from eval_pipeline.calibration.alignment.evidence import Baseline
from eval_pipeline.calibration.alignment.fresh import fall_z
from eval_pipeline.calibration.alignment.health import Asked
from tests.calibration.alignment.evidence import (
    DAY,
    JUDGE,
    PROMOTED,
    STEADY,
    anchors,
    answered,
    check,
    drawn,
    mix,
)

MOVED = ["judge_moved", "product_moved", "traffic_moved"]
WORSE_PRODUCT = {("chat", "quiet"): (4.0, 50, 50, 15), ("chat", "flagged"): (1.0, 50, 50, 35)}


def moved(row: dict[str, str]) -> list[str]:
    return [row[name] for name in MOVED]


def test_z_by_hand() -> None:
    # a0 = .9, a = .7, pool = 160/200 = .8, spread = sqrt(.8 * .2 * 2/100) = .05657; z = .2 / .05657
    assert fall_z(90, 100, 70, 100) == pytest.approx(3.5355, abs=1e-4)
    assert fall_z(70, 100, 90, 100) == pytest.approx(-3.5355, abs=1e-4)
    assert fall_z(20, 20, 30, 30) == 0.0


def test_what_agrees_as_before_is_aligned() -> None:
    row = check()
    assert (row["status"], row["severity"], moved(row)) == ("aligned", "ok", ["no"] * 3)
    assert (row["n_fresh_labels"], row["agreement"], row["baseline_agreement"], row["z"]) == (100, 0.9, 0.9, 0.0)
    assert (row["n_anchors"], row["flip_rate"], row["baseline_flip_rate"], row["label_age_days"]) == (50, 0, 0, 0)
    assert "no drift" in row["sentence"]
    assert "the judge and the product and the traffic did not move" in row["sentence"]


def test_fallen_agreement_is_an_error() -> None:
    row = check(answered=answered(100, 70))
    # pool = (135 + 70) / 250 = .82, spread = sqrt(.82 * .18 * (1/150 + 1/100)) = .0496; z = .2 / .0496
    assert (row["status"], row["severity"]) == ("drifted", "error")
    assert row["z"] == pytest.approx(4.03, abs=0.01)
    assert "70 of 100 (70%, 95 % interval 60% to 78%)" in row["sentence"]


def test_only_the_newest_hundred_after_the_promotion_count() -> None:
    old, new = answered(40, 0, PROMOTED), answered(120, 120, DAY)
    middle = answered(30, 0, PROMOTED + dt.timedelta(days=1))
    row = check(answered=pd.concat([old, middle, new]))
    assert (row["n_fresh_labels"], row["n_agree"], row["n_last_28_days"]) == (100, 100, 100)


@pytest.mark.parametrize(("n_fresh", "n_baseline"), [(19, 150), (100, 19), (0, 0)])
def test_too_few_labels_are_unmeasured(n_fresh: int, n_baseline: int) -> None:
    subject = dataclasses.replace(JUDGE, baseline=Baseline(n_baseline, n_baseline, PROMOTED))
    row = check(subject, answered=answered(n_fresh, 0))
    assert (row["status"], row["severity"]) == ("unmeasured", "warn")
    assert row["z"] != row["z"]  # null
    assert (row["agreement"] == 0.0) if n_fresh else (row["agreement"] != row["agreement"])


def test_anchors_that_say_otherwise_are_the_judge() -> None:
    row = check(anchors_now=anchors([0] * 36 + [3] * 4 + [3] * 10))
    assert (moved(row), row["status"], row["severity"]) == (["yes", "no", "no"], "aligned", "warn")
    assert "the judge moved" in row["sentence"]


def test_more_failures_within_strata_are_the_product() -> None:
    row = check(drawn_now=drawn(WORSE_PRODUCT))
    assert (moved(row), row["severity"]) == (["no", "yes", "no"], "warn")
    assert "the product moved" in row["sentence"]


def test_another_mix_is_the_traffic() -> None:
    row = check(mix_now=mix(DAY, chat=20, mail=40))
    assert (moved(row), row["severity"]) == (["no", "no", "yes"], "warn")
    assert "33% of the sessions are of another surface" in row["sentence"]


def test_anchors_that_were_not_asked_are_unknown_and_not_zero() -> None:
    row = check(anchors_now=anchors([]))
    assert (row["judge_moved"], row["n_anchors"], row["status"]) == ("unknown", 0, "aligned")
    assert row["anchor_z"] != row["anchor_z"] and row["flip_rate"] != row["flip_rate"]
    assert "its anchors were not asked" in row["sentence"]


def test_a_version_that_was_not_promoted_is_unproven() -> None:
    row = check(dataclasses.replace(JUDGE, baseline=None))
    assert (row["status"], row["severity"], row["n_fresh_labels"], row["n_baseline_labels"]) == (
        "unproven",
        "warn",
        0,
        0,
    )
    assert "eval-pipeline judges promote refund --origin production" in row["sentence"]


@pytest.mark.parametrize("asked", [Asked(1000, 60, 0), Asked(1000, 25, 25)])
def test_a_judge_that_does_not_answer_is_warned_of(asked: Asked) -> None:
    row = check(asked=asked)
    assert (row["severity"], row["error_share"]) == ("warn", asked.n_error / 1000)
    assert "of 1000 verdicts" in row["sentence"]


def test_the_thirtieth_newest_label_says_how_old_they_are() -> None:
    old = DAY - dt.timedelta(days=91)
    row = check(newest_labels=[*[DAY] * 29, old])
    assert (row["label_age_days"], row["is_stale"], row["severity"]) == (91, True, "warn")
    row = check(newest_labels=[DAY] * 29)
    assert row["label_age_days"] != row["label_age_days"] and not row["is_stale"]


def test_a_classifier_whose_first_labels_still_come_is_unmeasured() -> None:
    subject = dataclasses.replace(JUDGE, kind="classifier", baseline=Baseline(120, 90, None))
    row = check(subject, answered=answered(120, 90))
    assert (row["status"], row["n_baseline_labels"], row["n_fresh_labels"]) == ("unmeasured", 120, 0)
    assert "120 labels so far" in row["sentence"] and "the judge" not in row["sentence"]


def test_steady_anchors_have_a_steady_flip_rate() -> None:
    # Five of fifty anchors fail once in three: each has 2 of its 3 pairs apart, so 5 * (2/3) / 50.
    row = check(anchors_now=anchors([*[1] * 5, *STEADY[5:]]))
    assert row["flip_rate"] == pytest.approx(5 * (2 / 3) / 50)
    assert row["judge_moved"] == "no"
