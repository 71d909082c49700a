"""Whether each series moved against its frozen baseline: the rows of `trend_directions`, without what is made of them.

The windows of 7 and of 28 days end with the day and begin after the baseline's last day, so they are shorter at first. False
discoveries are controlled in two families of each origin: series over all models, surfaces and slices, and drill-downs;
a few roll-ups do not pay for the hundreds of cells below them. Not here: mix, judge shift and sentences
(`decomposition.py`, `sentences.py`), which rows must be read (`baselines.days_to_read`).
"""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eval_pipeline.trend_tables import CELL, TrendDirections
from eval_pipeline.trends.baselines import baselines_for
from eval_pipeline.trends.cells import ALL
from eval_pipeline.trends.discoveries import q_values
from eval_pipeline.trends.grid import Grid
from eval_pipeline.trends.levels import ALERT, LEVEL_NAMES, farther, levels, seven_moved_more
from eval_pipeline.trends.overdispersion import Dispersed, dispersed
from eval_pipeline.trends.policy import LONG, SHORT, TrendPolicy
from eval_pipeline.trends.ratios import ratio
from eval_pipeline.trends.reasons import reasons
from eval_pipeline.trends.slope import theil_sen, turns
from eval_pipeline.trends.windows_tested import expected, p_of_both, tail_p, z_of

Array = NDArray[np.float64]

ADDED_LATER = ["mix_shift", "within_change", "judge_shift", "sentence"]
COLUMNS = [name for name in TrendDirections.to_schema().columns if name not in ADDED_LATER]


def directions(
    as_of_day: date, series: pd.DataFrame, baselines: pd.DataFrame, promotions: pd.DataFrame, policy: TrendPolicy
) -> pd.DataFrame:
    """Return a row for each series with data in the 28 days up to `as_of_day`: `COLUMNS`, ordered by CELL.

    `series`: rows of `daily_series`, those of `days_to_read` at least; `baselines`, `promotions`: rows of these tables. Rows
    may come in any order. Figures, texts and days are missing where there is nothing to say; a series that cannot be tested
    is `not_enough_data` and says why.
    """
    grid = Grid.of(series, as_of_day)
    grid = grid.rows(grid.n[:, grid.last(LONG)].sum(axis=1) > 0)
    chosen = baselines_for(as_of_day, grid.cells, baselines, promotions)
    parts = []
    for position in sorted(set(chosen)):
        row = baselines.iloc[position] if position >= 0 else None
        parts.append(_held_against(row, grid.rows(chosen == position), policy))
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    found = pd.concat(parts, ignore_index=True).sort_values(list(CELL), ignore_index=True)
    found["q_value"] = _q_by_family(found)
    judged = _judged(found, policy)
    judged["not_enough_because"] = reasons(as_of_day, judged, series, promotions, policy)
    return judged.assign(as_of_day=as_of_day, onset_day=_onsets(as_of_day, judged, grid, baselines, policy))[COLUMNS]


def _held_against(baseline: "pd.Series | None", grid: Grid, policy: TrendPolicy) -> pd.DataFrame:
    """Return the figures of the series that `baseline` counts for (None: that have none yet)."""
    none = slice(0, 0)
    days = none if baseline is None else grid.between(baseline["first_day"], baseline["last_day"])
    after = 0 if baseline is None else days.stop
    base = dispersed(grid.n[:, days], grid.n_fail[:, days], policy.blocks_above)
    found = grid.cells.assign(
        baseline_id=None if baseline is None else baseline["baseline_id"],
        baseline_name=None if baseline is None else baseline["name"],
        n_baseline_days=base.days.astype(np.int64),
        n_baseline=base.n.astype(np.int64),
        baseline_rate=base.rate,
        chance=base.chance,
        phi=np.where(base.days > 1, base.phi, np.nan),
        autocorrelation=base.autocorrelation,
        slope=theil_sen(grid.n[:, grid.last(LONG)], grid.n_fail[:, grid.last(LONG)]),
        **dict(_windows(grid, after, base, policy)),
    )
    return found.assign(p_value=p_of_both(*(found.pop(name).to_numpy() for name in ("p_7", "p_28"))))


