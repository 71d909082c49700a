"""Running a day twice, one run after the other or both at once, changes no row and asks no judge again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from eval_pipeline.deployment import Deployment
from eval_pipeline.judges.asking.asker import Asker
from eval_pipeline.judges.by_origin import judge_by_origin
from eval_pipeline.ports import JudgeModel
from eval_pipeline.simulation.judge_endpoint import JudgeEndpoint
from eval_pipeline.tables import JudgeVerdicts, RawSessions
from resources.call_ledger import WarehouseLedger
from resources.warehouse import PostgresWarehouse
from tests.end_to_end.pipeline import DAYS, EndpointModels, NewPipeline, Pipeline


class NoModels:
    """`ports.JudgeModels` of a deployment whose key was taken away."""

    def for_origin(self, origin: str) -> JudgeModel | None:
        """Return none."""
        return None


def test_the_same_days_again_change_no_row_and_ask_no_judge(
    evaluated: Pipeline, new_pipeline: NewPipeline, endpoint: JudgeEndpoint
) -> None:
    pipeline = new_pipeline(copy_of=evaluated)
    before, asked = pipeline.row_versions(), endpoint.n_requests
    assert asked > 0

    pipeline.succeed("nightly_evaluation")

    assert pipeline.row_versions() == before
    assert endpoint.n_requests == asked


@pytest.mark.slow
def test_the_same_days_without_an_endpoint_keep_what_was_paid(evaluated: Pipeline, new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline(copy_of=evaluated)
    before = pipeline.row_versions()
    assert before["judge_verdicts"]

    pipeline.succeed("nightly_evaluation", judge_models=NoModels())

    assert pipeline.row_versions() == before


def judge(pipeline: Pipeline, day: date) -> int:
    """Judge a day as a run of its own; return the number of verdicts."""
    deployment = Deployment.load(pipeline.settings)
    with (
        PostgresWarehouse(pipeline.url) as warehouse,
        Asker(WarehouseLedger(warehouse), deployment.ask_policy) as asker,
    ):
        models, versions = EndpointModels(pipeline.judge_url), deployment.evaluation_versions
        chunks = warehouse.read_chunks(RawSessions, day)
        frames = (
            frame for chunk in chunks for frame in judge_by_origin(chunk, deployment.judges, models, asker, versions)
        )
        return warehouse.replace_day(JudgeVerdicts, day, frames).n_rows


def test_two_runs_of_a_day_at_once_pay_each_call_once(
    new_pipeline: NewPipeline, traffic: list[Path], endpoint: JudgeEndpoint
) -> None:
    pipeline = new_pipeline()
    pipeline.register(traffic[0])
    pipeline.succeed("nightly_evaluation", DAYS[:1], judge_models=NoModels())
    before = endpoint.n_requests

    with ThreadPoolExecutor(2) as threads:
        n_rows = list(threads.map(judge, [pipeline] * 2, DAYS[:1] * 2))

    n_paid = pipeline.value("SELECT count(DISTINCT call_key) FROM evals.model_calls")
    assert n_rows[0] == n_rows[1] >= n_paid > 0
    assert endpoint.n_requests - before == n_paid
