"""Dagster assets of coverage, and the check on them: cells, sessions made for the sparse ones, and what evaluators should have
said of these."""

from collections.abc import Iterable
from datetime import date

import dagster as dg

from assets.partitions import checked_days
from assets.table_assets import Frames, Shows, table_asset, tables_asset
from eval_pipeline.coverage.reading import read_traffic
from eval_pipeline.deployment import Deployment
from eval_pipeline.judges.asking.asker import Asks
from eval_pipeline.markdown import markdown_table
from eval_pipeline.ports import JudgeModels, Warehouse
from eval_pipeline.synthetic.by_model import Writer
from eval_pipeline.synthetic.covering import cells_of, meanings, rows_of, sessions_for
from eval_pipeline.synthetic.expecting import expectations
from eval_pipeline.synthetic.judging import judges_asked
from eval_pipeline.synthetic.noticing import evaluators_notice as noticed
from eval_pipeline.tables import CoverageCells, RawSessions, SyntheticExpectations, SyntheticSessions, Table

GROUP = "coverage"


@tables_asset(
    {
        CoverageCells: Shows(["origin", "grid", "is_sparse"]),
        SyntheticSessions: Shows(["operator", "is_valid"], after=["coverage_cells"]),
    },
    group=GROUP,
    deps=["raw_sessions", "session_signals", "category_predictions", "human_labels"],
    kinds=["pandas", "openai", "postgres"],
)
def coverage(
    day: date, warehouse: Warehouse, deployment: Deployment, judge_models: JudgeModels, asker: Asks
) -> Iterable[tuple[type[Table], Frames]]:
    """Count the cells of the days that end with the day, and make sessions for the sparse ones."""
    traffic = read_traffic(warehouse, day, deployment.coverage)
    cells = cells_of(day, traffic, deployment)
    yield CoverageCells, [cells]
    writer = Writer(judge_models.for_origin, asker, deployment.redactor, meanings(deployment))
    yield SyntheticSessions, [sessions_for(day, cells, traffic, rows_of(warehouse), deployment, writer)]


@table_asset(
    SyntheticExpectations,
    group=GROUP,
    deps=["synthetic_sessions"],
    kinds=["pandas", "openai", "postgres"],
    shows=Shows(["operator", "outcome"]),
)
def synthetic_expectations(
    day: date, warehouse: Warehouse, deployment: Deployment, judge_models: JudgeModels, asker: Asks
) -> Frames:
    """Hold what evaluators, signals and, where configured, judges say of the day's made sessions against what must be."""
    made = warehouse.read(SyntheticSessions, [day])
    seeds = warehouse.read(RawSessions, session_ids=sorted({ids[0] for ids in made["seed_session_ids"]}))
    judged = judges_asked(deployment, judge_models, asker)
    yield expectations(day, made, seeds, deployment.evaluators, deployment.signals, judged)


@dg.asset_check(
    asset=dg.AssetKey(SyntheticExpectations.table_name()),
    name="evaluators_notice",
    description="Warns of evaluators, signals and judges that missed what was done to a session, or changed what had to stay.",
    required_resource_keys={"warehouse"},
)
def evaluators_notice(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Show who noticed worst among the sessions that were made for the days of the run."""
    notice = noticed(context.resources.warehouse.read(SyntheticExpectations, checked_days(context)))
    return dg.AssetCheckResult(
        passed=notice.is_good,
        severity=dg.AssetCheckSeverity.WARN,
        description=notice.sentence,
        metadata={"worst": dg.MetadataValue.md(markdown_table(notice.worst))},
    )
