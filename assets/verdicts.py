"""Dagster assets of loop 2: deterministic evaluators first, judges for what is subjective, then the kind of a failure."""

from datetime import date

from assets.table_assets import Frames, Remarks, Shows, table_asset
from eval_pipeline.classifiers.run import classify, failed_verdicts
from eval_pipeline.deployment import Deployment
from eval_pipeline.evaluators.run import evaluate
from eval_pipeline.judges.asking.asker import Asks
from eval_pipeline.judges.asking.undone import left_undone_in_words
from eval_pipeline.judges.by_origin import judge_by_origin
from eval_pipeline.ports import JudgeModels, Warehouse
from eval_pipeline.tables import CategoryPredictions, EvaluatorVerdicts, JudgeVerdicts, RawSessions

LOOP = "evaluate"


def _left_undone(asker: Asks, deployment: Deployment, **others: object) -> list[str]:
    return left_undone_in_words(asker.left_undone, deployment.ask_policy.prices)


CALLS_ARE_MADE = Remarks(
    name="calls_are_made",
    description="Warns of calls that were not made: the budget, an endpoint that kept failing, a batch under way.",
    of=_left_undone,
    fine="every call was made",
)


@table_asset(EvaluatorVerdicts, group=LOOP, deps=["raw_sessions"], shows=Shows(["evaluator", "verdict"]))
def evaluator_verdicts(day: date, warehouse: Warehouse, deployment: Deployment) -> Frames:
    """Run every evaluator over the day's closed sessions."""
    for sessions in warehouse.read_chunks(RawSessions, day):
        yield evaluate(sessions, deployment.evaluators, deployment.evaluation_versions)


@table_asset(
    JudgeVerdicts,
    group=LOOP,
    deps=["raw_sessions"],
    kinds=["openai", "postgres"],
    shows=Shows(["judge", "verdict", "error_reason"]),
    remarks=CALLS_ARE_MADE,
)
def judge_verdicts(
    day: date, warehouse: Warehouse, deployment: Deployment, judge_models: JudgeModels, asker: Asks
) -> Frames:
    """Ask every judge about the day's closed sessions; what the ledger knows is not asked again."""
    for sessions in warehouse.read_chunks(RawSessions, day):
        yield from judge_by_origin(sessions, deployment.judges, judge_models, asker, deployment.evaluation_versions)


@table_asset(
    CategoryPredictions,
    group=LOOP,
    deps=["raw_sessions", "evaluator_verdicts", "judge_verdicts"],
    kinds=["openai", "postgres"],
    shows=Shows(["category", "decided_by"]),
)
def category_predictions(
    day: date, warehouse: Warehouse, deployment: Deployment, judge_models: JudgeModels, asker: Asks
) -> Frames:
    """Say which category of the taxonomy each session belongs to that a verdict fails, or abstain."""
    failed = failed_verdicts(*(warehouse.read(table, [day]) for table in (EvaluatorVerdicts, JudgeVerdicts)))
    for sessions in warehouse.read_chunks(RawSessions, day):
        classifier, taxonomy = deployment.classifier, deployment.taxonomy
        versions = deployment.evaluation_versions
        yield from classify(sessions, failed, classifier, taxonomy, judge_models, asker, versions)
