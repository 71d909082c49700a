"""Session and Turn, the closing rule, and the frame of turns that signals and evaluators read.

Not here: how a format becomes a session (`formats/`), how one is taken in (`intake.py`).
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

IDLE_CLOSE = timedelta(minutes=30)
"""A session with no end mark is closed when nothing was said for this long."""

Role = Literal["user", "assistant", "tool", "system"]
TrafficOrigin = Literal["production", "simulated"]
"""Where a session of the traffic comes from: users, or the simulation of a product."""

Origin = TrafficOrigin | Literal["synthetic"]
"""Synthetic sessions are made for coverage. They come in by no door, and enter no figure."""


def as_utc(moment: datetime) -> datetime:
    """Return `moment` in UTC; a naive one is read as UTC (a mapping may name another zone)."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


UtcTime = Annotated[datetime, AfterValidator(as_utc)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ToolCall(_Model):
    """One call that an assistant turn asks for; `arguments` is the parsed object, or the raw text if it is not JSON."""

    id: str | None = None
    name: str
    arguments: Any = None


class Span(_Model):
    """Something that the product measured while it worked on a turn: a call of a model, a tool, a retrieval."""

    name: str
    kind: str | None = None
    started_at: UtcTime | None = None
    ended_at: UtcTime | None = None
    status: Literal["ok", "error", "unset"] = "unset"
    attributes: dict[str, Any] = Field(default_factory=dict)


class Turn(_Model):
    """One message. `is_error` is true for a tool result that reports a failure.

    `reasoning` is what the model thought on its way and the user did not see, `spans` what was measured: both are for
    people who read the session, and never shown to a signal, an evaluator or a judge.
    """

    role: Role
    content: str = ""
    at: UtcTime | None = None
    tool_calls: list[ToolCall] = Field(default_factory=list)
    tool_call_id: str | None = None
    is_error: bool = False
    reasoning: str | None = None
    spans: list[Span] = Field(default_factory=list)


class Feedback(_Model):
    """What a user said about the product on purpose: thumbs (-1 or 1), rating (0 to 1), or a report in words."""

    kind: Literal["thumbs", "rating", "report"]
    value: float | None = None
    text: str | None = None
    turn_index: int | None = None
    at: UtcTime | None = None


class Session(_Model):
    """One conversation with the product, from first turn to close: the unit of everything.

    `outcome` and `recorded_labels` are what the source claims to know; they are stored, and never shown to a
    signal, an evaluator or a judge.
    """

    session_id: str = Field(min_length=1, max_length=512)
    started_at: UtcTime
    ended_at: UtcTime | None = None
    user_id: str | None = None
    surface: str = "unknown"
    slices: dict[str, str] = Field(default_factory=dict)
    model_version: str | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    turns: list[Turn]
    feedback: list[Feedback] = Field(default_factory=list)
    outcome: dict[str, Any] | None = None
    recorded_labels: list[dict[str, Any]] = Field(default_factory=list)
    meta: dict[str, Any] = Field(default_factory=dict)
    origin: Origin = "production"

    def last_seen_at(self) -> datetime:
        """Return the latest time that the session is known to have been alive."""
        times = [turn.at for turn in self.turns if turn.at is not None]
        return max([self.started_at, *times, *([self.ended_at] if self.ended_at else [])])

    def is_closed(self, as_of: datetime) -> bool:
        """Return whether the session has an end mark or has been idle for `IDLE_CLOSE` at `as_of`."""
        return self.ended_at is not None or as_of - self.last_seen_at() >= IDLE_CLOSE


TURN_COLUMNS = [
    "session_id",
    "turn_index",
    "role",
    "content",
    "at",
    "tool_calls",
    "tool_call_id",
    "is_error",
]


def turn_frame(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return one row per turn of `sessions` (rows of `raw_sessions`), in order.

    Columns: `TURN_COLUMNS`; `turn_index` int from 0, `content` str, `at` UTC time or NaT, `tool_calls` a list of
    `{id, name, arguments}` (empty for none), `is_error` bool. Sessions without turns give no row.
    """
    rows = [
        (
            session_id,
            index,
            turn["role"],
            turn.get("content") or "",
            turn.get("at"),
            turn.get("tool_calls") or [],
            turn.get("tool_call_id"),
            bool(turn.get("is_error")),
        )
        for session_id, turns in zip(sessions["session_id"], sessions["turns"], strict=True)
        for index, turn in enumerate(turns)
    ]
    frame = pd.DataFrame(rows, columns=TURN_COLUMNS)
    frame["at"] = pd.to_datetime(frame["at"], utc=True, format="ISO8601").dt.as_unit("us")
    return frame.astype(
        {"session_id": "str", "role": "str", "content": "str", "turn_index": "int64", "is_error": "bool"}
    )
