"""Dagster assets of loop 3: what people submitted in the review app, and the labels that follow from it."""

from datetime import date

from assets.table_assets import Frames, Shows, asset_spec, table_asset
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.labelling import label_day, moved_days, relabel
from eval_pipeline.tables import HumanLabels, Reviews

LOOP = "review"

reviews = asset_spec(Reviews, group=LOOP, deps=["flagged_sessions"], kinds=["postgres"])
"""Written by people alone, through the app or an import; Dagster knows it and never computes it."""


@table_asset(
    HumanLabels,
    group=LOOP,
    deps=["raw_sessions", "flagged_sessions", "reviews"],
    # Whoever sees the run may write judges: held-out labels are shown to nobody one by one.
    shows=Shows(["target", "label_set", "label", "status"], hidden=("label_set", "held_out")),
)
def human_labels(day: date, warehouse: Warehouse) -> Frames:
    """Derive the labels of a day's sessions from all their reviews, whenever those were given.

    The sessions are fingerprinted, and a label of another day follows a near-duplicate into the calibration set.
    """
    yield label_day(day, warehouse)
    relabel(moved_days(warehouse), warehouse)
