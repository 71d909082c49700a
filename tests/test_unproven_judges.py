"""What is not promoted enters no headline: the report, the list of judges, and the check that says so."""

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from assets.promotion_checks import judges_are_proven
from eval_pipeline.calibration.gate_policy import Gates
from eval_pipeline.judges.definition import load_judges
from eval_pipeline.judges.overview import listed
from eval_pipeline.report import report
from eval_pipeline.settings import PROJECT_ROOT
from resources.warehouse import PostgresWarehouse
from tests.review.figures.stored_reviews import measured, rollup, store_decision, store_measured, store_rollups
from tests.stored_sessions import DAY

JUDGES = load_judges(PROJECT_ROOT / "catalog" / "judges")
TONE = next(judge for judge in JUDGES if judge.name == "tone")
HEADLINE, UNPROVEN = "Failure rate by product model", "Unproven judges (in no headline rate)"


class Catalog:
    """Of a deployment what the check reads."""

    judges = JUDGES
    gates = Gates()


@pytest.fixture
def judged(warehouse: PostgresWarehouse) -> PostgresWarehouse:
    """A day on which the judge of tone said something of one product model."""
    store_rollups(warehouse, *(rollup("tone", TONE.version, 40, 6, model_version=model) for model in ("all", "m-1")))
    return warehouse


def titles_with_tone(warehouse: PostgresWarehouse) -> set[str]:
    return {
        section.title
        for section in report(warehouse)
        if "what" in section.rows and section.rows["what"].str.contains("judge tone").any()
    }


def checked(warehouse: PostgresWarehouse) -> dg.AssetCheckEvaluation:
    result = dg.materialize(
        [dg.AssetSpec("judge_calibration_reports"), judges_are_proven],
        resources={"warehouse": warehouse, "deployment": Catalog()},
        selection=dg.AssetSelection.checks(judges_are_proven),
        raise_on_error=False,
    )
    [evaluation] = result.get_asset_check_evaluations()
    return evaluation


def test_a_judge_stands_apart_in_the_report_until_it_is_promoted(judged: PostgresWarehouse) -> None:
    trend = "Trend by day of unproven judges (in no headline rate)"
    assert titles_with_tone(judged) == {UNPROVEN, trend}
    store_decision(judged, TONE, "promoted", DAY)
    assert titles_with_tone(judged) == {HEADLINE, "Trend by day"}
    store_decision(judged, TONE, "demoted", DAY + timedelta(days=1))
    assert titles_with_tone(judged) == {UNPROVEN, trend}


def test_the_list_says_who_counts_for_which_sessions(judged: PostgresWarehouse) -> None:
    store_decision(judged, TONE, "promoted", DAY, origin="simulated")
    standing = listed(JUDGES, judged).set_index("judge")["standing"]
    assert standing["tone"] == "proven (simulated)" and standing["relevance"] == "unproven"


def test_the_check_warns_of_an_unproven_judge_and_is_an_error_once_one_in_production_falls_under_its_floor(
    judged: PostgresWarehouse,
) -> None:
    unproven = checked(judged)
    assert (unproven.passed, unproven.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "tone" in str(unproven.description) and "judges promote" in str(unproven.description)
    store_decision(judged, TONE, "promoted", DAY)
    assert checked(judged).passed
    low: dict[str, Any] = {"tpr": 0.8, "tpr_low": 0.68, "tnr": 0.97, "tnr_low": 0.92}
    store_measured(judged, measured("tone", TONE.version, (48, 12, 3, 97), **low))
    under = checked(judged)
    assert (under.passed, under.severity, under.blocking) == (False, dg.AssetCheckSeverity.ERROR, False)
    assert "catch rate (TPR) 80.0%, at least 68.0%, floor 75%" in str(under.description)
    better = low | {"tpr_low": 0.76, "report_id": "later", "as_of_day": DAY + timedelta(days=1)}
    store_measured(judged, measured("tone", TONE.version, (96, 24, 6, 194), **better))
    assert checked(judged).passed
