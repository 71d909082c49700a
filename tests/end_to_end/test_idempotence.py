"""Running a day twice changes no row and asks no judge."""

from eval_pipeline.simulation.judge_endpoint import JudgeEndpoint
from tests.end_to_end.pipeline import NewPipeline, Pipeline


def test_the_same_days_again_change_no_row_and_ask_no_judge(
    evaluated: Pipeline, new_pipeline: NewPipeline, endpoint: JudgeEndpoint
) -> None:
    pipeline = new_pipeline(copy_of=evaluated)
    before, asked = pipeline.row_versions(), endpoint.n_requests
    assert asked > 0

    pipeline.succeed("nightly_evaluation")

    assert pipeline.row_versions() == before
    assert endpoint.n_requests == asked
