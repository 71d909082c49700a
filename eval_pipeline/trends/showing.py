"""The findings of a day as plain lines and as Markdown, worst first. Not here: how they are found (`directions.py`)."""

from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd

from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import TrendDirections
from eval_pipeline.trends.pages.markdown import trends_markdown

COURSE_DAYS = 90
"""Days of the course that is drawn of a series."""

_COURSES = """
    SELECT w.subject_kind, w.subject, w.subject_version, w.model_version, w.surface, w.slice, w.origin, w.session_day,
           w.window_days, w.n, w.fail_rate
    FROM evals.trend_windows w
    JOIN evals.trend_directions d USING (subject_kind, subject, model_version, surface, slice, origin)
    WHERE d.as_of_day = %(day)s AND w.window_days = 28 AND w.session_day BETWEEN %(first)s AND %(day)s
      AND (d.level <> 'none' OR (w.model_version = 'all' AND w.surface = 'all' AND w.slice = 'all'))"""

_LEVELS = {"alert": 0, "watch": 1, "none": 2}


def findings(warehouse: Warehouse, day: date) -> str:
    """Return the findings that are stored of `day` as Markdown, with the course of the last `COURSE_DAYS`."""
    courses = warehouse.query(_COURSES, {"day": day, "first": day - timedelta(days=COURSE_DAYS - 1)})
    return trends_markdown(warehouse.read(TrendDirections, [day]), courses) or "no series"


def lines(directions: pd.DataFrame) -> Iterator[str]:
    """Yield for each day and origin of `directions` (rows of the table) a line of counts, and a line for each series that moved.

    Alerts come first, then worse before better, then the farther move; of series without enough data it says how many lack what.
    """
    for (day, origin), rows in directions.groupby(["as_of_day", "origin"], sort=True):
        counts = rows["direction"].value_counts()
        n_moved = counts.get("worse", 0) + counts.get("better", 0)
        unfed = counts.get("not_enough_data", 0)
        yield f"{day}, {origin}: {n_moved} moved, {counts.get('steady', 0)} steady, {unfed} without enough data"
        moved = worst_first(rows[rows["level"] != "none"])
        for level, sentence in zip(moved["level"], moved["sentence"], strict=True):
            yield f"  {level.upper()} {sentence}"
        for reason, n in rows["not_enough_because"].dropna().value_counts().sort_index().items():
            yield f"  not enough data ({n} series): {reason}"


def worst_first(directions: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in order: alerts, then what got worse, then the smaller p, then the greater change."""
    order = pd.DataFrame(
        {
            "level": directions["level"].map(_LEVELS),
            "is_better": directions["direction"] == "better",
            "p": directions["p_value"],
            "change": -directions["change"].abs(),
        }
    ).sort_values(["level", "is_better", "p", "change"], kind="stable")
    return directions.loc[order.index]
