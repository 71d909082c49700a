"""Tool calls joined to their results: by id, and by order where ids are missing.

By order means: the first call still open of the latest assistant turn that called, as long as nobody else has spoken since.
Not here: how calls are shown (`turns.py`).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Turn = Mapping[str, Any]


@dataclass(frozen=True)
class Match:
    """A call and its result. `is_adjacent`: only calls and results stand between; `is_by_order`: no id said so."""

    call_turn: int
    call_number: int
    result_turn: int
    name: str
    is_by_order: bool
    is_adjacent: bool


@dataclass
class Joined:
    """The matches of a transcript, by call (turn and number among its calls) and by the turn of the result."""

    by_call: dict[tuple[int, int], Match] = field(default_factory=dict)
    by_result: dict[int, Match] = field(default_factory=dict)


@dataclass(frozen=True)
class _Open:
    turn: int
    number: int
    call_id: str | None
    name: str


MAX_CALLS = 200
"""Calls of one turn that are shown."""


def calls_of(turn: Turn) -> list[Mapping[str, Any]]:
    """Return the tool calls that a turn asks for, `MAX_CALLS` at most."""
    return [call for call in (turn.get("tool_calls") or [])[:MAX_CALLS] if isinstance(call, Mapping)]


def join(turns: Sequence[Turn], offset: int = 0) -> Joined:
    """Return which result answers which call; `offset`: the index of the first turn. An id that comes twice is taken in turn."""
    joined, waiting = Joined(), _Waiting()
    for index, turn in enumerate(turns, start=offset):
        if turn.get("role") != "tool":
            waiting.spoken(index, turn)
        elif found := waiting.answered(turn.get("tool_call_id")):
            call, is_by_order, is_adjacent = found
            match = Match(call.turn, call.number, index, call.name, is_by_order, is_adjacent)
            joined.by_call[call.turn, call.number] = joined.by_result[index] = match
    return joined


class _Waiting:
    """Calls without a result so far: those of the latest turn that spoke, and older ones by id."""

    def __init__(self) -> None:
        self._latest: list[_Open] = []
        self._older: dict[str, list[_Open]] = defaultdict(list)

    def spoken(self, index: int, turn: Turn) -> None:
        for call in self._latest:
            if call.call_id is not None:
                self._older[call.call_id].append(call)
        self._latest = [
            _Open(index, number, call.get("id"), str(call.get("name") or "a tool"))
            for number, call in enumerate(calls_of(turn))
        ]

    def answered(self, call_id: str | None) -> tuple[_Open, bool, bool] | None:
        """Return the call that is answered, whether by order, and whether nobody spoke since; None for no such call."""
        by_id = [call for call in self._latest if call_id is not None and call.call_id == call_id]
        if not by_id and call_id is not None and self._older[call_id]:
            return self._older[call_id].pop(0), False, False
        by_order = [call for call in self._latest if call_id is None or call.call_id is None]
        for call in [*by_id, *by_order]:
            self._latest.remove(call)
            return call, not by_id, True
        return None
