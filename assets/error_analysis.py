"""Dagster asset of the error analysis: a fresh sample for open-ended reading, which also joins the review queue."""

from datetime import date

import pandas as pd

from assets.table_assets import Frames, Shows, table_asset
from eval_pipeline.clock import Clock
from eval_pipeline.error_analysis import draw_sample
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.reading_sample import SAMPLE_SIZE, SEED, fresh_days, queue_rows
from eval_pipeline.tables import (
    ErrorAnalysisSamples,
    EvaluatorVerdicts,
    FlaggedSessions,
    JudgeVerdicts,
    RawSessions,
    SessionSignals,
)


@table_asset(
    ErrorAnalysisSamples,
    group="error_analysis",
    deps=["raw_sessions", "session_signals", "evaluator_verdicts", "judge_verdicts"],
    shows=Shows(["stratum", "origin"]),
)
def error_analysis_samples(day: date, warehouse: Warehouse, clock: Clock) -> Frames:
    """Draw from the week that ends with the day."""
    days = fresh_days(day)
    sessions = warehouse.read(RawSessions, days, ["session_id", "session_day", "surface", "origin", "is_closed"])
    closed = sessions[sessions["is_closed"]].reset_index(drop=True)
    signals = warehouse.read(SessionSignals, days, ["session_id", "signal", "outcome"])
    verdicts = [warehouse.read(table, days, ["session_id", "verdict"]) for table in (EvaluatorVerdicts, JudgeVerdicts)]
    sample = draw_sample(day, closed, signals, pd.concat(verdicts), SAMPLE_SIZE, SEED)
    warehouse.append(FlaggedSessions, queue_rows(sample, closed, drawn_at=clock()))
    yield sample
