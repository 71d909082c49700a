"""Read = accepted + quarantined + duplicate, counted again from the tables. Not here: the intake itself (`intake.py`)."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import QuarantinedRecords, RawSessions, SessionSources, SourceDays

BY = ["source_id", "session_day"]
COLUMNS = [*BY, "n_read", "n_accepted", "n_quarantined", "n_duplicate"]


def unaccounted(warehouse: Warehouse, days: Sequence[date] | None = None) -> tuple[int, pd.DataFrame]:
    """Return how many live source days were looked at, and what does not add up.

    `n_read` is what the scan at registration counted; accepted and quarantined are counted from the stored rows, so
    the intake's own word is only taken for duplicates. A source day that was not taken in yet is not looked at: it
    still asks for its run, as when a file is registered while the day runs.
    Columns: source_id, session_day, n_read, n_accepted, n_quarantined, n_duplicate (int). A live source whose days, of
    all times, do not sum up to its records is a row without a `session_day`, with its records as `n_read` and -1 for
    the others: registering it again restores its days.
    """
    sources = warehouse.read(SessionSources, columns=["source_id", "n_read", "is_superseded"])
    live = sources[~sources["is_superseded"]]
    days_read = warehouse.read(SourceDays, days, [*BY, "n_read", "n_duplicate"])
    is_taken_in = days_read["n_duplicate"].notna()
    account = days_read[days_read["source_id"].isin(live["source_id"]) & is_taken_in].copy()
    account["n_accepted"] = _count(warehouse.read(RawSessions, days, BY), account)
    account["n_quarantined"] = _count(warehouse.read(QuarantinedRecords, days, BY), account)
    account["n_duplicate"] = account["n_duplicate"].astype("int64")
    total = account["n_accepted"] + account["n_quarantined"] + account["n_duplicate"]
    lost = account.loc[total != account["n_read"], COLUMNS]
    parts = [part for part in (lost, _incomplete(warehouse, live)) if len(part)]
    return len(account), pd.concat(parts, ignore_index=True) if parts else lost.reset_index(drop=True)


def _incomplete(warehouse: Warehouse, live: pd.DataFrame) -> pd.DataFrame:
    """Return the live sources that have lost a day, or the count of one."""
    summed = warehouse.read(SourceDays, columns=["source_id", "n_read"]).groupby("source_id")["n_read"].sum()
    of_days = live["source_id"].map(summed).fillna(0).astype("int64")
    found = live.loc[of_days != live["n_read"], ["source_id", "n_read"]]
    return found.assign(session_day=None, n_accepted=-1, n_quarantined=-1, n_duplicate=-1)[COLUMNS]


def _count(rows: pd.DataFrame, account: pd.DataFrame) -> list[int]:
    counts = rows.groupby(BY).size().to_dict()
    return [int(counts.get(key, 0)) for key in account[BY].itertuples(index=False, name=None)]
