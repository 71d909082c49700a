"""Saturation: how many new kinds of failure the latest reviewed sessions brought.

A kind is new where it is named for the first time: a category on its first label, an accepted proposal when it is accepted.
Grounded theory calls a set of categories saturated when further reading brings none (Glaser and Strauss 1967).
Not here: what is proposed (`proposing.py`).
"""

import datetime as dt

import pandas as pd

from eval_pipeline.ports import Warehouse
from eval_pipeline.table_model import TRAFFIC_ORIGINS
from eval_pipeline.tables import TaxonomySaturation

LAST_N = (20, 50, 100)

# In today's terms, where there are any: a category under its new name is no new kind.
_REVIEWED = """
    select l.session_id, l.origin, coalesce(c.current_category, l.category) as category, l.labelled_at
    from evals.human_labels l left join evals.label_categories c using (session_id)
    where l.target = 'session' and l.status = 'settled' and l.labelled_at < %(end)s
    order by l.labelled_at, l.session_id"""

_ACCEPTED = """
    select origin, category_id, decided_at from evals.taxonomy_decisions
    where decision = 'accepted' and decided_at < %(end)s order by decided_at, decision_id"""


def saturation_rows(as_of_day: dt.date, warehouse: Warehouse) -> pd.DataFrame:
    """Return the rows of `taxonomy_saturation` for `as_of_day`, of every origin of which a session was reviewed."""
    end = {"end": dt.datetime.combine(as_of_day, dt.time(), dt.UTC) + dt.timedelta(days=1)}
    return saturation(as_of_day, warehouse.query(_REVIEWED, end), warehouse.query(_ACCEPTED, end))


def saturation(as_of_day: dt.date, reviewed: pd.DataFrame, accepted: pd.DataFrame) -> pd.DataFrame:
    """Return the rows for `as_of_day`.

    `reviewed`: session_id, origin, category (null: none), labelled_at, of settled sessions. `accepted`: origin, category_id,
    decided_at. The look back of length N begins with the N-th last reviewed session; what was accepted since is its.
    """
    rows = []
    for origin in TRAFFIC_ORIGINS:
        mine = reviewed[reviewed["origin"] == origin].sort_values(["labelled_at", "session_id"], ignore_index=True)
        decided = accepted[accepted["origin"] == origin]
        for last_n in LAST_N if len(mine) else ():
            kinds = _new_kinds(mine, decided, last_n) if len(mine) >= last_n else []
            rows.append(
                {
                    "as_of_day": as_of_day,
                    "origin": origin,
                    "last_n": last_n,
                    "n_reviewed": min(len(mine), last_n),
                    "n_new_kinds": len(kinds) if len(mine) >= last_n else None,
                    "kinds": kinds,
                }
            )
    columns = list(TaxonomySaturation.to_schema().columns)
    return TaxonomySaturation.validate(pd.DataFrame(rows, columns=columns).astype({"n_new_kinds": "Int64"}))


def _new_kinds(reviewed: pd.DataFrame, accepted: pd.DataFrame, last_n: int) -> list[str]:
    start = len(reviewed) - last_n
    first = reviewed.dropna(subset=["category"]).drop_duplicates("category")
    named = {str(category) for position, category in first["category"].items() if int(str(position)) >= start}
    since = reviewed["labelled_at"].iloc[start]
    taken = {str(category) for category in accepted.loc[accepted["decided_at"] >= since, "category_id"]}
    before = {str(category) for position, category in first["category"].items() if int(str(position)) < start}
    return sorted(named | (taken - before))
