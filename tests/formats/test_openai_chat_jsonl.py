from pathlib import Path
from typing import Any

from eval_pipeline.formats.openai_chat_jsonl import OPENAI_CHAT_JSONL
from eval_pipeline.sessions import Session
from tests.formats.format_files import read_good, reasons, write_lines

MESSAGES: list[dict[str, Any]] = [
    {"role": "developer", "content": "Be kind."},
    {"role": "user", "content": [{"type": "text", "text": "Look:"}, {"type": "image_url", "image_url": {"url": "x"}}]},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"x": 1}'}},
            {"id": "c2", "type": "function", "function": {"name": "look", "arguments": "{cut short"}},
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
    {"role": "assistant", "content": None, "function_call": {"name": "old", "arguments": "{}"}},
    {"role": "function", "name": "old", "content": "1"},
    {"role": "assistant", "content": None, "refusal": "I cannot."},
]
METADATA = {"session_id": "chat-1", "created_at": "2026-01-05T10:00:00Z"}


def test_messages_of_every_dialect_become_turns(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [{"messages": MESSAGES, "metadata": METADATA, "judgement": "PASS"}])
    read = Session.model_validate(read_good(OPENAI_CHAT_JSONL, path)[0])

    assert [turn.role for turn in read.turns] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
        "tool",
        "assistant",
    ]
    assert read.turns[1].content == "Look:\n[image_url]"
    assert [call.arguments for call in read.turns[2].tool_calls] == [{"x": 1}, "{cut short"]
    assert (read.turns[3].tool_call_id, read.turns[4].tool_calls[0].name) == ("c1", "old")
    assert read.turns[6].content == "I cannot."
    assert (read.session_id, read.meta["judgement"]) == ("chat-1", "PASS")


def test_a_logged_completion_is_a_session_that_ends_with_the_answer(tmp_path: Path) -> None:
    answer = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello!"}}
    response = {"id": "cmpl-1", "model": "m-2026", "created": 1767607200, "choices": [answer], "usage": {"total": 9}}
    request = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0}
    path = write_lines(tmp_path / "a.jsonl", [{"request": request, "response": response}, {**response, **request}])
    nested, flat = (Session.model_validate(fields) for fields in read_good(OPENAI_CHAT_JSONL, path))

    assert [turn.content for turn in nested.turns] == [turn.content for turn in flat.turns] == ["Hi", "Hello!"]
    assert nested.session_id == flat.session_id == "cmpl-1"
    assert nested.started_at.isoformat() == "2026-01-05T10:00:00+00:00"
    assert nested.model_version == "m-2026"
    assert nested.meta["response"]["usage"] == flat.meta["usage"] == {"total": 9}
    assert nested.meta["choices"] == [{"index": 0, "finish_reason": "stop"}]


def test_neither_id_nor_time_is_invented(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [{"messages": MESSAGES}, {"messages": MESSAGES, "id": "x"}])
    assert reasons(OPENAI_CHAT_JSONL, path) == [("line 1", "missing_field"), ("line 2", "missing_field")]

    said = "session_id=position:,started_at=const:2026-01-05"
    assert [fields["session_id"] for fields in read_good(OPENAI_CHAT_JSONL, path, said)] == ["a.jsonl:1", "a.jsonl:2"]
