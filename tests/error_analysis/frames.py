"""A small world of failed sessions for error analysis: what people and machines said, and in which words."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pandas as pd

from eval_pipeline.error_analysis.misfits import Evidence
from eval_pipeline.error_analysis.proposing import compared_days

DAY = dt.date(2026, 5, 10)


def evidence(sessions: dict[str, tuple[dt.date, str | None, str]]) -> Evidence:
    """Return the evidence of sessions by id: day, predicted category (None: nothing fails it), the assistant's last words."""
    ids = list(sessions)
    failed = [session for session in ids if sessions[session][1] is not None]
    told = {session: [turn("user", "hello"), turn("assistant", sessions[session][2])] for session in ids}

    def turns(wanted: Iterable[str]) -> pd.DataFrame:
        named = list(wanted)
        return pd.DataFrame({"session_id": named, "turns": [told[session] for session in named]})

    return Evidence(
        sessions=pd.DataFrame({"session_id": ids, "session_day": [sessions[session][0] for session in ids]}),
        labels=frame("session_id", "label", "status", "category"),
        notes=frame("session_id", "note", "arm", "category"),
        predictions=frame("session_id", "category", rows=[(session, sessions[session][1]) for session in failed]),
        failed=frame(
            "session_id",
            "failed",
            "turn_index",
            "explanation",
            rows=[(s, "judge:usefulness", None, None) for s in failed],
        ),
        signals=frame("session_id", "signal", "turn_index"),
        turns=turns,
    )


def frame(*columns: str, rows: Iterable[tuple[Any, ...]] = ()) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns))


def turn(role: str, content: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def weeks(n_before: int, n_now: int, words: str, category: str = "abstain", prefix: str = "n") -> dict[str, Any]:
    """Return sessions that say `words`, so many spread over the reference and so many over the period."""
    days = compared_days(DAY)
    before, now = days[:42], days[42:]
    dated = [before[i * 5 % 42] for i in range(n_before)] + [now[i * 3 % 14] for i in range(n_now)]
    return {f"{prefix}{i:03}": (day, category, words) for i, day in enumerate(dated)}


def quiet(n: int) -> dict[str, Any]:
    """Return sessions that nothing fails, spread evenly over all days."""
    days = compared_days(DAY)
    return {f"q{i:03}": (days[i % 56], None, "your order is on its way") for i in range(n)}
