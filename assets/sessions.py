"""Dagster assets of loop 1: sessions come in at the door, are searched for signals, and the queue is drawn."""

from collections.abc import Iterator
from datetime import date

from assets.table_assets import Frames, table_asset, tables_asset
from eval_pipeline.deployment import Clock, Deployment
from eval_pipeline.intake import take_in
from eval_pipeline.intake_storing import kept_elsewhere, move_sessions, settle_days
from eval_pipeline.ports import SessionSource, Warehouse
from eval_pipeline.review.queue import draw_queue, failing_sessions
from eval_pipeline.signals.run import detect_signals
from eval_pipeline.tables import (
    EvaluatorVerdicts,
    FlaggedSessions,
    JudgeVerdicts,
    QuarantinedRecords,
    RawSessions,
    SessionSignals,
    Table,
)

LOOP = "surface_failures"


@tables_asset(
    {RawSessions: ["origin", "surface", "model_version"], QuarantinedRecords: ["reason"]},
    group=LOOP,
    kinds=["pydantic", "postgres"],
)
def intake(
    day: date, session_source: SessionSource, warehouse: Warehouse, deployment: Deployment, clock: Clock
) -> Iterator[tuple[type[Table], Frames]]:
    """Take in a day: what every source holds for it, redacted, or set aside with its reason."""
    taken = take_in(
        session_source.read(day), day, deployment.redactor, as_of=clock(), n_read=session_source.counts(day)
    )
    taken = taken.set_aside(kept_elsewhere(warehouse, taken.session_ids))
    move_sessions(warehouse, taken)
    yield RawSessions, taken.session_frames()
    yield QuarantinedRecords, [taken.quarantined]
    settle_days(warehouse, taken)


@table_asset(SessionSignals, group=LOOP, deps=["raw_sessions"], breakdown=["signal", "outcome"])
def session_signals(day: date, warehouse: Warehouse, deployment: Deployment) -> Frames:
    """Search the day's sessions for every signal."""
    for sessions in warehouse.read_chunks(RawSessions, day):
        yield detect_signals(sessions, deployment.signals)


@table_asset(
    FlaggedSessions,
    group=LOOP,
    deps=["raw_sessions", "session_signals", "evaluator_verdicts", "judge_verdicts"],
    breakdown=["surface", "arm", "stratum"],
)
def flagged_sessions(day: date, warehouse: Warehouse, deployment: Deployment, clock: Clock) -> Frames:
    """Add to the day's queue what the design draws now.

    Only new rows are written, so whatever others add meanwhile stays: a session is drawn once, the first row counts.
    """
    yield draw_queue(
        day,
        sessions=warehouse.read(RawSessions, [day], ["session_id", "session_day", "surface", "origin", "is_closed"]),
        signals=warehouse.read(SessionSignals, [day], ["session_id", "signal", "outcome", "strength"]),
        existing=warehouse.read(FlaggedSessions, [day]),
        design=deployment.design,
        counting=deployment.counting_signals,
        failing=failing_sessions(
            warehouse.read(EvaluatorVerdicts, [day], ["session_id", "verdict"]),
            warehouse.read(JudgeVerdicts, [day], ["session_id", "verdict"]),
        ),
        drawn_at=clock(),
    )
