"""One message of a record becomes the fields of a `sessions.Turn`, in whichever dialect it is written.

Read alike: `ts` or `at`; `error` or `is_error`; tool calls flat or as OpenAI nests them, their arguments as an object
or as JSON text; the older `function_call`; content as text, null or a list of parts; `developer` as system and
`function` as tool; a model's thoughts as a field or as parts of the content. Keys that no dialect knows are handed back
as extras. Not here: the session around it (`fields.py`), spans (`spans.py`).
"""

from typing import Any

from eval_pipeline.errors import RejectedRecord
from eval_pipeline.formats.contract import Fields, bad
from eval_pipeline.formats.json_text import as_text, parse_json
from eval_pipeline.formats.reading import Reading, first_value
from eval_pipeline.formats.spans import spans_of
from eval_pipeline.formats.times import parse_time

TURN_NAMES: dict[str, tuple[str, ...]] = {
    "role": ("role",),
    "content": ("content",),
    "at": ("ts", "at", "timestamp"),
    "tool_calls": ("tool_calls",),
    "tool_call_id": ("tool_call_id",),
    "is_error": ("error", "is_error"),
    "reasoning": ("reasoning", "reasoning_content", "thinking"),
    "spans": ("spans",),
}
MAX_REASONING = 100_000
"""Characters of a turn's reasoning that are kept; the rest is cut off."""

TEXT_PARTS = {"text", "input_text", "output_text", "refusal"}
THOUGHT_PARTS = {"reasoning", "thinking"}
THOUGHT_KEYS = ("text", "thinking", "reasoning", "content", "summary")
READ_KEYS = {"role", "content", "ts", "at", "timestamp", "tool_calls", "tool_call_id", "function_call", "refusal"}
READ_KEYS |= {"error", "is_error", *TURN_NAMES["reasoning"], "spans"}


def turns_of(raw_turns: Any, reading: Reading, repairs: set[str]) -> tuple[list[Fields], dict[str, Fields]]:
    """Return the turns of a record in order, and by turn index what else was said of each.

    Raises `RejectedRecord` naming the turn and field that cannot be read.
    """
    if not isinstance(raw_turns, list):
        raise bad("turns", "is not a list of messages", "write the turns as a list of objects with role and content")
    turns, extras = [], {}
    for index, raw in enumerate(raw_turns):
        message, beaten = _as_mapped(raw, reading)
        turn, extra = turn_fields(message, f"turns.{index}", reading, repairs)
        turns.append(turn)
        if extra or beaten:
            extras[str(index)] = {**beaten, **extra}
    return turns, extras


def turn_fields(raw: Any, where: str, reading: Reading, repairs: set[str]) -> tuple[Fields, Fields]:
    """Return one turn and its extras; `where` names it in messages (`turns.3`)."""
    if not isinstance(raw, dict):
        raise bad(where, "is not an object", "write each turn as an object with role and content")
    turn: Fields = {"role": _role(raw.get("role"), where, reading), "content": content_text(raw.get("content"))}
    at = raw.get("ts") or raw.get("at") or raw.get("timestamp")
    if at:
        turn["at"] = parse_time(at, reading.zone, f"{where}.at")
    if (call_id := raw.get("tool_call_id")) is not None:
        turn["tool_call_id"] = as_text(call_id)
    if calls := raw.get("tool_calls"):
        turn["tool_calls"] = _tool_calls(calls, where, repairs)
    elif call := raw.get("function_call"):
        turn["tool_calls"] = _tool_calls([call], where, repairs)
    if not turn["content"] and (refusal := raw.get("refusal")):
        turn["content"] = content_text(refusal)
    unsaid, extra = _unsaid(raw, where, reading, repairs)
    turn |= unsaid
    extra |= {key: value for key, value in raw.items() if key not in READ_KEYS} if raw.keys() - READ_KEYS else {}
    error = raw.get("error", raw.get("is_error"))
    if error:
        turn["is_error"] = _is_true(error)
        if not isinstance(error, bool):
            extra["error"] = error
    return turn, extra


def _as_mapped(raw: Any, reading: Reading) -> tuple[Any, Fields]:
    """Return a message with the fields that the user named under our names, and what stood under these before."""
    if not reading.messages or not isinstance(raw, dict):
        return raw, {}
    mapped = {name: first_value(raw, places, "") for name, places in reading.messages.items()}
    places = {place.field for places in reading.messages.values() for place in places}
    ours = {key for name in mapped for key in TURN_NAMES[name]}
    beaten = {key: raw[key] for key in raw.keys() & ours - places}
    rest = {key: value for key, value in raw.items() if key not in places | ours}
    return {**rest, **mapped}, dict(sorted(beaten.items()))


