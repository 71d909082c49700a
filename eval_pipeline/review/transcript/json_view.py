"""JSON, pretty and folded; of a text with keys in the order they came, numbers as they were written, doubled keys kept.

What is stored as an object (the arguments of a call) has the order that the database keeps.

Not here: whether a text is shown as JSON (`body.py`).
"""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from json.encoder import encode_basestring as _encode
from typing import Any

from eval_pipeline.review.transcript.controls import show_controls
from eval_pipeline.review.transcript.safe_html import SafeHtml, escape_text, fold

_LINE = 88
_UNFOLDED_LINES = 14
_MAX_LINES = 1_500
_MAX_DEPTH = 24
_MAX_TEXT = 8_000
_PREVIEW = 110


class _Raw(str):
    """A number as it was written."""


class _Object(tuple[tuple[str, Any], ...]):
    """Keys and values in their order; a key may come twice."""


_NESTS = (dict, list, _Object)


def parse_json(text: str) -> Any:
    """Return the object or list that `text` is, None when it is anything else."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text, object_pairs_hook=_Object, parse_int=_Raw, parse_float=_Raw, parse_constant=_Raw)
    except (ValueError, RecursionError):
        return None


def json_html(value: Any) -> SafeHtml:
    """Return `value` (of `parse_json`, or any plain Python value) as pretty JSON, folded when it has many lines."""
    lines = _lines(value)
    kind = "json line" if len(lines) == 1 else "json"
    pre = f'<pre class="{kind}">{show_controls(chr(10).join(lines))}</pre>'
    if len(lines) <= _UNFOLDED_LINES:
        return SafeHtml(pre)
    beginning = escape_text(_beginning(value, _PREVIEW))
    size = f"{len(lines):,}" if len(lines) <= _MAX_LINES else f"over {_MAX_LINES:,}"
    return SafeHtml(fold(f'<code>{show_controls(beginning)}</code> <span class="size">{size} lines</span>', pre))


def _lines(value: Any) -> list[str]:
    lines = list(islice(_pretty(value, 0, "", ""), _MAX_LINES + 1))
    return [*lines[:_MAX_LINES], "… and more"] if len(lines) > _MAX_LINES else lines


def _pretty(value: Any, depth: int, lead: str, tail: str) -> Iterator[str]:
    indent = "  " * depth
    flat = _flat(value, _LINE - len(indent))
    if flat is not None:
        yield f"{indent}{lead}{flat}{tail}"
    elif not isinstance(value, _NESTS):
        yield from f"{indent}{lead}{_long_text(value)}{tail}".split("\n")
    elif depth >= _MAX_DEPTH:
        yield f"{indent}{lead}{escape_text(_beginning(value, _LINE))}{tail}"
    else:
        opening, closing = _brackets(value)
        yield f"{indent}{lead}{opening}"
        last = len(value) - 1
        for number, (key, item) in enumerate(_pairs(value)):
            yield from _pretty(item, depth + 1, _key(key), tail="," if number < last else "")
        yield f"{indent}{closing}{tail}"


def _flat(value: Any, room: int) -> str | None:
    """Return `value` on one line of at most about `room` characters, None when it needs more."""
    if not isinstance(value, _NESTS):
        text = _plain(value) if not isinstance(value, str) or len(value) <= room else None
        return None if text is None or len(text) > room else escape_text(text)
    if len(value) * 3 > room:
        return None
    parts: list[str] = []
    for key, item in _pairs(value):
        part = _flat(item, room)
        if part is None:
            return None
        parts.append(_key(key) + part)
        room -= len(part) + len(key or "") + 2
        if room < 0:
            return None
    opening, closing = _brackets(value)
    return f"{opening}{', '.join(parts)}{closing}"


def _beginning(value: Any, size: int) -> str:
    """Return the first `size` characters of `value` as compact text, not escaped."""
    text = ""
    for part in _compact(value, 0):
        text += part
        if len(text) > size:
            return text[:size] + "…"
    return text


def _compact(value: Any, depth: int) -> Iterator[str]:
    if not isinstance(value, _NESTS):
        yield _plain(value)
    elif depth > 2 * _MAX_DEPTH:
        yield "…"
    else:
        opening, closing = _brackets(value)
        yield opening
        for number, (key, item) in enumerate(_pairs(value)):
            yield ", " if number else ""
            yield "" if key is None else f"{_encode(key)}: "
            yield from _compact(item, depth + 1)
        yield closing


def _pairs(value: Any) -> Iterable[tuple[str | None, Any]]:
    if isinstance(value, dict):
        return ((str(key), item) for key, item in value.items())
    return value if isinstance(value, _Object) else ((None, item) for item in value)


def _brackets(value: Any) -> tuple[str, str]:
    return ("[", "]") if isinstance(value, list) else ("{", "}")


def _key(key: str | None) -> str:
    return "" if key is None else f"<b>{escape_text(_encode(key))}</b>: "


def _plain(value: Any) -> str:
    if isinstance(value, _Raw):
        return str(value)
    return _encode(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _long_text(value: Any) -> str:
    """Return a long text as safe HTML; its line breaks begin new lines."""
    if not isinstance(value, str) or isinstance(value, _Raw):
        value = _plain(value)
    left_out = f" … {len(value) - _MAX_TEXT:,} more characters" if len(value) > _MAX_TEXT else ""
    parts = (_encode(part)[1:-1] for part in value[:_MAX_TEXT].split("\n"))
    return escape_text('"' + "\\n\n".join(parts) + '"' + left_out)
