"""What storing a day's intake takes besides its own rows: sessions that change their day, and the account by source.

Not here: the intake (`intake.py`), whether the account adds up (`intake_accounting.py`).
"""

from collections.abc import Iterable
from datetime import date

import pandas as pd

from eval_pipeline.intake import Intake
from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import TABLES, RawSessions, SessionSources, SourceDays, Table

FOLLOWERS: tuple[type[Table], ...] = tuple(
    table
    for table in TABLES
    if table is not RawSessions
    and "session_id" in table.primary_key()
    and table.day_column() == "session_day"
    and not table.is_append_only()
)
"""Tables with one row of a kind a session; a session that changes its day takes them along, or they would be in the
way when its new day is written."""


def superseded_sources(warehouse: Warehouse) -> set[str]:
    """Return the sources whose place another reading has taken."""
    sources = warehouse.read(SessionSources, columns=["source_id", "is_superseded"])
    return set(sources.loc[sources["is_superseded"], "source_id"])


def kept_elsewhere(warehouse: Warehouse, session_ids: Iterable[str]) -> pd.DataFrame:
    """Return `session_id, session_day` of those sessions that are stored, and not by a superseded source alone.

    A row of a superseded source keeps no day: it stands there only until its day is taken in again.
    """
    stored = warehouse.read(
        RawSessions, columns=["session_id", "session_day", "source_id"], session_ids=list(session_ids)
    )
    is_stale = stored["source_id"].isin(superseded_sources(warehouse))
    return stored.loc[~is_stale, ["session_id", "session_day"]]


def move_sessions(warehouse: Warehouse, taken: Intake) -> None:
    """Give accepted sessions that are stored on another day, by a superseded source, the day they have now.

    Each row changes its day in one write, so that no session is ever missing and no other day is rewritten. To be
    called before the day is stored: the day then replaces the rows by its own.
    """
    stored = warehouse.read(RawSessions, columns=["session_id", "session_day"], session_ids=taken.session_ids)
    is_here = stored["session_day"] == taken.day
    moved = set(stored.loc[~is_here, "session_id"])
    if moved:
        for frame in taken.session_frames():
            _write(warehouse, RawSessions, frame[frame["session_id"].isin(moved)])
    # A session may have left its old day already, and what follows from it not yet.
    arrived = sorted(set(taken.session_ids) - set(stored.loc[is_here, "session_id"]))
    if arrived:
        for table in FOLLOWERS:
            _move(warehouse, table, arrived, taken.day)


def settle_days(warehouse: Warehouse, taken: Intake) -> None:
    """Store the account of the day: of the sources that were read what became of their records, of superseded ones
    that nothing is left.

    Only rows that change are written, and none is deleted: a source that was registered meanwhile keeps its row, and
    with it its claim that the day be taken in again.
    """
    stored = warehouse.read(SourceDays, [taken.day])
    is_gone = stored["source_id"].isin(superseded_sources(warehouse)) & ~stored["source_id"].isin(
        taken.days["source_id"]
    )
    emptied = stored[is_gone].assign(n_read=0, n_accepted=0, n_quarantined=0, n_duplicate=0)
    # Registered after the day was counted and before it was read: its scan's count stands, and its claim with it.
    is_waiting = stored["n_accepted"].isna() & (stored["n_read"] > 0)
    came_between = (taken.days["n_read"] == 0) & taken.days["source_id"].isin(stored.loc[is_waiting, "source_id"])
    settled = pd.concat([taken.days[~came_between], emptied])
    _write(warehouse, SourceDays, changed(stored, SourceDays.validate(settled)))


def changed(stored: pd.DataFrame, wanted: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `wanted` (rows of `source_days`) that are not in `stored` as they are."""

    def rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
        plain = frame[list(wanted.columns)].astype(object)
        return list(plain.where(frame.notna(), None).itertuples(index=False, name=None))

    present = set(rows(stored))
    return wanted[[row not in present for row in rows(wanted)]].reset_index(drop=True)


def _move(warehouse: Warehouse, table: type[Table], session_ids: list[str], day: date) -> None:
    days = warehouse.read(table, columns=["session_id", "session_day"], session_ids=session_ids)
    elsewhere = sorted(set(days.loc[days["session_day"] != day, "session_id"]))
    if elsewhere:
        _write(warehouse, table, warehouse.read(table, session_ids=elsewhere).assign(session_day=day))


def _write(warehouse: Warehouse, table: type[Table], rows: pd.DataFrame) -> None:
    if len(rows):
        warehouse.upsert(table, rows.reset_index(drop=True))
