"""The story of the calibration account in its shorter form: the right numbers, the right decisions, the alarm on its day.

The gate asks for fewer labels here and lower floors, so that three days of a bad week are enough. The whole story with the
shipped demands is `make calibration-account`. Not here: coverage over many stories (`benchmarks/bench_statistics.py`).
"""

import shutil
from datetime import date, timedelta

import pytest

from benchmarks.account.findings import Account
from benchmarks.account.page import claims, page
from benchmarks.account.scenario import Scenario
from benchmarks.account.story import lived
from eval_pipeline.settings import PROJECT_ROOT, Settings
from eval_pipeline.simulation.judging import JudgeSkill
from tests.end_to_end.pipeline import NewPipeline

pytestmark = pytest.mark.slow

SCENARIO = Scenario(
    first_day=date(2025, 2, 3),
    days_before_promotion=3,
    days_before_change=2,
    days_after_change=2,
    days_between_checks=2,
    sessions_per_day=150,
    skill=JudgeSkill(tpr=0.97, tnr=0.98),
    bad=JudgeSkill(tpr=0.5, tnr=0.98),
    worse=JudgeSkill(tpr=0.6, tnr=0.7),
)
DEMANDS = """
default: {tpr_floor: 0.6, tnr_floor: 0.8, min_fail: 30, min_pass: 70}
judges: {}
"""
READ_TWICE_AS_MUCH = "default: {sessions_per_day: 60}"


@pytest.fixture(scope="module")
def account(new_pipeline: NewPipeline, tmp_path_factory: pytest.TempPathFactory) -> Account:
    pipeline = new_pipeline()
    catalog = tmp_path_factory.mktemp("account") / "catalog"
    shutil.copytree(PROJECT_ROOT / "catalog", catalog)
    (catalog / "promotion.yaml").write_text(DEMANDS, encoding="utf-8")
    (catalog / "surfaces.yaml").write_text(READ_TWICE_AS_MUCH, encoding="utf-8")
    settings = Settings.from_env({**pipeline.environ(), "EVAL_PIPELINE_CATALOG": str(catalog)})
    with pipeline.at_home():
        return lived(SCENARIO, settings)


def test_everything_that_the_account_claims_holds(account: Account) -> None:
    assert [claim for claim, is_true in claims(SCENARIO, account) if not is_true] == []


def test_both_classes_of_every_judge_are_estimated_on_calibration_labels_alone_before_a_promotion(
    account: Account,
) -> None:
    first = account.measured[account.measured["as_of_day"] < SCENARIO.promoted_on]
    assert set(first["label_set"]) == {"calibration"}
    assert {("completeness", "TPR"), ("completeness", "TNR")} <= set(zip(first["judge"], first["rate"], strict=True))


def test_the_promoted_judge_alone_is_measured_on_held_out_labels(account: Account) -> None:
    held_out = account.measured[account.measured["label_set"] == "held_out"]
    assert set(held_out["judge"]) == {SCENARIO.judge}
    assert min(held_out["as_of_day"]) >= SCENARIO.promoted_on


def test_the_bad_candidate_is_refused_for_its_catch_rate(account: Account) -> None:
    failed = [condition.name for condition in account.refused.decision.conditions if condition.holds is False]
    assert failed == ["catch rate (TPR)"]
    assert account.refused.is_new_look and account.promoted.is_new_look


def test_after_the_change_the_judge_is_named_as_what_moved(account: Account) -> None:
    moved = dict(zip(account.checks["as_of_day"], account.checks["judge_moved"], strict=True))
    assert moved[SCENARIO.changes_on - timedelta(days=1)] == "no"
    assert moved[SCENARIO.first_check_after_change] == "yes"


def test_the_page_says_what_came_of_it(account: Account) -> None:
    text = page(SCENARIO, account)
    assert "DOES NOT HOLD" not in text and str(SCENARIO.changes_on) in text
    assert text.count("- holds: ") == len(claims(SCENARIO, account))
