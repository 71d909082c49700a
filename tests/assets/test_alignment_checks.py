"""The asset checks on `alignment_checks`: a drift is an error, all else a warning, and each says its own finding only."""

from datetime import date

import dagster as dg
import pytest

from assets.alignment import FINDINGS, SHOWN, alignment_finding_checks
from assets.finding_checks import finding_check
from eval_pipeline.tables import AlignmentChecks
from resources.warehouse import PostgresWarehouse
from tests.resources.frames import frame_for

DAY = date(2025, 3, 4)
FINE = {
    "status": "aligned",
    "severity": "ok",
    "judge_moved": "no",
    "product_moved": "no",
    "traffic_moved": "no",
    "error_share": 0.0,
    "off_vocabulary_share": 0.0,
    "is_stale": False,
    "sentence": "what was found",
}
FOUND = {
    "no_judge_drifted": {"status": "drifted"},
    "judges_stand_still": {"judge_moved": "yes"},
    "product_stands_still": {"product_moved": "yes"},
    "traffic_stands_still": {"traffic_moved": "yes"},
    "judges_are_measured": {"is_stale": True},
    "judges_are_proven": {"status": "unproven"},
    "judges_answer_in_words_they_know": {"off_vocabulary_share": 0.5},
}


def outcomes(warehouse: PostgresWarehouse, **found: object) -> dict[str, dg.AssetCheckResult]:
    rows = frame_for(AlignmentChecks, 1, DAY).assign(as_of_day=DAY, **{**FINE, **found})
    warehouse.replace_day(AlignmentChecks, DAY, [AlignmentChecks.validate(rows)])
    results = {}
    for finding in FINDINGS:
        context = dg.build_asset_check_context(resources={"warehouse": warehouse})
        results[finding.name] = finding_check(AlignmentChecks, finding, SHOWN)(context)
    return results


def test_where_nothing_is_found_every_check_passes(warehouse: PostgresWarehouse) -> None:
    assert all(result.passed for result in outcomes(warehouse).values())


@pytest.mark.parametrize("name", list(FOUND))
def test_a_finding_fails_its_own_check_alone(warehouse: PostgresWarehouse, name: str) -> None:
    results = outcomes(warehouse, **FOUND[name])
    assert [found for found, result in results.items() if not result.passed] == [name]
    is_error = results[name].severity == dg.AssetCheckSeverity.ERROR
    assert is_error == (name == "no_judge_drifted")
    assert results[name].description == "what was found"


def test_no_check_stops_the_run() -> None:
    specs = [spec for check in alignment_finding_checks for spec in check.check_specs]
    assert {spec.name for spec in specs} == set(FOUND) and not any(spec.blocking for spec in specs)
