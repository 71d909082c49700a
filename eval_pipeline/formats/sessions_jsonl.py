"""Sessions as JSON lines: one whole session a line, with its turns, outcome and labels.

`{session_id, started_at, ended_at?, surface?, domain?, model?, prompt_version?, turns: [{role, content, ts?,
tool_calls?, tool_call_id?, error?}], outcome?, labels?, meta?}`; also the fields of `sessions.Session` under their own
names. Unknown keys are kept in `meta`. Not here: reading lines (`json_lines.py`).
"""

from typing import Any

from eval_pipeline.formats.contract import Fields, missing
from eval_pipeline.formats.fields import SESSION_NAMES, session_fields
from eval_pipeline.formats.json_lines import JsonLines
from eval_pipeline.formats.reading import Reading
from eval_pipeline.formats.turns import turns_of


def _build(raw: Fields, reading: Reading, position: str, repairs: set[str]) -> Fields:
    raw_turns = reading.value(raw, "turns")
    if raw_turns is None:
        raise missing("turns", f"no {reading.named('turns')}", "name the field that holds the messages: turns=FIELD")
    turns, extras = turns_of(raw_turns, reading, repairs)
    return session_fields(raw, reading, position, turns, extras)


def _is_like(record: dict[str, Any]) -> bool:
    return isinstance(record.get("turns"), list)


SESSIONS_JSONL = JsonLines(
    name="sessions_jsonl",
    about="one session a line: {session_id, started_at, turns: [{role, content, ...}], ...}",
    build=_build,
    is_like=_is_like,
    names={**SESSION_NAMES, "turns": ("turns",)},
)
