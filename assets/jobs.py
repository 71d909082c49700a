"""Dagster jobs: what is run together, by hand, by a schedule or by a sensor."""

import dagster as dg

NIGHTLY = [
    "raw_sessions",
    "quarantined_records",
    "session_signals",
    "evaluator_verdicts",
    "judge_verdicts",
    "category_predictions",
    "flagged_sessions",
    "sampling_frame",
    "human_labels",
    "judge_calibration_reports",
    "trend_rollups",
    "trend_windows",
    "trend_versions",
    "trend_directions",
    "trend_candidates",
    "trend_alerts",
]

nightly_evaluation = dg.define_asset_job(
    "nightly_evaluation",
    selection=dg.AssetSelection.assets(*NIGHTLY),
    description="A day from the door to the trends: sessions, signals, verdicts, categories, queue, labels, calibration, trends.",
)
nightly_evaluation_by_batch = dg.define_asset_job(
    "nightly_evaluation_by_batch",
    selection=dg.AssetSelection.assets(*NIGHTLY),
    tags={"eval_pipeline/judges": "batch"},
    description="The nightly job with its judges' calls put in batches: half the price, answers within a day. A sensor runs "
    "the days again whose answers have come.",
)
refresh_labels = dg.define_asset_job(
    "refresh_labels",
    selection=dg.AssetSelection.assets("human_labels", "judge_calibration_reports", "trend_rollups", "trend_windows"),
    description="After people reviewed: labels and what is measured against them. No session is evaluated again.",
)
refresh_trends = dg.define_asset_job(
    "refresh_trends",
    selection=dg.AssetSelection.assets(
        *("trend_rollups", "trend_windows", "trend_versions"),
        *("trend_directions", "trend_candidates", "trend_alerts"),
    ),
    description="Rates, directions and alerts of days whose daily rates changed after them. No session is evaluated again.",
)
alignment_check = dg.define_asset_job(
    "alignment_check",
    selection=dg.AssetSelection.assets("alignment_checks"),
    description="Whether every judge in production, and every classifier, still agrees with people, and what moved if not.",
)
error_analysis = dg.define_asset_job(
    "error_analysis",
    selection=dg.AssetSelection.assets("error_analysis_samples", "taxonomy_proposals", "taxonomy_saturation"),
    description="Draws a fresh sample for open-ended reading into the review queue, and groups what fits no category into proposals.",
)
synthetic_coverage = dg.define_asset_job(
    "synthetic_coverage",
    selection=dg.AssetSelection.assets("coverage_cells", "synthetic_sessions", "synthetic_expectations"),
    description="Counts which kinds of sessions are covered, makes synthetic ones for the sparse, and tests the evaluators on them.",
)

all_jobs = [
    nightly_evaluation,
    nightly_evaluation_by_batch,
    refresh_labels,
    refresh_trends,
    alignment_check,
    error_analysis,
    synthetic_coverage,
]
