"""A series goes on over the versions of its subject."""

import datetime as dt

import pandas as pd

from eval_pipeline.trends.series import daily_series

DAY = dt.date(2026, 3, 2)


def rollups(*rows: tuple[int, str, str, int, int]) -> pd.DataFrame:
    """Return rows of a judge as (day, version, surface, n, n_fail)."""
    frame = pd.DataFrame(rows, columns=["nth", "subject_version", "surface", "n", "n_fail"])
    days = [DAY + dt.timedelta(days=n) for n in frame.pop("nth")]
    return frame.assign(
        session_day=days, subject_kind="judge", subject="tone", model_version="all", slice="all", origin="production"
    )


def counted(frame: pd.DataFrame) -> list[tuple[str, str, int, int]]:
    return list(frame[["surface", "subject_version", "n", "n_fail"]].itertuples(index=False, name=None))


def test_of_two_versions_the_proven_one_counts_then_the_one_with_more() -> None:
    rows = rollups(
        (0, "1", "all", 50, 5), (0, "2", "all", 40, 8),
        (1, "2", "all", 40, 8), (1, "1", "all", 50, 5),
    )  # fmt: skip
    assert counted(daily_series(rows, set())) == [("all", "1", 50, 5), ("all", "1", 50, 5)]
    assert counted(daily_series(rows, {("judge", "tone", "2", "production")})) == [("all", "2", 40, 8)] * 2
    assert counted(daily_series(rows, {("judge", "tone", "2", "simulated")})) == [("all", "1", 50, 5)] * 2


def test_a_proven_version_without_a_verdict_that_day_leaves_the_day_to_the_other() -> None:
    rows = rollups((0, "1", "all", 0, 0), (0, "2", "all", 40, 8), (1, "1", "all", 30, 3))
    assert counted(daily_series(rows, {("judge", "tone", "1", "production")})) == [("all", "2", 40, 8), ("all", "1", 30, 3)]  # fmt: skip


def test_one_version_counts_in_all_cells_of_a_day_and_ties_go_by_name() -> None:
    rows = rollups(
        (0, "2", "all", 40, 8), (0, "1", "all", 40, 4),
        (0, "2", "chat", 40, 8), (0, "1", "chat", 10, 1), (0, "1", "bot", 30, 3),
    )  # fmt: skip
    found = daily_series(rows, set())
    assert counted(found) == [("all", "1", 40, 4), ("bot", "1", 30, 3), ("chat", "1", 10, 1)]
    pd.testing.assert_frame_equal(daily_series(rows.iloc[::-1], set()), found)
