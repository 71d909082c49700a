"""The view of the signals' quality, and the section of the report that shows it."""

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from eval_pipeline.calibration.detection import AIM_CONTROL, MIN_CONTROL
from eval_pipeline.report import calibration, signal_quality
from eval_pipeline.tables import JudgeCalibrationReports, SignalQuality
from resources.warehouse import PostgresWarehouse
from tests.resources.frames import DAY, frame_for

MEASURED_AT = pd.Timestamp("2026-01-03T01:00Z")
RECALL = {"recall_weighted": 0.44, "recall_weighted_low": 0.31, "recall_weighted_high": 0.59}
NO_RECALL = dict.fromkeys(RECALL)


def measured(report_id: str, n_control: int, **changes: Any) -> pd.DataFrame:
    """One row of `judge_calibration_reports`, of the signal `tool_error` over both label sets."""
    rates = {name: None for name in JudgeCalibrationReports.to_schema().columns if str(name).startswith(("tpr", "tnr"))}
    row = {
        "report_id": report_id,
        "as_of_day": DAY,
        "subject_kind": "signal",
        "subject": "tool_error",
        "subject_version": "1+ab",
        "origin": "production",
        "label_set": "all",
        "category": "all",
        "surface": "all",
        "n_labels": 300,
        "n_true_fail": 60,
        "n_missed_fail": 10,
        "n_false_fail": 40,
        "n_true_pass": 190,
        "n_error": 0,
        "n_not_applicable": 7,
        **rates,
        "precision_weighted": 0.6,
        "precision_weighted_low": 0.5,
        "precision_weighted_high": 0.7,
        **RECALL,
        "n_weighted": 300,
        "n_control": n_control,
        "n_control_needed": max(0, AIM_CONTROL - n_control),
        "measured_at": MEASURED_AT,
        **changes,
    }
    frame = frame_for(JudgeCalibrationReports, 1).astype(object).assign(**row)
    return JudgeCalibrationReports.validate(frame)


def put(warehouse: PostgresWarehouse, *rows: pd.DataFrame) -> pd.DataFrame:
    for row in rows:
        warehouse.append(JudgeCalibrationReports, row)
    return SignalQuality.validate(warehouse.read(SignalQuality))


@pytest.mark.parametrize(
    ("n_control", "recall", "status", "sentence", "shown"),
    [
        (0, NO_RECALL, "too_few", "recall needs 200 more control labels", "needs 200 more control labels"),
        (
            MIN_CONTROL - 1,
            NO_RECALL,
            "too_few",
            "recall needs 151 more control labels",
            "needs 151 more control labels",
        ),
        (
            57,
            RECALL,
            "rough",
            "recall is rough, from 57 control labels: 143 more are needed",
            "44.0 % [31.0, 59.0] (rough)",
        ),
        (AIM_CONTROL, RECALL, "measured", "recall rests on 200 control labels", "44.0 % [31.0, 59.0]"),
        (
            AIM_CONTROL,
            NO_RECALL,
            "no_recall",
            "recall waits for a label in every sampling cell, and for 10 labelled failures",
            "waits for a label in every sampling cell, and for 10 labelled failures",
        ),
    ],
)
def test_it_says_in_words_what_recall_rests_on_or_waits_for(
    warehouse: PostgresWarehouse, n_control: int, recall: dict[str, Any], status: str, sentence: str, shown: str
) -> None:
    row = put(warehouse, measured("r1", n_control, **recall)).iloc[0]
    assert (row["signal"], row["n_labels"], row["n_fired"], row["n_true_fail"]) == ("tool_error", 300, 100, 60)
    assert (row["status"], row["sentence"], row["n_control"]) == (status, sentence, n_control)
    assert (row["precision"], row["precision_high"]) == (0.6, 0.7)
    section = signal_quality(warehouse).rows.iloc[0]
    assert (section["precision"], section["recall"]) == ("60.0 % [50.0, 70.0]", shown)


def test_it_has_the_newest_measurement_of_each_signal_version_and_origin(warehouse: PostgresWarehouse) -> None:
    found = put(
        warehouse,
        measured("old day", 10, as_of_day=DAY - dt.timedelta(days=1), measured_at=MEASURED_AT + dt.timedelta(days=9)),
        measured("first", 20),
        measured("second", 30, measured_at=MEASURED_AT + dt.timedelta(hours=1)),
        measured("other version", 40, subject_version="2+cd"),
        measured("other origin", 50, origin="simulated"),
        measured("flagged", 60, subject="flagged"),
        measured("of one set", 70, label_set="held_out"),
        measured("of one category", 80, category="rude"),
        measured("a judge", 90, subject_kind="judge"),
    )
    keyed = found.set_index(["signal", "signal_version", "origin"])["n_control"].to_dict()
    assert keyed == {
        ("tool_error", "1+ab", "production"): 30,
        ("tool_error", "2+cd", "production"): 40,
        ("tool_error", "1+ab", "simulated"): 50,
        ("flagged", "1+ab", "production"): 60,
    }
    shown = signal_quality(warehouse).rows
    assert shown[["signal", "control_labels"]].to_numpy().tolist() == [
        ["flagged", 60],
        ["tool_error", 30],
        ["tool_error", 40],
        ["tool_error", 50],
    ]
    assert calibration(warehouse).rows.empty, "signals have a section of their own"


def test_the_report_leaves_out_what_is_no_longer_measured(warehouse: PostgresWarehouse) -> None:
    retired = measured("old", 10, subject="retired", as_of_day=DAY - dt.timedelta(days=1))
    assert len(put(warehouse, retired, measured("new", 20))) == 2
    assert signal_quality(warehouse).rows["signal"].tolist() == ["tool_error"]
