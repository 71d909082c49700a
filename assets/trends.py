"""Dagster asset of the trends: daily failure rates with their intervals."""

from datetime import date

from assets.table_assets import Frames, Shows, table_asset
from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import EvaluatorVerdicts, JudgeVerdicts, RawSessions, SessionSignals, TrendRollups
from eval_pipeline.trends.rollups import roll_up


@table_asset(
    TrendRollups,
    group="trends",
    deps=["raw_sessions", "session_signals", "evaluator_verdicts", "judge_verdicts"],
    shows=Shows(["subject_kind", "subject"]),
)
def trend_rollups(day: date, warehouse: Warehouse) -> Frames:
    """Roll the day's verdicts and signals up by version, product model, surface and slice."""
    by_session = ["session_id"]
    yield roll_up(
        day,
        sessions=warehouse.read(RawSessions, [day], [*by_session, "model_version", "surface", "slices", "origin"]),
        evaluator_verdicts=warehouse.read(
            EvaluatorVerdicts, [day], [*by_session, "evaluator", "evaluator_version", "target", "verdict"]
        ),
        judge_verdicts=warehouse.read(
            JudgeVerdicts, [day], [*by_session, "judge", "judge_version", "repeat", "verdict"]
        ),
        session_signals=warehouse.read(SessionSignals, [day], [*by_session, "signal", "signal_version", "outcome"]),
    )
