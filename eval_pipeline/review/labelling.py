"""The labels of a day, derived from what is stored, and kept true to the split as sessions and retirements come in.

The asset `human_labels` and the retirement of a held-out set (`calibration/held_out.py`) both use this. A session that is
queued or reviewed is fingerprinted; what it is linked to, on whatever day, follows it. Fingerprints are only ever added,
also when a session's text changes or its source is withdrawn: what was linked once stays linked, so nothing comes back
into the held-out set. Not here: the rules (`labels.py`, `calibration/split.py`).
"""

from collections.abc import Iterable
from datetime import date

import pandas as pd

from eval_pipeline.calibration.known_groups import known_groups, retired_groups
from eval_pipeline.calibration.near_duplicates import fingerprints
from eval_pipeline.calibration.split import retired_clusters
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.labels import derive_labels
from eval_pipeline.tables import HumanLabels, RawSessions, Reviews, SessionFingerprints
from eval_pipeline.taxonomy.terms import read_terms

_IS_READ = """(
    exists (select 1 from evals.flagged_sessions f where f.session_id = s.session_id)
    or exists (select 1 from evals.reviews r where r.session_id = s.session_id))"""

_READ = f"""
    select s.session_id from evals.raw_sessions s where s.session_day = %(day)s and {_IS_READ} order by s.session_id"""

_WITHOUT = f"""
    select distinct s.session_day from evals.raw_sessions s
    where not exists (select 1 from evals.session_fingerprints p where p.session_id = s.session_id) and {_IS_READ}
    order by s.session_day"""

_HELD_OUT = """
    select l.session_id, l.session_day, l.target, s.user_id
    from evals.human_labels l join evals.raw_sessions s using (session_id) where l.label_set = 'held_out'"""


def label_day(day: date, warehouse: Warehouse) -> pd.DataFrame:
    """Return the rows of `human_labels` of `day`, from all reviews of its sessions, whenever those were given.

    Fingerprints of the day's sessions, and of earlier ones that have none yet, are stored first.
    """
    for each in sorted({day, *warehouse.query(_WITHOUT)["session_day"]}):
        warehouse.replace_day(SessionFingerprints, each, [_fingerprinted(each, warehouse)])
    return _labels(day, warehouse)


def moved_days(warehouse: Warehouse) -> list[date]:
    """Return the days with a label that stands in the held-out set and belongs there no longer: it has a near-duplicate
    in calibration, or its set was retired. Never the other way round."""
    labels = warehouse.query(_HELD_OUT)
    groups = known_groups(warehouse, labels)
    used_up = retired_clusters(groups, retired_groups(warehouse))
    placed = labels.merge(groups, on="session_id", how="left")
    is_used_up = [pair in used_up for pair in zip(placed["target"], placed["cluster_id"], strict=True)]
    has_moved = (placed["label_set"] == "calibration") | pd.Series(is_used_up, index=placed.index, dtype="bool")
    return sorted(set(placed.loc[has_moved, "session_day"]))


def relabel(days: Iterable[date], warehouse: Warehouse) -> None:
    """Derive the labels of `days` anew and store them."""
    for day in days:
        warehouse.replace_day(HumanLabels, day, [_labels(day, warehouse)])


def _labels(day: date, warehouse: Warehouse) -> pd.DataFrame:
    sessions = warehouse.read(RawSessions, [day], ["session_id", "user_id", "origin"])
    reviews = warehouse.read(Reviews, session_ids=sessions["session_id"])
    groups, retired = known_groups(warehouse, sessions), retired_groups(warehouse)
    return derive_labels(day, reviews, sessions, retired, groups, read_terms(warehouse))


def _fingerprinted(day: date, warehouse: Warehouse) -> pd.DataFrame:
    """Return the rows of `session_fingerprints` of `day`: those stored, and those of its queued and reviewed sessions."""
    wanted = warehouse.query(_READ, {"day": day})["session_id"]
    columns = ["session_id", "session_day", "user_id", "turns"]
    sessions = warehouse.read(RawSessions, [day], columns, session_ids=wanted)
    stored = warehouse.read(SessionFingerprints, [day])
    before = dict(zip(stored["session_id"], stored["fingerprints"], strict=True))
    marks = [
        sorted({*fingerprints(turns), *before.get(session, [])})
        for session, turns in zip(sessions["session_id"], sessions["turns"], strict=True)
    ]
    present = sessions.drop(columns="turns").assign(fingerprints=pd.Series(marks, index=sessions.index, dtype="object"))
    gone = stored[~stored["session_id"].isin(present["session_id"])]
    return SessionFingerprints.validate(pd.concat([present, gone], ignore_index=True).sort_values("session_id"))
