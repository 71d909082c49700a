"""Frozen, named baselines: which are due by rule, which one counts for a series, and what a person sets.

A baseline is a stretch of days, on record once and for ever (`trend_baselines` only grows). Frozen are the days, not the
figures: these are counted from the rollups each time, so that baseline and windows are always counted alike when sessions
come late or older days are run again. The first days with data become a baseline by rule, once; after that one is set by
a promotion (of that judge) or by a person, never by time going by: a baseline that slides along would swallow every slow
change (STATISTICS.md section 5). Not here: what a person may set (`setting_baselines.py`).
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eval_pipeline.trend_tables import TrendBaselines
from eval_pipeline.trends.policy import TrendPolicy
from eval_pipeline.trends.promoted import SUBJECT, promoted
from eval_pipeline.versions import content_hash

FIRST_DAYS, PROMOTION = "first_days", "promotion"
"""Who sets a baseline where no person does."""


def baselines_due(
    as_of_day: date,
    series: pd.DataFrame,
    baselines: pd.DataFrame,
    promotions: pd.DataFrame,
    policy: TrendPolicy,
    now: datetime,
) -> pd.DataFrame:
    """Return the rows of `trend_baselines` that are due on `as_of_day` and not among `baselines`, in a fixed order.

    `series`: rows of `daily_series`; `promotions`: rows of the table, of which those up to `as_of_day` count. For each
    origin the first `policy.baseline_days` days with data, once they are all there; for each judge whose version was
    promoted the first `policy.least_baseline_days` days from that day on with data of it, once they are there.
    """
    seen = series[(series["session_day"] <= as_of_day) & (series["n"] > 0)]
    due = [*_first_days(seen, policy.baseline_days), *_since_promotion(seen, promotions, as_of_day, policy)]
    there = set(baselines["baseline_id"])
    rows = [{**row, "set_at": pd.Timestamp(now)} for row in due if row["baseline_id"] not in there]
    return baseline_rows(rows)


def baseline_rows(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return `rows` as a valid frame of `trend_baselines`."""
    columns = list(TrendBaselines.to_schema().columns)
    return TrendBaselines.validate(pd.DataFrame(rows, columns=columns)) if rows else TrendBaselines.empty()


def _first_days(seen: pd.DataFrame, baseline_days: int) -> Iterator[dict[str, Any]]:
    for origin, rows in seen.groupby("origin", sort=True):
        days = sorted(set(rows["session_day"]))
        if len(days) >= baseline_days:
            yield {
                "baseline_id": content_hash([FIRST_DAYS, origin]),
                "name": f"first {baseline_days} days",
                "subject_kind": None,
                "subject": None,
                "origin": origin,
                "first_day": days[0],
                "last_day": days[baseline_days - 1],
                "set_by": FIRST_DAYS,
                "reason": f"the first {baseline_days} days with data",
            }


def _since_promotion(
    seen: pd.DataFrame, promotions: pd.DataFrame, as_of_day: date, policy: TrendPolicy
) -> Iterator[dict[str, Any]]:
    least = policy.least_baseline_days
    for act in promoted(promotions, as_of_day).itertuples(index=False):
        is_of_it = (seen[[*SUBJECT, "subject_version"]] == [*act[:3], act.subject_version]).all(axis=1)
        days = sorted({day for day in seen.loc[is_of_it, "session_day"] if day >= act.day})
        if len(days) >= least:
            yield {
                "baseline_id": content_hash([PROMOTION, act.promotion_id]),
                "name": f"{act.subject} {act.subject_version} from {act.day} on",
                "subject_kind": act.subject_kind,
                "subject": act.subject,
                "origin": act.origin,
                "first_day": days[0],
                "last_day": days[least - 1],
                "set_by": PROMOTION,
                "reason": f"{act.subject} {act.subject_version} was promoted on {act.day}",
            }


def baselines_for(
    as_of_day: date, cells: pd.DataFrame, baselines: pd.DataFrame, promotions: pd.DataFrame
) -> NDArray[np.int64]:
    """Return for each row of `cells` the position of its baseline among the rows of `baselines`, -1 where none fits.

    A baseline fits a series of its origin, subject and kind (null: any) if it ends before `as_of_day`. A promotion ends
    those of its judge: after it only one fits that begins no earlier, or that a person has set since. Of those that fit the
    one set last counts (of equal times the last by id); that of the first days only where no other fits.
    """
    found = np.full(len(cells), -1, dtype=np.int64)
    cells = cells.reset_index(drop=True)
    acts = cells[SUBJECT].merge(promoted(promotions, as_of_day), on=SUBJECT, how="left")
    order = baselines.assign(is_chosen=baselines["set_by"] != FIRST_DAYS, position=np.arange(len(baselines)))
    order = order[order["last_day"] < as_of_day].sort_values(["is_chosen", "set_at", "baseline_id"])
    for row in order.to_dict("records"):
        fits = cells["origin"] == row["origin"]
        for name in ("subject_kind", "subject"):
            if not pd.isna(row[name]):
                fits &= cells[name] == row[name]
        goes_on = acts["day"].isna() | (acts["day"] <= row["first_day"])
        if row["set_by"] not in (FIRST_DAYS, PROMOTION):
            goes_on |= acts["decided_at"] <= row["set_at"]
        found[(fits & goes_on).to_numpy(dtype=bool)] = row["position"]
    return found


def days_to_read(
    as_of_day: date,
    days: pd.DataFrame,
    baselines: pd.DataFrame,
    promotions: pd.DataFrame,
    policy: TrendPolicy,
) -> list[date]:
    """Return the days, in order, whose rollups `baselines_due` and `directions` need; all others change nothing.

    `days`: `origin, session_day` of all rollups, each pair once. They are the last `policy.look_back_days`, the days of every
    baseline, the first `policy.baseline_days` of each origin without a first baseline, and all days since a promotion
    that has no baseline yet.
    """
    known = days[days["session_day"] <= as_of_day]
    there = set(baselines["baseline_id"])
    needed = set(known.loc[known["session_day"] > as_of_day - timedelta(days=policy.look_back_days), "session_day"])
    for first, last in baselines[["first_day", "last_day"]].itertuples(index=False):
        needed |= set(known.loc[known["session_day"].between(first, last), "session_day"])
    for origin, rows in known.groupby("origin"):
        if content_hash([FIRST_DAYS, origin]) not in there:
            needed |= set(sorted(rows["session_day"])[: policy.baseline_days])
    for act in promoted(promotions, as_of_day).itertuples(index=False):
        if content_hash([PROMOTION, act.promotion_id]) not in there:
            needed |= set(known.loc[known["session_day"] >= act.day, "session_day"])
    return sorted(needed)
