"""Which turns of a session a judge sees, cut to its budget, as lines of JSON that no text can break out of.

Not here: the words around them (`rendering.py`).
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from eval_pipeline.judges.definition import View
from eval_pipeline.judges.settling import TurnData, is_answer

_HEAD_SHARE = 0.25
"""With `drop_middle`, the share of the budget that the beginning of a session may take."""

# The angle brackets, so that no tag can be written; the openers of chat templates; and signs that are not seen:
# controls, zero width, bidirectional, variation selectors, private use, tags, lone surrogates.
_UNSAFE = re.compile(
    "[<>]|\\[(?=/?INST)|[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0e\ufeff"
    "\ufff9-\ufffb\ue000-\uf8ff\ud800-\udfff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)


def escaped_json(value: Any) -> str:
    """Return `value` as one line of JSON without angle brackets, template openers or invisible signs.

    They stand as JSON escapes, so reading the line back gives `value` again.
    """
    return _UNSAFE.sub(_escape, json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


def view_lines(view: View, turns: Sequence[TurnData]) -> list[str]:
    """Return the lines of data that a judge sees of `turns`: one JSON object a turn, at most `max_chars` in all.

    Raises nothing for any content; a turn too long for the budget is cut in its middle.
    """
    first, last = _last_exchange(turns) if view.turns == "last_exchange" else (0, len(turns))
    shown = ("user", "assistant", "tool") if view.with_tool_results else ("user", "assistant")
    seen = [(i, turns[i]) for i in range(first, last) if turns[i]["role"] in shown]
    return _within(view, [_line(index, turn, view.max_chars // 2) for index, turn in seen])


def _last_exchange(turns: Sequence[TurnData]) -> tuple[int, int]:
    """Return the slice from the user's words behind the last answer up to the next user turn."""
    is_user = [turn["role"] == "user" for turn in turns]
    answer = max((i for i, turn in enumerate(turns) if is_answer(turn)), default=len(turns) - 1)
    end = next((i for i in range(answer + 1, len(turns)) if is_user[i]), len(turns))
    start = max((i for i in range(answer + 1) if is_user[i]), default=0)
    while start > 0 and is_user[start - 1]:
        start -= 1
    return start, end


def _line(index: int, turn: TurnData, max_chars: int) -> str:
    try:
        return _fitted(index, turn, max_chars)
    except RecursionError:
        return escaped_json({"turn": index, "left_out": "arguments nested too deep to show"})


def _fitted(index: int, turn: TurnData, max_chars: int) -> str:
    content = str(turn.get("content") or "")
    line = escaped_json(_entry(index, turn, content))
    # Escapes make a line longer than its text, at most twelvefold: halve until it fits.
    room = max_chars // 2
    while len(line) > max_chars and room > 0:
        arguments_room = room // 2 if turn.get("tool_calls") else 0
        line = escaped_json(_entry(index, turn, _middle_cut(content, room - arguments_room), arguments_room))
        room //= 2
    return line if len(line) <= max_chars else escaped_json({"turn": index, "left_out": "too long to show"})


def _entry(index: int, turn: TurnData, content: str, arguments_room: int | None = None) -> dict[str, Any]:
    entry: dict[str, Any] = {"turn": index, "role": turn["role"], "content": content}
    if turn.get("tool_calls"):
        entry["tool_calls"] = [_call(call, arguments_room) for call in turn["tool_calls"]]
    if turn.get("is_error"):
        entry["is_error"] = True
    return entry


def _call(call: Mapping[str, Any], room: int | None) -> dict[str, Any]:
    arguments = call.get("arguments")
    if room is not None:
        arguments = _middle_cut(json.dumps(arguments, ensure_ascii=False, default=str), room)
    return {"name": call["name"], "arguments": arguments}


def _middle_cut(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    half = room // 2
    return f"{text[:half]} [... {len(text) - 2 * half} characters cut ...] {text[len(text) - half :]}"


def _within(view: View, lines: list[str]) -> list[str]:
    """Return `lines`, or as many of them as the budget holds around a line that says how many were left out."""
    room = view.max_chars - len(_omission(len(lines))) - 1
    if sum(map(_size, lines)) <= view.max_chars:
        return lines
    n_head = _fitting(lines, int(room * _HEAD_SHARE)) if view.cut == "drop_middle" else 0
    room -= sum(map(_size, lines[:n_head]))
    n_tail = _fitting(lines[n_head:][::-1], room)
    n_left_out = len(lines) - n_head - n_tail
    return [*lines[:n_head], _omission(n_left_out), *lines[len(lines) - n_tail :]]


def _size(line: str) -> int:
    return len(line) + 1


def _omission(n: int) -> str:
    return escaped_json({"turns_left_out": n})


def _fitting(lines: Sequence[str], room: int) -> int:
    """Return how many of the first `lines` fit into `room` characters."""
    for n, line in enumerate(lines):
        room -= _size(line)
        if room < 0:
            return n
    return len(lines)
