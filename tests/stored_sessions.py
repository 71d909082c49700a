"""A day of sessions in a warehouse as the nightly job leaves it, made from conversations: for what reads the tables.

Not here: the job itself (`tests/end_to_end`).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from eval_pipeline.ports import Warehouse
from eval_pipeline.review.design import Design
from eval_pipeline.review.queue import draw_queue
from eval_pipeline.signals.run import detect_signals
from eval_pipeline.tables import FlaggedSessions, RawSessions, Reviews, SessionSignals
from tests.resources.frames import frame_for
from tests.signals.conversations import SIGNALS, START, session

DAY = date(2025, 3, 4)
NIGHT = datetime(2025, 3, 5, 1, 30, tzinfo=UTC)


def store_sessions(
    warehouse: Warehouse, conversations: Mapping[str, Sequence[dict[str, Any]]], **columns: Any
) -> pd.DataFrame:
    """Store closed sessions of `DAY` by id, and return their rows."""
    ids = sorted(conversations)
    told = pd.DataFrame([session(conversations[i], i) for i in ids]).assign(ended_at=pd.Timestamp(START))
    given = {"origin": "production", "n_turns": [len(turns) for turns in told["turns"]], **columns}
    rows = frame_for(RawSessions, len(ids), DAY)
    for name, values in {**told.to_dict("list"), **given}.items():
        rows[name] = values
    warehouse.replace_day(RawSessions, DAY, [RawSessions.validate(rows)])
    return rows


def store_signals(warehouse: Warehouse, sessions: pd.DataFrame) -> pd.DataFrame:
    """Store what the catalog's signals say of `sessions`, and return it."""
    found = detect_signals(sessions, list(SIGNALS.values()))
    warehouse.replace_day(SessionSignals, DAY, [found])
    return found


def store_queue(
    warehouse: Warehouse,
    sessions: pd.DataFrame,
    signals: pd.DataFrame,
    failing: Mapping[str, Sequence[str]] | None = None,
    design: Design | None = None,
) -> pd.DataFrame:
    """Draw and store the queue of `sessions`, and return it."""
    counting = {signal.name for signal in SIGNALS.values() if signal.counts}
    existing = warehouse.read(FlaggedSessions, [DAY])
    drawn = draw_queue(DAY, sessions, signals, existing, design or Design(), counting, failing, NIGHT).queue
    warehouse.append(FlaggedSessions, drawn)
    return drawn


def store_review(warehouse: Warehouse, session_id: str, reviewer: str, number: int = 1) -> None:
    """Store one review, the reviewer's first of the session or a later one."""
    row = frame_for(Reviews, 1, DAY).assign(
        review_id=f"{session_id} by {reviewer}, {number}",
        session_id=session_id,
        reviewer=reviewer,
        answers=[{"session": "pass"}],
        is_repeat=False,
    )
    warehouse.append(Reviews, row)
