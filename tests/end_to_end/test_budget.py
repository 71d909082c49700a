"""A cost budget in the catalog holds for the whole run, and what did not fit is asked by a later one."""

import shutil
from pathlib import Path

import pytest

from eval_pipeline.deployment import Deployment
from eval_pipeline.errors import SettingsError
from eval_pipeline.settings import PROJECT_ROOT, Settings
from tests.end_to_end.pipeline import DAYS, NewPipeline, Pipeline

BUDGET_USD = 0.02


def catalog_with(folder: Path, budget: str, per: str = "run") -> Path:
    """Copy the shipped catalog to `folder` with a budget per run or day."""
    shutil.copytree(PROJECT_ROOT / "catalog", folder)
    prices = folder / "prices.yaml"
    shipped = prices.read_text(encoding="utf-8")
    none = f"budget_usd_per_{per}: null"
    assert none in shipped
    prices.write_text(shipped.replace(none, none.replace("null", budget)), encoding="utf-8")
    return folder


def at(catalog: Path, pipeline: Pipeline) -> Settings:
    return Settings.from_env({**pipeline.environ(), "EVAL_PIPELINE_CATALOG": str(catalog)})


@pytest.mark.slow
def test_the_budget_of_the_catalog_holds_over_all_days_of_a_run(
    new_pipeline: NewPipeline, traffic: list[Path], tmp_path: Path
) -> None:
    pipeline = new_pipeline()
    for path in traffic:
        pipeline.register(path)
    pipeline.settings = at(catalog_with(tmp_path / "catalog", str(BUDGET_USD)), pipeline)
    pipeline.succeed("nightly_evaluation", DAYS)

    spent = pipeline.value("SELECT sum(cost_usd) FROM evals.model_calls")
    n_judged = pipeline.value("SELECT count(*) FROM evals.judge_verdicts")
    assert BUDGET_USD / 2 < spent <= BUDGET_USD
    assert pipeline.value("SELECT count(*) FROM evals.judge_verdicts WHERE error_reason LIKE 'over_budget%%'") == 0

    pipeline.settings = at(PROJECT_ROOT / "catalog", pipeline)
    pipeline.succeed("nightly_evaluation", DAYS)
    assert pipeline.value("SELECT count(*) FROM evals.judge_verdicts") > n_judged
    assert pipeline.value("SELECT count(*) FROM evals.model_calls") == pipeline.value(
        "SELECT count(DISTINCT call_key) FROM evals.model_calls"
    )


@pytest.mark.slow
def test_the_budget_of_the_day_holds_over_all_its_runs(
    new_pipeline: NewPipeline, traffic: list[Path], tmp_path: Path
) -> None:
    pipeline = new_pipeline()
    for path in traffic:
        pipeline.register(path)
    pipeline.settings = at(catalog_with(tmp_path / "catalog", str(BUDGET_USD), "day"), pipeline)
    n_calls = []
    for _ in range(2):
        pipeline.succeed("nightly_evaluation", DAYS)
        n_calls.append(pipeline.value("SELECT count(*) FROM evals.model_calls"))

    spent = pipeline.value("SELECT sum(cost_usd) FROM evals.model_calls")
    assert BUDGET_USD / 2 < spent <= BUDGET_USD
    assert n_calls[0] > 0
    assert pipeline.value("SELECT sum(usd) FROM evals.model_spend") == pytest.approx(spent)


@pytest.mark.parametrize(
    ("file", "before", "after", "problem"),
    [
        ("judges/relevance.yaml", "max_completion_tokens: 600", "top_p: 1", "no limit of its reply"),
        ("judges/relevance.yaml", "model: gpt-4.1-mini-2025-04-14", "model: local-model", "no price for local-model"),
        ("prices.yaml", "budget_usd_per_run: 1", "budget_usd_per_run: -1", "budget_usd_per_run"),
    ],
)
def test_a_budget_that_a_judge_cannot_be_held_to_is_refused_when_the_catalog_is_loaded(
    file: str, before: str, after: str, problem: str, tmp_path: Path
) -> None:
    catalog = catalog_with(tmp_path / "catalog", "1")
    text = (catalog / file).read_text(encoding="utf-8")
    assert before in text
    (catalog / file).write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(SettingsError, match=problem):
        Deployment.load(Settings(home=tmp_path, catalog=catalog))
