"""The alignment check by hand, and what it leaves out."""

import datetime as dt
from typing import Any

import pytest

from eval_pipeline.calibration.alignment import check_alignment, fall_z
from eval_pipeline.tables import AlignmentChecks
from tests.calibration.frames import DAY, label, label_frame, prediction, prediction_frame

OLD = DAY - dt.timedelta(days=28)
JUST_FRESH = DAY - dt.timedelta(days=27)


def part(name: str, n: int, n_agree: int, **changes: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [
        (label(f"{name}{i}", "fail", **changes), prediction(f"{name}{i}", "fail" if i < n_agree else "pass"))
        for i in range(n)
    ]


def check(*parts: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
    pairs = [pair for one in parts for pair in one]
    labels, predictions = [p[0] for p in pairs], [p[1] for p in pairs]
    frame = check_alignment(DAY, label_frame(labels), prediction_frame(predictions))
    assert list(frame.columns) == list(AlignmentChecks.to_schema().columns)
    assert len(frame) == 1
    return frame.iloc[0].to_dict()


def test_z_by_hand() -> None:
    # a0 = .9, a = .7, pool = 160/200 = .8, spread = sqrt(.8 * .2 * 2/100) = .05657; z = .2 / .05657
    assert fall_z(90, 100, 70, 100) == pytest.approx(3.5355, abs=1e-4)
    assert fall_z(70, 100, 90, 100) == pytest.approx(-3.5355, abs=1e-4)
    assert fall_z(20, 20, 30, 30) == 0.0


def test_a_judge_that_agrees_less_than_before_has_drifted() -> None:
    row = check(part("old", 100, 90, session_day=OLD), part("new", 100, 70, session_day=JUST_FRESH))
    assert (row["n_fresh_labels"], row["n_agree"], row["agreement"]) == (100, 70, 0.7)
    assert (row["n_baseline_labels"], row["baseline_agreement"]) == (100, 0.9)
    assert row["z"] == pytest.approx(3.5355, abs=1e-4)
    assert row["status"] == "drifted"
    assert "70 of 100 (70%, 95 % interval 60% to 78%)" in row["sentence"]
    assert "90 of 100" in row["sentence"]


@pytest.mark.parametrize("n_agree", [85, 100])
def test_a_small_fall_or_a_rise_is_no_drift(n_agree: int) -> None:
    row = check(part("old", 100, 90, session_day=OLD), part("new", 100, n_agree))
    assert row["status"] == "aligned"


@pytest.mark.parametrize(("n_old", "n_new"), [(100, 19), (19, 100), (0, 0)])
def test_too_few_labels_conclude_nothing(n_old: int, n_new: int) -> None:
    row = check(
        part("old", n_old, n_old, session_day=OLD),
        part("new", n_new, 0),
        [(label("x", None, status="unsure"), prediction("x", "fail"))],
    )
    assert row["status"] == "unmeasured"
    assert row["z"] != row["z"]  # null
    assert (row["agreement"] == 0.0) if n_new else (row["agreement"] != row["agreement"])


def test_only_blind_held_out_labels_count_fresh_or_old() -> None:
    row = check(
        part("old", 30, 27, session_day=OLD),
        part("tuned", 50, 50, session_day=OLD, label_set="calibration"),
        part("new", 30, 15),
        part("tuned now", 50, 50, label_set="calibration"),
        part("shown", 40, 40, is_blind=False, label_set="calibration"),
    )
    assert (row["n_baseline_labels"], row["n_fresh_labels"], row["n_agree"]) == (30, 30, 15)
    assert row["status"] == "drifted"


def test_other_subjects_are_not_checked() -> None:
    predictions = prediction_frame([prediction("s1", "fail", subject_kind="signal", target="session")])
    assert check_alignment(DAY, label_frame([label("s1", "fail", target="session")]), predictions).empty
