"""The report by hand, its laws, and what it says when there is little or nothing."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.calibration.report import calibrate
from eval_pipeline.calibration.reports.news import new_measurements
from eval_pipeline.calibration.reports.stored import READING_COLUMNS
from eval_pipeline.calibration.traffic import DRAWN_COLUMNS
from eval_pipeline.tables import JudgeCalibrationReports
from tests.calibration.frames import DAY, label, label_frame, prediction, prediction_frame

NOW = dt.datetime(2026, 3, 11, 3, tzinfo=dt.UTC)
NONE_DRAWN = pd.DataFrame(columns=DRAWN_COLUMNS)
PROVEN = {
    ("judge", "refund", version, origin) for version in ("1+aa", "2+bb") for origin in ("production", "simulated")
}
COUNTS = ["n_true_fail", "n_missed_fail", "n_false_fail", "n_true_pass"]


def report(labels: Sequence[dict[str, Any]], predictions: Sequence[dict[str, Any]], **evidence: Any) -> pd.DataFrame:
    frame = calibrate(
        DAY, label_frame(labels), prediction_frame(predictions), NONE_DRAWN, NOW, **{"proven": PROVEN, **evidence}
    )
    assert list(frame.columns) == list(JudgeCalibrationReports.to_schema().columns)
    return frame


def judged(n: int, person: str, machine: str, start: int, **changes: Any) -> tuple[list[Any], list[Any]]:
    ids = [f"s{start + i:04}" for i in range(n)]
    return [label(i, person, **changes) for i in ids], [prediction(i, machine) for i in ids]


def stack(*parts: tuple[list[Any], list[Any]]) -> tuple[list[Any], list[Any]]:
    return [row for part in parts for row in part[0]], [row for part in parts for row in part[1]]


def test_counts_and_rates_by_hand() -> None:
    labels, predictions = stack(
        judged(27, "fail", "fail", 0),
        judged(3, "fail", "pass", 100),
        judged(10, "pass", "fail", 200),
        judged(40, "pass", "pass", 300),
        judged(2, "fail", "error", 400),
        judged(1, "pass", "not_applicable", 500),
    )
    row = report(labels, predictions).iloc[0]
    assert row[["n_labels", *COUNTS, "n_error", "n_not_applicable"]].tolist() == [80, 27, 3, 10, 40, 2, 1]
    assert (row["tpr"], row["tnr"]) == (0.9, 0.8)
    assert (round(row["tpr_low"], 2), round(row["tpr_high"], 2)) == (0.74, 0.97)
    assert (row["category"], row["label_set"], row["status"]) == ("all", "held_out", "measured")
    assert row["n_weighted"] == 0
    assert row[["tpr_weighted", "tnr_weighted"]].isna().all()


def test_each_category_has_its_catch_rate_and_no_pass_rate() -> None:
    labels, predictions = stack(
        judged(9, "fail", "fail", 0, category="wrong_refund"),
        judged(3, "fail", "pass", 100, category="wrong_refund"),
        judged(5, "fail", "pass", 200, category="rude"),
        judged(2, "fail", "fail", 300),
        judged(30, "pass", "pass", 400),
    )
    rows = report(labels, predictions).set_index("category")
    assert rows.loc["all", COUNTS].tolist() == [11, 8, 0, 30]
    assert rows.loc["wrong_refund", COUNTS].tolist() == [9, 3, 0, 0]
    assert rows.loc["wrong_refund", "tpr"] == 0.75
    assert rows.loc["wrong_refund", "status"] == "too_few_to_gate"
    assert rows.loc["rude", "status"] == "counts_only"
    assert pd.isna(rows.loc["rude", "tpr"])  # 5 failures are too few for a rate
    assert rows["tnr"].notna().to_dict() == {"all": True, "rude": False, "wrong_refund": False}


def test_sets_origins_and_versions_are_never_mixed() -> None:
    labels = [
        label("s1", "fail"),
        label("s2", "fail", label_set="calibration"),
        label("s3", "fail", origin="simulated"),
    ]
    predictions = [prediction(s, "fail", subject_version=v) for s in ("s1", "s2", "s3") for v in ("1+aa", "2+bb")]
    rows = report(labels, predictions)
    assert len(rows) == 6
    assert (rows["n_labels"] == 1).all()


def test_only_settled_labels_of_the_same_target_up_to_the_day_count() -> None:
    labels = [
        label("s1", "fail"),
        label("s2", None, status="disputed"),
        label("s3", None, status="unsure"),
        label("s4", "fail", target="session"),
        label("s5", "fail", session_day=DAY + dt.timedelta(days=1)),
    ]
    rows = report(labels, [prediction(f"s{i}", "fail") for i in range(1, 7)])
    assert rows["n_labels"].tolist() == [1]
    pd.testing.assert_frame_equal(rows, report(labels[:1], [prediction("s1", "fail")]))


@pytest.mark.parametrize(("others", "origins"), [([], ["production"]), ([("x", "simulated")], ["simulated"])])
def test_a_subject_without_labels_has_a_row_that_says_so(others: list[tuple[str, str]], origins: list[str]) -> None:
    labels = [label(session, "fail", origin=origin, target="session") for session, origin in others]
    rows = report(labels, [prediction("s1", "fail")])
    assert rows["origin"].tolist() == origins
    assert rows["status"].tolist() == ["no_labels"]
    assert rows["n_labels"].tolist() == [0]
    assert rows[["tpr", "tpr_low", "tpr_high", "tnr", "tnr_low", "tnr_high"]].isna().all(axis=None)


def test_nothing_predicted_is_an_empty_report() -> None:
    assert report([label("s1", "fail")], []).empty


def test_the_same_measurement_is_the_same_row() -> None:
    labels, predictions = stack(judged(12, "fail", "fail", 0), judged(12, "pass", "pass", 100))
    first = report(labels, predictions)
    later = calibrate(
        DAY, label_frame(labels), prediction_frame(predictions), NONE_DRAWN, NOW + dt.timedelta(hours=5), proven=PROVEN
    )
    assert later["report_id"].tolist() == first["report_id"].tolist()
    swapped = [{**row, "session_id": "other"} if row["session_id"] == "s0000" else row for row in labels]
    moved = [{**row, "session_id": "other"} if row["session_id"] == "s0000" else row for row in predictions]
    changed = report(swapped, moved)
    assert changed[COUNTS].equals(first[COUNTS])
    assert changed["report_id"].tolist() != first["report_id"].tolist()  # same counts, other labels behind them


def test_the_latest_row_is_what_was_measured_last_also_when_a_figure_returns() -> None:
    stored = report([], []).iloc[:0]
    for label_of_s1 in ["fail", "pass", "fail", "fail"]:  # measured by a clock that stands still
        measured = report(
            [label("s1", label_of_s1), label("s2", "fail")], [prediction(s, "fail") for s in ("s1", "s2")]
        )
        news = new_measurements(measured, stored, NOW)
        stored = pd.concat([part for part in (stored, news) if len(part)], ignore_index=True)
        latest = stored.sort_values("measured_at").iloc[-1]
        assert latest[COUNTS].tolist() == measured.iloc[0][COUNTS].tolist()
        assert new_measurements(measured, stored, NOW).empty, "measured again at once"
    assert stored["n_true_fail"].tolist() == [2, 1, 2]
    assert stored["report_id"].is_unique
    assert stored["measured_at"].is_unique


def test_a_subject_that_is_as_it_was_gives_no_row_beside_one_that_changed() -> None:
    labels = [label("s1", "fail"), label("s2", "fail", target="session")]
    judge, signal = prediction("s1", "fail"), prediction("s2", "fail", subject_kind="signal", target="session")
    stored = report(labels, [judge, signal])
    changed = report(labels, [judge, signal | {"prediction": "pass"}])
    news = new_measurements(changed, stored, NOW)
    assert news[["subject_kind", "label_set"]].to_numpy().tolist() == [["signal", "all"], ["signal", "held_out"]]


def test_what_has_lost_its_last_label_says_so() -> None:
    predictions = [prediction("s1", "fail"), prediction("s2", "fail")]
    in_calibration = label("s2", "fail", label_set="calibration")
    stored = report([label("s1", "fail", category="rude"), in_calibration], predictions)
    measured = report([label("s1", None, status="disputed"), in_calibration], predictions)
    news = new_measurements(measured, stored, NOW)
    assert news[["label_set", "category"]].to_numpy().tolist() == [["held_out", "all"], ["held_out", "rude"]]
    assert (set(news["n_labels"]), set(news["status"])) == ({0}, {"no_labels"})
    assert new_measurements(measured, pd.concat([stored, news], ignore_index=True), NOW).empty


SIGNAL = {"subject_kind": "signal", "subject": "loop", "target": "session"}


def test_a_signal_has_one_row_over_the_blind_labels_of_both_sets_of_ninety_days() -> None:
    labels = [
        label("s1", "fail", category="rude"),
        label("s2", "fail", label_set="calibration", category="rude"),
        label("s3", "fail", label_set="calibration", is_blind=False),
        label("s4", "pass", session_day=DAY - dt.timedelta(days=89)),
        label("s5", "pass", session_day=DAY - dt.timedelta(days=90)),
    ]
    labels = [row | {"target": "session"} for row in labels]
    rows = report(labels, [prediction(row["session_id"], "fail", **SIGNAL) for row in labels])
    counted = rows[rows["category"] == "all"].set_index("label_set")["n_labels"]
    assert counted.to_dict() == {"all": 3, "calibration": 2, "held_out": 3}
    assert rows.loc[rows["category"] == "rude", "label_set"].tolist() == ["calibration", "held_out"]


def test_a_signal_without_labels_says_how_many_it_needs_and_no_other_kind_does() -> None:
    rows = report([], [prediction("s1", "fail", **SIGNAL), prediction("s1", "fail")])
    needed = rows.set_index(["subject_kind", "label_set"])["n_control_needed"]
    assert needed.dropna().to_dict() == {("signal", "all"): 200, ("signal", "held_out"): 200}
    assert rows["n_control"].tolist() == [0, 0, 0]
    assert rows[["precision_weighted", "recall_weighted"]].isna().all(axis=None)


def test_a_signal_that_has_lost_its_labels_needs_them_all_again() -> None:
    predictions = [prediction("s1", "fail", **SIGNAL)]
    stored = report([label("s1", "fail", target="session", arm="control")], predictions).assign(
        precision_weighted=0.5, recall_weighted=0.5, n_weighted=150, n_control=150, n_control_needed=50
    )
    news = new_measurements(report([label("s1", "fail", target="other")], []), stored, NOW)
    assert news["label_set"].tolist() == ["all", "held_out"]
    assert news[["precision_weighted", "recall_weighted"]].isna().all(axis=None)
    assert set(news[["n_weighted", "n_control", "n_control_needed"]].itertuples(index=False, name=None)) == {
        (0, 0, 200)
    }


@pytest.mark.parametrize("second", ["fail", "pass"])
def test_two_predictions_of_one_subject_are_refused(second: str) -> None:
    with pytest.raises(ValueError, match="twice"):
        report([label("s1", "fail")], [prediction("s1", "fail"), prediction("s1", second)])


def test_a_word_that_is_no_verdict_is_refused() -> None:
    with pytest.raises(ValueError, match="satisfied"):
        report([label("s1", "fail")], [prediction("s1", "satisfied")])


cells = st.lists(
    st.tuples(
        st.sampled_from(["pass", "fail"]),
        st.sampled_from(["pass", "fail", "error", "not_applicable"]),
        st.sampled_from(["calibration", "held_out"]),
        st.sampled_from([None, "rude", "wrong_refund"]),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=6, deadline=None)
@given(cells, st.randoms(use_true_random=False))
def test_counts_add_up_and_order_does_not_matter(drawn: list[tuple[str, str, str, str | None]], rng: Any) -> None:
    labels = [
        label(f"s{i}", person, label_set=in_set, category=category if person == "fail" else None)
        for i, (person, _, in_set, category) in enumerate(drawn)
    ]
    predictions = [prediction(f"s{i}", machine) for i, (_, machine, _, _) in enumerate(drawn)]
    rows = report(labels, predictions)
    whole = rows[rows["category"] == "all"]
    assert (whole["n_labels"] + whole["n_error"] + whole["n_not_applicable"]).sum() == len(drawn)
    assert (rows[COUNTS].sum(axis=1) == rows["n_labels"]).all()
    parts = rows[rows["category"] != "all"].groupby("label_set")["n_true_fail"].sum()
    assert (parts <= whole.set_index("label_set")["n_true_fail"].reindex(parts.index)).all()
    has_rate = rows.dropna(subset=["tpr"])
    assert ((has_rate["tpr_low"] <= has_rate["tpr"]) & (has_rate["tpr"] <= has_rate["tpr_high"])).all()
    rng.shuffle(labels)
    rng.shuffle(predictions)
    pd.testing.assert_frame_equal(report(labels, predictions), rows)


def test_a_judge_that_is_not_promoted_is_not_looked_at_on_held_out_labels() -> None:
    labels, predictions = stack(
        judged(12, "fail", "fail", 0, category="rude"),
        judged(15, "pass", "fail", 100),
        judged(11, "fail", "fail", 200, label_set="calibration"),
    )
    rows = report(labels, predictions, proven=set())
    assert rows[["label_set", "category", "status"]].to_numpy().tolist() == [
        ["calibration", "all", "counts_only"],
        ["held_out", "all", "not_looked_at"],
    ]
    waiting = rows.iloc[1]
    assert waiting[["n_human_fail", "n_human_pass", "n_labels", *COUNTS]].tolist() == [12, 15, 0, 0, 0, 0, 0]
    assert waiting[["tpr", "tnr", "agreement"]].isna().all()
    other_words = [row | {"prediction": "pass"} for row in predictions]
    changed = report(labels, other_words, proven=set()).iloc[1]
    assert changed["report_id"] == waiting["report_id"], "nothing of what it said shows"


def test_surfaces_have_rows_with_shrunk_rates_and_users_make_intervals_wider() -> None:
    labels, predictions = stack(judged(20, "fail", "fail", 0), judged(20, "fail", "pass", 100))
    ids = [row["session_id"] for row in labels]
    places = ["chat"] * 15 + ["mail"] * 25
    alone = pd.DataFrame({"session_id": ids, "surface": places, "group_id": ids})
    # Ten users of four sessions each, of whom five are always caught and five never.
    of_users = alone.assign(group_id=[f"u{i // 4}" for i in range(40)])
    one, many = (report(labels, predictions, sessions=each).set_index("surface") for each in (alone, of_users))
    assert one["n_labels"].to_dict() == {"all": 40, "chat": 15, "mail": 25}
    assert one["tpr"].to_dict() == {"all": 0.5, "chat": 1.0, "mail": 0.2}
    assert one["tpr_shrunk"].isna().to_dict() == {"all": True, "chat": False, "mail": False}
    assert 0.2 < one.loc["mail", "tpr_shrunk"] < one.loc["chat", "tpr_shrunk"] < 1
    assert (one.loc["all", "n_groups"], many.loc["all", "n_groups"]) == (40, 10)
    assert many.loc["all", "tpr_high"] - many.loc["all", "tpr_low"] > 1.5 * (
        one.loc["all", "tpr_high"] - one.loc["all", "tpr_low"]
    )


def test_reviewers_are_held_against_the_others_and_their_agreement_stands_beside_the_judge() -> None:
    def reading(session: str, person: str, answer: str, is_repeat: bool = False) -> tuple[Any, ...]:
        return "production", session, "session", person, is_repeat, False, answer, pd.Timestamp(NOW)

    # Of 20 sessions both read, ada and bob fail 5, pass 13 and differ on 2, which bob alone fails.
    answers = [("fail", "fail")] * 5 + [("pass", "pass")] * 13 + [("pass", "fail")] * 2
    read = [
        reading(f"s{i}", who, said)
        for i, pair in enumerate(answers)
        for who, said in zip(("ada", "bob"), pair, strict=True)
    ]
    read += [reading(f"s{i}", "ada", "fail", is_repeat=True) for i in range(10)]  # 5 to 9 she passed before
    readings = pd.DataFrame(read, columns=READING_COLUMNS)
    rows = report([label("s0", "fail")], [prediction("s0", "fail")], readings=readings).set_index("subject")
    ada = rows.loc["ada"]
    assert ada[COUNTS].tolist() == [5, 2, 0, 13]
    assert (ada["agreement"], ada["human_agreement"], ada["n_double"]) == (0.9, 0.9, 20)
    assert (ada["flip_rate"], ada["n_flip_sessions"], ada["n_flip_repeats"]) == (0.5, 10, 20)
    judge = rows.loc["refund"]
    assert (judge["n_double"], judge["human_agreement"], judge["human_failing_share"]) == (20, 0.9, 12 / 40)
    # Both err equally often: .9 = (1 - e)^2 + e^2, so e = (1 - sqrt(.8)) / 2.
    assert judge["ceiling_agreement"] == pytest.approx(1 - (1 - 0.8**0.5) / 2)
