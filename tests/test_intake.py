import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.errors import RejectedRecord
from eval_pipeline.intake import Intake, take_in
from eval_pipeline.ports import SourceRecord
from eval_pipeline.tables import RawSessions

DAY = date(2026, 1, 5)
START = datetime(2026, 1, 5, 10, tzinfo=UTC)
NEXT_DAY = datetime(2026, 1, 6, tzinfo=UTC)
SECRET = "swordfish"


@dataclass
class Redacted:
    fields: dict[str, Any]
    counts: dict[str, int] = field(default_factory=dict)


class Starring:
    """A redactor that stars out one word of each turn, and counts."""

    version = "stars-1"

    def redact_session(self, fields: dict[str, Any]) -> Redacted:
        turns = [{**turn, "content": turn.get("content", "").replace(SECRET, "***")} for turn in fields["turns"]]
        n = sum(turn.get("content", "").count(SECRET) for turn in fields["turns"])
        return Redacted({**fields, "turns": turns}, {"word": n})


class Failing:
    version = "broken"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def redact_session(self, fields: dict[str, Any]) -> Redacted:
        raise self.error


def turn(minute: int = 0, content: str = "hello", **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, "at": START + timedelta(minutes=minute), **more}


def record(
    position: str = "line 1", source_id: str = "src", registered_as: Any = "production", **fields: Any
) -> SourceRecord:
    session = {"session_id": "s1", "started_at": START, "turns": [turn()], **fields}
    return SourceRecord(source_id, "/data/a.jsonl", position, registered_as, fields=session)


def rejected(position: str) -> SourceRecord:
    rejection = RejectedRecord("invalid_json", "cut short", "export it again")
    return SourceRecord("src", "/data/a.jsonl", position, "production", rejection=rejection)


def taken(*records: SourceRecord, **options: Any) -> Intake:
    return take_in(records, DAY, options.pop("redactor", Starring()), options.pop("as_of", NEXT_DAY), **options)


def stored(intake: Intake) -> pd.DataFrame:
    return pd.concat([*intake.session_frames(), pd.DataFrame()])


def accounts(intake: Intake) -> dict[str, tuple[int, ...]]:
    columns = ["n_read", "n_accepted", "n_quarantined", "n_duplicate"]
    return {row["source_id"]: tuple(row[name] for name in columns) for row in intake.days.to_dict("records")}


def test_a_session_becomes_a_redacted_row() -> None:
    call = {"name": "find", "arguments": {"n": 1}}
    answer = {"role": "assistant", "content": "", "tool_calls": [call], "at": START + timedelta(minutes=1)}
    row = stored(taken(record(turns=[turn(content=f"my {SECRET} {SECRET}"), answer]))).iloc[0]

    assert row["turns"] == [
        {"role": "user", "content": "my *** ***", "at": "2026-01-05T10:00:00Z"},
        {
            "role": "assistant",
            "content": "",
            "at": "2026-01-05T10:01:00Z",
            "tool_calls": [{"id": None, "name": "find", "arguments": {"n": 1}}],
        },
    ]
    assert (row["n_turns"], row["n_user_turns"], row["n_tool_calls"], row["n_redactions"]) == (2, 1, 1, 2)
    assert (row["session_day"], row["source_id"], row["source_position"]) == (DAY, "src", "line 1")
    assert (row["surface"], row["origin"], row["redaction_version"]) == ("unknown", "production", "stars-1")


@pytest.mark.parametrize(
    ("as_of", "end_mark", "is_closed", "ended_at"),
    [
        (START + timedelta(minutes=34), None, False, None),
        (START + timedelta(minutes=35), None, True, START + timedelta(minutes=5)),
        (START + timedelta(minutes=6), START + timedelta(minutes=6), True, START + timedelta(minutes=6)),
    ],
)
def test_a_session_ends_at_its_end_mark_or_its_last_turn_when_idle(
    as_of: datetime, end_mark: datetime | None, is_closed: bool, ended_at: datetime | None
) -> None:
    row = stored(taken(record(turns=[turn(), turn(5)], ended_at=end_mark), as_of=as_of)).iloc[0]
    assert row["is_closed"] == is_closed
    assert (None if pd.isna(row["ended_at"]) else row["ended_at"]) == ended_at


def test_frames_have_the_types_of_the_table_and_mixed_times_are_kept() -> None:
    odd = START + timedelta(microseconds=5)
    frames = list(taken(record(session_id="a"), record(session_id="b", started_at=odd)).session_frames(size=1))

    assert [len(frame) for frame in frames] == [1, 1]
    for frame in frames:
        pd.testing.assert_frame_equal(frame, RawSessions.validate(frame.copy()))
    assert stored(taken(record(session_id="a"), record(session_id="b", started_at=odd)))["started_at"].tolist() == [
        START,
        odd,
    ]


