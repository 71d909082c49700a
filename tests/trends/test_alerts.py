"""A rise opens one row an episode; days that are run again, or out of order, open none anew."""

import datetime as dt
from collections.abc import Iterable

import pandas as pd

from eval_pipeline.tables import TrendAlerts
from eval_pipeline.trends.alerts import opened
from tests.fakes import empty_frame
from tests.trends.turns import day, turn

NOW = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
LEVELS = {".": "none", "w": "watch", "a": "alert"}


class Days:
    """Findings of one series by day, and the alerts so far: `run` is what the job does with a day."""

    def __init__(self) -> None:
        self.alerts = empty_frame(TrendAlerts)
        self.findings: dict[int, dict[str, object]] = {}

    def run(self, number: int, level: str, **fields: object) -> int:
        self.findings[number] = turn(as_of_day=day(number), level=LEVELS[level], sentence="it moved", **fields)
        directions = pd.DataFrame([self.findings[number]])
        spoken = pd.DataFrame(list(self.findings.values()))
        rows = opened(day(number), directions, spoken[spoken["level"] != "none"], self.alerts, NOW)
        self.alerts = pd.concat([self.alerts, rows]).drop_duplicates("alert_id", ignore_index=True)
        return len(rows)


def run(levels: str, order: Iterable[int] | None = None) -> list[tuple[int, str]]:
    """Run the days of `levels`, a letter each (`.`: not run), and return which rows were opened: number of the day and level."""
    days = Days()
    for number in order or [number for number, level in enumerate(levels) if level != "."]:
        days.run(number, levels[number])
    rows = days.alerts.sort_values(["opened_on", "level"])
    return [((on - day(0)).days, level) for on, level in rows[["opened_on", "level"]].itertuples(index=False)]


def test_a_series_that_stays_opens_one_row() -> None:
    assert run("..www") == [(2, "watch")]
    assert run("..aaa") == [(2, "alert")]


def test_a_rise_from_watch_to_alert_opens_another_and_a_fall_none() -> None:
    assert run("wwaaw") == [(0, "watch"), (2, "alert")]
    assert run("aaww") == [(0, "alert")]


def test_back_within_a_week_is_the_same_episode() -> None:
    assert run("a......a") == [(0, "alert")]
    assert run("a.......a") == [(0, "alert"), (8, "alert")]
    assert run("aw......a") == [(0, "alert"), (8, "alert")]


def test_days_run_twice_or_out_of_order_open_nothing_anew() -> None:
    days = Days()
    for number, level in [*enumerate(".wwaa.a")] * 2:
        days.run(number, level)
    assert days.alerts["opened_on"].tolist() == [day(1), day(3)]
    # New data: the turn is found two days sooner. It is the same episode, and somebody was told of it.
    assert days.run(1, "a") == 0 and days.run(0, "w") == 0


def test_a_backfill_opens_at_most_the_first_of_its_days() -> None:
    assert run("a" * 10, [9, *range(3, 9)]) == [(9, "alert")]
    assert run("a" * 10, [9, *range(9)]) == [(0, "alert"), (9, "alert")]


def test_an_episode_without_a_row_gets_it_on_its_next_day() -> None:
    days = Days()
    days.findings = {number: turn(as_of_day=day(number)) for number in range(5)}
    assert days.run(5, "a") == 1 and days.run(6, "a") == 0


def test_a_new_baseline_or_a_turn_the_other_way_is_another_episode() -> None:
    days = Days()
    assert days.run(0, "w") == 1
    assert days.run(1, "w", baseline_id="another") == 1
    assert days.run(2, "w", direction="better") == 1
    assert days.alerts["alert_id"].is_unique
