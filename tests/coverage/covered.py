"""Small traffic for coverage: sessions said in a line, as rows of `raw_sessions`, and a policy of one's own."""

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from eval_pipeline.coverage.policy import CoveragePolicy

DAY = date(2026, 3, 2)
ENGLISH = "Hello, could you please tell me where my parcel is, it should have been here yesterday."
GERMAN = "Guten Tag, können Sie mir bitte sagen, wo mein Paket ist, es sollte gestern schon hier sein."
ANSWER = (
    "It left the warehouse this morning and will be with you tomorrow. You can follow it on the page of your order."
)


def policy(**changes: Any) -> CoveragePolicy:
    """A policy of one grid and small numbers."""
    given = {
        "days": 28,
        "grids": [["surface", "language"]],
        "least_sessions": 3,
        "least_labelled": 1,
        "length_buckets": [2, 6],
    }
    return CoveragePolicy.model_validate({**given, **changes})


def turns(words: str = ENGLISH, tool: str | None = None) -> list[dict[str, Any]]:
    """A question and its answer, with a call between them where a tool is named."""
    call = [
        {"role": "assistant", "tool_calls": [{"id": "c1", "name": tool, "arguments": {"order": "7"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": '{"state": "on its way"}'},
    ]
    return [{"role": "user", "content": words}, *(call if tool else []), {"role": "assistant", "content": ANSWER}]


def session(session_id: str, said: list[dict[str, Any]] | None = None, **columns: Any) -> dict[str, Any]:
    """One closed session as its row of `raw_sessions`."""
    start = datetime(DAY.year, DAY.month, DAY.day, 10, tzinfo=UTC)
    return {
        "session_id": session_id,
        "session_day": DAY,
        "started_at": start,
        "ended_at": start,
        "is_closed": True,
        "user_id": None,
        "surface": "chat",
        "slices": {"locale": "en"},
        "model_version": "m-1",
        "versions": {"prompt": "p-1"},
        "turns": said if said is not None else turns(),
        "feedback": [],
        "meta": {},
        "origin": "production",
        "redaction_version": "r-1",
        **columns,
    }


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    """The rows as a frame."""
    return pd.DataFrame(list(rows))
