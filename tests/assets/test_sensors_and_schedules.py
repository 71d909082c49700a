"""Sensors ask for just the days that changed, once per change; schedules ask for the last full day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from assets.schedules import all_schedules
from assets.sensors import all_sensors
from eval_pipeline.tables import HumanLabels, Reviews, SourceDays
from resources.session_files import SessionFiles
from resources.warehouse import PostgresWarehouse
from tests.resources.frames import frame_for

SENSORS = {sensor.name: sensor for sensor in all_sensors}
NOW = datetime(2026, 2, 1, tzinfo=UTC)


def requests(name: str, warehouse: PostgresWarehouse) -> Iterator[tuple[str | None, str | None]]:
    with dg.build_sensor_context(resources={"warehouse": warehouse}) as context:
        result = SENSORS[name](context)
    assert isinstance(result, dg.SensorResult)
    yield from ((request.partition_key, request.run_key) for request in result.run_requests or [])


def session_file(folder: Path, name: str, *days: str) -> Path:
    turns = '[{"role": "user", "content": "hello"}]'
    lines = [f'{{"session_id": "{name}-{day}", "started_at": "{day}T10:00:00Z", "turns": {turns}}}' for day in days]
    path = folder / f"{name}.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_late_sessions_ask_for_their_days_until_those_were_taken_in(
    warehouse: PostgresWarehouse, tmp_path: Path
) -> None:
    source = SessionFiles(warehouse)
    source.register(session_file(tmp_path, "first", "2026-01-05", "2026-01-07"), None, None, "production", NOW)
    asked = dict(requests("late_sessions", warehouse))
    assert list(asked) == ["2026-01-05", "2026-01-07"]
    assert dict(requests("late_sessions", warehouse)) == asked, "the same state has the same run keys"

    for day in ("2026-01-05", "2026-01-07"):
        rows = warehouse.read(SourceDays, [date.fromisoformat(day)])
        warehouse.upsert(SourceDays, rows.assign(n_accepted=1, n_quarantined=0, n_duplicate=0))
    assert dict(requests("late_sessions", warehouse)) == {}

    source.register(session_file(tmp_path, "late", "2026-01-05"), None, None, "production", NOW)
    again = dict(requests("late_sessions", warehouse))
    assert list(again) == ["2026-01-05"]
    assert again["2026-01-05"] != asked["2026-01-05"], "a new source is a new revision of the day"


def test_new_reviews_ask_for_their_days_until_labels_are_as_new(warehouse: PostgresWarehouse) -> None:
    day = date(2026, 1, 5)
    reviews = frame_for(Reviews, 1, day)
    warehouse.append(Reviews, reviews)
    assert [key for key, _ in requests("new_reviews", warehouse)] == ["2026-01-05"]

    labels = frame_for(HumanLabels, 1, day).assign(labelled_at=reviews["submitted_at"].iloc[0])
    warehouse.replace_day(HumanLabels, day, [labels])
    assert list(requests("new_reviews", warehouse)) == []


@pytest.mark.parametrize("schedule", all_schedules, ids=lambda schedule: schedule.name)
def test_a_schedule_asks_for_the_last_full_day(schedule: dg.ScheduleDefinition) -> None:
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 1, 6, 1, 30, tzinfo=UTC))
    request = schedule(context)
    assert request.partition_key == "2026-01-05"
