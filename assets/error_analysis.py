"""Dagster assets of error analysis: a sample for open-ended reading, kinds that no category explains, saturation."""

from collections.abc import Iterable
from datetime import date

import pandas as pd

from assets.table_assets import Frames, Remarks, Shows, table_asset, tables_asset
from eval_pipeline.clock import Clock
from eval_pipeline.deployment import Deployment
from eval_pipeline.error_analysis.gathering import with_news
from eval_pipeline.error_analysis.run import proposal_rows
from eval_pipeline.error_analysis.sampling import draw_sample
from eval_pipeline.error_analysis.saturation import saturation_rows
from eval_pipeline.judges.asking.asker import Asks
from eval_pipeline.judges.asking.undone import left_undone_in_words
from eval_pipeline.ports import JudgeModels, Warehouse
from eval_pipeline.review.reading_sample import SAMPLE_SIZE, SEED, fresh_days, queue_rows
from eval_pipeline.tables import (
    ErrorAnalysisSamples,
    EvaluatorVerdicts,
    FlaggedSessions,
    JudgeVerdicts,
    RawSessions,
    SessionSignals,
    TaxonomyProposals,
    TaxonomySaturation,
)

GROUP = "error_analysis"
_READ = ["session_id", "session_day", "surface", "origin", "model_version", "is_closed"]


def _not_asked(asker: Asks, deployment: Deployment, **others: object) -> list[str]:
    return left_undone_in_words(asker.left_undone, deployment.ask_policy.prices)


NAMES_ARE_ASKED = Remarks(
    name="names_are_asked",
    description="Warns of kinds that a model was to name and did not: they are named by their words.",
    of=_not_asked,
    fine="every kind has the name that was asked for",
)


@table_asset(
    ErrorAnalysisSamples,
    group=GROUP,
    deps=["raw_sessions", "session_signals", "evaluator_verdicts", "judge_verdicts"],
    shows=Shows(["stratum", "origin"]),
)
def error_analysis_samples(day: date, warehouse: Warehouse, clock: Clock) -> Frames:
    """Draw from the week that ends with the day."""
    days = fresh_days(day)
    sessions = warehouse.read(RawSessions, days, _READ)
    closed = with_news(sessions[sessions["is_closed"]].reset_index(drop=True), warehouse, day)
    signals = warehouse.read(SessionSignals, days, ["session_id", "signal", "outcome"])
    verdicts = [warehouse.read(table, days, ["session_id", "verdict"]) for table in (EvaluatorVerdicts, JudgeVerdicts)]
    sample = draw_sample(day, closed, signals, pd.concat(verdicts), SAMPLE_SIZE, SEED)
    warehouse.append(FlaggedSessions, queue_rows(sample, closed, drawn_at=clock()))
    yield sample


@tables_asset(
    {TaxonomyProposals: Shows(["origin", "trend"])},
    group=GROUP,
    deps=[
        "raw_sessions",
        "session_signals",
        "evaluator_verdicts",
        "judge_verdicts",
        "category_predictions",
        "human_labels",
    ],
    kinds=["scikitlearn", "openai", "postgres"],
    remarks=NAMES_ARE_ASKED,
)
def taxonomy_proposals(
    day: date, warehouse: Warehouse, deployment: Deployment, judge_models: JudgeModels, asker: Asks
) -> Iterable[tuple[type[TaxonomyProposals], Frames]]:
    """Group what fits nowhere over the eight weeks that end with the day, and propose what is new or grows."""
    by = (deployment.taxonomy, deployment.classifier, judge_models, asker)
    yield TaxonomyProposals, proposal_rows(day, warehouse, *by)


@table_asset(TaxonomySaturation, group=GROUP, deps=["human_labels", "taxonomy_proposals"], shows=Shows(["origin"]))
def taxonomy_saturation(day: date, warehouse: Warehouse) -> Frames:
    """Count the new kinds among the last reviewed sessions."""
    yield saturation_rows(day, warehouse)
