"""Dagster assets that measure what predicts: calibration reports and the alignment check."""

from datetime import date

from assets.table_assets import Frames, Shows, table_asset
from eval_pipeline.calibration.alignment import check_alignment
from eval_pipeline.calibration.labelled import drawn_until, labelled_categories, labelled_predictions, labels_until
from eval_pipeline.calibration.report import calibrate, new_measurements
from eval_pipeline.clock import Clock
from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import AlignmentChecks, JudgeCalibrationReports

GROUP = "calibration"


@table_asset(
    JudgeCalibrationReports,
    group=GROUP,
    deps=[
        *("human_labels", "judge_verdicts", "evaluator_verdicts", "category_predictions", "session_signals"),
        "flagged_sessions",
    ],
    shows=Shows(["subject_kind", "subject", "label_set", "status"]),
)
def judge_calibration_reports(day: date, warehouse: Warehouse, clock: Clock) -> Frames:
    """Measure every predictor on the labels of the year up to the day; what is as it was last measured gives no row."""
    labels, drawn = labels_until(day, warehouse), drawn_until(day, warehouse)
    predictions = labelled_predictions(labels, day, warehouse, drawn["session_id"])
    now = clock()
    predicted = labelled_categories(labels, day, warehouse)
    measured = calibrate(day, labels, predictions, drawn, now, predicted)
    yield new_measurements(measured, warehouse.read(JudgeCalibrationReports, [day]), now)


@table_asset(AlignmentChecks, group=GROUP, deps=["human_labels", "judge_verdicts"], shows=Shows(["judge", "status"]))
def alignment_checks(day: date, warehouse: Warehouse) -> Frames:
    """Hold every judge against the fresh labels of the last 28 days."""
    labels = labels_until(day, warehouse)
    yield check_alignment(day, labels, labelled_predictions(labels, day, warehouse))
