"""The promotions that start a series of a judge anew. Not here: how a version is promoted (`calibration/promoting.py`)."""

from datetime import date

import pandas as pd

SUBJECT = ["subject_kind", "subject", "origin"]
_COLUMNS = [*SUBJECT, "subject_version", "day", "decided_at", "promotion_id"]


def promoted(promotions: pd.DataFrame, as_of_day: date) -> pd.DataFrame:
    """Return the last promotion of each subject and origin up to the end of `as_of_day`, ordered by these.

    `promotions`: rows of the table. Columns: subject_kind, subject, origin, subject_version, day (UTC), decided_at,
    promotion_id. A version that is promoted again, with no other between, goes on: the first of these promotions counts.
    """
    acts = promotions[promotions["decision"] == "promoted"].sort_values(["decided_at", "promotion_id"])
    acts = acts.assign(day=pd.to_datetime(acts["decided_at"], utc=True).dt.date)
    acts = acts[acts["day"] <= as_of_day]
    before = acts.groupby(SUBJECT)["subject_version"].shift()
    return acts[acts["subject_version"] != before].drop_duplicates(SUBJECT, keep="last")[_COLUMNS].sort_values(SUBJECT)
