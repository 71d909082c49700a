import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from eval_pipeline.errors import SourceError
from eval_pipeline.formats.mapping import load_mapping
from eval_pipeline.ports import SourceRecord
from eval_pipeline.tables import SourceDays
from resources import session_files
from resources.session_files import Registration, SessionFiles
from tests.fakes import MemoryWarehouse

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
TODAY = NOW.date()
MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)


def session(session_id: str, day: date | None = MONDAY, **fields: Any) -> dict[str, Any]:
    started_at = None if day is None else f"{day}T10:00:00Z"
    turns = [{"role": "user", "content": "hi", "ts": started_at}]
    return {"session_id": session_id, "started_at": started_at, "turns": turns, **fields}


RECORDS = [
    session("a"),
    session("b", TUESDAY),
    session("c", None),
    b"{broken",
    b"",
    session("d"),
    session("e", TUESDAY),
]


def lines(records: list[Any]) -> bytes:
    return b"".join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b"\n" for r in records)


def write(path: Path, records: list[Any]) -> Path:
    path.write_bytes(gzip.compress(lines(records)) if path.suffix == ".gz" else lines(records))
    return path


@pytest.fixture
def warehouse() -> MemoryWarehouse:
    return MemoryWarehouse()


@pytest.fixture
def files(warehouse: MemoryWarehouse) -> SessionFiles:
    return SessionFiles(warehouse)


def register(files: SessionFiles, path: Path, mapping: str = "", now: datetime = NOW) -> Registration:
    return files.register(path, None, load_mapping(mapping) if mapping else None, "production", now)


def named(records: list[SourceRecord]) -> list[tuple[str, str]]:
    return [
        (r.position, r.fields["session_id"] if r.fields else r.rejection.reason)
        for r in records
        if r.rejection or r.fields
    ]


def delivered(files: SessionFiles) -> dict[date, list[tuple[str, str]]]:
    return {day: named(list(files.read(day))) for day in files.days()}


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_each_record_is_counted_and_delivered_once_on_its_day(files: SessionFiles, tmp_path: Path, name: str) -> None:
    registration = register(files, write(tmp_path / name, RECORDS))

    assert (registration.n_read, registration.is_new) == (6, True)
    assert registration.days == (MONDAY, TUESDAY, TODAY)
    assert delivered(files) == {
        MONDAY: [("line 1", "a"), ("line 6", "d")],
        TUESDAY: [("line 2", "b"), ("line 7", "e")],
        TODAY: [("line 3", "missing_field"), ("line 4", "invalid_json")],
    }
    assert [sum(files.counts(day).values()) for day in files.days()] == [2, 2, 2]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_tables_are_delivered_by_day_too(files: SessionFiles, tmp_path: Path, suffix: str) -> None:
    rows = [
        {"session_id": s, "role": "user", "content": "hi", "at": at}
        for s, at in [("a", "2026-01-05"), ("b", "2026-01-06"), ("a", "2026-01-05T01:00"), ("c", "")]
    ]
    path = tmp_path / f"a.{suffix}"
    if suffix == "csv":
        pd.DataFrame(rows).to_csv(path, index=False)
    else:
        pd.DataFrame(rows).to_parquet(path, index=False)
    register(files, path)

    assert {day: [name for _, name in found] for day, found in delivered(files).items()} == {
        MONDAY: ["a"],
        TUESDAY: ["b"],
        TODAY: ["missing_field"],
    }
    [record] = files.read(MONDAY)
    assert record.fields is not None
    assert len(record.fields["turns"]) == 2


def test_a_session_of_the_future_counts_on_the_day_of_registration(files: SessionFiles, tmp_path: Path) -> None:
    register(files, write(tmp_path / "a.jsonl", [session("a", date(2026, 1, 21))]))
    assert delivered(files) == {TODAY: [("line 1", "bad_time")]}


