"""A file in which almost everything is wrong: the run succeeds, and every record is accounted for by name."""

import json
from pathlib import Path
from typing import Any

from tests.end_to_end.pipeline import NIGHT, NewPipeline

SECRET = "swordfish"


def session(session_id: str, **fields: Any) -> dict[str, Any]:
    turns = [
        {"role": "user", "content": "hi", "ts": "2025-03-04T10:00:00Z"},
        {"role": "assistant", "content": "Hello!"},
    ]
    return {"session_id": session_id, "started_at": "2025-03-04T10:00:00Z", "model": "m-1", "turns": turns, **fields}


def line(session_id: str, **fields: Any) -> bytes:
    return json.dumps(session(session_id, **fields)).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in session(SECRET).items() if key != name}).encode()


GOOD = line("a")
FULLER = line("a", turns=[*session("a")["turns"], {"role": "user", "content": "Thanks."}])
LINES: list[tuple[bytes, str | None]] = [
    (GOOD, "duplicate"),
    (b'{"session_id": "swordfish', "invalid_json"),
    (b"", None),
    (b"\x00\x01swordfish", "invalid_json"),
    (b'["swordfish"]', "not_an_object"),
    (without("session_id"), "missing_field"),
    (without("turns"), "missing_field"),
    (json.dumps({"session_id": SECRET, "turns": [{"role": "user", "content": SECRET}]}).encode(), "missing_field"),
    (line(SECRET, started_at=SECRET), "bad_time"),
    (line(SECRET, started_at="9999-12-31T23:59:59Z"), "bad_time"),
    (line(SECRET, started_at="2031-01-01T00:00:00Z"), "bad_time"),
    (line(SECRET, turns=[{"role": SECRET, "content": SECRET}]), "bad_field"),
    (line(SECRET, feedback=[{"kind": "thumbs", "value": 1, "at": "0001-01-01T00:00:00+14:00"}]), "bad_time"),
    (line(SECRET * 100), "bad_field"),
    (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
    (line(SECRET, meta={"x": SECRET * 1_200_000}), "too_large"),
    (GOOD, "duplicate"),
    (FULLER, "accepted"),
    (line("nul \x00 id", meta={"nul": "a\x00b", "keys\x00": {"\ud800": ["\udfff", "\x1b[2J", "\u202e"]}}), "accepted"),
    (b'{"session_id": "numbers", "started_at": 1741082400, "turns": [], "meta": {"x": [NaN, 1e400, ' + b"9" * 400 + b"]}}", "accepted"),
    (line("empty", turns=[{"role": "user", "content": ""}], user_id=""), "accepted"),
    (line("injection", surface="'); DROP TABLE evals.reviews; --", slices={"a=b": "\\N\t\\."}), "accepted"),
]  # fmt: skip


def test_a_hostile_file_is_accounted_for_line_by_line(new_pipeline: NewPipeline, tmp_path: Path) -> None:
    pipeline = new_pipeline()
    (tmp_path / "hostile.jsonl").write_bytes(b"\n".join(content for content, _ in LINES))
    registration = pipeline.register(tmp_path / "hostile.jsonl", "production")

    pipeline.succeed("nightly_evaluation")

    became = [became for _, became in LINES if became is not None]
    expected = {
        f"line {n}": became
        for n, (_, became) in enumerate(LINES, start=1)
        if became not in (None, "accepted", "duplicate")
    }
    quarantined = pipeline.rows("SELECT * FROM evals.quarantined_records")
    assert {row["source_position"]: row["reason"] for row in quarantined} == expected
    for row in quarantined:
        assert row["source_path"] == str(tmp_path / "hostile.jsonl")
        assert row["mend"] and row["detail"]
        assert SECRET not in " ".join(map(str, row.values()))
    account = pipeline.rows(
        "SELECT sum(n_read) AS n_read, sum(n_accepted) AS accepted, sum(n_duplicate) AS duplicate, sum(n_quarantined) AS n"
        " FROM evals.source_days"
    )
    assert account == [
        {"n_read": registration.n_read, "n": len(expected), **{w: became.count(w) for w in ("accepted", "duplicate")}}
    ]
    assert registration.n_read == len(became)
    stored = {row["source_position"]: row for row in pipeline.rows("SELECT * FROM evals.raw_sessions")}
    assert set(stored) == {f"line {n}" for n, (_, became) in enumerate(LINES, start=1) if became == "accepted"}
    assert stored["line 18"]["n_turns"] == 3
    assert stored["line 19"]["meta"]["nul"] == "a\ufffdb"
    assert NIGHT.date() in {row["session_day"] for row in quarantined}
