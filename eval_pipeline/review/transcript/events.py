"""What a timeline shows: the spans of a trace, or, without spans, the turns that have times.

The event of a turn lasts from the turn before to it: the time it took to come. Not here: drawing (`timeline.py`).
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eval_pipeline.review.transcript.failures import failure_of
from eval_pipeline.review.transcript.times import moment_of

MAX_SPANS = 200
"""Spans that are shown at most, the first ones."""

_KINDS = (("tool", "tool"), ("function", "tool"), ("llm", "assistant"), ("model", "assistant"), ("chat", "assistant"))
_FAILED = ("error", "failed", "failure", "status_code_error", "2")


@dataclass(frozen=True)
class Event:
    """Something that took from `start` to `end` (UTC). `role` colours it; `name` is hostile text; `turn` is where it leads."""

    name: str
    role: str
    start: datetime
    end: datetime
    turn: int | None
    is_error: bool


def turn_events(turns: Sequence[Mapping[str, Any]]) -> list[Event]:
    """Return the events of turns with a time, in order."""
    events: list[Event] = []
    before: datetime | None = None
    for index, turn in enumerate(turns):
        if at := moment_of(turn.get("at")):
            role = str(turn.get("role"))
            failed = role == "tool" and failure_of(turn) is not None
            events.append(Event(role, role, min(before or at, at), at, index, failed))
            before = at
    return events


def span_events(turns: Sequence[Mapping[str, Any]], meta: Mapping[str, Any]) -> list[Event]:
    """Return the spans of turns and of the session (`meta["spans"]`), by start; those without a usable time are left out.

    A span of the session leads to the last turn that had come when it ended, else to the first.
    """
    times = sorted((at, index) for index, turn in enumerate(turns) if (at := moment_of(turn.get("at"))))
    events = [event for index, turn in enumerate(turns) for event in _spans(turn.get("spans"), index)]
    for event in _spans(meta.get("spans"), None):
        position = max(bisect_right(times, event.end, key=lambda time: time[0]) - 1, 0)
        turn = times[position][1] if times else None
        events.append(Event(event.name, event.role, event.start, event.end, turn, event.is_error))
    return sorted(events, key=lambda event: event.start)[:MAX_SPANS]


def _spans(spans: Any, turn: int | None) -> Iterator[Event]:
    for span in spans if isinstance(spans, list) else ():
        if isinstance(span, Mapping) and (start := moment_of(span.get("started_at"))):
            end = moment_of(span.get("ended_at")) or start
            failed = str(span.get("status") or "").lower() in _FAILED
            name = str(span.get("name") or span.get("kind") or "span")
            yield Event(name, _role(str(span.get("kind") or "")), start, max(start, end), turn, failed)


def _role(kind: str) -> str:
    return next((role for word, role in _KINDS if word in kind.lower()), "other")
