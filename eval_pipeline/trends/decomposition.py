"""What a change is made of: another mix of surfaces, another rate within them, and the judge itself, summing to the whole.

Cells of the mix are surfaces: a new product model is behaviour, not mix, and slices are counted over all surfaces only, so
they are no part of a surface. Not here: whether the change is beyond chance (`directions.py`).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from eval_pipeline.calibration.alignment.anchored import MIN_ANCHORS
from eval_pipeline.trend_tables import CELL
from eval_pipeline.trends.cells import ALL

PARTS = ["mix_shift", "within_change", "judge_shift"]

ANCHOR_DAYS = 28
"""Anchors asked longer ago than this say nothing of the judge of now."""

Counts = Mapping[str, tuple[int, int]]
"""Sessions and fails of each cell."""

Span = tuple[dt.date, dt.date]
"""First and last day, both included."""


@dataclass(frozen=True)
class Parts:
    """Parts of a change, as differences of shares; None: not known, and then held by `within`. They sum to the change."""

    mix: float | None
    within: float
    judge: float | None


def mix_shift(before: Counts, now: Counts) -> float | None:
    """Return the part of a change of rate that another mix of cells makes; None where a period holds no session.

    sum over cells of (w' - w) (r + r') / 2, w and r share of sessions and rate before, w' and r' now: Kitagawa 1955, which
    weights both periods alike, as Oaxaca's form with averaged weights does (Oaxaca 1973; Reimers 1983). The rest of the change is
    sum (r' - r) (w + w') / 2. A cell that one period has no session of has in it the rate of the other: it counts as mix.
    """
    n_before, n_now = (sum(n for n, _ in counts.values()) for counts in (before, now))
    if not (n_before and n_now):
        return None
    shift = 0.0
    for cell in sorted({*before, *now}):
        (n_then, fails_then), (n_lately, fails_lately) = before.get(cell, (0, 0)), now.get(cell, (0, 0))
        if n_then + n_lately:
            rate_then = fails_then / n_then if n_then else fails_lately / n_lately
            rate_lately = fails_lately / n_lately if n_lately else rate_then
            shift += (n_lately / n_now - n_then / n_before) * (rate_then + rate_lately) / 2
    return shift


def anchor_shift(before: pd.DataFrame, now: pd.DataFrame) -> float | None:
    """Return how the share of fails on the same anchor sessions changed; None with under `MIN_ANCHORS` of them in both.

    Frames are rows of `anchor_verdicts` of one judge, before and now, of whatever versions then counted. Mean over the
    anchors of (share of an anchor's answers that fail now - share before); neither errors nor not_applicable are answers.
    """
    shares = [
        (rows["verdict"] == "fail").astype("float64").groupby(rows["session_id"]).mean()
        for rows in (frame[frame["verdict"].isin(["pass", "fail"])] for frame in (before, now))
    ]
    change = (shares[1] - shares[0]).dropna()
    return float(change.mean()) if len(change) >= MIN_ANCHORS else None


def split_change(change: float, mix: float | None, judge: float | None) -> Parts:
    """Return the parts of `change`: what neither mix nor judge explains is within the cells, so that all sum to it."""
    return Parts(mix, change - (mix or 0.0) - (judge or 0.0), judge)


def decompose(
    directions: pd.DataFrame, series: pd.DataFrame, baselines: pd.DataFrame, anchors: pd.DataFrame
) -> pd.DataFrame:
    """Return a frame of `PARTS`, a row per row of `directions` and with its index; all null where none moved.

    `series`: `daily_series` over baselines and windows; `baselines`: rows of `trend_baselines`; `anchors`: rows of
    `anchor_verdicts`. Mix: of the surfaces, for series over all surfaces that hold no slice apart; null for others, whose
    cells are not counted finer. Judge: of a judge `anchor_shift` of the versions that counted then and now, between the
    anchors last asked by the end of the baseline (if none were, first asked after it) and those last asked since, in the
    `ANCHOR_DAYS` up to the day; of an evaluator or signal 0, and null where its own version changed.
    """
    spans = {
        name: (first, last)
        for name, first, last in baselines[["baseline_id", "first_day", "last_day"]].itertuples(index=False)
    }
    days = dict(list(series.groupby([*CELL[:3], "slice", "origin"], sort=False)))
    asked = dict(list(anchors.groupby(["judge", "origin"], sort=False)))
    rows = []
    for row in directions.to_dict("records"):
        if row["direction"] not in ("worse", "better") or row["baseline_id"] not in spans:
            rows.append(dict.fromkeys(PARTS))
            continue
        before = spans[row["baseline_id"]]
        # The window begins after the baseline, as that of `directions` does.
        first = row["as_of_day"] - dt.timedelta(days=int(row["window_days"]) - 1)
        now = (max(first, before[1] + dt.timedelta(days=1)), row["as_of_day"])
        own = days.get((*(row[name] for name in CELL[:3]), row["slice"], row["origin"]), series.iloc[:0])
        judge = _judge_shift(row, own, asked.get((row["subject"], row["origin"]), anchors.iloc[:0]), before, now)
        parts = split_change(row["change"], _surface_mix(row, own, before, now), judge)
        rows.append(dict(zip(PARTS, (parts.mix, parts.within, parts.judge), strict=True)))
    return pd.DataFrame(rows, columns=PARTS, index=directions.index, dtype="float64")


def _surface_mix(row: dict[Any, Any], own: pd.DataFrame, before: Span, now: Span) -> float | None:
    if row["surface"] != ALL or row["slice"] != ALL:
        return None
    cells = own[own["surface"] != ALL]
    return mix_shift(_counts(cells, before), _counts(cells, now))


def _counts(cells: pd.DataFrame, span: Span) -> Counts:
    sums = _between(cells, "session_day", span).groupby("surface")[["n", "n_fail"]].sum()
    return {str(cell): (int(n), int(fails)) for cell, n, fails in sums.itertuples(name=None)}


def _judge_shift(
    row: dict[Any, Any], own: pd.DataFrame, anchors: pd.DataFrame, before: Span, now: Span
) -> float | None:
    then, lately = (set(_between(own, "session_day", span)["subject_version"]) for span in (before, now))
    if row["subject_kind"] != "judge":
        return 0.0 if len(then | lately) == 1 else None
    asked_then = anchors[anchors["judge_version"].isin(then)]
    day_then = _day_of_baseline(sorted(set(asked_then["asked_for_day"])), before[1])
    since = (max(before[1], now[1] - dt.timedelta(days=ANCHOR_DAYS)) + dt.timedelta(days=1), now[1])
    asked_lately = _between(anchors[anchors["judge_version"].isin(lately)], "asked_for_day", since)
    day_lately = max(asked_lately["asked_for_day"], default=None)
    if day_then is None or day_lately is None or day_lately <= day_then:
        return None
    return anchor_shift(
        asked_then[asked_then["asked_for_day"] == day_then], asked_lately[asked_lately["asked_for_day"] == day_lately]
    )


def _day_of_baseline(days: Sequence[dt.date], last: dt.date) -> dt.date | None:
    """Return the day of asking that stands for a baseline that ended on `last`; `days` in order."""
    until = [day for day in days if day <= last]
    return until[-1] if until else next(iter(days), None)


def _between(rows: pd.DataFrame, column: str, span: Span) -> pd.DataFrame:
    return rows[(rows[column] >= span[0]) & (rows[column] <= span[1])]
