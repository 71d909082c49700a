"""The asset graph, its groups, jobs, schedules and checks are pinned: a change here is a change of the product."""

import dagster as dg
import pytest

from assets.definitions import build_definitions
from assets.running import n_steps
from eval_pipeline.settings import Settings

TRAFFIC = {"raw_sessions", "session_signals", "evaluator_verdicts", "judge_verdicts"}

GRAPH = {
    "raw_sessions": ("surface_failures", set()),
    "quarantined_records": ("surface_failures", set()),
    "session_signals": ("surface_failures", {"raw_sessions"}),
    "flagged_sessions": (
        "surface_failures",
        {"raw_sessions", "session_signals", "evaluator_verdicts", "judge_verdicts"},
    ),
    "sampling_frame": (
        "surface_failures",
        {"raw_sessions", "session_signals", "evaluator_verdicts", "judge_verdicts"},
    ),
    "evaluator_verdicts": ("evaluate", {"raw_sessions"}),
    "judge_verdicts": ("evaluate", {"raw_sessions"}),
    "category_predictions": ("evaluate", {"raw_sessions", "evaluator_verdicts", "judge_verdicts"}),
    "reviews": ("review", {"flagged_sessions"}),
    "human_labels": ("review", {"raw_sessions", "flagged_sessions", "reviews"}),
    "judge_calibration_reports": (
        "calibration",
        {
            *("human_labels", "judge_verdicts", "evaluator_verdicts", "category_predictions", "session_signals"),
            *("flagged_sessions", "reviews"),
        },
    ),
    "alignment_checks": (
        "calibration",
        {"human_labels", "judge_verdicts", "category_predictions", "raw_sessions", "flagged_sessions"},
    ),
    "trend_rollups": ("trends", {*TRAFFIC, "flagged_sessions", "human_labels"}),
    "trend_windows": ("trends", {*TRAFFIC, "flagged_sessions", "human_labels"}),
    "trend_versions": ("trends", TRAFFIC),
    "trend_directions": ("trends", {"trend_rollups", "trend_versions"}),
    "trend_candidates": ("trends", {"trend_rollups", "trend_versions"}),
    "trend_alerts": ("trends", {"trend_directions", "trend_candidates"}),
    "error_analysis_samples": ("error_analysis", TRAFFIC),
    "taxonomy_proposals": ("error_analysis", {*TRAFFIC, "category_predictions", "human_labels"}),
    "taxonomy_saturation": ("error_analysis", {"human_labels", "taxonomy_proposals"}),
    "coverage_cells": ("coverage", {"raw_sessions", "session_signals", "category_predictions", "human_labels"}),
    "synthetic_sessions": (
        "coverage",
        {"raw_sessions", "session_signals", "category_predictions", "human_labels", "coverage_cells"},
    ),
    "synthetic_expectations": ("coverage", {"synthetic_sessions"}),
}


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions(Settings.from_env())


def test_graph_and_groups(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    found = {
        node.key.to_user_string(): (node.group_name, {parent.to_user_string() for parent in node.parent_keys})
        for node in graph.asset_nodes
    }
    assert found == GRAPH


def test_every_asset_is_documented_owned_versioned_and_has_a_column_schema(definitions: dg.Definitions) -> None:
    for node in definitions.resolve_asset_graph().asset_nodes:
        assert node.description and node.owners and node.kinds, node.key
        schema = node.metadata["dagster/column_schema"]
        assert all(column.description for column in schema.columns), node.key
        if node.is_executable:
            assert node.code_version, node.key
            assert isinstance(node.partitions_def, dg.TimeWindowPartitionsDefinition), node.key


def test_jobs_schedules_and_sensors(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    jobs = {name for name in repository.job_names if not name.startswith("__")}
    assert jobs == {
        *("nightly_evaluation", "nightly_evaluation_by_batch", "refresh_labels", "refresh_trends"),
        *("alignment_check", "error_analysis", "synthetic_coverage"),
    }
    assert all(n_steps(job) == len(_assets_of(definitions, job)) for job in jobs)
    schedules = {s.name: (s.job_name, s.cron_schedule, s.default_status.value) for s in repository.schedule_defs}
    assert schedules == {
        "nightly_evaluation_schedule": ("nightly_evaluation", "30 1 * * *", "STOPPED"),
        "nightly_evaluation_by_batch_schedule": ("nightly_evaluation_by_batch", "30 1 * * *", "STOPPED"),
        "alignment_check_schedule": ("alignment_check", "0 4 * * 1", "STOPPED"),
        "error_analysis_schedule": ("error_analysis", "30 4 * * 1", "STOPPED"),
        "synthetic_coverage_schedule": ("synthetic_coverage", "0 5 * * 1", "STOPPED"),
    }
    assert {s.name for s in repository.sensor_defs} == {"late_sessions", "new_reviews", "batched_calls", "stale_trends"}


def _assets_of(definitions: dg.Definitions, job: str) -> set[str]:
    """The steps of `job` that store tables: all but its checks."""
    found = definitions.resolve_job_def(job).nodes
    graph = definitions.resolve_asset_graph()
    checks = {f"{key.asset_key.to_user_string()}_{key.name}" for key in graph.asset_check_keys}
    return {node.name for node in found} - checks


def test_every_table_asset_has_a_blocking_contract(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    checks = {(key.asset_key.to_user_string(), key.name): graph.get_check_spec(key) for key in graph.asset_check_keys}
    for name in set(GRAPH) - {"reviews"}:
        assert checks[name, "contract"].blocking, name
    assert checks["raw_sessions", "intake_is_complete"].blocking
    assert not checks["raw_sessions", "batch_expectations"].blocking
