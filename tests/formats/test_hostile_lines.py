import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.errors import RejectedRecord, SourceError
from eval_pipeline.formats.contract import MAX_RECORD_BYTES
from eval_pipeline.formats.sessions_jsonl import SESSIONS_JSONL
from tests.formats.format_files import SESSION, read_all, read_good, reasons, session, write_lines

GOOD = json.dumps(SESSION).encode()
SECRET = "swordfish"


def with_meta(value: bytes) -> bytes:
    return GOOD[:-1] + b', "meta": {"x": ' + value + b"}}"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"session_id": "swordfish', "invalid_json"),
        (b'{"swordfish": \\x}', "invalid_json"),
        (b"\x00\x00", "invalid_json"),
        (b'["swordfish"]', "not_an_object"),
        (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
        (with_meta(b"[" * 100_000 + b"]" * 100_000), "too_deep"),
        (with_meta(b'"' + b"swordfish" * (MAX_RECORD_BYTES // 9) + b'"'), "too_large"),
        (json.dumps(session(session_id="")).encode(), "missing_field"),
        (json.dumps(session(session_id=["swordfish"])).encode(), "bad_field"),
        (json.dumps(session(started_at="swordfish")).encode(), "bad_time"),
        (json.dumps(session(started_at=0)).encode(), "bad_time"),
        (json.dumps(session(started_at="10000-01-01")).encode(), "bad_time"),
        (json.dumps(session(started_at="9999-12-31T23:59:59Z")).encode(), "bad_time"),
        (json.dumps(session(started_at=True)).encode(), "bad_time"),
        (json.dumps(session(turns=None)).encode(), "missing_field"),
        (json.dumps(session(turns="swordfish")).encode(), "bad_field"),
        (json.dumps(session(turns=["swordfish"])).encode(), "bad_field"),
        (json.dumps(session(turns=[{"role": "swordfish"}])).encode(), "bad_field"),
        (json.dumps(session(turns=[{"role": ["user"]}])).encode(), "bad_field"),
        (json.dumps(session(turns=[{"role": "user", "ts": "swordfish"}])).encode(), "bad_time"),
        (json.dumps(session(turns=[{"role": "user", "tool_calls": {"swordfish": 1}}])).encode(), "bad_field"),
    ],
)
def test_a_bad_line_is_rejected_by_name_and_without_its_content(tmp_path: Path, line: bytes, reason: str) -> None:
    items = read_all(SESSIONS_JSONL, write_lines(tmp_path / "a.jsonl", [GOOD, line, b"  ", GOOD]))

    assert [position for position, _ in items] == ["line 1", "line 2", "line 4"]
    rejection = items[1][1]
    assert isinstance(rejection, RejectedRecord)
    assert rejection.reason == reason
    assert rejection.mend
    assert SECRET not in f"{rejection.detail} {rejection.mend} {rejection.field}"
    assert isinstance(items[2][1], dict)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b'"a\\u0000b"', "a\ufffdb"),
        (b'"a\x00b"', "a\ufffdb"),
        (b'"a\\ud800b"', "a\ufffdb"),
        (b'"a\xffb"', "a\ufffdb"),
        (b"NaN", None),
        (b"-Infinity", None),
        (b"1e400", None),
        (b"9" * 5000, None),
    ],
)
def test_what_cannot_be_stored_is_replaced_and_noted(tmp_path: Path, value: bytes, found: object) -> None:
    [fields] = read_good(SESSIONS_JSONL, write_lines(tmp_path / "a.jsonl", [with_meta(value)]))

    assert fields["meta"]["x"] == found
    assert fields["meta"]["repaired"] == (["characters"] if isinstance(found, str) else ["numbers"])


def test_a_null_character_hidden_in_nested_json_is_replaced(tmp_path: Path) -> None:
    call = {"name": "f", "arguments": '{"a": "x\\u0000y"}'}
    line = json.dumps(session(turns=[{"role": "assistant", "tool_calls": [call]}])).encode()
    hidden = line.replace(b"\\\\u0000", b"\\u005cu0000")
    assert hidden != line

    [fields] = read_good(SESSIONS_JSONL, write_lines(tmp_path / "a.jsonl", [hidden]))
    assert fields["turns"][0]["tool_calls"][0]["arguments"] == {"a": "x\ufffdy"}


def test_a_leap_second_is_the_next_second(tmp_path: Path) -> None:
    [fields] = read_good(SESSIONS_JSONL, write_lines(tmp_path / "a", [session(started_at="2026-12-31T23:59:60Z")]))
    assert fields["started_at"].isoformat() == "2027-01-01T00:00:00+00:00"


@pytest.mark.parametrize("number", [1767607200, 1767607200.0, 1767607200000, 1767607200000000, "1767607200"])
def test_epochs_of_any_unit_are_times(tmp_path: Path, number: object) -> None:
    [fields] = read_good(SESSIONS_JSONL, write_lines(tmp_path / "a", [session(started_at=number)]))
    assert fields["started_at"].isoformat() == "2026-01-05T10:00:00+00:00"


@pytest.mark.parametrize(
    "pack",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: gzip.compress(text.encode()),
        lambda text: gzip.compress(text.encode("utf-16")),
    ],
)
def test_the_same_text_is_read_whatever_it_is_packed_in(tmp_path: Path, pack: object) -> None:
    text = "".join(json.dumps(session(session_id=name), ensure_ascii=False) + "\n" for name in ("ä", "b"))
    path = tmp_path / "a.jsonl"
    path.write_bytes(pack(text))  # type: ignore[operator]

    assert [fields["session_id"] for fields in read_good(SESSIONS_JSONL, path)] == ["ä", "b"]


def test_a_damaged_or_exploding_archive_is_refused_as_a_whole(tmp_path: Path) -> None:
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(GOOD * 100)[:-20])
    bomb = tmp_path / "bomb.jsonl.gz"
    bomb.write_bytes(gzip.compress(b"0" * (300 << 20), 1))

    for path in (cut, bomb):
        with pytest.raises(SourceError, match=path.name):
            read_all(SESSIONS_JSONL, path)


@given(st.lists(st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"")), max_size=6))
def test_every_line_that_is_not_blank_is_one_record(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    path = write_lines(tmp_path_factory.mktemp("fuzz") / "a.jsonl", [GOOD, *lines, GOOD])
    n_filled = sum(bool(line.strip()) for line in lines)
    assert len(reasons(SESSIONS_JSONL, path)) == 2 + n_filled
