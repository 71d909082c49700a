"""How a tool result is known to have failed: by the source's mark, or by the form of its text.

Not here: the words and keys of an error (`eval_pipeline/tool_errors.py`).
"""

from collections.abc import Mapping
from typing import Any

import orjson

from eval_pipeline.tool_errors import ERROR_START, is_error_object, may_be_error_object, opens_as_error_object

_LONGEST_PARSED = 100_000


def failure_of(turn: Mapping[str, Any]) -> str | None:
    """Return in words how the result is known to have failed, None when nothing says so."""
    if turn.get("is_error"):
        return "Error"
    content = str(turn.get("content") or "")
    return "Reads like an error" if _reads_like_an_error(content) else None


def _reads_like_an_error(text: str) -> bool:
    if not may_be_error_object(text):
        return ERROR_START.match(text) is not None
    try:
        return len(text) <= _LONGEST_PARSED and is_error_object(orjson.loads(text))
    except orjson.JSONDecodeError:
        return opens_as_error_object(text) or ERROR_START.match(text) is not None
