"""Short ways to write sessions down for the signals' tests."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.signals.contract import Signal
from eval_pipeline.signals.registry import load_signals
from eval_pipeline.signals.run import detect_signals

CATALOG: Path = PROJECT_ROOT / "catalog"
SIGNALS = {signal.name: signal for signal in load_signals(CATALOG)}
START = datetime(2025, 3, 4, 9, tzinfo=UTC)


def talk(*lines: str, gap_s: float = 20) -> list[dict[str, Any]]:
    """Turns from lines like `user: hello`, `gap_s` seconds apart."""
    turns = []
    for i, line in enumerate(lines):
        role, _, content = line.partition(": ")
        turns.append({"role": role, "content": content, "at": (START + timedelta(seconds=gap_s * i)).isoformat()})
    return turns


def session(turns: Sequence[dict[str, Any]] = (), session_id: str = "s1", **more: Any) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "session_day": date(2025, 3, 4),
        "started_at": START,
        "ended_at": pd.NaT,
        "is_closed": True,
        "surface": "chat",
        "slices": {},
        "feedback": [],
        "turns": list(turns),
        "outcome": {"success": False},
        "recorded_labels": [],
        **more,
    }


def detected(signal: Signal | str, *sessions: dict[str, Any]) -> pd.DataFrame:
    """The rows of one signal, by session."""
    chosen = SIGNALS[signal] if isinstance(signal, str) else signal
    return detect_signals(pd.DataFrame(sessions), [chosen]).set_index("session_id")


def only(signal: Signal | str, turns: Sequence[dict[str, Any]] = (), **more: Any) -> Any:
    """The one row of one signal on one session."""
    return detected(signal, session(turns, **more)).iloc[0]
