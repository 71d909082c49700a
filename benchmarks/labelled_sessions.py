"""Labelled sessions of a file, read leniently: what signals see of them, and apart from it what the file knows of them.

A file is read by the importer of its format, so that it is seen as the pipeline would see it, except that no session is
lost for want of a time or an id: it gets one. What the importer still refuses is read directly where it has a list of
turns. Nothing is redacted. Not here: what counts as a failure (`label_truth.py`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pandas as pd

from eval_pipeline.errors import RejectedRecord, SourceError
from eval_pipeline.formats.contract import Fields
from eval_pipeline.formats.mapping import Mapping
from eval_pipeline.formats.registry import detect, importer_named
from eval_pipeline.intake import TOOL_CALL
from eval_pipeline.sessions import Role, Session

A_DAY = "2026-01-31"
ROLE_WORDS: dict[str, Role] = {
    **dict.fromkeys(("customer", "client", "User", "Human", "USER", "U", "usr", "visitor", "player"), "user"),
    **dict.fromkeys(("agent", "bot", "gpt", "model", "chatbot", "Assistant", "AI", "ASSISTANT", "S"), "assistant"),
    **dict.fromkeys(("tool_result", "observation", "environment", "Tool"), "tool"),
    **dict.fromkeys(("System", "SYSTEM", "instruction"), "system"),
}
TURN_LISTS = ("turns", "messages", "conversation", "conversations", "dialogue", "dialog")
ROLE_NAMES, TEXT_NAMES = ("role", "speaker", "from", "author"), ("content", "text", "utterance", "value", "message")


@dataclass(frozen=True)
class Labelled:
    """The sessions of a file. `sessions`: as `raw_sessions`, in the order of the file, each with its number in it for an
    id, as a file's own ids may repeat or lack. `n_lost`: records that could not be read at all."""

    path: Path
    sessions: pd.DataFrame
    n_lost: int


def read_labelled(path: Path) -> Labelled:
    """Return the sessions of `path` in any format of the pipeline. Raises `SourceError` when it cannot be opened."""
    try:
        importer = detect(path)
    except SourceError:
        importer = importer_named("sessions_jsonl")
    as_is = Mapping(roles=ROLE_WORDS)
    always = Mapping.model_validate(
        {"roles": ROLE_WORDS, "started_at": {"const": A_DAY}, "session_id": {"position": True}}
    )
    both = zip_longest(importer.records(path, as_is), importer.records(path, always))
    rows: list[Fields] = []
    n_lost = 0
    lines: dict[str, bytes] | None = None
    for (position, first), (_, second) in both:
        session = _validated(first) or _validated(second)
        if session is None:
            lines = dict(_lines(path)) if lines is None else lines
            session = _read_directly(lines.get(position, b""))
        if session is None:
            n_lost += 1
        else:
            rows.append(_row(session, len(rows)))
    return Labelled(path, pd.DataFrame(rows, columns=list(_row(_EMPTY, 0))), n_lost)


def _validated(found: Fields | RejectedRecord) -> Session | None:
    if isinstance(found, RejectedRecord):
        return None
    try:
        return Session.model_validate(found)
    except ValueError:
        return None


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        yield f"line {number}", line


def _read_directly(line: bytes) -> Session | None:
    """Return the session of a line whose form no importer takes, or None where there is no list of turns."""
    try:
        raw = json.loads(line)
    except ValueError:
        return None
    turns = (
        next((raw[name] for name in TURN_LISTS if isinstance(raw.get(name), list)), None)
        if isinstance(raw, dict)
        else None
    )
    if turns is None:
        return None
    labels = raw.get("labels", raw.get("recorded_labels"))
    outcome = raw.get("outcome")
    return _EMPTY.model_copy(
        update={
            "turns": Session.model_validate({**_EMPTY_FIELDS, "turns": [_turn(turn) for turn in turns]}).turns,
            "outcome": outcome if isinstance(outcome, dict) else None if outcome is None else {"value": outcome},
            "recorded_labels": [label for label in labels if isinstance(label, dict)]
            if isinstance(labels, list)
            else [],
        }
    )


def _turn(raw: Any) -> Fields:
    """Return role and text alone; a turn of an unknown role stays in its place, as the system's."""
    fields = raw if isinstance(raw, dict) else {"content": raw}
    role = str(next((fields[name] for name in ROLE_NAMES if fields.get(name)), "system"))
    text = next((fields[name] for name in TEXT_NAMES if fields.get(name) is not None), "")
    known = ROLE_WORDS.get(role, role if role in ("user", "assistant", "tool", "system") else "system")
    return {"role": known, "content": text if isinstance(text, str) else json.dumps(text)}


_EMPTY_FIELDS: Fields = {"session_id": "0", "started_at": f"{A_DAY}T00:00:00Z", "turns": []}
_EMPTY = Session.model_validate(_EMPTY_FIELDS)


def _row(session: Session, number: int) -> Fields:
    """Return the columns that signals and truth read; a session counts as closed, whenever it was."""
    turns = session.model_dump(mode="json", include={"turns", "feedback"}, exclude_defaults=True)
    for turn in turns["turns"]:
        if "tool_calls" in turn:
            turn["tool_calls"] = [TOOL_CALL | call for call in turn["tool_calls"]]
    return {
        "session_id": str(number),
        "session_day": session.started_at.date(),
        "started_at": pd.Timestamp(session.started_at),
        "ended_at": pd.Timestamp(session.ended_at or session.last_seen_at()),
        "is_closed": True,
        "surface": session.surface,
        "slices": session.slices,
        "feedback": turns.get("feedback", []),
        "turns": turns["turns"],
        "outcome": session.outcome,
        "recorded_labels": session.recorded_labels,
    }
