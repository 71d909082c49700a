"""Directions, candidates and alerts as assets: stored together, each alert opened once, and checks that say the sentence."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import dagster as dg
import pytest

from assets.trend_findings import trend_alerts, trend_finding_checks, trend_findings
from eval_pipeline.deployment import Deployment
from eval_pipeline.ports import Told
from eval_pipeline.settings import Settings
from eval_pipeline.tables import (
    AlertDeliveries,
    TrendAlerts,
    TrendBaselines,
    TrendCandidates,
    TrendDirections,
)
from resources.progress import NoProgress
from resources.warehouse import PostgresWarehouse
from tests.resources.frames import frame_for
from tests.trends.test_measuring import DAYS, stored
from tests.trends.turns import day

LAST = day(DAYS - 1)
NOW = dt.datetime.combine(LAST, dt.time(6), dt.UTC) + dt.timedelta(days=1)


class Sink:
    """`ports.AlertSink` that keeps what it is told, and takes it or not."""

    def __init__(self, is_delivered: bool = True) -> None:
        self.is_delivered = is_delivered
        self.told: list[Mapping[str, Any]] = []

    def tell(self, message: Mapping[str, Any]) -> Told:
        self.told.append(message)
        return Told(self.is_delivered, "HTTP 200" if self.is_delivered else "HTTP 400")


def run(warehouse: PostgresWarehouse, sink: Sink) -> dg.ExecuteInProcessResult:
    resources = {
        "warehouse": warehouse,
        "deployment": Deployment.load(Settings.from_env()),
        "clock": lambda: NOW,
        "alert_sink": sink,
        "progress": NoProgress(),
    }
    assets = [trend_findings, trend_alerts, *trend_finding_checks]
    return dg.materialize(assets, partition_key=LAST.isoformat(), resources=resources, raise_on_error=True)


def unmet(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {found.check_name: found for found in result.get_asset_check_evaluations() if not found.passed}


def test_a_turn_is_stored_opened_told_and_checked_and_a_second_run_adds_nothing(warehouse: PostgresWarehouse) -> None:
    stored(warehouse)
    sink = Sink()
    result = run(warehouse, sink)
    (shown,) = result.asset_materializations_for_node("trend_findings")[:1]
    assert "| alert: worse | judge relevance (chat) |" in str(shown.metadata["findings"].value)
    failed = unmet(result)
    assert list(failed) == ["no_trend_alert"]
    assert failed["no_trend_alert"].severity == dg.AssetCheckSeverity.ERROR
    assert str(failed["no_trend_alert"].description).startswith("judge relevance fails 30.0 % of 900 sessions")
    assert [len(warehouse.read(table)) for table in (TrendBaselines, TrendDirections, TrendCandidates)] == [1, 3, 4]
    alerts = warehouse.read(TrendAlerts)
    assert sorted(alerts["surface"]) == ["all", "chat"] and set(alerts["level"]) == {"alert"}
    run(warehouse, sink)
    assert warehouse.read(TrendAlerts).equals(alerts)
    assert [message["surface"] for message in sink.told] and len(sink.told) == 2
    assert warehouse.read(AlertDeliveries)["is_delivered"].sum() == 2


def test_an_alert_that_was_not_taken_warns_and_fails_no_run(warehouse: PostgresWarehouse) -> None:
    stored(warehouse)
    failed = unmet(run(warehouse, Sink(is_delivered=False)))
    assert set(failed) == {"no_trend_alert", "alerts_were_told"}
    assert failed["alerts_were_told"].severity == dg.AssetCheckSeverity.WARN
    assert "HTTP 400" in str(failed["alerts_were_told"].description)


@pytest.mark.parametrize(
    ("level", "direction", "name"),
    [("alert", "worse", "no_trend_alert"), ("watch", "better", "no_trend_watch"), ("none", "steady", None)],
)
def test_each_level_has_its_check(warehouse: PostgresWarehouse, level: str, direction: str, name: str | None) -> None:
    rows = frame_for(TrendDirections, 1, LAST).assign(level=level, direction=direction, sentence="it moved")
    warehouse.replace_day(TrendDirections, LAST, [TrendDirections.validate(rows)])
    context = dg.build_asset_check_context(resources={"warehouse": warehouse})
    results = {next(iter(check.check_specs)).name: check(context) for check in trend_finding_checks}
    assert [found for found, result in results.items() if not result.passed] == ([name] if name else [])
    assert name is None or results[name].description == "it moved"
