"""Dagster assets of loop 1: sessions come in at the door, are searched for signals, and the queue is drawn."""

from collections.abc import Iterator
from datetime import date

from assets.table_assets import Frames, Shows, table_asset, tables_asset
from eval_pipeline.clock import Clock
from eval_pipeline.deployment import Deployment
from eval_pipeline.intake import take_in
from eval_pipeline.intake_storing import kept_elsewhere, move_sessions, settle_days
from eval_pipeline.ports import SessionSource, Warehouse
from eval_pipeline.review.queue import draw_queue, failing_verdicts
from eval_pipeline.signals.run import detect_signals
from eval_pipeline.tables import (
    EvaluatorVerdicts,
    FlaggedSessions,
    JudgeVerdicts,
    QuarantinedRecords,
    RawSessions,
    SamplingFrame,
    SessionSignals,
    Table,
)

LOOP = "surface_failures"


@tables_asset(
    {RawSessions: Shows(["origin", "surface", "model_version"]), QuarantinedRecords: Shows(["reason"])},
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


@table_asset(
    SessionSignals,
    group=LOOP,
    deps=["raw_sessions"],
    shows=Shows(["signal", "outcome"], marked=("outcome", "fired"), left_out="not_applicable"),
)
def session_signals(day: date, warehouse: Warehouse, deployment: Deployment) -> Frames:
    """Search the day's sessions for every signal."""
    for sessions in warehouse.read_chunks(RawSessions, day):
        yield detect_signals(sessions, deployment.signals)


@tables_asset(
    {
        FlaggedSessions: Shows(["surface", "arm", "stratum"], listed="reasons"),
        SamplingFrame: Shows(["surface", "stratum"]),
    },
    group=LOOP,
    deps=["raw_sessions", "session_signals", "evaluator_verdicts", "judge_verdicts"],
)
def review_queue(
    day: date, warehouse: Warehouse, deployment: Deployment, clock: Clock
) -> Iterator[tuple[type[Table], Frames]]:
    """Add to the day's queue what the design draws now, and remember who took part.

    Only new rows are written, so whatever others add meanwhile stays: a session is drawn once, the first row counts.
    """
    drawn = draw_queue(
        day,
        sessions=warehouse.read(RawSessions, [day], ["session_id", "session_day", "surface", "origin", "is_closed"]),
        signals=warehouse.read(SessionSignals, [day], ["session_id", "signal", "outcome", "strength"]),
        existing=warehouse.read(FlaggedSessions, [day]),
        framed=warehouse.read(SamplingFrame, [day], ["session_id"])["session_id"].tolist(),
        design=deployment.design,
        counting=deployment.counting_signals,
        failing=failing_verdicts(
            warehouse.read(EvaluatorVerdicts, [day], ["session_id", "evaluator", "verdict"]),
            warehouse.read(JudgeVerdicts, [day], ["session_id", "judge", "verdict"]),
        ),
        drawn_at=clock(),
    )
    yield FlaggedSessions, [drawn.queue]
    yield SamplingFrame, [drawn.frame]
