"""Read = accepted + quarantined + duplicate, counted again from the tables. Not here: the intake itself (`intake.py`)."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import QuarantinedRecords, RawSessions, SessionSources, SourceDays

BY = ["source_id", "session_day"]


def unaccounted(warehouse: Warehouse, days: Sequence[date] | None = None) -> tuple[int, pd.DataFrame]:
    """Return how many live source days were looked at, and those whose records do not add up.

    `n_read` is what the scan at registration counted; accepted and quarantined are counted from the stored rows, so
    the intake's own word is only taken for duplicates. Columns: source_id, session_day, n_read, n_accepted,
    n_quarantined, n_duplicate (int; -1 for a day that was not taken in).
    """
    sources = warehouse.read(SessionSources, columns=["source_id", "is_superseded"])
    live = sources.loc[~sources["is_superseded"], "source_id"]
    days_read = warehouse.read(SourceDays, days, [*BY, "n_read", "n_duplicate"])
    account = days_read[days_read["source_id"].isin(live)].copy()
    account["n_accepted"] = _count(warehouse.read(RawSessions, days, BY), account)
    account["n_quarantined"] = _count(warehouse.read(QuarantinedRecords, days, BY), account)
    account["n_duplicate"] = account["n_duplicate"].fillna(-1).astype("int64")
    total = account["n_accepted"] + account["n_quarantined"] + account["n_duplicate"]
    lost = account[(total != account["n_read"]) | (account["n_duplicate"] < 0)]
    columns = [*BY, "n_read", "n_accepted", "n_quarantined", "n_duplicate"]
    return len(account), lost[columns].reset_index(drop=True)


def _count(rows: pd.DataFrame, account: pd.DataFrame) -> list[int]:
    counts = rows.groupby(BY).size().to_dict()
    return [int(counts.get(key, 0)) for key in account[BY].itertuples(index=False, name=None)]
