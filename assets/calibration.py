"""Dagster assets that measure what predicts: calibration reports and the alignment check."""

from datetime import date

import pandas as pd

from assets.table_assets import Frames, Shows, table_asset
from assets.verdicts import CALLS_ARE_MADE
from eval_pipeline.calibration.alignment.asking import ask_all_anchors
from eval_pipeline.calibration.alignment.check import alignment_rows
from eval_pipeline.calibration.alignment.fresh import WINDOW_DAYS
from eval_pipeline.calibration.alignment.reading import evidence_of
from eval_pipeline.calibration.alignment.subjects import checked_classifiers, checked_judges
from eval_pipeline.calibration.labelled import (
    drawn_until,
    labelled_categories,
    labelled_predictions,
    labelled_sessions,
    labels_until,
)
from eval_pipeline.calibration.report import calibrate
from eval_pipeline.calibration.reports.news import new_measurements
from eval_pipeline.calibration.reports.stored import anchor_repeats, held_out_versions, readings_until
from eval_pipeline.calibration.standings import proven
from eval_pipeline.clock import Clock
from eval_pipeline.deployment import Deployment
from eval_pipeline.judges.asking.asker import Asks
from eval_pipeline.ports import JudgeModels, Warehouse
from eval_pipeline.tables import AlignmentChecks, JudgeCalibrationReports

GROUP = "calibration"


@table_asset(
    JudgeCalibrationReports,
    group=GROUP,
    deps=[
        *("human_labels", "judge_verdicts", "evaluator_verdicts", "category_predictions", "session_signals"),
        *("flagged_sessions", "reviews"),
    ],
    shows=Shows(["subject_kind", "subject", "label_set", "status"], pages=True),
)
def judge_calibration_reports(day: date, warehouse: Warehouse, clock: Clock) -> Frames:
    """Measure every predictor on the labels of the year up to the day; what is as it was last measured gives no row."""
    labels, drawn = labels_until(day, warehouse), drawn_until(day, warehouse)
    predictions = labelled_predictions(labels, day, warehouse, drawn["session_id"])
    now = clock()
    predicted, readings = labelled_categories(labels, day, warehouse), readings_until(day, warehouse)
    sessions = labelled_sessions(pd.concat([labels[["session_id"]], readings[["session_id"]]]), warehouse)
    measured = calibrate(
        *(day, labels, predictions, drawn, now, predicted),
        proven=proven(warehouse),
        sessions=sessions,
        flips=anchor_repeats(day, warehouse),
        readings=readings,
        held_out_versions=held_out_versions(warehouse),
    )
    yield new_measurements(measured, warehouse.read(JudgeCalibrationReports, [day]), now)


@table_asset(
    AlignmentChecks,
    group=GROUP,
    deps=["human_labels", "judge_verdicts", "category_predictions", "raw_sessions", "flagged_sessions"],
    kinds=["openai", "postgres"],
    shows=Shows(["subject_kind", "subject", "status", "severity"]),
    remarks=CALLS_ARE_MADE,
)
def alignment_checks(
    day: date, warehouse: Warehouse, deployment: Deployment, judge_models: JudgeModels, asker: Asks, clock: Clock
) -> Frames:
    """Ask the judges in production about their anchors again, and hold them and the classifiers against fresh labels."""
    judges = checked_judges(deployment.judges, warehouse)
    ask_all_anchors(day, judges, warehouse, judge_models, asker, deployment.evaluation_versions, clock)
    subjects = [*judges, *checked_classifiers(day, warehouse, WINDOW_DAYS)]
    yield alignment_rows(day, [(subject, evidence_of(subject, day, warehouse)) for subject in subjects])
