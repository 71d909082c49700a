"""Dagster asset check on `judge_calibration_reports`: whether judges are promoted, and still clear the gate's floors.

Not here: the findings (`eval_pipeline/calibration/still_proven.py`), the gate itself (`eval-pipeline judges promote`).
"""

import dagster as dg

from eval_pipeline.calibration.still_proven import frame, standings_at_fault
from eval_pipeline.deployment import Deployment
from eval_pipeline.markdown import markdown_table
from eval_pipeline.ports import Warehouse

MEND = {
    "under_floor": "Mend: look at its disagreements; `eval-pipeline judges demote NAME` takes it out of production",
    "unproven": "Mend: `eval-pipeline judges promote NAME`, which says what is missing",
}


@dg.asset_check(
    asset=dg.AssetKey("judge_calibration_reports"),
    name="judges_are_proven",
    description=(
        "Warns of a judge that gives verdicts and is not promoted; an error where one in production no longer clears the "
        "floors of catalog/promotion.yaml on held-out labels."
    ),
    required_resource_keys={"warehouse", "deployment"},
)
def judges_are_proven(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Hold every judge's standing, and the newest figures of those in production, against the gate."""
    warehouse: Warehouse = context.resources.warehouse
    deployment: Deployment = context.resources.deployment
    found = standings_at_fault(deployment.judges, deployment.gates, warehouse)
    if not found:
        return dg.AssetCheckResult(passed=True, description="every judge that gives verdicts is proven")
    worst = min(found, key=lambda finding: finding.kind != "under_floor")
    is_error = worst.kind == "under_floor"
    return dg.AssetCheckResult(
        passed=False,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description=f"{worst.sentence}. {MEND[worst.kind]}",
        metadata={"found": dg.MetadataValue.md(markdown_table(frame(found)))},
    )
