"""Sensors ask for just the days that are not as they should be, at most once an hour; schedules for the last full day."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from assets.running import RANGE_END, RANGE_START
from assets.schedules import SCHEDULED, load_schedules
from assets.sensors import AGAIN_AFTER, MOST_RUNS, all_sensors
from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.asking.undone import left_undone_rows
from eval_pipeline.review.labels import derive_labels
from eval_pipeline.tables import (
    CallsLeftUndone,
    HumanLabels,
    JudgeCalibrationReports,
    RawSessions,
    Reviews,
    SessionSources,
    SourceDays,
)
from resources.session_files import SessionFiles
from resources.warehouse import PostgresWarehouse
from tests.resources.frames import frame_for

SENSORS = {sensor.name: sensor for sensor in all_sensors}
NOW = datetime(2026, 2, 1, tzinfo=UTC)
DAY = date(2026, 1, 5)


class Ticks:
    """A sensor, ticking over one database with its cursor carried on."""

    def __init__(self, name: str, warehouse: PostgresWarehouse) -> None:
        self.name, self.warehouse = name, warehouse
        self.cursor: str | None = None
        self.keys: set[str | None] = set()
        self.instance = dg.DagsterInstance.ephemeral()

    def requests(self, now: datetime = NOW) -> list[dg.RunRequest]:
        """What a tick at `now` asks for and Dagster starts: it starts no run twice by one key."""
        resources: dict[str, Any] = {"warehouse": self.warehouse, "clock": lambda: now}
        with dg.build_sensor_context(resources=resources, cursor=self.cursor, instance=self.instance) as context:
            result = SENSORS[self.name](context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        started = [request for request in result.run_requests or [] if request.run_key not in self.keys]
        self.keys |= {request.run_key for request in started}
        return started

    def days(self, now: datetime = NOW) -> list[str | None]:
        return [request.partition_key for request in self.requests(now)]

    def ranges(self, now: datetime = NOW) -> list[tuple[str, str]]:
        return [(request.tags[RANGE_START], request.tags[RANGE_END]) for request in self.requests(now)]


def session_file(folder: Path, name: str, *days: str) -> Path:
    turns = '[{"role": "user", "content": "hello"}]'
    lines = [f'{{"session_id": "{name}-{day}", "started_at": "{day}T10:00:00Z", "turns": {turns}}}' for day in days]
    path = folder / f"{name}.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def take_in(warehouse: PostgresWarehouse, *days: str) -> None:
    for day in days:
        rows = warehouse.read(SourceDays, [date.fromisoformat(day)])
        warehouse.upsert(SourceDays, rows.assign(n_accepted=1, n_quarantined=0, n_duplicate=0))


def test_late_sessions_ask_for_their_days_until_those_were_taken_in(
    warehouse: PostgresWarehouse, tmp_path: Path
) -> None:
    source, ticks = SessionFiles(warehouse), Ticks("late_sessions", warehouse)
    source.register(session_file(tmp_path, "first", "2026-01-05", "2026-01-07"), None, None, "production", NOW)
    assert sorted(map(str, ticks.days())) == ["2026-01-05", "2026-01-07"]
    assert ticks.days(NOW + AGAIN_AFTER / 2) == [], "a run may still be under way"

    take_in(warehouse, "2026-01-05")
    assert ticks.days(NOW + AGAIN_AFTER) == ["2026-01-07"], "its run has failed"
    take_in(warehouse, "2026-01-07")
    assert ticks.days(NOW + 2 * AGAIN_AFTER) == []

    source.register(session_file(tmp_path, "late", "2026-01-05"), None, None, "production", NOW)
    assert ticks.days(NOW + 2 * AGAIN_AFTER) == ["2026-01-05"]
    source.register(session_file(tmp_path, "later", "2026-01-05"), None, None, "production", NOW)
    assert ticks.days(NOW + 2 * AGAIN_AFTER) == ["2026-01-05"], "a new source is asked for at once"


def test_a_superseded_source_is_pending_until_its_day_ran_without_it(warehouse: PostgresWarehouse) -> None:
    ticks = Ticks("late_sessions", warehouse)
    sources = frame_for(SessionSources, 1).assign(is_superseded=True)
    rows = frame_for(SourceDays, 1, DAY).assign(source_id=sources["source_id"], n_read=3, n_accepted=3)
    warehouse.upsert(SessionSources, sources)
    warehouse.upsert(SourceDays, rows)
    assert ticks.days() == ["2026-01-05"]
    warehouse.upsert(SourceDays, rows.assign(n_read=0, n_accepted=0))
    assert ticks.days(NOW + AGAIN_AFTER) == []


def test_days_that_fail_for_ever_starve_no_other(warehouse: PostgresWarehouse, tmp_path: Path) -> None:
    source, ticks = SessionFiles(warehouse), Ticks("late_sessions", warehouse)
    failing = [f"2025-{month:02}-{day:02}" for month in (11, 12) for day in range(1, 16)]
    source.register(session_file(tmp_path, "failing", *failing), None, None, "production", NOW)
    first, second = ticks.days(), ticks.days(NOW + timedelta(minutes=1))
    assert len(first) == MOST_RUNS
    assert sorted(map(str, [*first, *second])) == failing, "each is asked for before any is asked for again"

    later = NOW + AGAIN_AFTER + timedelta(minutes=2)
    source.register(session_file(tmp_path, "fresh", "2025-10-01"), None, None, "production", NOW - AGAIN_AFTER)
    assert ticks.days(later)[0] == "2025-10-01"


def open_session(minute: int, **changes: Any) -> pd.DataFrame:
    """A session of noon that was open when taken in; its last turn came `minute` minutes later."""
    noon = pd.Timestamp(DAY, tz="UTC") + pd.Timedelta(hours=12)
    at = (noon + pd.Timedelta(minutes=minute)).isoformat()
    turns = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi", "at": at}]
    row = frame_for(RawSessions, 1, DAY)
    return row.assign(started_at=noon, ended_at=pd.NaT, is_closed=False, turns=[turns], **changes)


def test_a_session_left_open_is_asked_for_once_it_must_have_ended(warehouse: PostgresWarehouse) -> None:
    ticks, last_turn = Ticks("late_sessions", warehouse), datetime(2026, 1, 5, 13, tzinfo=UTC)
    session = open_session(60)
    warehouse.replace_day(RawSessions, DAY, [session])
    assert ticks.days(last_turn + timedelta(minutes=29)) == []
    assert ticks.days(last_turn + timedelta(minutes=30)) == ["2026-01-05"]
    assert ticks.days(last_turn + timedelta(minutes=80)) == []
    assert ticks.days(last_turn + timedelta(minutes=90)) == ["2026-01-05"]

    closed = session.assign(is_closed=True, ended_at=pd.Timestamp(last_turn))
    warehouse.replace_day(RawSessions, DAY, [closed])
    assert ticks.days(last_turn + timedelta(hours=9)) == []


class Reviewed:
    """A day with two sessions, and its labels."""

    def __init__(self, warehouse: PostgresWarehouse, day: date = DAY) -> None:
        self.warehouse, self.day = warehouse, day
        started = pd.Timestamp(day, tz="UTC")
        ids = [f"{day}-a", f"{day}-b"]
        sessions = frame_for(RawSessions, 2, day).assign(
            session_id=ids, started_at=started, ended_at=started, is_closed=True, origin="production"
        )
        warehouse.replace_day(RawSessions, day, [sessions])

    def review(
        self,
        review_id: str,
        session: str,
        submitted_at: str,
        answers: dict[str, str] | None = None,
        is_repeat: bool = False,
    ) -> None:
        review = frame_for(Reviews, 1, self.day).assign(
            review_id=review_id,
            session_id=f"{self.day}-{session}",
            reviewer=review_id,
            answers=[{"session": "fail"} if answers is None else answers],
            submitted_at=pd.Timestamp(submitted_at),
            is_blind=True,
            is_repeat=is_repeat,
        )
        self.warehouse.append(Reviews, review)

    def derive(self) -> None:
        sessions = self.warehouse.read(RawSessions, [self.day], ["session_id", "user_id", "origin"])
        reviews = self.warehouse.read(Reviews, session_ids=sessions["session_id"])
        self.warehouse.replace_day(HumanLabels, self.day, [derive_labels(self.day, reviews, sessions)])


def test_every_review_is_noticed_whenever_it_says_it_was_given(warehouse: PostgresWarehouse) -> None:
    ticks, day = Ticks("new_reviews", warehouse), Reviewed(warehouse)
    assert ticks.ranges() == []
    day.review("ada", "a", "2026-01-09T10:00Z")
    assert ticks.ranges() == [("2026-01-05", "2026-01-05")]
    assert ticks.ranges(NOW + AGAIN_AFTER / 2) == []
    assert ticks.ranges(NOW + AGAIN_AFTER) == [("2026-01-05", "2026-01-05")], "the run has failed"
    day.derive()
    assert ticks.ranges(NOW + 2 * AGAIN_AFTER) == []

    day.review("bob", "b", "2026-01-06T10:00Z")  # imported later, given earlier than all that is labelled
    assert len(ticks.ranges(NOW + 2 * AGAIN_AFTER)) == 1
    day.derive()
    day.review("eve", "a", "2026-01-06T10:00Z")  # one more of a session that has its label
    assert len(ticks.ranges(NOW + 2 * AGAIN_AFTER)) == 1
    day.derive()
    assert ticks.ranges(NOW + 4 * AGAIN_AFTER) == []


def test_reviews_that_no_label_can_come_of_are_not_asked_for(warehouse: PostgresWarehouse) -> None:
    ticks, day = Ticks("new_reviews", warehouse), Reviewed(warehouse)
    day.review("ada", "a", "2026-01-09T10:00Z", answers={})
    day.review("bob", "withdrawn", "2026-01-09T10:00Z")
    day.review("eve", "b", "2026-01-09T10:00Z", is_repeat=True)
    day.derive()
    assert ticks.ranges() == []


def test_a_repeat_beside_a_review_is_no_news(warehouse: PostgresWarehouse) -> None:
    ticks, day = Ticks("new_reviews", warehouse), Reviewed(warehouse)
    day.review("ada", "a", "2026-01-09T10:00Z")
    day.derive()
    day.review("ada again", "a", "2026-01-10T10:00Z", is_repeat=True)
    assert ticks.ranges() == []


def test_reviews_given_while_a_run_is_under_way_are_asked_for_by_the_tick_after_it(
    warehouse: PostgresWarehouse,
) -> None:
    ticks, day = Ticks("new_reviews", warehouse), Reviewed(warehouse)
    day.review("ada", "a", "2026-01-09T10:00Z")
    assert len(ticks.ranges()) == 1
    run = dg.DagsterRun(job_name="refresh_labels", status=dg.DagsterRunStatus.STARTED)
    ticks.instance.add_run(run)
    day.review("bob", "b", "2026-01-09T10:01Z")
    assert ticks.ranges(NOW + timedelta(minutes=1)) == []
    ticks.instance.delete_run(run.run_id)
    assert len(ticks.ranges(NOW + timedelta(minutes=2))) == 1


def test_labels_flow_without_anything_being_switched_on() -> None:
    assert SENSORS["new_reviews"].default_status is dg.DefaultSensorStatus.RUNNING
    assert SENSORS["late_sessions"].default_status is dg.DefaultSensorStatus.STOPPED


def test_reviews_of_an_old_day_are_measured_up_to_the_newest(warehouse: PostgresWarehouse) -> None:
    ticks = Ticks("new_reviews", warehouse)
    warehouse.append(JudgeCalibrationReports, frame_for(JudgeCalibrationReports, 1, date(2026, 1, 20)))
    for day in (DAY, DAY + timedelta(days=3)):
        Reviewed(warehouse, day).review(f"ada {day}", "a", "2026-01-25T10:00Z")
    assert ticks.ranges() == [("2026-01-05", "2026-01-20")]


def test_days_with_calls_in_a_batch_are_asked_for_once_an_hour_until_all_are_answered(
    warehouse: PostgresWarehouse,
) -> None:
    ticks = Ticks("batched_calls", warehouse)
    other = date(2026, 1, 6)
    for day, reason in ((DAY, "batch_pending"), (other, "over_budget_day")):
        rows = left_undone_rows(day, "judge", {(reason, "relevance"): 3})
        warehouse.replace_day(CallsLeftUndone, day, [rows])
    assert ticks.days() == ["2026-01-05"]
    assert ticks.days(NOW + AGAIN_AFTER / 2) == []
    assert ticks.days(NOW + AGAIN_AFTER) == ["2026-01-05"], "not all was answered"
    warehouse.replace_day(CallsLeftUndone, DAY, [left_undone_rows(DAY, "judge", {})])
    assert ticks.days(NOW + 2 * AGAIN_AFTER) == []


SHIPPED = load_schedules(Path("catalog/schedules.yaml"))


@pytest.mark.parametrize("schedule", SHIPPED, ids=lambda schedule: schedule.name)
def test_a_schedule_asks_for_the_last_full_day(schedule: dg.ScheduleDefinition) -> None:
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 1, 6, 1, 30, tzinfo=UTC))
    request = schedule(context)
    assert request.partition_key == "2026-01-05"


@pytest.mark.parametrize(
    ("times", "problem"),
    [
        ({"alignment_check": "every monday"}, "times.alignment_check: 'every monday' is no cron expression"),
        ({"weekly_tidying": "0 4 * * 1"}, "weekly_tidying stands there too much or is missing"),
        ({"error_analysis": None}, "error_analysis stands there too much or is missing"),
    ],
)
def test_a_timetable_at_fault_is_refused_with_its_mend(
    times: dict[str, str | None], problem: str, tmp_path: Path
) -> None:
    given = {**dict.fromkeys(SCHEDULED, "0 1 * * *"), **times}
    path = tmp_path / "schedules.yaml"
    path.write_text("times:\n" + "".join(f"  {name}: {cron}\n" for name, cron in given.items() if cron))
    with pytest.raises(SettingsError, match=problem):
        load_schedules(path)