FULL = {"turns": [turn(), turn(1)]}


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_fullest_record_of_a_session_wins_in_any_order(shuffler: random.Random) -> None:
    records = [
        record("line 1", "a"),
        record("line 2", "a", **FULL),
        record("line 3", "b", turns=[turn(), turn(9)]),
        record("line 4", "b", turns=[turn(), turn(9)]),
        record("line 5", "b", session_id="s2"),
        rejected("line 6"),
    ]
    in_order = stored(taken(*records))
    shuffler.shuffle(records)
    intake = taken(*records)

    pd.testing.assert_frame_equal(stored(intake), in_order)
    assert in_order["source_position"].tolist() == ["line 4", "line 5"]
    assert accounts(intake) == {"a": (2, 0, 0, 2), "b": (3, 2, 0, 1), "src": (1, 0, 1, 0)}


@pytest.mark.parametrize(
    ("bad", "reason", "field_at_fault"),
    [
        (record(turns=[{"content": "swordfish"}]), "missing_field", "turns.0.role"),
        (record(turns=[turn(swordfish=1)]), "bad_field", "turns.0.*"),
        (record(session_id="swordfish" * 99), "bad_field", "session_id"),
        (record(slices={"swordfish": ["x"]}), "bad_field", "slices.*"),
        (record(feedback=[{"kind": "swordfish"}]), "bad_field", "feedback.0.kind"),
        (record(started_at=START + timedelta(days=1)), "wrong_day", None),
        (record(known_id=1), "bad_field", "*"),
    ],
)
def test_what_does_not_validate_is_quarantined_without_its_content(
    bad: SourceRecord, reason: str, field_at_fault: str | None
) -> None:
    intake = taken(bad, record("line 2"))
    [row] = intake.quarantined.to_dict("records")

    assert (row["reason"], row["source_path"], row["source_position"]) == (reason, "/data/a.jsonl", "line 1")
    assert row["mend"]
    assert (None if pd.isna(row["field"]) else row["field"]) == field_at_fault
    assert SECRET not in str(row)
    assert accounts(intake) == {"src": (2, 1, 1, 0)}


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", [nested(300), nested(5000), 10**30, "\ud800", object()])
def test_what_cannot_be_stored_is_quarantined(value: Any) -> None:
    assert accounts(taken(record(meta={"x": value}))) == {"src": (1, 0, 1, 0)}


def test_a_null_character_never_reaches_a_row() -> None:
    rows = stored(taken(record(meta={"x": "a\x00b", "literal": "\\u0000"}), redactor=Starring()))
    assert rows["meta"].iloc[0] == {"x": "a\ufffdb", "literal": "\\u0000"}


@pytest.mark.parametrize(
    "error", [RejectedRecord("redaction_failed", "no", "no"), ValueError(SECRET), RecursionError()]
)
def test_what_cannot_be_redacted_stays_outside(error: Exception) -> None:
    intake = taken(record(), redactor=Failing(error))
    assert list(intake.session_frames()) == []
    assert intake.quarantined["reason"].tolist() == ["redaction_failed"]
    assert SECRET not in str(intake.quarantined.to_dict("records"))


class Slipping:
    """A redactor that hands back something that no row can be built from."""

    version = "broken"

    def redact_session(self, fields: dict[str, Any]) -> Redacted:
        return Redacted({"turns": [{SECRET: 1}]})


def test_what_nobody_foresaw_sets_its_record_aside_and_keeps_its_words_to_itself() -> None:
    intake = taken(record(), redactor=Slipping())
    [row] = intake.quarantined.to_dict("records")
    assert (row["reason"], row["detail"].count("KeyError")) == ("intake_failed", 1)
    assert SECRET not in str(row)
    assert accounts(intake) == {"src": (1, 0, 1, 0)}


def test_a_session_stored_on_another_day_is_not_stored_twice() -> None:
    stored_before = pd.DataFrame({"session_id": ["s1", "s2"], "session_day": [date(2026, 1, 4), DAY]})
    intake = taken(record(), record("line 2", session_id="s2")).set_aside(stored_before)
    assert intake.quarantined["reason"].tolist() == ["session_on_another_day"]
    assert stored(intake)["session_id"].tolist() == ["s2"]
    assert accounts(intake) == {"src": (2, 1, 1, 0)}


def test_records_that_the_scan_counted_and_nobody_delivered_show_in_the_account() -> None:
    assert accounts(taken(record(), n_read={"src": 2, "silent": 1})) == {"src": (2, 1, 0, 0), "silent": (1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("registered", "said", "origin"),
    [
        ("production", "simulated", "simulated"),
        ("simulated", "production", "simulated"),
        ("production", None, "production"),
    ],
)
def test_a_made_up_session_never_passes_for_a_real_one(registered: str, said: str | None, origin: str) -> None:
    fields = {"origin": said} if said else {}
    assert stored(taken(record("line 1", "src", registered, **fields)))["origin"].tolist() == [origin]


@pytest.mark.parametrize("fields", [{"origin": "synthetic"}, {"session_id": "synthetic/of-our-own"}])
@pytest.mark.parametrize("registered", ["production", "simulated"])
def test_no_door_lets_a_session_in_that_was_made_for_coverage(registered: str, fields: dict[str, str]) -> None:
    intake = taken(record("line 1", "src", registered, **fields))
    assert intake.quarantined["reason"].tolist() == ["made_for_coverage"] and stored(intake).empty
    assert accounts(intake) == {"src": (1, 0, 1, 0)}
