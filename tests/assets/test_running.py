"""Running jobs from the command line: stretches of days, and what an interruption does."""

import os
import signal
from datetime import UTC, date, datetime
from pathlib import Path

from assets.running import stretches
from tests.end_to_end.pipeline import Pipeline

NOW = datetime(2025, 3, 9, 1, 30, tzinfo=UTC)


def test_consecutive_days_make_one_run() -> None:
    days = [date(2025, 3, day) for day in (7, 1, 2, 4, 2)]
    assert list(stretches(days)) == [
        (date(2025, 3, 1), date(2025, 3, 2)),
        (date(2025, 3, 4), date(2025, 3, 4)),
        (date(2025, 3, 7), date(2025, 3, 7)),
    ]
    assert list(stretches([])) == []


def test_an_interruption_ends_the_run_and_starts_no_other(database_url: str, tmp_path: Path) -> None:
    def interrupted_clock() -> datetime:
        os.kill(os.getpid(), signal.SIGINT)
        return NOW

    pipeline = Pipeline(tmp_path / "home", database_url, "http://127.0.0.1:9/v1", NOW)
    outcomes = pipeline.run("nightly_evaluation", [date(2025, 3, 1), date(2025, 3, 7)], clock=interrupted_clock)
    assert [(outcome.first_day, outcome.is_interrupted, outcome.is_success) for outcome in outcomes] == [
        (date(2025, 3, 1), True, False)
    ]
