"""Sessions that come late, come again, or come in another order."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from eval_pipeline.ports import SourceRecord
from eval_pipeline.simulation.traffic import simulate_day
from eval_pipeline.simulation.truth import DEMO_SEED
from resources.session_files import SessionFiles
from resources.warehouse import PostgresWarehouse
from tests.end_to_end.pipeline import DAYS, NIGHT, PER_DAY, NewPipeline, Pipeline

pytestmark = pytest.mark.slow

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


class Interrupted:
    """`ports.SessionSource`: files, one more of which is registered between the reading of a day and its storing."""

    def __init__(self, pipeline: Pipeline, warehouse: PostgresWarehouse, late: Path) -> None:
        self._pipeline, self._files, self._late = pipeline, SessionFiles(warehouse), late

    def days(self) -> list[date]:
        """Return the days of the files."""
        return self._files.days()

    def counts(self, day: date) -> dict[str, int]:
        """Return the counts of the files."""
        return self._files.counts(day)

    def read(self, day: date) -> Iterator[SourceRecord]:
        """Yield the records of the files, then register the late one."""
        yield from self._files.read(day)
        self._pipeline.register(self._late)


def test_a_file_that_is_ingested_while_its_day_runs_is_taken_in_by_the_next(
    new_pipeline: NewPipeline, tmp_path: Path
) -> None:
    first, late = [tuesday()[:2], tuesday()[2:4]]
    (tmp_path / "first.jsonl").write_bytes(lines(first))
    (tmp_path / "late.jsonl").write_bytes(lines(late))
    pipeline = new_pipeline()
    pipeline.register(tmp_path / "first.jsonl")
    with PostgresWarehouse(pipeline.url) as warehouse:
        source = Interrupted(pipeline, warehouse, tmp_path / "late.jsonl")
        pipeline.succeed("nightly_evaluation", [TUESDAY], session_source=source)
    assert session_days(pipeline) == {session["session_id"]: TUESDAY for session in first}
    pipeline.succeed("nightly_evaluation", [TUESDAY])
    assert session_days(pipeline) == {session["session_id"]: TUESDAY for session in tuesday()[:4]}


@pytest.mark.parametrize("runs", [[DAYS[:2]], [[DAYS[0]], [DAYS[1]]], [[DAYS[1]], [DAYS[0]]]])
def test_a_session_that_turns_out_to_have_begun_the_day_before_moves_there(
    evaluated: Pipeline, new_pipeline: NewPipeline, tmp_path: Path, runs: list[list[date]]
) -> None:
    stays, moves = tuesday()[PER_DAY : PER_DAY + 2]
    (tmp_path / "a.jsonl").write_bytes(lines([stays, moves]))
    pipeline = new_pipeline(copy_of=evaluated)
    pipeline.register(tmp_path / "a.jsonl")
    pipeline.succeed("nightly_evaluation", [TUESDAY])
    before = session_days(pipeline)
    began = {"started_at": f"{DAYS[0]}T23:58:00Z"}
    (tmp_path / "a.jsonl").write_bytes(lines([stays, {**moves, **began}]))
    assert TUESDAY in pipeline.register(tmp_path / "a.jsonl").days

    for days in runs:
        pipeline.succeed("nightly_evaluation", days)

    assert session_days(pipeline) == {**before, moves["session_id"]: DAYS[0]}
    aside = "SELECT count(*) FROM evals.quarantined_records WHERE reason = 'session_on_another_day'"
    assert pipeline.value(aside) == 0
    for table in ("session_signals", "evaluator_verdicts"):
        assert pipeline.rows(f"SELECT DISTINCT session_day FROM evals.{table} WHERE session_id = %s",
                             moves["session_id"]) == [{"session_day": DAYS[0]}]  # fmt: skip
    versions = pipeline.row_versions()
    pipeline.succeed("nightly_evaluation", DAYS[:2])
    assert pipeline.row_versions() == versions


def session_days(pipeline: Pipeline) -> dict[str, date]:
    rows = pipeline.rows("SELECT session_id, session_day FROM evals.raw_sessions")
    return {row["session_id"]: row["session_day"] for row in rows}
