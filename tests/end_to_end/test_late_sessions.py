"""Sessions that come late, come again, or come in another order."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from eval_pipeline.simulation.traffic import simulate_day
from eval_pipeline.simulation.truth import DEMO_SEED
from tests.end_to_end.pipeline import DAYS, NIGHT, PER_DAY, NewPipeline, Pipeline

N_LATE = 3
TUESDAY = DAYS[1]
BY_SESSION = ["raw_sessions", "session_signals", "evaluator_verdicts", "judge_verdicts", "trend_rollups"]
"""Tables of a day that depend on its sessions alone, not on when each of them came."""

WHERE_FROM = {"source_id", "source_position"}


def lines(records: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records)


def fuller(session: dict[str, Any]) -> dict[str, Any]:
    """The same session after its user came back with one more turn."""
    came_back = datetime.fromisoformat(session["turns"][-1]["ts"]) + timedelta(minutes=5)
    turn = {"role": "user", "content": "This is still not solved, please look again.", "ts": came_back.isoformat()}
    return {**session, "turns": [*session["turns"], turn], "ended_at": (came_back + timedelta(minutes=1)).isoformat()}


def tuesday() -> list[dict[str, Any]]:
    return list(simulate_day(TUESDAY, PER_DAY + N_LATE, DEMO_SEED))


def day_of(row: str) -> str | None:
    parsed: dict[str, str] = orjson.loads(row)
    return parsed.get("session_day") or parsed.get("as_of_day") or parsed.get("day")


def test_late_sessions_change_their_day_alone(evaluated: Pipeline, new_pipeline: NewPipeline, tmp_path: Path) -> None:
    pipeline = new_pipeline(copy_of=evaluated)
    before = {table: set(pipeline.content(table, {"nothing"})) for table in pipeline.tables()}
    versions = pipeline.row_versions()
    queue = drawn(pipeline)
    known, *late = [tuesday()[0], *tuesday()[PER_DAY:]]
    (tmp_path / "late.jsonl").write_bytes(lines([*late, fuller(known), known]))

    pipeline.now = NIGHT + timedelta(hours=12)
    registration = pipeline.register(tmp_path / "late.jsonl")
    assert registration.days == (TUESDAY,)
    pipeline.succeed("nightly_evaluation", registration.days)

    after = {table: set(pipeline.content(table, {"nothing"})) for table in pipeline.tables()}
    changed = {table: {day_of(row) for row in before[table] ^ after[table]} for table in after}
    assert {table: days for table, days in changed.items() if days - {TUESDAY.isoformat(), None}} == {}
    assert changed["raw_sessions"] == changed["trend_rollups"] == {TUESDAY.isoformat()}
    assert (changed["quarantined_records"], changed["reviews"]) == (set(), set())
    # Judges are asked about the new sessions and the fuller one, about nothing else; what was paid stays.
    assert versions["model_calls"] <= pipeline.row_versions()["model_calls"]
    asked = pipeline.rows("SELECT DISTINCT session_id FROM evals.judge_verdicts v JOIN evals.model_calls c"
                          " USING (call_key) WHERE c.requested_at > (SELECT max(stored_at) FROM evals.partition_versions"
                          " WHERE day <> %s)", TUESDAY)  # fmt: skip
    assert {row["session_id"] for row in asked} <= {known["session_id"], *(session["session_id"] for session in late)}
    assert len(asked) >= N_LATE

    # The queue keeps what it had drawn, as it was, and adds to it.
    added = {row: at for row, at in drawn(pipeline).items() if row not in queue}
    assert queue.items() <= drawn(pipeline).items()
    assert added
    assert set(added.values()) == {pipeline.now}


def drawn(pipeline: Pipeline) -> dict[str, datetime]:
    rows = pipeline.rows("SELECT to_jsonb(f)::text AS row, drawn_at FROM evals.flagged_sessions f")
    return {row["row"]: row["drawn_at"].astimezone(UTC) for row in rows}


def test_what_comes_late_or_twice_or_shuffled_ends_as_if_it_had_come_in_order(
    new_pipeline: NewPipeline, tmp_path: Path
) -> None:
    sessions = tuesday()
    sessions[0] = fuller(sessions[0])
    in_order = new_pipeline()
    (tmp_path / "whole.jsonl").write_bytes(lines(sessions))
    in_order.register(tmp_path / "whole.jsonl")
    in_order.succeed("nightly_evaluation", [TUESDAY])

    draws = random.Random(7)
    first = [tuesday()[0], *sessions[5:], *sessions[6:9]]
    second = [*sessions[:8], *sessions[2:4], tuesday()[0]]
    messy = new_pipeline()
    for name, part in [("b.jsonl", first), ("a.jsonl", second)]:
        draws.shuffle(part)
        (tmp_path / name).write_bytes(lines(part))
        messy.register(tmp_path / name)
        messy.now += timedelta(minutes=1)
        messy.succeed("nightly_evaluation", [TUESDAY])

    assert in_order.value("SELECT count(*) FROM evals.raw_sessions") == PER_DAY + N_LATE
    for table in BY_SESSION:
        assert messy.content(table, WHERE_FROM) == in_order.content(table, WHERE_FROM), table
    account = messy.rows(
        "SELECT sum(n_read) AS read, sum(n_accepted) AS kept, sum(n_duplicate) AS twice FROM evals.source_days"
    )
    assert account == [
        {"read": len(first) + len(second), "kept": len(sessions), "twice": len(first) + len(second) - len(sessions)}
    ]
