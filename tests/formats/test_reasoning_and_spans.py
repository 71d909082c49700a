"""What the model thought and what was measured beside a turn: read in the spellings that exist, redacted, stored, bounded,
and shown to no machine that judges."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from eval_pipeline.errors import RejectedRecord
from eval_pipeline.formats.delimited import CSV
from eval_pipeline.formats.openai_chat_jsonl import OPENAI_CHAT_JSONL
from eval_pipeline.formats.sessions_jsonl import SESSIONS_JSONL
from eval_pipeline.formats.spans import MAX_SPANS, readable_spans
from eval_pipeline.formats.turns import MAX_REASONING
from eval_pipeline.intake import Intake, take_in
from eval_pipeline.judges.definition import View
from eval_pipeline.judges.views import view_lines
from eval_pipeline.ports import SourceRecord, Warehouse
from eval_pipeline.redaction.redactor import Redactor
from eval_pipeline.sessions import Session, turn_frame
from eval_pipeline.tables import RawSessions
from tests.docs_pages import ROOT
from tests.formats.format_files import SESSION, read_all, read_good, session, write_lines

REDACTOR = Redactor.from_catalog(ROOT / "catalog" / "redaction.yaml", b"a secret of the tests, long enough")
DAY = date(2026, 1, 5)
SPAN = {
    "name": "chat m-1",
    "kind": "LLM",
    "started_at": "2026-01-05T10:00:01Z",
    "ended_at": "2026-01-05T10:00:02.5Z",
    "status": "error",
    "attributes": {"tokens": 12},
}


def answer(**fields: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": "Hello!", **fields}


def taken_in(path: Path, mapping: str = "") -> Intake:
    records = [
        SourceRecord("src", str(path), position, "production", fields=fields)
        for position, fields in read_all(SESSIONS_JSONL, path, mapping)
    ]
    return take_in(records, DAY, REDACTOR, datetime(2026, 1, 7, tzinfo=UTC))


def turn_of(tmp_path: Path, **fields: Any) -> dict[str, Any]:
    """Return the turn that an answer with these fields becomes, and what else was said of it under `extras`."""
    path = write_lines(tmp_path / "a.jsonl", [session(turns=[answer(**fields)])])
    [read] = read_good(SESSIONS_JSONL, path)
    turn = Session.model_validate(read).turns[0].model_dump(mode="json", exclude_defaults=True)
    return {**turn, "extras": read["meta"].get("turn_extras", {}).get("0", {})}


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({"reasoning": "Hm."}, "Hm."),
        ({"reasoning_content": "Hm."}, "Hm."),
        ({"thinking": "Hm."}, "Hm."),
        ({"reasoning": None, "reasoning_content": "Hm."}, "Hm."),
        ({"reasoning": "Hm.", "reasoning_content": "Hm."}, "Hm."),
        ({"reasoning": [{"type": "reasoning.text", "text": "Hm."}, {"summary": [{"text": "So."}]}]}, "Hm.\nSo."),
        ({"content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Hello!"}]}, "Hm."),
        ({"content": [{"type": "reasoning", "content": "Hm."}, {"type": "text", "text": "Hello!"}]}, "Hm."),
    ],
)
def test_reasoning_is_read_in_every_dialect_and_is_no_part_of_what_was_said(
    tmp_path: Path, fields: dict[str, Any], reasoning: str
) -> None:
    assert turn_of(tmp_path, **fields) == {
        "role": "assistant",
        "content": "Hello!",
        "reasoning": reasoning,
        "extras": {},
    }


@pytest.mark.parametrize("other", [{"effort": "high"}, True, 3])
def test_what_is_no_reasoning_is_kept_like_any_unknown_key(tmp_path: Path, other: Any) -> None:
    turn = turn_of(tmp_path, reasoning=other)
    assert ("reasoning" in turn, turn["extras"]) == (False, {"reasoning": other})


def test_reasoning_of_a_logged_completion_is_read(tmp_path: Path) -> None:
    message = {"role": "assistant", "content": "Hello!", "reasoning_content": "Hm."}
    record = {"id": "c-1", "created": 1767607200, "messages": [], "choices": [{"message": message}]}
    [fields] = read_good(OPENAI_CHAT_JSONL, write_lines(tmp_path / "a.jsonl", [record]))
    assert fields["turns"] == [{"role": "assistant", "content": "Hello!", "reasoning": "Hm."}]


def test_a_mapping_names_them_in_messages_and_in_columns(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [session(turns=[answer(why="Hm.", trace=[SPAN])])])
    [fields] = read_good(SESSIONS_JSONL, path, "reasoning=why,spans=trace")
    table = write_lines(tmp_path / "a.csv", [b"session_id,at,role,content,why,spans"])
    cell = json.dumps([SPAN]).replace('"', '""')
    table.write_text(f'{table.read_text()}s1,2026-01-05T10:00:00Z,assistant,Hello!,Hm.,"{cell}"\n')
    [of_table] = read_good(CSV, table, "reasoning=why")

    assert of_table["turns"][0].pop("at")
    assert fields["turns"] == of_table["turns"]
    assert (fields["turns"][0]["reasoning"], fields["turns"][0]["spans"][0]["name"]) == ("Hm.", "chat m-1")


@pytest.mark.parametrize(
    ("span", "read"),
    [
        (SPAN, SPAN),
        ({"name": "look"}, {"name": "look"}),
        (
            {
                "name": "look",
                "kind": 3,
                "startTimeUnixNano": "1767607201000000000",
                "endTimeUnixNano": 1767607202500000000,
                "status": {"code": 1},
                "spanId": "ab",
            },
            {
                "name": "look",
                "kind": "3",
                "started_at": "2026-01-05T10:00:01Z",
                "ended_at": "2026-01-05T10:00:02.500000Z",
                "status": "ok",
                "attributes": {"spanId": "ab"},
            },
        ),
        (
            {"name": "look", "type": "TOOL", "startTime": "2026-01-05T10:00:01Z", "level": "ERROR", "metadata": [1]},
            {
                "name": "look",
                "kind": "TOOL",
                "started_at": "2026-01-05T10:00:01Z",
                "status": "error",
                "attributes": {"attributes": [1]},
            },
        ),
    ],
)
def test_spans_are_read_in_the_spellings_that_exist(tmp_path: Path, span: dict[str, Any], read: dict[str, Any]) -> None:
    [stored] = turn_of(tmp_path, spans=[span])["spans"]
    assert {**stored, "ended_at": at_same(stored, read)} == {**read, "ended_at": at_same(read, read)}


def at_same(span: dict[str, Any], other: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(span["ended_at"]) if "ended_at" in other else None


@pytest.mark.parametrize(
    ("spans", "reason", "field"),
    [
        ("all of them", "bad_field", "turns.0.spans"),
        (["a"], "bad_field", "turns.0.spans.0"),
        ([SPAN, {"kind": "LLM"}], "bad_field", "turns.0.spans.1.name"),
        ([{**SPAN, "ended_at": "soon"}], "bad_time", "turns.0.spans.0.ended_at"),
    ],
)
def test_spans_that_cannot_be_read_are_quarantined_with_the_place(
    tmp_path: Path, spans: Any, reason: str, field: str
) -> None:
    path = write_lines(tmp_path / "a.jsonl", [session(turns=[answer(spans=spans)])])
    [(_, rejection)] = read_all(SESSIONS_JSONL, path)
    assert isinstance(rejection, RejectedRecord)
    assert (rejection.reason, rejection.field) == (reason, field)


def test_they_are_cut_to_a_bound_and_the_session_says_so(tmp_path: Path) -> None:
    turn = answer(reasoning="x" * (MAX_REASONING + 1), spans=[SPAN] * (MAX_SPANS + 1))
    [fields] = read_good(SESSIONS_JSONL, write_lines(tmp_path / "a.jsonl", [session(turns=[turn])]))
    [read] = fields["turns"]
    assert (len(read["reasoning"]), len(read["spans"])) == (MAX_REASONING, MAX_SPANS)
    assert fields["meta"] == {"repaired": ["reasoning", "spans"]}


def test_they_are_redacted_and_come_back_from_the_database_as_they_went_in(
    tmp_path: Path, warehouse: Warehouse
) -> None:
    personal = {**SPAN, "name": "mail zoe@example.org", "attributes": {"to": "zoe@example.org", "user_id": "zoe77"}}
    turn = answer(reasoning="Zoe is zoe@example.org", spans=[personal])
    path = write_lines(tmp_path / "a.jsonl", [session(turns=[turn], spans=[{**personal, "cost": 1}])])
    warehouse.replace_day(RawSessions, DAY, taken_in(path).session_frames())

    [row] = warehouse.read(RawSessions, [DAY]).to_dict("records")
    [stored] = row["turns"]
    assert "example.org" not in json.dumps([row["turns"], row["meta"]])
    assert "zoe77" not in json.dumps([row["turns"], row["meta"]])
    assert stored["reasoning"].startswith("Zoe is [EMAIL")
    times = ("started_at", "ended_at", "status")
    assert [stored["spans"][0][name] for name in times] == [SPAN["started_at"], "2026-01-05T10:00:02.500000Z", "error"]
    # The session's own stay as the source wrote them: an evaluator may point to what they cost.
    assert row["meta"]["spans"][0]["cost"] == 1
    assert [span["status"] for span in readable_spans(row["meta"]["spans"])] == ["error"]
    assert Session.model_validate({**SESSION, "turns": row["turns"]}).turns[0].reasoning == stored["reasoning"]


def test_a_session_without_them_is_stored_as_it_always_was(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [session(turns=[*SESSION["turns"], answer(reasoning=None, spans=[])])])
    [row] = next(taken_in(path).session_frames()).to_dict("records")
    assert row["turns"] == [
        {"role": "user", "content": "Where is my order?", "at": "2026-01-05T10:00:00Z"},
        {"role": "assistant", "content": "Hello!"},
    ]
    # As it was before a turn could have either: a changed hash would have every stored session read and judged again.
    assert row["content_hash"] == "5e4faa321d5d7573"


@pytest.mark.parametrize("raw", [None, "x", [1, {"name": ""}, {"name": "a", "start": "soon"}]])
def test_of_a_sessions_own_spans_only_what_can_be_read_is_shown(raw: Any) -> None:
    assert readable_spans(raw) == []


@pytest.mark.parametrize("turns", ["last_exchange", "transcript", "answer_and_context"])
def test_no_signal_and_no_judge_is_shown_them(turns: Any) -> None:
    said = [{"role": "user", "content": "Hi"}, answer(reasoning="SECRET thought", spans=[{"name": "SECRET span"}])]
    frame = turn_frame(next_frame(said))
    assert "SECRET" not in frame.to_json()
    assert "SECRET" not in "".join(view_lines(View(turns=turns, with_tool_results=True), said))


def next_frame(turns: list[dict[str, Any]]) -> Any:
    fields = {**SESSION, "started_at": datetime(2026, 1, 5, tzinfo=UTC), "turns": turns}
    return next(
        take_in(
            [SourceRecord("src", "a", "line 1", "production", fields=fields)], DAY, REDACTOR, datetime.now(UTC)
        ).session_frames()
    )
