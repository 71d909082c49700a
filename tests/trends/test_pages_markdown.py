"""Trends as Markdown: the course is seen, the most concerning stands first, and no text breaks out of the table."""

from datetime import date, timedelta
from typing import Any

import pandas as pd

from eval_pipeline.trends.pages.markdown import sparkline, trends_markdown

DAY = date(2026, 3, 31)
CELL = {"subject_kind": "judge", "model_version": "all", "surface": "all", "slice": "all", "origin": "production"}


def _direction(subject: str, level: str = "none", **columns: Any) -> dict[str, Any]:
    plain = {"direction": "steady" if level == "none" else "worse", "rate_28": 0.2, "n_28": 100, "change": 0.125}
    return CELL | plain | {"subject": subject, "level": level, "sentence": f"About {subject}."} | columns


def _windows(subject: str, rates: list[float | None]) -> pd.DataFrame:
    days = [DAY - timedelta(days=len(rates) - 1 - i) for i in range(len(rates))]
    plain = CELL | {"subject": subject, "subject_version": "1", "window_days": 28, "n": 10}
    return pd.DataFrame(
        [plain | {"session_day": day, "fail_rate": rate} for day, rate in zip(days, rates, strict=True)]
    )


def test_a_sparkline_goes_from_nothing_to_the_greatest() -> None:
    # 8 bars for 0 to 0.7 are steps of 0.1.
    assert sparkline(pd.Series([0.0, 0.1, 0.35, 0.7, None])) == "▁▂▅█ "
    assert sparkline(pd.Series([0.0, 0.0])) == "▁▁"
    assert sparkline(pd.Series([None], dtype="float64")) == ""


def test_alerts_stand_first_with_rate_interval_change_and_course() -> None:
    rows = [_direction("calm"), _direction("loud", "alert"), _direction("part", surface="chat")]
    page = trends_markdown(pd.DataFrame(rows), _windows("loud", [0.1, 0.2]))
    lines = page.splitlines()
    # 20 of 100: Wilson's interval is [13.3, 28.9].
    expected = "| alert: worse | judge loud | production | ▅█ | 20.0 &#91;13.3, 28.9&#93; | 100 | +12.5 | About loud. |"
    assert lines[2] == expected
    assert [line.split(" | ")[1] for line in lines[2:]] == ["judge loud", "judge calm"]  # a calm part is left out


def test_what_is_not_known_is_empty_and_comes_last() -> None:
    little = _direction("little", direction="not_enough_data", rate_28=None, n_28=0, change=None)
    page = trends_markdown(pd.DataFrame([little, _direction("much")]), _windows("much", [0.5]))
    assert page.splitlines()[-1] == "| not_enough_data | judge little | production |  |  | 0 |  | About little. |"
    assert trends_markdown(pd.DataFrame([little]).head(0), _windows("much", [0.5])) == ""


def test_hostile_text_stays_in_its_cell() -> None:
    hostile = "x | <img src=x> [a](http://evil)\n| y"
    page = trends_markdown(pd.DataFrame([_direction("s", sentence=hostile)]), _windows("s", [0.5]))
    assert len(page.splitlines()) == 3
    assert "<img" not in page and "](" not in page and page.splitlines()[-1].count("|") == 9