def test_the_same_bytes_again_change_nothing(files: SessionFiles, warehouse: MemoryWarehouse, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", RECORDS)
    first = register(files, path)
    account = warehouse.read(SourceDays).assign(n_accepted=1, n_quarantined=0, n_duplicate=0)
    warehouse.upsert(SourceDays, SourceDays.validate(account))
    again = register(files, path, now=datetime(2026, 2, 1, tzinfo=UTC))

    assert (again.source_id, again.n_read, again.days, again.is_new) == (first.source_id, 6, first.days, False)
    pd.testing.assert_frame_equal(warehouse.read(SourceDays), SourceDays.validate(account))


def test_new_content_or_another_mapping_supersedes_the_older_reading(files: SessionFiles, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [session("a"), session("b", TUESDAY)])
    first = register(files, path)
    second = register(files, write(path, [session("a")]))
    assert (second.is_new, second.days) == (True, (MONDAY, TUESDAY))  # Tuesday is to be emptied
    assert delivered(files) == {MONDAY: [("line 1", "a")], TUESDAY: []}
    assert files.counts(TUESDAY) == {}

    third = register(files, path, "surface=const:hotline")
    [record] = files.read(MONDAY)
    assert record.fields is not None
    assert (record.source_id, record.fields["surface"]) == (third.source_id, "hotline")

    back = register(files, write(path, [session("a"), session("b", TUESDAY)]))
    assert (back.source_id, back.is_new, files.days()) == (first.source_id, True, [MONDAY, TUESDAY])


def test_a_moved_file_is_found_where_it_was_registered_again(files: SessionFiles, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", RECORDS)
    register(files, path)
    before = delivered(files)
    register(files, path.rename(tmp_path / "b.jsonl"))
    assert delivered(files) == before


def test_a_changed_or_missing_file_is_named_with_the_mend(files: SessionFiles, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", RECORDS)
    register(files, path)
    assert list(files.read(MONDAY))
    path.write_bytes(lines(RECORDS).replace(b"hi", b"ho"))
    with pytest.raises(SourceError, match=r"a\.jsonl has changed(.|\n)*ingest"):
        list(files.read(MONDAY))
    path.unlink()
    with pytest.raises(SourceError, match=r"a\.jsonl was registered and is gone"):
        list(files.read(MONDAY))


def test_a_folder_registers_its_files(files: SessionFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_files, "MAX_OPEN", 1)
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep" / "a.jsonl.gz", [session("a"), session("b", TUESDAY)])
    write(tmp_path / "b.jsonl", [session("c"), session("d", TUESDAY)])
    (tmp_path / ".hidden.jsonl").write_text("{broken")
    (tmp_path / "notes.txt").write_text("no sessions")
    registration = register(files, tmp_path)

    assert (registration.n_read, len(registration.parts), registration.days) == (4, 2, (MONDAY, TUESDAY))
    assert {day: sorted(name for _, name in found) for day, found in delivered(files).items()} == {
        MONDAY: ["a", "c"],
        TUESDAY: ["b", "d"],
    }


def test_a_folder_without_sessions_is_an_error(files: SessionFiles, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"\.jsonl"):
        register(files, tmp_path)


def test_a_folder_with_a_file_that_cannot_be_read_registers_none_of_it(files: SessionFiles, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [session("a")])
    write(tmp_path / "b.jsonl", [{"neither": "turns nor messages"}])
    with pytest.raises(SourceError, match=r"b\.jsonl is in none of the formats"):
        register(files, tmp_path)
    (tmp_path / "b.jsonl").rename(tmp_path / "b.csv")
    with pytest.raises(SourceError, match=r"b\.csv has no column"):
        register(files, tmp_path)
    assert files.days() == []


def test_registering_again_restores_days_that_were_lost(
    files: SessionFiles, warehouse: MemoryWarehouse, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.jsonl", RECORDS)
    register(files, path)
    taken_in = warehouse.read(SourceDays).assign(n_accepted=2, n_quarantined=0, n_duplicate=0)
    warehouse.upsert(SourceDays, SourceDays.validate(taken_in))
    warehouse.replace_day(SourceDays, TUESDAY, [])

    again = register(files, path)

    assert (again.is_new, again.days) == (False, (MONDAY, TUESDAY, TODAY))
    assert [sum(files.counts(day).values()) for day in files.days()] == [2, 2, 2]
    waiting = warehouse.read(SourceDays).query("n_accepted.isna()")
    assert waiting["session_day"].tolist() == [TUESDAY]
