"""Importing reviews: what is taken, what is refused and how to mend it; every line is accounted for."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eval_pipeline.errors import SourceError
from eval_pipeline.review.files.reviews_file import ImportRules, RejectedLine, read_reviews
from eval_pipeline.tables import Reviews

DAY = dt.date(2026, 3, 10)
NOW = dt.datetime(2026, 3, 12, 8, tzinfo=dt.UTC)
SECRET = "jane@example.com"


def rules(**changes: Any) -> ImportRules:
    return ImportRules(
        **{
            "session_days": {"s1": DAY, "s2": DAY + dt.timedelta(days=1)},
            "categories": ["rude", "wrong_refund"],
            "taxonomy_version": "1+ab",
            "redaction_version": "1+cd",
            "now": NOW,
            "redact_text": lambda text: text.replace(SECRET, "[EMAIL_1]"),
            **changes,
        }
    )


def read_lines(folder: Path, *lines: Any, **changes: Any) -> tuple[pd.DataFrame, list[RejectedLine]]:
    path = folder / "reviews.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    frame, rejected = read_reviews(path, rules(**changes))
    assert list(frame.columns) == list(Reviews.to_schema().columns)
    return frame, rejected


def line(**changes: Any) -> dict[str, Any]:
    return {"session_id": "s1", "reviewer": "ada", "label": "fail", **changes}


def test_a_full_line(tmp_path: Path) -> None:
    frame, rejected = read_lines(
        tmp_path,
        {
            "session_id": "s2",
            "reviewer": "ada",
            "answers": {"session": "fail", "judge:refund": "pass"},
            "category": "rude",
            "note": f"she wrote to {SECRET}",
            "first_bad_turn": 3,
            "is_blind": True,
            "arm": "control",
            "inclusion_probability": 0.1,
            "seconds": 61.5,
            "submitted_at": "2026-03-11T10:00:00+02:00",
        },
    )
    assert rejected == []
    row = frame.iloc[0]
    assert row["answers"] == {"session": "fail", "judge:refund": "pass"}
    assert row["session_day"] == DAY + dt.timedelta(days=1)
    assert row["note"] == "she wrote to [EMAIL_1]"
    assert row["submitted_at"] == pd.Timestamp("2026-03-11T08:00Z")
    assert (row["first_bad_turn"], row["is_blind"], row["inclusion_probability"]) == (3, True, 0.1)
    assert (row["source"], row["taxonomy_version"], row["redaction_version"]) == ("import", "1+ab", "1+cd")


def test_a_parquet_file_of_anothers_making(tmp_path: Path) -> None:
    path = tmp_path / "reviews.parquet"
    given = {
        "session_id": ["s1", "s2"],
        "reviewer": ["ada", "ben"],
        "answers": [{"session": "fail"}, {"judge:refund": "pass"}],
        "first_bad_turn": [3, None],
        "submitted_at": pd.to_datetime(["2026-03-11T08:00Z", "2026-03-11T09:00Z"]).as_unit("ns"),
    }
    pd.DataFrame(given).to_parquet(path)
    frame, rejected = read_reviews(path, rules())
    assert rejected == []
    assert frame["answers"].tolist() == [{"session": "fail"}, {"judge:refund": "pass"}]
    assert frame["submitted_at"].tolist() == list(given["submitted_at"])
    assert frame["first_bad_turn"].tolist() == [3, pd.NA]


def test_an_id_is_found_however_its_accents_are_composed(tmp_path: Path) -> None:
    frame, rejected = read_lines(tmp_path, line(session_id="cafe\u0301"), session_days={"caf\u00e9": DAY})
    assert (frame["session_id"].tolist(), rejected) == (["caf\u00e9"], [])


def test_a_rejected_line_reads_as_a_sentence_with_its_mend(tmp_path: Path) -> None:
    [rejected] = read_lines(tmp_path, line(session_id="s9"))[1]
    said = "line 1: unknown_session in `session_id`: no session has this id. Mend: take the session in first, or "
    assert str(rejected).startswith(said)


def test_what_a_line_does_not_say_is_not_made_up(tmp_path: Path) -> None:
    row = read_lines(tmp_path, line())[0].iloc[0]
    assert row["answers"] == {"session": "fail"}
    assert (row["stage"], row["is_repeat"], row["machine_words"]) == ("revealed", False, {})
    assert read_lines(tmp_path, line(is_blind=True))[0]["stage"].tolist() == ["blind"]
    assert row["submitted_at"] == pd.Timestamp(NOW)
    assert not row["is_blind"]
    assert row[["arm", "inclusion_probability", "design_id", "category", "note", "seconds"]].isna().all()


def test_csv_and_jsonl_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text(
        "\ufeffsession_id,reviewer,target,label,is_blind,note,answers\r\n"
        's1,ada,judge:refund,fail,true,"two\r\nlines",\r\n'
        's2,ben,,,,,"{""session"": ""pass""}"\r\n',
        newline="",
        encoding="utf-8",
    )
    frame, rejected = read_reviews(path, rules())
    assert rejected == []
    same, _ = read_lines(
        tmp_path,
        line(target="judge:refund", is_blind=True, note="two\r\nlines"),
        {"session_id": "s2", "reviewer": "ben", "answers": {"session": "pass"}},
    )
    pd.testing.assert_frame_equal(frame, same)


@pytest.mark.parametrize(
    ("bad", "reason", "field"),
    [
        (line(label="satisfied"), "off_vocabulary", "label"),
        (line(label="Fail"), "off_vocabulary", "label"),
        (line(label=1), "off_vocabulary", "label"),
        (line(session_id="s9"), "unknown_session", "session_id"),
        (line(category="impolite"), "unknown_category", "category"),
        (line(category="rude", taxonomy_version="0+x"), "unknown_taxonomy", "taxonomy_version"),
        (line(label="pass", category="rude"), "bad_field", "category"),
        (line(target="turn:3"), "bad_target", "target"),
        (line(reviewer=None), "missing_field", "reviewer"),
        (line(reviewer="  "), "bad_field", "reviewer"),
        (line(label=None), "bad_field", "label"),
        (line(answers={"session": "fail"}), "bad_field", "label"),
        (line(inclusion_probability=0), "bad_field", "inclusion_probability"),
        (line(first_bad_turn=-1), "bad_field", "first_bad_turn"),
        (line(first_bad_turn=10**19), "bad_field", "first_bad_turn"),
        (line(arm="mine"), "bad_field", "arm"),
        (line(submitted_at="2026-03-12T08:00:01Z"), "bad_time", "submitted_at"),
        (line(submitted_at="0001-01-01T00:00:00+05:00"), "bad_time", "submitted_at"),
        (line(note="a\x00b"), "nul_character", None),
        (line(mood="bad"), "unknown_field", None),
        (line(stage="later"), "bad_field", "stage"),
        (line(stage="revealed", is_blind=True), "bad_field", "is_blind"),
        (line(machine_words={"judge:tone": {"said": "a\x00b"}}), "nul_character", None),
        ([1, 2], "invalid_json", None),
        ('{"session_id": ', "invalid_json", None),
    ],
)
def test_a_bad_line_is_refused_and_the_others_are_taken(
    tmp_path: Path, bad: Any, reason: str, field: str | None
) -> None:
    frame, rejected = read_lines(tmp_path, line(session_id="s2"), "", bad)
    assert frame["session_id"].tolist() == ["s2"]
    assert [(r.position, r.reason, r.field) for r in rejected] == [("line 3", reason, field)]
    assert rejected[0].mend


def test_a_rejection_repeats_nothing_of_the_line(tmp_path: Path) -> None:
    bad = [line(label=SECRET), line(category=SECRET), line(session_id=SECRET), line(target=SECRET)]
    bad += [{**line(), SECRET: 1}, line(is_blind=SECRET), line(note=SECRET, submitted_at=SECRET)]
    _, rejected = read_lines(tmp_path, *bad)
    assert len(rejected) == len(bad)
    assert SECRET not in repr(rejected)


def test_other_words_are_taken_only_through_an_explicit_mapping(tmp_path: Path) -> None:
    mapping = {"0": "pass", "true": "fail"}
    frame, rejected = read_lines(
        tmp_path, line(label=0), line(session_id="s2", label=True), line(label="fail"), label_values=mapping
    )
    assert [a["session"] for a in frame["answers"]] == ["pass", "fail"]
    assert [r.reason for r in rejected] == ["off_vocabulary"]


def test_a_note_that_cannot_be_redacted_is_not_stored(tmp_path: Path) -> None:
    def broken(text: str) -> str:
        raise RuntimeError(text)

    frame, rejected = read_lines(tmp_path, line(note=SECRET), line(session_id="s2"), redact_text=broken)
    assert frame["session_id"].tolist() == ["s2"]
    assert [r.reason for r in rejected] == ["redaction_failed"]
    assert SECRET not in repr(rejected)


def test_importing_again_gives_the_same_reviews(tmp_path: Path) -> None:
    first, _ = read_lines(tmp_path, line(), line(session_id="s2"))
    again, _ = read_lines(tmp_path, line(session_id="s2"), line(), now=NOW + dt.timedelta(days=1))
    assert set(again["review_id"]) == set(first["review_id"])


def test_a_line_that_repeats_or_contradicts_another_is_reported(tmp_path: Path) -> None:
    frame, rejected = read_lines(
        tmp_path,
        line(),
        line(),
        line(label="pass"),
        line(label="pass", submitted_at="2026-03-12T07:00:00Z"),
        line(target="judge:refund", label="pass"),
    )
    assert [(r.position, r.reason) for r in rejected] == [("line 2", "duplicate"), ("line 3", "contradiction")]
    assert "line 1" in rejected[1].detail
    assert len(frame) == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("reviews.xlsx", b""),
        ("reviews.parquet", b"PAR1"),
        ("reviews.csv", b"session,label\ns1,fail\n"),
        ("reviews.csv", b"session_id,reviewer,label\ns1,ad\xe9,fail\n"),
        ("reviews.csv", b'session_id,reviewer,label\ns1,"ada"x,fail\n'),
    ],
)
def test_a_file_that_cannot_be_read_at_all_says_how_to_mend_it(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError, match="Mend"):
        read_reviews(path, rules())


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_reviews(tmp_path / "none.jsonl", rules())


def test_csv_cells_beyond_the_header_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text("session_id,reviewer,label\ns1,ada,fail,what?\n")
    assert [r.reason for r in read_reviews(path, rules())[1]] == ["too_many_cells"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["s1", "fail"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
fields = st.sampled_from([*Reviews.to_schema().columns, "label", "target", "extra"])
hostile_lines = st.lists(st.dictionaries(fields, anything, max_size=5).map(lambda d: json.dumps(line(**d))), max_size=5)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile_lines)
def test_every_line_gives_a_review_or_a_reason(tmp_path: Path, lines: list[str]) -> None:
    frame, rejected = read_lines(tmp_path, *lines)
    assert len(frame) + len(rejected) == len(lines)
