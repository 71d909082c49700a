"""Dagster assets of the trends: failure rates of days and windows, raw and corrected, and by version of what stands behind."""

from collections.abc import Iterable
from datetime import date

from assets.table_assets import Frames, Shows, table_asset, tables_asset
from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import (
    EvaluatorVerdicts,
    JudgeVerdicts,
    RawSessions,
    SessionSignals,
    Table,
    TrendRollups,
    TrendVersions,
    TrendWindows,
)
from eval_pipeline.trends.corrected import with_corrections
from eval_pipeline.trends.evidence import evidence_until
from eval_pipeline.trends.rollups import roll_up
from eval_pipeline.trends.version_rollups import version_rollups
from eval_pipeline.trends.windows import COUNTED_COLUMNS, window_days, windows

GROUP = "trends"
_SAID = ["session_signals", "evaluator_verdicts", "judge_verdicts"]
_SESSIONS = ["session_id", "model_version", "surface", "slices", "origin"]
_SIGNALS = ["session_id", "signal", "signal_version", "outcome", "is_counting"]
_EVALUATORS = ["session_id", "evaluator", "evaluator_version", "target", "verdict"]
_JUDGES = ["session_id", "judge", "judge_version", "repeat", "verdict"]


@tables_asset(
    {
        TrendRollups: Shows(["subject_kind", "subject"]),
        TrendWindows: Shows(["subject_kind", "window_days"]),
    },
    group=GROUP,
    deps=["raw_sessions", *_SAID, "flagged_sessions", "human_labels"],
)
def trend_rates(day: date, warehouse: Warehouse) -> Iterable[tuple[type[Table], Frames]]:
    """Roll the day's verdicts and signals up, sum the 7 and the 28 days that end with it, and correct both by labels."""
    counted = roll_up(
        day,
        sessions=warehouse.read(RawSessions, [day], _SESSIONS),
        evaluator_verdicts=warehouse.read(EvaluatorVerdicts, [day], _EVALUATORS),
        judge_verdicts=warehouse.read(JudgeVerdicts, [day], _JUDGES),
        session_signals=warehouse.read(SessionSignals, [day], _SIGNALS),
    )
    evidence = evidence_until(day, warehouse)
    yield TrendRollups, [with_corrections(counted, evidence, day, n_days=1)]
    # The day itself is stored by now.
    rollups = warehouse.read(TrendRollups, window_days(day), COUNTED_COLUMNS)
    yield TrendWindows, [windows(day, rollups, evidence)]


@table_asset(
    TrendVersions,
    group=GROUP,
    deps=["raw_sessions", *_SAID],
    shows=Shows(["component", "component_version"]),
)
def trend_versions(day: date, warehouse: Warehouse) -> Frames:
    """Count passes and fails of the day by the version of each component behind the session."""
    yield version_rollups(
        day,
        sessions=warehouse.read(
            RawSessions,
            [day],
            ["session_id", "model_version", "redaction_version", "surface", "versions", "origin"],
        ),
        evaluator_verdicts=warehouse.read(EvaluatorVerdicts, [day], [*_EVALUATORS, "versions"]),
        judge_verdicts=warehouse.read(JudgeVerdicts, [day], [*_JUDGES, "versions"]),
        session_signals=warehouse.read(SessionSignals, [day], _SIGNALS),
    )
