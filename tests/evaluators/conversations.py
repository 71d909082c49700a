"""Sessions in a few words, for the tests of evaluators."""

import datetime as dt
from typing import Any

import pandas as pd

from eval_pipeline.evaluators.checks import Check
from eval_pipeline.evaluators.views import Call, Message, SessionView, Text

DAY = dt.date(2026, 3, 2)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def says(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def calls(name: str, arguments: Any = None, call_id: str | None = None, text: str = "") -> dict[str, Any]:
    asked = {"id": call_id, "name": name, "arguments": arguments}
    return {"role": "assistant", "content": text, "tool_calls": [asked]}


def gets(text: str, call_id: str | None = None) -> dict[str, Any]:
    return {"role": "tool", "content": text, "tool_call_id": call_id}


def fails(text: str, call_id: str | None = None) -> dict[str, Any]:
    return {**gets(text, call_id), "is_error": True}


def view(*turns: dict[str, Any], surface: str = "chat", slices: dict[str, str] | None = None) -> SessionView:
    return SessionView("s", surface, slices or {}, turns)


def message(text: str) -> Message:
    return Message(says(text), 0)


def call(arguments: Any) -> Call:
    return Call({"name": "tool", "arguments": arguments}, 0)


def outcome(check: Check[Any], subject: SessionView | Text | str) -> str:
    return check.judge(message(subject) if isinstance(subject, str) else subject).outcome


def session_row(session_id: str, turns: Any, **columns: Any) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "session_day": DAY,
        "is_closed": True,
        "surface": "chat",
        "slices": {},
        "model_version": "m1",
        "versions": {},
        "redaction_version": "r1",
        "turns": turns,
        "meta": {},
        "outcome": None,
        "recorded_labels": [],
        **columns,
    }


def session_frame(*rows: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=list(session_row("", [])))
    return frame.astype({"model_version": "str"})
