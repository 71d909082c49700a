"""Dagster assets of loop 2: deterministic evaluators first, judges for what is subjective, then the kind of a failure."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from itertools import chain

from assets.table_assets import Frames, Remarks, Shows, table_asset, tables_asset
from eval_pipeline.classifiers.run import classify
from eval_pipeline.deployment import Deployment
from eval_pipeline.evaluators.run import evaluate
from eval_pipeline.failed_verdicts import failed_verdicts
from eval_pipeline.judges.asking.asker import Asks
from eval_pipeline.judges.asking.undone import left_undone_in_words, left_undone_rows
from eval_pipeline.judges.by_origin import judge_by_origin
from eval_pipeline.ports import JudgeModels, Warehouse
from eval_pipeline.tables import (
    CallsLeftUndone,
    CategoryPredictions,
    EvaluatorVerdicts,
    JudgeVerdicts,
    RawSessions,
    Table,
)
from eval_pipeline.taxonomy.categories import Taxonomy

LOOP = "evaluate"
Tables = Iterable[tuple[type[Table], Frames]]


def _left_undone(asker: Asks, deployment: Deployment, **others: object) -> list[str]:
    return left_undone_in_words(asker.left_undone, deployment.ask_policy.prices)


FAILING = {
    EvaluatorVerdicts: ["session_id", "evaluator", "verdict", "turn_index", "explanation"],
    JudgeVerdicts: ["session_id", "judge", "verdict", "critique"],
}
"""What the classifier reads of verdicts; the versions behind each are most of a row."""

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


@tables_asset(
    {JudgeVerdicts: Shows(["judge", "verdict", "error_reason"])},
    group=LOOP,
    deps=["raw_sessions"],
    kinds=["openai", "postgres"],
    remarks=CALLS_ARE_MADE,
)
def judge_verdicts(
    day: date, warehouse: Warehouse, deployment: Deployment, judge_models: JudgeModels, asker: Asks
) -> Tables:
    """Ask every judge about the day's closed sessions; what the ledger knows is not asked again."""
    before = Counter(asker.left_undone)
    sessions = warehouse.read_chunks(RawSessions, day)
    judges, versions = deployment.judges, deployment.evaluation_versions
    yield (
        JudgeVerdicts,
        chain.from_iterable(judge_by_origin(chunk, judges, judge_models, asker, versions) for chunk in sessions),
    )
    yield CallsLeftUndone, [left_undone_rows(day, "judge", asker.left_undone - before)]


@tables_asset(
    {CategoryPredictions: Shows(["category", "decided_by"])},
    group=LOOP,
    deps=["raw_sessions", "evaluator_verdicts", "judge_verdicts"],
    kinds=["openai", "postgres"],
)
def category_predictions(
    day: date,
    warehouse: Warehouse,
    deployment: Deployment,
    taxonomy: Taxonomy,
    judge_models: JudgeModels,
    asker: Asks,
) -> Tables:
    """Say which category of the taxonomy each session belongs to that a verdict fails, or abstain."""
    before = Counter(asker.left_undone)
    failed = failed_verdicts(*(warehouse.read(table, [day], columns) for table, columns in FAILING.items()))
    sessions = warehouse.read_chunks(RawSessions, day)
    by = (deployment.classifier, taxonomy, judge_models, asker, deployment.evaluation_versions)
    yield CategoryPredictions, chain.from_iterable(classify(chunk, failed, *by) for chunk in sessions)
    before_it = warehouse.read(CallsLeftUndone, [day])
    of_judges = before_it[before_it["subject"].str.startswith("judge:")]
    yield CallsLeftUndone, [of_judges, left_undone_rows(day, "classifier", asker.left_undone - before)]
