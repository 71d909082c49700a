"""The review queue at a glance: by stratum and by reason, and how far it has been reviewed.

Sessions whose source was withdrawn are left out. Not here: drawing the queue (`queue.py`), working through it (the app).
"""

from datetime import date

import pandas as pd

from eval_pipeline.ports import Warehouse

_QUEUED = """
    with queued as (
        select f.*, (select count(distinct v.reviewer) from evals.reviews v where v.session_id = f.session_id) as n_reviewers
        from evals.flagged_sessions f
        where exists (select 1 from evals.raw_sessions r where r.session_id = f.session_id)
          and (%(day)s::date is null or f.session_day = %(day)s::date)
          and (%(surface)s::text is null or f.surface = %(surface)s::text))
"""


def newest_day(warehouse: Warehouse, surface: str | None = None) -> date | None:
    """Return the newest day that has a queue (of `surface`), None where no session was ever queued."""
    statement = _QUEUED + "select max(session_day) as newest from queued"
    found = warehouse.query(statement, {"day": None, "surface": surface})["newest"].tolist()
    return found[0] if found and pd.notna(found[0]) else None


def strata(warehouse: Warehouse, day: date | None, surface: str | None = None) -> pd.DataFrame:
    """Return one row per surface, origin, arm and stratum of the queue of `day` (None: all days).

    Columns: those four; `queued`, `reviewed` (by anyone), `double_review` and `reviewed_twice`, `waiting` (for a first
    or second review); `of_about`: sessions of the stratum, as the sum of 1/probability over those drawn; `probability`:
    lowest and highest of being drawn.
    """
    rows = warehouse.query(
        _QUEUED
        + """
        select surface, origin, arm, stratum, count(*) as queued, count(*) filter (where n_reviewers > 0) as reviewed,
               count(*) filter (where is_double_review) as double_review,
               count(*) filter (where is_double_review and n_reviewers > 1) as reviewed_twice,
               count(*) filter (where n_reviewers < case when is_double_review then 2 else 1 end) as waiting,
               round(sum(1 / inclusion_probability))::bigint as of_about,
               min(inclusion_probability) as lowest, max(inclusion_probability) as highest
        from queued group by 1, 2, 3, 4 order by origin, surface, arm, stratum""",
        {"day": day, "surface": surface},
    )
    ranges = [_range(low, high) for low, high in zip(rows["lowest"], rows["highest"], strict=True)]
    return rows.drop(columns=["lowest", "highest"]).assign(probability=pd.Series(ranges, dtype="str"))


def reasons(warehouse: Warehouse, day: date | None, surface: str | None = None) -> pd.DataFrame:
    """Return how many queued sessions each reason brought, and how many of them are reviewed, the commonest first."""
    return warehouse.query(
        _QUEUED
        + """
        select reason, origin, count(*) as queued, count(*) filter (where n_reviewers > 0) as reviewed
        from queued, lateral jsonb_array_elements_text(reasons) as reason
        group by 1, 2 order by queued desc, reason""",
        {"day": day, "surface": surface},
    )


def progress(cells: pd.DataFrame) -> str:
    """Return in words how far the queue that `strata` returned has been reviewed."""
    queued, reviewed = int(cells["queued"].sum()), int(cells["reviewed"].sum())
    double, twice = int(cells["double_review"].sum()), int(cells["reviewed_twice"].sum())
    return f"{reviewed} of {queued} reviewed, {twice} of {double} double reviews done, {int(cells['waiting'].sum())} waiting"


def _range(low: float, high: float) -> str:
    return f"{low:.3f}" if low == high else f"{low:.3f} to {high:.3f}"
