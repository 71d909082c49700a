"""Operator: every JSON of the tools is written oddly, and stays valid: other order of keys, escapes, empty nests.

All calls and results are rewritten by the same rule, so that what was the same stays the same.
"""

import json
from collections.abc import Sequence
from typing import Any

from eval_pipeline.sessions import Session, ToolCall, Turn
from eval_pipeline.synthetic.operators.contract import Draw, Operator, nothing_else

EXTRA: dict[str, Any] = {"x_nested": {"a": [[], {}, [{}]]}, "x_largest": 9007199254740993, "x_tiny": 5e-324}
"""What is added to every object: empty nests, a whole number beyond 2**53, the smallest number of all."""


def _document(text: str) -> dict[str, Any] | list[Any] | None:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _places(session: Session) -> list[int]:
    has_json = [
        (turn.role == "tool" and _document(turn.content) is not None)
        or any(isinstance(call.arguments, dict) for call in turn.tool_calls)
        for turn in session.turns
    ]
    return [0] if any(has_json) else []


def _odd(value: Any) -> Any:
    return {**dict(reversed(value.items())), **EXTRA} if isinstance(value, dict) else value


def _odd_text(text: str) -> str:
    """Return the JSON `text` with odd white space, `\\/` for a slash and `\\u` for what is not ASCII."""
    document = _document(text)
    return text if document is None else "\n" + json.dumps(_odd(document), indent="\t").replace("/", "\\/")


def _odd_call(call: ToolCall) -> ToolCall:
    return call.model_copy(update={"arguments": _odd(call.arguments)})


def _rewrite(session: Session, place: int, draw: Draw) -> tuple[Sequence[Turn], str]:
    turns = [
        turn.model_copy(
            update={
                "content": _odd_text(turn.content) if turn.role == "tool" else turn.content,
                "tool_calls": [_odd_call(call) for call in turn.tool_calls],
            }
        )
        for turn in session.turns
    ]
    return turns, "The JSON of all tool calls and results is written oddly, and is valid."


ODD_SCHEMA = Operator(
    name="odd_schema",
    declared_version="1",
    description="All JSON of tool calls and results is rewritten oddly and validly: keys reversed, escapes, empty nests, "
    "a very large and a very small number.",
    adversarial_kind="odd_schema",
    expectations=nothing_else("evaluator", "signal", "judge", reason="the JSON is valid and says the same"),
    places=_places,
    change=_rewrite,
    deciding=(EXTRA,),
)
