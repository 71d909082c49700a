"""Dagster assets of loop 3: what people submitted in the review app, and the labels that follow from it."""

from datetime import date

from assets.table_assets import Frames, Shows, asset_spec, table_asset
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.labels import derive_labels
from eval_pipeline.tables import HumanLabels, RawSessions, Reviews

LOOP = "review"

reviews = asset_spec(Reviews, group=LOOP, deps=["flagged_sessions"], kinds=["postgres"])
"""Written by people alone, through the app or an import; Dagster knows it and never computes it."""


@table_asset(
    HumanLabels, group=LOOP, deps=["raw_sessions", "reviews"], shows=Shows(["target", "label_set", "label", "status"])
)
def human_labels(day: date, warehouse: Warehouse) -> Frames:
    """Derive the labels of a day's sessions from all their reviews, whenever those were given."""
    sessions = warehouse.read(RawSessions, [day], ["session_id", "user_id", "origin"])
    yield derive_labels(day, warehouse.read(Reviews, session_ids=sessions["session_id"]), sessions)
