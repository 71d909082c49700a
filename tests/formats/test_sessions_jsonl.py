from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from eval_pipeline.errors import RejectedRecord
from eval_pipeline.formats.sessions_jsonl import SESSIONS_JSONL
from eval_pipeline.sessions import Session
from tests.formats.format_files import read_all, read_good, session, write_lines


def test_a_session_is_read_into_our_fields(tmp_path: Path) -> None:
    record = {
        "session_id": "s1",
        "started_at": "2026-01-05T10:00:00",
        "ended_at": "2026-01-05T10:05:00+02:00",
        "domain": "airline",
        "surface": "support_chat",
        "model": "m-1",
        "prompt_version": "p-7",
        "turns": [
            {"role": "user", "content": "Cancel it", "ts": "2026-01-05T10:00:01"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "name": "cancel", "arguments": {"n": 1}}],
            },
            {"role": "tool", "content": {"ok": False}, "tool_call_id": "c1", "error": True, "name": "cancel"},
        ],
        "outcome": {"success": False},
        "labels": [{"target": "session", "value": "fail"}],
        "license": "MIT",
        "meta": {"seed": 3},
    }
    read = Session.model_validate(read_good(SESSIONS_JSONL, write_lines(tmp_path / "a.jsonl", [record]))[0])

    assert read.started_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert read.ended_at == datetime(2026, 1, 5, 8, 5, tzinfo=UTC)
    assert (read.slices, read.versions) == ({"domain": "airline"}, {"prompt": "p-7"})
    assert (read.model_version, read.surface) == ("m-1", "support_chat")
    assert (read.outcome, read.recorded_labels) == ({"success": False}, [{"target": "session", "value": "fail"}])
    assert read.meta == {"seed": 3, "license": "MIT", "turn_extras": {"2": {"name": "cancel"}}}
    assert read.turns[1].tool_calls[0].arguments == {"n": 1}
    assert (read.turns[2].content, read.turns[2].is_error) == ('{"ok":false}', True)


def test_our_own_form_of_a_session_comes_back_as_it_was(tmp_path: Path) -> None:
    before = Session.model_validate(
        {
            **session(),
            "user_id": "u1",
            "model_version": "m",
            "slices": {"locale": "de"},
            "versions": {"retrieval": "r2"},
            "feedback": [{"kind": "thumbs", "value": -1}],
            "origin": "synthetic",
            "turns": [{"role": "user", "content": "hi", "at": "2026-01-05T10:00:00Z"}],
        }
    )
    path = write_lines(tmp_path / "a.jsonl", [before.model_dump(mode="json", exclude_defaults=True)])

    assert Session.model_validate(read_good(SESSIONS_JSONL, path)[0]) == before


def test_a_record_without_a_time_is_rejected_with_the_way_to_give_one(tmp_path: Path) -> None:
    timeless = session(started_at=None, turns=[{"role": "user", "content": "hi", "ts": ""}])
    path = write_lines(tmp_path / "a.jsonl", [timeless])

    [(position, rejection)] = read_all(SESSIONS_JSONL, path)
    assert isinstance(rejection, RejectedRecord)
    assert (position, rejection.reason, rejection.field) == ("line 1", "missing_field", "started_at")
    assert "started_at=const:" in rejection.mend

    [given] = read_good(SESSIONS_JSONL, path, "started_at=const:2026-01-31")
    assert given["started_at"] == datetime(2026, 1, 31, tzinfo=UTC)


def test_the_first_turn_is_the_start_when_none_is_stated(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [session(started_at=None)])
    assert read_good(SESSIONS_JSONL, path)[0]["started_at"] == datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_an_id_is_the_same_however_its_accents_are_composed(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [session(session_id="caf\u00e9"), session(session_id="cafe\u0301")])
    first, second = read_good(SESSIONS_JSONL, path)
    assert first["session_id"] == second["session_id"]


def test_a_mapping_names_nested_fields_constants_zone_and_roles(tmp_path: Path) -> None:
    record = {
        "ctx": {"chat": "c9", "lang": "de"},
        "when": "2026-01-05 00:30",
        "turns": [{"role": "customer", "content": "Hallo"}],
    }
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        "session_id: ctx.chat\nstarted_at: when\nsurface: {const: hotline}\nslices: {locale: ctx.lang}\n"
        "timezone: Europe/Berlin\nroles: {customer: user}\n"
    )
    [fields] = read_good(SESSIONS_JSONL, write_lines(tmp_path / "a.jsonl", [record]), str(mapping))

    assert fields["started_at"] == datetime(2026, 1, 4, 23, 30, tzinfo=UTC)
    assert (fields["session_id"], fields["surface"], fields["slices"]) == ("c9", "hotline", {"locale": "de"})
    assert fields["turns"][0]["role"] == "user"


def test_a_mapping_names_the_fields_of_messages(tmp_path: Path) -> None:
    said = {"from": "human", "value": "hi", "when": {"utc": "2026-01-05T10:00:00Z"}, "content": "beaten"}
    record = {"session_id": "s1", "conversations": [said], "value": "a field of the session"}
    mapping = "turns=conversations,role=from,content=value,at=when.utc"
    [fields] = read_good(SESSIONS_JSONL, write_lines(tmp_path / "a.jsonl", [record]), mapping)

    assert fields["turns"] == [{"role": "user", "content": "hi", "at": datetime(2026, 1, 5, 10, tzinfo=UTC)}]
    assert fields["meta"] == {
        "value": "a field of the session",
        "turn_extras": {"0": {"content": "beaten", "when": {"utc": "2026-01-05T10:00:00Z"}}},
    }


def test_of_two_names_of_a_field_the_second_is_kept(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [session(model_version="m-1", model="m", labels=None)])
    [fields] = read_good(SESSIONS_JSONL, path)
    assert (fields["model_version"], fields["meta"]) == ("m-1", {"model": "m"})


def test_times_of_feedback_are_read_like_all_others(tmp_path: Path) -> None:
    feedback = [{"kind": "thumbs", "value": -1, "at": at} for at in ("2026-01-05T10:00:05", 1767603605, "", None)]
    path = write_lines(tmp_path / "a.jsonl", [session(feedback=[*feedback, {"kind": "report", "text": "no"}])])
    [fields] = read_good(SESSIONS_JSONL, path, "timezone=Europe/Berlin")
    said = [given.at and given.at.isoformat() for given in Session.model_validate(fields).feedback]
    assert said == ["2026-01-05T09:00:05+00:00", "2026-01-05T09:00:05+00:00", None, None, None]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon", [], {"a": 1}])
def test_a_bad_time_of_feedback_is_named(tmp_path: Path, at: Any) -> None:
    feedback = [{"kind": "thumbs", "value": 1}, {"kind": "thumbs", "value": 1, "at": at}]
    path = write_lines(tmp_path / "a.jsonl", [session(feedback=feedback)])
    [(_, rejection)] = read_all(SESSIONS_JSONL, path)
    assert (rejection.reason, rejection.field) == ("bad_time", "feedback.1.at")
