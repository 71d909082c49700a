"""What a day's intake leaves behind: accounts that no other registration is lost from, sessions that change their day."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest

from eval_pipeline.intake import Intake, take_in
from eval_pipeline.intake_accounting import unaccounted
from eval_pipeline.intake_storing import kept_elsewhere, move_sessions, settle_days
from eval_pipeline.tables import EvaluatorVerdicts, QuarantinedRecords, RawSessions, SourceDays
from resources.session_files import SessionFiles
from tests.fakes import MemoryWarehouse
from tests.resources.frames import frame_for
from tests.test_intake import Starring

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
NOW = datetime(2026, 1, 20, tzinfo=UTC)


@pytest.fixture
def warehouse() -> MemoryWarehouse:
    return MemoryWarehouse()


def register(warehouse: MemoryWarehouse, path: Path, **days: date) -> str:
    """Register a file of sessions, each by its id with its day; return the source."""
    turns = [{"role": "user", "content": "hi"}]
    sessions = [{"session_id": name, "started_at": f"{day}T23:50:00Z", "turns": turns} for name, day in days.items()]
    path.write_bytes(b"".join(orjson.dumps(session, option=orjson.OPT_APPEND_NEWLINE) for session in sessions))
    return SessionFiles(warehouse).register(path, None, None, "production", NOW).source_id


def taken(warehouse: MemoryWarehouse, day: date) -> Intake:
    files = SessionFiles(warehouse)
    return take_in(files.read(day), day, Starring(), NOW, files.counts(day))


def store(warehouse: MemoryWarehouse, intake: Intake) -> None:
    intake = intake.set_aside(kept_elsewhere(warehouse, intake.session_ids))
    move_sessions(warehouse, intake)
    warehouse.replace_day(RawSessions, intake.day, intake.session_frames())
    warehouse.replace_day(QuarantinedRecords, intake.day, [intake.quarantined])
    settle_days(warehouse, intake)


def run(warehouse: MemoryWarehouse, *days: date) -> None:
    for day in days:
        store(warehouse, taken(warehouse, day))


def stored(warehouse: MemoryWarehouse) -> dict[str, date]:
    rows = warehouse.read(RawSessions)
    return dict(zip(rows["session_id"], rows["session_day"], strict=True))


def waiting(warehouse: MemoryWarehouse) -> list[str]:
    rows = warehouse.read(SourceDays)
    return rows.loc[rows["n_accepted"].isna(), "source_id"].tolist()


def test_a_file_that_is_registered_while_its_day_runs_keeps_its_claim(
    warehouse: MemoryWarehouse, tmp_path: Path
) -> None:
    register(warehouse, tmp_path / "a.jsonl", a=MONDAY)
    running = taken(warehouse, MONDAY)
    late = register(warehouse, tmp_path / "b.jsonl", b=MONDAY)
    store(warehouse, running)

    assert waiting(warehouse) == [late]
    assert len(unaccounted(warehouse)[1]) == 0, "nothing is lost: the day asks for another run"
    run(warehouse, MONDAY)
    assert (stored(warehouse).keys(), waiting(warehouse)) == ({"a", "b"}, [])
    assert unaccounted(warehouse)[0] == 2


def test_a_file_that_is_registered_between_counting_and_reading_keeps_its_count(
    warehouse: MemoryWarehouse, tmp_path: Path
) -> None:
    register(warehouse, tmp_path / "a.jsonl", a=MONDAY)
    counted = SessionFiles(warehouse).counts(MONDAY)
    late = register(warehouse, tmp_path / "b.jsonl", b=MONDAY)
    store(warehouse, take_in(SessionFiles(warehouse).read(MONDAY), MONDAY, Starring(), NOW, counted))

    assert (waiting(warehouse), len(unaccounted(warehouse)[1])) == ([late], 0)
    run(warehouse, MONDAY)
    assert (waiting(warehouse), unaccounted(warehouse)[0]) == ([], 2)


def test_a_reading_that_returns_while_its_day_runs_keeps_its_claim(warehouse: MemoryWarehouse, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    first = register(warehouse, path, a=MONDAY)
    run(warehouse, MONDAY)
    register(warehouse, path, other=MONDAY)
    running = taken(warehouse, MONDAY)
    register(warehouse, path, a=MONDAY)
    store(warehouse, running)
    assert waiting(warehouse) == [first]
    run(warehouse, MONDAY)
    assert stored(warehouse).keys() == {"a"}


def test_a_superseded_reading_asks_for_its_day_once(warehouse: MemoryWarehouse, tmp_path: Path) -> None:
    register(warehouse, tmp_path / "a.jsonl", a=MONDAY, b=TUESDAY)
    run(warehouse, MONDAY, TUESDAY)
    register(warehouse, tmp_path / "a.jsonl", a=MONDAY)
    assert SessionFiles(warehouse).days() == [MONDAY, TUESDAY]
    run(warehouse, MONDAY, TUESDAY)
    assert (SessionFiles(warehouse).days(), stored(warehouse)) == ([MONDAY], {"a": MONDAY})
    counts = ["n_read", "n_accepted", "n_quarantined", "n_duplicate"]
    left = warehouse.read(SourceDays, [TUESDAY])[counts]
    assert left.to_numpy().tolist() == [[0, 0, 0, 0]]
    assert len(unaccounted(warehouse)[1]) == 0


def test_a_source_that_lost_a_day_is_missed(warehouse: MemoryWarehouse, tmp_path: Path) -> None:
    source = register(warehouse, tmp_path / "a.jsonl", a=MONDAY, b=TUESDAY)
    run(warehouse, MONDAY, TUESDAY)
    for lost_row in ([], [warehouse.read(SourceDays, [TUESDAY]).assign(n_read=0, n_accepted=0)]):
        warehouse.replace_day(SourceDays, TUESDAY, lost_row)
        for days in (None, [MONDAY]):
            lost = unaccounted(warehouse, days)[1]
            found = [
                (row["source_id"], row["n_read"]) for row in lost.to_dict("records") if pd.isna(row["session_day"])
            ]
            assert found == [(source, 2)]


@pytest.mark.parametrize(("before", "after"), [(TUESDAY, MONDAY), (MONDAY, TUESDAY)])
@pytest.mark.parametrize("order", [(MONDAY, TUESDAY), (TUESDAY, MONDAY)])
def test_a_session_follows_its_corrected_file_to_another_day(
    warehouse: MemoryWarehouse, tmp_path: Path, before: date, after: date, order: tuple[date, date]
) -> None:
    path = tmp_path / "a.jsonl"
    register(warehouse, path, moved=before, b=MONDAY, c=TUESDAY)
    run(warehouse, MONDAY, TUESDAY)
    verdicts = frame_for(EvaluatorVerdicts, 1, before).assign(session_id="moved")
    warehouse.replace_day(EvaluatorVerdicts, before, [verdicts])
    register(warehouse, path, moved=after, b=MONDAY, c=TUESDAY)

    run(warehouse, order[0])
    assert ("moved" in stored(warehouse)) == (order[0] == after)
    run(warehouse, order[1])

    assert stored(warehouse) == {"moved": after, "b": MONDAY, "c": TUESDAY}
    assert warehouse.read(EvaluatorVerdicts)["session_day"].tolist() == [after], "or its new day could not be written"
    assert len(warehouse.read(QuarantinedRecords)) == len(waiting(warehouse)) == len(unaccounted(warehouse)[1]) == 0
    tables: list[Any] = [RawSessions, QuarantinedRecords, SourceDays, EvaluatorVerdicts]
    once = [warehouse.read(table) for table in tables]
    run(warehouse, *order)
    for table, frame in zip(tables, once, strict=True):
        pd.testing.assert_frame_equal(warehouse.read(table), frame)


def test_the_day_of_a_live_source_is_kept_against_another_file(warehouse: MemoryWarehouse, tmp_path: Path) -> None:
    register(warehouse, tmp_path / "a.jsonl", a=TUESDAY)
    run(warehouse, TUESDAY)
    register(warehouse, tmp_path / "b.jsonl", a=MONDAY)
    run(warehouse, MONDAY)
    assert stored(warehouse) == {"a": TUESDAY}
    assert warehouse.read(QuarantinedRecords)["reason"].tolist() == ["session_on_another_day"]
