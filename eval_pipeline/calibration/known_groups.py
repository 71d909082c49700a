"""The split as the database has it: the groups of all sessions that may be linked, and what was used up of them.

Not here: the rule (`split.py`), fingerprinting (`review/labelling.py`), using up (`held_out.py`).
"""

import pandas as pd

from eval_pipeline.calibration.split import Retired, groups_of
from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import HeldoutRetirements, SessionFingerprints


def known_sessions(warehouse: Warehouse, sessions: pd.DataFrame) -> pd.DataFrame:
    """Return `session_id`, `user_id`, `fingerprints` of every session that has fingerprints, and of `sessions` (the first
    two columns) that have none."""
    known = warehouse.read(SessionFingerprints, columns=["session_id", "user_id", "fingerprints"])
    others = sessions.loc[~sessions["session_id"].isin(known["session_id"]), ["session_id", "user_id"]]
    others = others.drop_duplicates("session_id")
    marks = [*known["fingerprints"], *([] for _ in range(len(others)))]
    together = pd.concat([known[["session_id", "user_id"]], others], ignore_index=True)
    return together.assign(fingerprints=pd.Series(marks, index=together.index, dtype="object"))


def known_groups(warehouse: Warehouse, sessions: pd.DataFrame) -> pd.DataFrame:
    """Return `split.groups_of` of `known_sessions`."""
    return groups_of(known_sessions(warehouse, sessions))


def retired_groups(warehouse: Warehouse) -> Retired:
    """Return the target and group of every retirement."""
    rows = warehouse.read(HeldoutRetirements, columns=["target", "group_id"])
    return frozenset(rows.itertuples(index=False, name=None))
