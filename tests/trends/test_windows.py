"""Windows: sums of the stored days, and how a window that no longer is one is found."""

import datetime as dt

import pandas as pd

from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import TrendRollups, TrendWindows
from eval_pipeline.trends.evidence import Evidence
from eval_pipeline.trends.rollups import SUBJECT, with_rates
from eval_pipeline.trends.windows import STALE_WINDOWS, windows

DAY = dt.date(2026, 3, 28)

NOTHING = Evidence(
    pd.DataFrame({"series": [], "session_day": [], "stratum": [], "weight": [], "says_fail": [], "label": []}).astype(
        {"series": "int64", "session_day": "int64", "stratum": "int64", "says_fail": "bool"}
    ),
    {},
    {},
    [],
)


def days(*rows: tuple[int, str, int, int]) -> pd.DataFrame:
    """Return daily rows as (days before `DAY`, surface, passed, failed)."""
    frame = pd.DataFrame(rows, columns=["age", "surface", "n_pass", "n_fail"])
    names = dict(zip(SUBJECT, ("judge", "tone", "1"), strict=True)) | {"model_version": "all", "slice": "all"}
    dated = frame.assign(session_day=[DAY - dt.timedelta(days=age) for age in frame.pop("age")], origin="production")
    return with_rates(dated.assign(**names, n_not_applicable=1, n_error=0))


def test_a_window_sums_its_days_and_no_other() -> None:
    # 8/10 of the last 7 days; 7 days ago is in the 28 days alone; 28 days ago in neither.
    rows = days((0, "all", 3, 7), (6, "all", 5, 5), (7, "all", 30, 0), (28, "all", 0, 99), (0, "chat", 0, 1))
    found = windows(DAY, rows, NOTHING).set_index(["surface", "window_days"])
    columns = ["n", "n_fail", "n_not_applicable", "n_days", "fail_rate"]
    assert found.loc[("all", 7), columns].tolist() == [20, 12, 2, 2, 0.6]
    assert found.loc[("all", 28), columns].tolist() == [50, 12, 3, 3, 0.24]
    assert found.loc[("chat", 28), columns].tolist() == [1, 1, 1, 1, 1.0]
    assert (found["session_day"] == DAY).all()
    assert set(found["not_corrected_because"]) == {"none of its sessions of the last 90 days was drawn for review"}
    pd.testing.assert_frame_equal(windows(DAY, rows.iloc[::-1], NOTHING).set_index(found.index.names), found)


def test_a_day_without_rollups_has_no_window() -> None:
    assert len(windows(DAY, TrendRollups.empty(), NOTHING)) == 0


def stored(warehouse: Warehouse, rows: pd.DataFrame) -> None:
    for day in sorted(set(rows["session_day"])):
        warehouse.replace_day(TrendRollups, day, [rows[rows["session_day"] == day]])


def test_stale_windows_are_found(warehouse: Warehouse) -> None:
    def stale() -> list[tuple[str, str]]:
        found = warehouse.query(STALE_WINDOWS)[["first_day", "last_day"]]
        return list(found.itertuples(index=False, name=None))

    def make_windows(day: dt.date, rollups: pd.DataFrame) -> None:
        warehouse.replace_day(TrendWindows, day, [windows(day, rollups[rollups["session_day"] <= day], NOTHING)])

    first, rows = DAY - dt.timedelta(days=1), days((0, "all", 3, 7), (1, "all", 5, 5), (1, "chat", 1, 1))
    both = (first.isoformat(), DAY.isoformat())
    stored(warehouse, rows)
    assert stale() == [both]
    for day in (first, DAY):
        make_windows(day, rows)
    assert stale() == []
    # A session of the first day turns out to be of another surface: both windows that hold the day are stale.
    moved = days((0, "all", 3, 7), (1, "all", 5, 5), (1, "bot", 1, 1))
    stored(warehouse, moved)
    assert stale() == [both]
    make_windows(first, moved)
    assert stale() == [(DAY.isoformat(), DAY.isoformat())]
    make_windows(DAY, moved)
    assert stale() == []
    # A day without a session of its own has windows too: nothing of it is stale.
    quiet = DAY + dt.timedelta(days=1)
    make_windows(quiet, moved)
    assert len(warehouse.read(TrendWindows, [quiet])) and stale() == []