def content_text(content: Any) -> str:
    """Return a message's content as text; a part that is no text is named in brackets and left out, a thought is not
    named."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if isinstance(content, list):
        return "\n".join(_part_text(part) for part in content if not _is_thought(part))
    return as_text(content)


def _unsaid(raw: Fields, where: str, reading: Reading, repairs: set[str]) -> tuple[Fields, Fields]:
    """Return reasoning and spans as far as there are any, and the fields that are named like reasoning and are none."""
    fields: Fields = {}
    reasoning, extra = _reasoning(raw, repairs)
    if reasoning:
        fields["reasoning"] = reasoning
    if spans := raw.get("spans"):
        fields["spans"] = spans_of(spans, f"{where}.spans", reading.zone, repairs)
    return fields, extra


def _reasoning(raw: Fields, repairs: set[str]) -> tuple[str, Fields]:
    """Return what the model thought, and the fields of such names that say something else.

    It is what the first field says that holds text, or else the parts of the content that are thoughts.
    """
    said = {name: _thoughts(raw[name]) for name in TURN_NAMES["reasoning"] if raw.get(name)}
    content = raw.get("content")
    in_content = [part for part in content if _is_thought(part)] if isinstance(content, list) else []
    text = next(filter(None, said.values()), "") or _thoughts(in_content)
    if len(text) > MAX_REASONING:
        repairs.add("reasoning")
    return text[:MAX_REASONING], {name: raw[name] for name, words in said.items() if words != text or not words}


def _thoughts(value: Any) -> str:
    """Return reasoning as text: a list is one of parts, and a part may hold parts again; anything else says nothing."""
    if isinstance(value, list):
        return "\n".join(filter(None, map(_thoughts, value)))
    if isinstance(value, dict):
        return next(filter(None, (_thoughts(value.get(key)) for key in THOUGHT_KEYS)), "")
    return value if isinstance(value, str) else ""


def _is_thought(part: Any) -> bool:
    kind = part.get("type") if isinstance(part, dict) else None
    return isinstance(kind, str) and kind in THOUGHT_PARTS


def _part_text(part: Any) -> str:
    if not isinstance(part, dict):
        return as_text(part)
    kind = part.get("type", "text")
    if kind in TEXT_PARTS if isinstance(kind, str) else False:
        return as_text(next((part[key] for key in ("text", kind, "content") if part.get(key) is not None), ""))
    return "[attachment]" if not isinstance(kind, str) else f"[{kind[:40]}]"


def _role(role: Any, where: str, reading: Reading) -> str:
    known = reading.roles.get(role) if isinstance(role, str) else None
    if known is None:
        raise bad(
            f"{where}.role",
            "is none of user, assistant, tool, system",
            "map the file's words for roles, e.g. `roles: {customer: user, agent: assistant}`",
        )
    return known


def _tool_calls(calls: Any, where: str, repairs: set[str]) -> list[Fields]:
    if not isinstance(calls, list):
        raise bad(f"{where}.tool_calls", "is not a list", "write tool calls as a list of {id, name, arguments}")
    return [_tool_call(call, f"{where}.tool_calls.{index}", repairs) for index, call in enumerate(calls)]


def _tool_call(call: Any, where: str, repairs: set[str]) -> Fields:
    if not isinstance(call, dict):
        raise bad(where, "is not an object", "write a tool call as {id, name, arguments}")
    kind = next((key for key in ("function", "custom") if isinstance(call.get(key), dict)), None)
    body = call[kind] if kind else call
    name = body.get("name")
    if not isinstance(name, str) or not name:
        raise bad(f"{where}.name", "is missing or no text", "name the tool that is called")
    call_id = call.get("id")
    arguments = body.get("arguments", body.get("input"))
    return {
        "id": None if call_id is None else as_text(call_id),
        "name": name,
        "arguments": _arguments(arguments, repairs) if isinstance(arguments, str) else arguments,
    }


def _arguments(text: str, repairs: set[str]) -> Any:
    """Return the object that the model wrote as JSON text, or the text where it wrote none."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return parse_json(text.encode("utf-8", "replace"), repairs)
    except RejectedRecord:
        return text


def _is_true(value: Any) -> bool:
    return not (isinstance(value, str) and value.strip().lower() in {"", "false", "no", "0", "null", "none"})
