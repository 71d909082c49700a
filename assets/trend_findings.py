"""Dagster assets and asset checks of what trends come to: directions, candidates for their causes, and alerts.

Checks do not block: a series at alert is an error, one at watch a warning. Not here: the rollups (`trends.py`), how findings
are made (`eval_pipeline/trends/`).
"""

from collections.abc import Iterable
from datetime import date

from assets.finding_checks import Finding, finding_check
from assets.table_assets import Frames, Remarks, Shows, table_asset, tables_asset
from eval_pipeline.clock import Clock
from eval_pipeline.deployment import Deployment
from eval_pipeline.ports import AlertSink, Warehouse
from eval_pipeline.tables import Table, TrendAlerts, TrendCandidates, TrendDirections
from eval_pipeline.trend_tables import CELL, TrendBaselines
from eval_pipeline.trends.alerts import SPOKEN, opened
from eval_pipeline.trends.measuring import measure
from eval_pipeline.trends.showing import findings
from eval_pipeline.trends.telling import tell_alerts, untold_alerts

GROUP = "trends"
SHOWN = ["as_of_day", *CELL, "level", "direction", "change", "onset_day", "sentence"]

ALERTS_ARE_TOLD = Remarks(
    name="alerts_were_told",
    description="Warns of an alert of the last week that the webhook did not take; without a webhook nothing is told.",
    of=untold_alerts,
    fine="no alert waits to be told",
)


@tables_asset(
    {
        TrendDirections: Shows(["subject_kind", "origin", "level"], marked=("level", "alert"), findings=findings),
        TrendCandidates: Shows(["component", "rank"]),
    },
    group=GROUP,
    deps=["trend_rollups", "trend_versions"],
)
def trend_findings(
    day: date, warehouse: Warehouse, deployment: Deployment, clock: Clock
) -> Iterable[tuple[type[Table], Frames]]:
    """Hold each series against its frozen baseline, split what moved into its parts, and lay changes of version beside it."""
    measured = measure(day, warehouse, deployment.trends, clock())
    warehouse.append(TrendBaselines, measured.baselines)
    yield TrendDirections, [measured.directions]
    yield TrendCandidates, [measured.candidates]


@table_asset(
    TrendAlerts,
    group=GROUP,
    deps=["trend_directions", "trend_candidates"],
    shows=Shows(["level", "origin"]),
    remarks=ALERTS_ARE_TOLD,
)
def trend_alerts(day: date, warehouse: Warehouse, alert_sink: AlertSink | None, clock: Clock) -> Frames:
    """Open a row where a series rose to watch or alert, and tell the alerts to the webhook, if there is one."""
    directions = warehouse.read(TrendDirections, [day])
    yield opened(day, directions, warehouse.query(SPOKEN), warehouse.read(TrendAlerts), clock())
    # The row above is stored by now: what is told is on record first.
    tell_alerts(warehouse, alert_sink, clock)


FINDINGS = [
    Finding(
        "no_trend_alert",
        "An error where a series fails so much more than its baseline that chance is ruled out (level alert).",
        lambda rows: (rows["level"] == "alert") & (rows["direction"] == "worse"),
        "no series is at alert",
        is_error=True,
    ),
    Finding(
        "no_trend_watch",
        "Warns where a series moved beyond the threshold to be watched, for worse or better (level watch).",
        lambda rows: (rows["level"] == "watch") | ((rows["level"] == "alert") & (rows["direction"] == "better")),
        "no series is to be watched",
    ),
]

trend_finding_checks = [finding_check(TrendDirections, finding, SHOWN) for finding in FINDINGS]