def _windows(grid: Grid, after: int, base: Dispersed, policy: TrendPolicy) -> Iterator[tuple[str, Array]]:
    """Yield n, rate, z, p and what is expected of the two windows; z and p are NaN where a window is not tested."""
    is_fed = (base.days >= policy.least_baseline_days) & (grid.n[:, grid.last(SHORT)].sum(axis=1) > 0)
    for length in (SHORT, LONG):
        days = slice(max(grid.last(length).start, after), None)
        n, n_fail = grid.n[:, days].sum(axis=1), grid.n_fail[:, days].sum(axis=1)
        fails, passes = expected(n, n_fail, base)
        is_tested = is_fed & (np.minimum(fails, passes) >= policy.least_expected)
        yield f"n_{length}", n.astype(np.int64)
        yield f"rate_{length}", ratio(n_fail, n)
        yield f"z_{length}", np.where(is_tested, z_of(n, n_fail, base), np.nan)
        yield f"p_{length}", np.where(is_tested, tail_p(n, n_fail, base), np.nan)
        yield f"expected_fails_{length}", fails
        yield f"expected_passes_{length}", passes


def _q_by_family(found: pd.DataFrame) -> "pd.Series[float]":
    """Return the q of each row: series over everything are one family of an origin, drill-downs another."""
    is_over_all = (found[["model_version", "surface", "slice"]] == ALL).all(axis=1)
    return found.groupby([found["origin"], is_over_all])["p_value"].transform(q_values)


def _judged(found: pd.DataFrame, policy: TrendPolicy) -> pd.DataFrame:
    """Return the rows with level, direction, and the window that moved most with its change."""
    z_7, z_28 = found["z_7"].to_numpy(), found["z_28"].to_numpy()
    reached = levels(z_7, z_28, found["q_value"].to_numpy(), policy)
    is_alert, is_tested = reached == ALERT, found["p_value"].notna().to_numpy()
    moved = np.where(is_alert, farther(z_7, z_28, policy.alert), farther(z_7, z_28, policy.watch))
    is_short = np.where(is_alert, seven_moved_more(z_7, z_28, policy.alert), seven_moved_more(z_7, z_28, policy.watch))
    towards = np.where(reached == 0, "steady", np.where(moved > 0, "worse", "better"))
    rate = np.where(is_short, found["rate_7"], found["rate_28"])
    windows = pd.Series(np.where(is_short, SHORT, LONG), index=found.index, dtype="Int64")
    return found.assign(
        level=LEVEL_NAMES[reached],
        direction=np.where(is_tested, towards, "not_enough_data").astype(object),
        window_days=windows.where(is_tested),
        change=np.where(is_tested, rate - found["baseline_rate"], np.nan),
    )


def _onsets(
    as_of_day: date, found: pd.DataFrame, grid: Grid, baselines: pd.DataFrame, policy: TrendPolicy
) -> "pd.Series[date]":
    """Return for each row that moved the day of its turn, among the days after its baseline's end; None for the others."""
    onsets = pd.Series([None] * len(found), index=found.index, dtype=object)
    moved = found[found["direction"].isin(["worse", "better"])]
    ends = baselines.set_index("baseline_id")["last_day"]
    for baseline_id, rows in moved.groupby("baseline_id", sort=False):
        first = max(ends[baseline_id], as_of_day - timedelta(days=policy.look_back_days)) + timedelta(days=1)
        days, at = grid.between(first, as_of_day), rows.index.to_numpy()
        signs = np.where(rows["direction"] == "worse", 1.0, -1.0)
        chance, phi = rows["chance"].to_numpy(), rows["phi"].to_numpy()
        steps = turns(grid.n[at, days], grid.n_fail[at, days], chance, phi, signs, policy.onset_days)
        for index, step in zip(at, steps, strict=True):
            onsets[index] = None if step < 0 else first + timedelta(days=int(step))
    return onsets
