"""The tool calls of sessions in order, each with what came back: what two calls have in common, and what they changed.

Not here: what a signal makes of it (`tool_loop.py`), how surely a result is an error (`tool_error.py`).
"""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson

from eval_pipeline.signals.contract import Batch, Mask

_COLUMNS = ("turn_index", "role", "content", "tool_calls", "tool_call_id")


@dataclass
class Call:
    """One call. `key`: tool and arguments in one form; `stretch`: how many user turns came before it.

    `result`: what came back, without the white space around it; None where nothing did.
    """

    turn_index: int
    stretch: int
    name: str
    key: str
    result: str | None = None
    has_failed: bool = False

    def came_out_as(self, other: "Call") -> bool:
        """Return whether both had the same result, or both failed: errors carry times and ids of their own."""
        return (self.has_failed and other.has_failed) or (
            self.has_failed == other.has_failed and self.result == other.result
        )


@dataclass
class _Open:
    """Calls of a session that wait for a result: by id, and in order."""

    by_id: dict[str, Call] = field(default_factory=dict)
    in_order: deque[Call] = field(default_factory=deque)

    def add(self, call: Call, call_id: str | None) -> None:
        if call_id is not None:
            self.by_id[call_id] = call
        self.in_order.append(call)

    def take(self, call_id: str | None) -> Call | None:
        """Return the call that a result belongs to: the one with its id, else the first that has none yet."""
        if call_id is not None and call_id in self.by_id:
            return self.by_id.pop(call_id)
        while self.in_order:
            call = self.in_order.popleft()
            if call.result is None:
                return call
        return None


def calls_of_sessions(batch: Batch, is_in: Mask, has_failed: Mask) -> Iterator[tuple[int, list[Call]]]:
    """Yield the number and the calls of each of the sessions that `is_in` marks, in order.

    `has_failed`: for each turn of the batch, whether it is a failed result.
    """
    rows = np.flatnonzero(is_in[batch.owner] & ~batch.has_role("system"))
    turns = batch.turns.iloc[rows]
    columns = [turns[name].to_numpy(dtype=object) for name in _COLUMNS]
    owner, calls, waiting, stretch = -1, list[Call](), _Open(), 0
    for row, session, index, role, content, asked, call_id in zip(rows, batch.owner[rows], *columns, strict=True):
        if session != owner:
            if calls:
                yield owner, calls
            owner, calls, waiting, stretch = int(session), [], _Open(), 0
        if role == "user":
            stretch += 1
        elif role == "tool":
            _answer(waiting.take(_as_id(call_id)), content, bool(has_failed[row]))
        for call in asked if role == "assistant" else ():
            calls.append(Call(int(index), stretch, str(call["name"]), _key(call, len(calls))))
            waiting.add(calls[-1], _as_id(call.get("id")))
    if calls:
        yield owner, calls


def _as_id(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _answer(call: Call | None, content: str, has_failed: bool) -> None:
    if call is not None:
        call.result, call.has_failed = content.strip(), has_failed


def _key(call: dict[str, Any], number: int) -> str:
    arguments = canonical_arguments(call.get("arguments"))
    # Arguments that cannot be compared make a call that is like no other.
    return f"{call['name']}({arguments})" if arguments is not None else f"{call['name']}(call {number})"


def canonical_arguments(arguments: Any) -> str | None:
    """Return arguments as text in one form: sorted keys, no white space between values; none is `{}`.

    Text that is not JSON keeps its words, with one space between them. None where they are nested too deep to write.
    """
    if isinstance(arguments, str):
        try:
            arguments = orjson.loads(arguments)
        except orjson.JSONDecodeError:
            return " ".join(arguments.split()).encode(errors="backslashreplace").decode()
    try:
        return orjson.dumps({} if arguments is None else arguments, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # a whole number beyond 64 bits, half a surrogate pair, or nested deep
        return _long_form(arguments)


def _long_form(arguments: Any) -> str | None:
    try:
        return json.dumps(arguments, sort_keys=True, separators=(",", ":"), default=str)
    except (RecursionError, TypeError, ValueError):
        return None
