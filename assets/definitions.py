"""The composition root: the one place where assets, resources and the catalog meet."""

from typing import Any

import dagster as dg

from assets import (
    calibration,
    error_analysis,
    labels,
    sessions,
    synthetic,
    trend_findings,
    trends,
    verdicts,
)
from assets.checks import all_checks
from assets.jobs import all_jobs
from assets.schedules import load_schedules
from assets.sensors import all_sensors
from eval_pipeline.deployment import CODE_VERSION, Deployment
from eval_pipeline.settings import Settings
from eval_pipeline.tables import TABLES
from resources.configured import default_resources

ASSETS = [
    sessions.intake,
    sessions.session_signals,
    sessions.review_queue,
    verdicts.evaluator_verdicts,
    verdicts.judge_verdicts,
    verdicts.category_predictions,
    labels.reviews,
    labels.human_labels,
    calibration.judge_calibration_reports,
    calibration.alignment_checks,
    trends.trend_rates,
    trends.trend_versions,
    trend_findings.trend_findings,
    trend_findings.trend_alerts,
    error_analysis.error_analysis_samples,
    error_analysis.taxonomy_proposals,
    error_analysis.taxonomy_saturation,
    synthetic.coverage,
    synthetic.synthetic_expectations,
]


def build_definitions(settings: Settings | None = None, **overrides: Any) -> dg.Definitions:
    """Return the whole code location. `overrides` replace resources by name (tests, the command line's progress bar).

    Raises `SettingsError` when a catalog file is wrong: the location then shows that error instead of loading.
    """
    settings = settings or Settings.from_env()
    deployment = Deployment.load(settings)
    resources = {**default_resources(settings, deployment), **overrides}
    assets = _with_code_versions(ASSETS, deployment.code_versions())
    keys = {key.to_user_string() for asset in assets for key in _keys(asset)}
    return dg.Definitions(
        assets=assets,
        asset_checks=all_checks([table for table in TABLES if table.table_name() in keys - {"reviews"}]),
        jobs=all_jobs,
        schedules=load_schedules(settings.catalog / "schedules.yaml"),
        sensors=all_sensors,
        resources=resources,
        executor=dg.in_process_executor,
    )


def _keys(asset: dg.AssetsDefinition | dg.AssetSpec) -> set[dg.AssetKey]:
    return {asset.key} if isinstance(asset, dg.AssetSpec) else set(asset.keys)


def _with_code_versions(assets: list[Any], versions: dict[str, str]) -> list[Any]:
    def versioned(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(code_version=versions.get(spec.key.to_user_string(), CODE_VERSION))

    return list(dg.map_asset_specs(versioned, assets))


defs = build_definitions()
