"""Trends as Markdown, for the metadata of a run: a line a series, with the course of its 28-day rate as a sparkline.

Hostile text is escaped as in every table (`eval_pipeline/markdown.py`). Not here: the review app's page (`review/app`).
"""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from eval_pipeline.calibration.estimators.rates import wilson
from eval_pipeline.markdown import markdown_table
from eval_pipeline.report import BARS
from eval_pipeline.trend_tables import CELL
from eval_pipeline.trends.cells import ALL

MOST_POINTS = 30
"""Bars of a sparkline at most: of more days, as many in equal steps, the newest among them."""

MOST_SERIES = 60

_RANK = {"alert": 0, "watch": 1, "none": 2}


def trends_markdown(directions: pd.DataFrame, windows: pd.DataFrame) -> str:
    """Return the series as a Markdown table: level, course, rate with interval, n, change, sentence; empty without series.

    `directions`: rows of `trend_directions` of one day. `windows`: rows of `trend_windows`, of which those of 28 days are
    drawn. Every series over all models, surfaces and slices is there, and every other that is at watch or alert; alerts
    first, what has too little data last, and `MOST_SERIES` at most. Rates are in per cent with their 95 % Wilson interval,
    the change is in points against the baseline; what is not known is an empty cell.
    """
    shown = _in_order(directions[_is_whole(directions) | (directions["level"] != "none")])
    if shown.empty:
        return ""
    courses = _courses(windows[windows["window_days"] == 28])
    rows = [_row(row, courses) for row in shown.head(MOST_SERIES).to_dict("records")]
    more = len(shown) - len(rows)
    table = markdown_table(pd.DataFrame(rows))
    return f"{table}\n\nand {more} more: `select * from evals.trend_directions`" if more else table


def sparkline(rates: "pd.Series[float]") -> str:
    """Return one bar a rate, in order, from 0 to the greatest of them; a space where there is none."""
    top = rates.max()
    if pd.isna(top):
        return ""
    scale = (len(BARS) - 1) / top if top > 0 else 0.0
    return "".join(" " if pd.isna(rate) else BARS[round(rate * scale)] for rate in rates)


def _is_whole(rows: pd.DataFrame) -> "pd.Series[bool]":
    return (rows[["model_version", "surface", "slice"]] == ALL).all(axis="columns")


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    rank = rows["level"].map(_RANK).astype("int64") + (rows["direction"] == "not_enough_data")
    return rows.assign(_rank=rank).sort_values(["_rank", *CELL], kind="stable")


def _courses(windows: pd.DataFrame) -> dict[tuple[str, ...], str]:
    """Return the sparkline of each series: of several versions on a day that with most sessions, of equal ones the first."""
    ordered = windows.sort_values([*CELL, "session_day", "n", "subject_version"], ascending=[*[True] * 7, False, True])
    daily = ordered.drop_duplicates([*CELL, "session_day"])
    return {
        tuple(str(part) for part in series): sparkline(_thinned(rows["fail_rate"]))
        for series, rows in daily.groupby(list(CELL), sort=False)
    }


def _thinned(rates: "pd.Series[float]") -> "pd.Series[float]":
    step = -(-len(rates) // MOST_POINTS)
    return rates.iloc[::-1].iloc[::step].iloc[::-1] if step > 1 else rates


def _row(row: Mapping[Hashable, Any], courses: Mapping[tuple[str, ...], str]) -> dict[str, str]:
    cell = [str(row[name]) for name in CELL]
    where = [part for part in cell[2:5] if part != ALL]
    return {
        "level": row["direction"] if row["level"] == "none" else f"{row['level']}: {row['direction']}",
        "series": " ".join([*cell[:2], *(f"({part})" for part in where)]),
        "origin": cell[5],
        "28-day rate": courses.get(tuple(cell), ""),
        "rate %": _percent(row["rate_28"], int(row["n_28"])),
        "n": str(row["n_28"]),
        "change": "" if pd.isna(row["change"]) else f"{100 * row['change']:+.1f}",
        "sentence": row["sentence"],
    }


def _percent(rate: float | None, n: int) -> str:
    if rate is None or pd.isna(rate):
        return ""
    low, high = wilson(round(rate * n), n)
    return f"{100 * rate:.1f} [{100 * float(low):.1f}, {100 * float(high):.1f}]"
