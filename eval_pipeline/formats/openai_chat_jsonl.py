"""OpenAI chat JSON lines: a list of messages a line, or a logged completion with its request and response.

The format has neither session id nor time. They are read from `metadata` (session_id, conversation_id, thread_id;
started_at, created_at, timestamp) or a mapped field; a logged completion brings its own id and `created`. Nothing
else is taken for them. Not here: reading lines (`json_lines.py`), messages (`turns.py`).
"""

from typing import Any

from eval_pipeline.formats.contract import Fields, missing
from eval_pipeline.formats.fields import SESSION_NAMES, session_fields
from eval_pipeline.formats.json_lines import JsonLines
from eval_pipeline.formats.reading import Reading
from eval_pipeline.formats.turns import turns_of

LOG_KEYS = ("request", "response", "choices")
INNER_KEYS = ("messages", "choices")


def _in_metadata(*names: str) -> tuple[str, ...]:
    return tuple(f"{prefix}metadata.{name}" for prefix in ("", "request.") for name in names)


OPENAI_NAMES: dict[str, tuple[str, ...]] = {
    **SESSION_NAMES,
    "session_id": (
        "session_id",
        *_in_metadata("session_id", "conversation_id", "thread_id"),
        "id",
        "response.id",
    ),
    "started_at": (
        "started_at",
        *_in_metadata("started_at", "created_at", "timestamp"),
        "created",
        "response.created",
    ),
    "user_id": ("user_id", *_in_metadata("user_id"), "user", "request.user"),
    "surface": ("surface", *_in_metadata("surface")),
    "model_version": ("model_version", "response.model", "model", "request.model"),
    "turns": ("messages", "request.messages"),
}


def _build(raw: Fields, reading: Reading, position: str, repairs: set[str]) -> Fields:
    asked, choices = reading.value(raw, "turns"), _choices(raw)
    answer = choices[0].get("message") if choices else None
    if asked is None and answer is None:
        raise missing("messages", f"no {reading.named('turns')}", "name the field that holds the messages: turns=FIELD")
    messages = [] if asked is None else asked
    if isinstance(messages, list) and answer is not None:
        messages = [*messages, answer]
    turns, extras = turns_of(messages, reading, repairs)
    envelope = {key: raw[key] for key in LOG_KEYS if isinstance(raw.get(key), dict | list)}
    fields = session_fields(raw, reading, position, turns, extras, read_keys=frozenset(envelope))
    for key, part in envelope.items():
        if isinstance(part, dict):
            fields["meta"][key] = {name: value for name, value in part.items() if name not in INNER_KEYS}
    if choices:
        first = {name: value for name, value in choices[0].items() if name != "message"}
        fields["meta"]["choices"] = [first, *choices[1:]]
    return fields


def _choices(raw: Fields) -> list[Any]:
    """Return the choices of a logged completion; the first one is the answer that was given."""
    response = raw["response"] if isinstance(raw.get("response"), dict) else raw
    choices = response.get("choices")
    return choices if isinstance(choices, list) and choices and isinstance(choices[0], dict) else []


def _is_like(record: dict[str, Any]) -> bool:
    return isinstance(record.get("messages"), list) or bool(_choices(record))


OPENAI_CHAT_JSONL = JsonLines(
    name="openai_chat_jsonl",
    about="one list of OpenAI chat messages a line, or one logged completion (request and response)",
    build=_build,
    is_like=_is_like,
    names=OPENAI_NAMES,
)
