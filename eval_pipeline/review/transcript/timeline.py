"""A small timeline as SVG of our own making: bars by role, errors marked, each a link to its turn, and the same in words.

Long pauses are drawn shorter than they were, or nothing else could be seen. Not here: what the events are (`events.py`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Any
from urllib.parse import urlencode

from eval_pipeline.review.transcript.controls import show_controls, without_controls
from eval_pipeline.review.transcript.events import Event, span_events, turn_events
from eval_pipeline.review.transcript.safe_html import SafeHtml, escape
from eval_pipeline.review.transcript.times import gap_words
from eval_pipeline.review.transcript.turns import WHOLE

_WIDTH = 1000
_LANE = 12
_BAR = 9
_LEAST_WIDTH = 5.0
_MAX_LANES = 8
_MOST_BARS = 80
_WAYS = 40
_PAUSE_OF_MEDIAN = 10
_ROLES = ("user", "assistant", "tool", "system", "other")

Link = Callable[[int], str]


@dataclass(frozen=True)
class Timeline:
    """`svg`; `summary`: the whole in words; `errors`: turns with an error, the first ones; `events`: spans in words."""

    svg: SafeHtml
    summary: str
    roles: tuple[str, ...]
    errors: tuple[int, ...]
    events: tuple[tuple[SafeHtml, int | None], ...]


def timeline(turns: Sequence[Mapping[str, Any]], meta: Mapping[str, Any], session_id: str = "") -> Timeline | None:
    """Return the timeline of a session: of its spans, else of its turns; None when fewer than two things have a time.

    `turns`: as stored, at least role, at, is_error and spans. Links lead to turns of the same
    page; in a session that is not shown whole, to the page of `session_id` that holds the turn.
    """
    link = "#turn-{}".format if len(turns) <= WHOLE else partial(_address, session_id)
    spans = span_events(turns, meta)
    events = spans or turn_events(turns)
    if len(events) < 2:
        return None
    start, end = min(event.start for event in events), max(event.end for event in events)
    what = "spans" if spans else "turns"
    present = {_class(event) for event in events}
    roles = tuple(role for role in _ROLES if role in present)
    errors = sorted({event.turn for event in events if event.is_error and event.turn is not None})
    summary = f"{len(events)} {what} in {gap_words(end - start)}, {start:%Y-%m-%d %H:%M:%S} to {_clock(start, end)} UTC"
    told = tuple((_in_words(event, start), event.turn) for event in spans)
    drawn = _svg(_rows(spans) if spans else _by_role(events), _Scale(events), summary, link)
    return Timeline(drawn, summary, roles, tuple(errors[:20]), told)


def _address(session_id: str, turn: int) -> str:
    return f"?{urlencode({'id': session_id, 'turn': turn})}#turn-{turn}"


def _clock(start: datetime, end: datetime) -> str:
    return f"{end:%H:%M:%S}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M:%S}"


def _in_words(event: Event, start: datetime) -> SafeHtml:
    failed = ", error" if event.is_error else ""
    took = f"after {gap_words(event.start - start)}, took {gap_words(event.end - event.start)}{failed}"
    return SafeHtml(show_controls(f"{escape(event.name[:120])}: {took}"))


def _by_role(events: Sequence[Event]) -> list[tuple[int, Event]]:
    present = {_class(event) for event in events}
    rows = {role: row for row, role in enumerate(role for role in _ROLES if role in present)}
    return [(rows[_class(event)], event) for event in events]


def _rows(events: Sequence[Event]) -> list[tuple[int, Event]]:
    """Return each event in the first row that is free when it starts; rows beyond the last share it."""
    ends: list[datetime] = []
    placed = []
    for event in events:
        row = next((row for row, end in enumerate(ends) if end <= event.start), len(ends))
        if row == len(ends) and row < _MAX_LANES:
            ends.append(event.end)
        row = min(row, _MAX_LANES - 1)
        ends[row] = max(ends[row], event.end)
        placed.append((row, event))
    return placed


class _Scale:
    """Places of times from 0 to `_WIDTH`; stretches longer than `cap` count as `cap`."""

    def __init__(self, events: Sequence[Event]) -> None:
        times = sorted({time for event in events for time in (event.start, event.end)})
        lengths = [(event.end - event.start).total_seconds() for event in events]
        cap = _PAUSE_OF_MEDIAN * median([length for length in lengths if length > 0] or [1.0])
        self.pauses: list[datetime] = []
        self._places = {times[0]: 0.0}
        place = 0.0
        for before, after in pairwise(times):
            length = (after - before).total_seconds()
            if length > cap:
                self.pauses.append(before + timedelta(seconds=length / 2))
            place += min(length, cap)
            self._places[after] = place
            if length > cap:
                self._places[self.pauses[-1]] = place - cap / 2
        self._total = place or 1.0

    def place(self, time: datetime) -> float:
        """Return where a time of an event, or of a pause, is drawn."""
        return self._places[time] / self._total * _WIDTH

    def stretch(self, event: Event) -> tuple[float, float]:
        """Return left edge and width of an event's bar."""
        width = max(self.place(event.end) - self.place(event.start), _LEAST_WIDTH)
        return min(self.place(event.start), _WIDTH - width), width


