"""Why a series cannot be tested, in words. Not here: the test (`directions.py`)."""

from collections.abc import Iterator
from datetime import date
from math import floor
from typing import Any, cast

import pandas as pd

from eval_pipeline.trend_tables import CELL
from eval_pipeline.trends.policy import TrendPolicy
from eval_pipeline.trends.promoted import SUBJECT, promoted


def reasons(
    as_of_day: date, found: pd.DataFrame, series: pd.DataFrame, promotions: pd.DataFrame, policy: TrendPolicy
) -> "pd.Series[str]":
    """Return for each row of `found` what is missing; None where the series was tested.

    `found`: rows on the way to `trend_directions`, with what each window lets expect. The first thing missing is named: a
    baseline, days with data in it, sessions of late, failures (or passes) to expect.
    """
    told = pd.Series([None] * len(found), index=found.index, dtype=object)
    unfed = found[found["direction"] == "not_enough_data"]
    if unfed.empty:
        return told
    rows = series[(series["session_day"] <= as_of_day) & (series["n"] > 0)]
    days_of_origin = rows.groupby("origin")["session_day"].nunique()
    least = policy.least_baseline_days
    acts = {tuple(row[name] for name in SUBJECT): row for row in _rows(promoted(promotions, as_of_day))}
    days_of_cell = {of: _days_since(act, rows) for of, act in acts.items()}
    for index, row in zip(unfed.index, _rows(unfed), strict=True):
        of = tuple(row[name] for name in SUBJECT)
        if not pd.isna(row["baseline_id"]):
            told[index] = next(_missing(row, policy))
        elif of in acts:
            days = days_of_cell[of].get(tuple(row[name] for name in CELL), 0)
            told[index] = f"{days} of {least} days since {acts[of]['subject_version']} was promoted"
        else:
            told[index] = f"{days_of_origin[row['origin']]} of {policy.baseline_days} days for a first baseline"
    return told


def _missing(row: dict[str, Any], policy: TrendPolicy) -> Iterator[str]:
    if row["n_baseline_days"] < policy.least_baseline_days:
        yield f"{row['n_baseline_days']} of {policy.least_baseline_days} days with data in the baseline {row['baseline_name']}"
    if row["n_7"] == 0:
        yield "no sessions with a verdict in the last 7 days"
    fails, passes = row["expected_fails_28"], row["expected_passes_28"]
    what = "failures" if fails <= passes else "passes"
    # Rounded down: 2.97 of 3 must not read 3.0 of 3.
    yield f"{floor(10 * min(fails, passes)) / 10} of {policy.least_expected:g} {what} to be expected in 28 days"


def _days_since(act: dict[str, Any], rows: pd.DataFrame) -> dict[tuple[Any, ...], int]:
    """Return how many days with data of the promoted version each cell of its judge has since."""
    is_of_it = (rows[[*SUBJECT, "subject_version"]] == [act[name] for name in [*SUBJECT, "subject_version"]]).all(
        axis=1
    )
    since = rows[is_of_it & (rows["session_day"] >= act["day"])]
    return cast(dict[tuple[Any, ...], int], since.groupby(list(CELL))["session_day"].nunique().to_dict())


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return cast(list[dict[str, Any]], frame.to_dict("records"))
