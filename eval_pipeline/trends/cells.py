"""Cells: the cuts of traffic that every figure of the trends is made for, and which sessions belong to each.

Everything together; each model version; each surface; each model version on each surface; each `key=value` of the slices.
Slices are marginals over models and surfaces: the full product would be cells of one session. Synthetic sessions are in
no cell, and origins are never mixed. Not here: what is counted in a cell (`rollups.py`, `correction.py`).
"""

import pandas as pd

from eval_pipeline.table_model import TRAFFIC_ORIGINS

ALL = "all"
NOT_STATED = "not stated"
PLACE = ["model_version", "surface", "slice", "origin"]
"""The columns that name a cell."""

MARGINS: tuple[frozenset[str], ...] = (
    frozenset(),
    frozenset({"model_version"}),
    frozenset({"surface"}),
    frozenset({"model_version", "surface"}),
    frozenset({"slice"}),
)
"""The columns that each kind of cell holds apart; the others say `all`."""


def cells_of(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return `session_id` and `PLACE`: one row for each session and cell that it belongs to.

    `sessions`: session_id, model_version, surface, slices and origin. A model, surface or slice that happens to be called
    "all" stands in quotes: it is not the total.
    """
    counted = sessions[sessions["origin"].isin(TRAFFIC_ORIGINS)]
    facts = pd.DataFrame(
        {
            "session_id": counted["session_id"].astype("str"),
            "model_version": apart_from_all(counted["model_version"].fillna(NOT_STATED)),
            "surface": apart_from_all(counted["surface"]),
            "origin": counted["origin"].astype("str"),
        }
    )
    sliced = facts.merge(_slices(counted), on="session_id")
    parts = [_cell(sliced if "slice" in held else facts, held) for held in MARGINS]
    return pd.concat(parts, ignore_index=True)[["session_id", *PLACE]]


def apart_from_all(names: pd.Series) -> pd.Series:
    """Return `names` with one that happens to be "all" in quotes: it is not the total."""
    return names.astype("str").replace({ALL: f'"{ALL}"'})


def _cell(facts: pd.DataFrame, held: frozenset[str]) -> pd.DataFrame:
    others = {name: pd.Series(ALL, index=facts.index, dtype="str") for name in PLACE[:-1] if name not in held}
    return facts.assign(**others)


def _slices(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return one row per session and slice, as session_id and `key=value`."""
    rows = [
        (session_id, f"{key}={value}")
        for session_id, slices in zip(sessions["session_id"], sessions["slices"], strict=True)
        for key, value in (slices or {}).items()
    ]
    return pd.DataFrame(rows, columns=["session_id", "slice"]).astype("str")
