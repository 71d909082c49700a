"""The split of labelled sessions into calibration (to iterate on) and held-out (to measure on), by hash of the group.

A group is what must not be torn apart, as its sessions resemble each other: today all sessions of one user. The
answer depends on the group and the salt alone, so it is the same on every machine and for ever. Not here: which
labels may stand in the held-out set (`review/labels.py`).
"""

from typing import Any, Literal

import pandas as pd

from eval_pipeline.versions import unit_hash

LabelSet = Literal["calibration", "held_out"]

SPLIT_SALT = "label-split-1"
"""Never change it: every group would be dealt anew, and held-out sessions would have been seen."""


def group_of(user_id: Any, session_id: str) -> str:
    """Return the group of a session: its user's pseudonym, or the session itself when the user is not known (None, NaN, "")."""
    return f"session:{session_id}" if pd.isna(user_id) or not user_id else f"user:{user_id}"


def label_set(group: str, held_out_share: float = 0.5) -> LabelSet:
    """Return the set that `group` belongs to.

    A larger `held_out_share` only moves groups from calibration to held-out, never the other way.
    """
    return "held_out" if unit_hash(SPLIT_SALT, group) < held_out_share else "calibration"
