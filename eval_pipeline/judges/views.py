"""The turns of a session that a judge sees, cut to its budget, as lines of JSON that no text can break out of.

Not here: which part of a session a view looks at (`exchanges.py`), the words around the lines (`rendering.py`).
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from eval_pipeline.judges.definition import View
from eval_pipeline.judges.exchanges import TurnData, has_retrieved, stretch
from eval_pipeline.tokens import estimated_tokens

_HEAD_SHARE = 0.25
"""With `drop_middle`, the share of the budget that the beginning of what is shown may take."""

_NAME_CHARS = 200
"""A tool's name is cut beyond this: it is told by whoever wrote the session, too."""

# The angle brackets, in every width, so that no tag can be written; square brackets, for what follows them; and signs
# that are not seen: controls, line separators, zero width, fillers, bidirectional, variation selectors, private use,
# tags, lone surrogates. The emoji selector U+FE0F stays: without it many a plain emoji would be an escape. One class of
# signs and no alternatives, as every text goes through it.
_SUSPECT = re.compile(
    "[<>\\[\uff1c\uff1e\ufe64\ufe65\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\ue000-\uf8ff\ud800-\udfff\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_OPENER = re.compile(
    r"\[[/ ]{0,2}(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|CALL_ID|ARGS|THINK"
    r"|MODEL_SETTINGS|PREFIX|SUFFIX|MIDDLE|IMG|gMASK|sMASK|CLS|SEP|PAD|UNK|MASK|BOS|EOS)\b",
    re.IGNORECASE,
)
"""How chat templates open a part in square brackets; other brackets stay, as those of pseudonyms and of JSON."""


def escaped_json(value: Any) -> str:
    """Return `value` as one line of JSON without angle brackets, template openers or invisible signs.

    They stand as JSON escapes, so reading the line back gives `value` again.
    """
    return _SUSPECT.sub(_escape, json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str))


def _escape(match: re.Match[str]) -> str:
    if match[0] == "[" and not _OPENER.match(match.string, match.start()):
        return "["
    code = ord(match[0])
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


def view_lines(view: View, turns: Sequence[TurnData]) -> list[str]:
    """Return the lines of data that a judge sees of `turns`: one JSON object a turn, at most `max_tokens` in all.

    Raises nothing for any content; a turn of more than half the budget is cut in its middle.
    """
    return _within(view, [_line(index, turns[index], view.max_tokens // 2) for index in _shown(view, turns)])


def _shown(view: View, turns: Sequence[TurnData]) -> list[int]:
    first, last = stretch(view.turns, turns)
    context = _context(view, turns, first) if view.turns == "answer_and_context" else []
    return context + [index for index in range(first, last) if _is_shown(view, turns[index])]


def _is_shown(view: View, turn: TurnData) -> bool:
    is_context = view.turns == "answer_and_context" and has_retrieved(turn)
    return turn["role"] in ("user", "assistant") or (turn["role"] == "tool" and (view.with_tool_results or is_context))


def _context(view: View, turns: Sequence[TurnData], end: int) -> list[int]:
    """Return which turns before `end` are shown for what was retrieved there: the results, and what called for them."""
    shown: list[int] = []
    caller: int | None = None
    for index, turn in enumerate(turns[:end]):
        if turn["role"] == "assistant" and turn.get("tool_calls"):
            caller = index
        elif turn["role"] == "tool" and _is_shown(view, turn):
            shown += [index] if caller is None else [caller, index]
            caller = None
    return shown


def _line(index: int, turn: TurnData, max_tokens: int) -> str:
    try:
        return _fitted(index, turn, max_tokens)
    except (RecursionError, ValueError):
        # Arguments nested without end, or a number of more digits than Python writes out.
        return escaped_json({"turn": index, "left_out": "arguments that cannot be shown"})


def _fitted(index: int, turn: TurnData, max_tokens: int) -> str:
    content = str(turn.get("content") or "")
    line = escaped_json(_entry(index, turn, content))
    # A token is about four characters of plain text, and fewer of all else: halve until it fits.
    room = 4 * max_tokens
    while (is_too_long := _size(line, max_tokens) > max_tokens) and room > 0:
        arguments_room = room // 2 if turn.get("tool_calls") else 0
        line = escaped_json(_entry(index, turn, _middle_cut(content, room - arguments_room), arguments_room))
        room //= 2
    return escaped_json({"turn": index, "left_out": "too long to show"}) if is_too_long else line


def _size(line: str, enough: int) -> int:
    """Return the tokens of `line`, or its length when even that is not beyond `enough`: a token has a sign at least."""
    return len(line) if len(line) <= enough else estimated_tokens(line)


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
    return {"name": _middle_cut(str(call["name"]), _NAME_CHARS), "arguments": arguments}


def _middle_cut(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    half = room // 2
    return f"{text[:half]} [... {len(text) - 2 * half} characters cut ...] {text[len(text) - half :]}"


def _within(view: View, lines: list[str]) -> list[str]:
    """Return `lines`, or as many of them as the budget holds around a line that says how many were left out."""
    if (
        sum(map(len, lines)) <= view.max_tokens
        or sum(sizes := [estimated_tokens(line) for line in lines]) <= view.max_tokens
    ):
        return lines
    room = view.max_tokens - estimated_tokens(_omission(len(lines)))
    n_head = _fitting(sizes, int(room * _HEAD_SHARE)) if view.cut == "drop_middle" else 0
    n_tail = _fitting(sizes[n_head:][::-1], room - sum(sizes[:n_head]))
    n_left_out = len(lines) - n_head - n_tail
    return [*lines[:n_head], _omission(n_left_out), *lines[len(lines) - n_tail :]]


def _omission(n: int) -> str:
    return escaped_json({"turns_left_out": n})


def _fitting(sizes: Sequence[int], room: int) -> int:
    """Return how many of the first `sizes` fit into `room`."""
    for n, size in enumerate(sizes):
        room -= size
        if room < 0:
            return n
    return len(sizes)