def _svg(placed: Sequence[tuple[int, Event]], scale: _Scale, summary: str, link: Link) -> SafeHtml:
    height = (max(row for row, _ in placed) + 1) * _LANE
    pauses = [f'<path class="pause" d="M{scale.place(time):.1f} 0V{height}"/>' for time in scale.pauses[:_MOST_BARS]]
    told = f"{summary}. Long pauses are drawn shorter." if pauses else f"{summary}."
    if len(placed) <= _MOST_BARS:
        bars = [_bar(row, event, scale, link) for row, event in placed]
    else:
        bars = [*_paths(placed, scale), *_ways(placed, scale, height, link)]
    return SafeHtml(
        f'<svg class="timeline-bars" viewBox="0 0 {_WIDTH} {height}" width="100%" height="{height}" '
        'preserveAspectRatio="none" role="group" aria-labelledby="timeline-title timeline-desc">'
        f'<title id="timeline-title">Timeline</title><desc id="timeline-desc">{escape(told)}</desc>'
        f"{''.join(pauses)}{''.join(bars)}</svg>"
    )


def _bar(row: int, event: Event, scale: _Scale, link: Link) -> str:
    left, width = scale.stretch(event)
    failed = " failed" if event.is_error else ""
    said = without_controls(event.name[:80])
    turn = "" if event.turn is None else f"turn {event.turn}, "
    title = escape(f"{turn}{said}, {gap_words(event.end - event.start)}{', error' if failed else ''}")
    rect = (
        f'<rect class="{_class(event)}{failed}" x="{left:.1f}" y="{row * _LANE + 1}" width="{width:.1f}" height="{_BAR}">'
        f"<title>{title}</title></rect>"
    )
    return rect if event.turn is None else _linked(event.turn, link, rect)


def _paths(placed: Sequence[tuple[int, Event]], scale: _Scale) -> Iterator[str]:
    """Yield the bars of many events, one path for each look, those that touch as one."""
    looks: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for row, event in placed:
        left, width = scale.stretch(event)
        looks["failed" if event.is_error else _class(event), row].append((round(left), round(left + width)))
    for (look, row), stretches in sorted(looks.items(), key=lambda item: item[0][0] == "failed"):
        drawn = "".join(f"M{left} {row * _LANE + 1 + _BAR / 2}H{right}" for left, right in _merged(stretches))
        yield f'<path class="{look}" d="{drawn}"/>'


def _merged(stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for left, right in sorted(stretches):
        if merged and left <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], right)
        else:
            merged.append((left, right))
    return merged


def _ways(placed: Sequence[tuple[int, Event]], scale: _Scale, height: int, link: Link) -> Iterator[str]:
    """Yield links over the bars of many events, each to the first turn of its stretch."""
    leading = [event for _, event in placed if event.turn is not None]
    size = -(-len(leading) // _WAYS) or 1
    for begin in range(0, len(leading), size):
        part = leading[begin : begin + size]
        left = min(scale.stretch(event)[0] for event in part)
        right = max(sum(scale.stretch(event)) for event in part)
        first, last = part[0].turn or 0, part[-1].turn
        rect = f'<rect class="way" x="{left:.1f}" y="0" width="{right - left:.1f}" height="{height}"><title>turns {first} to {last}</title></rect>'
        yield _linked(first, link, rect)


def _linked(turn: int, link: Link, shape: str) -> str:
    return f'<a href="{escape(link(turn))}" data-to="{turn}" tabindex="-1">{shape}</a>'


def _class(event: Event) -> str:
    return event.role if event.role in _ROLES else "other"
