"""Proposals for the taxonomy as a page shows them: those that wait for a decision, what was decided, saturation.

An example is shown to those alone who may be led to it (`unblinded.py`), and never one with a held-out label: that it stands
here says that somebody or something fails it. Not here: how kinds are found (`error_analysis/`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from eval_pipeline.error_analysis.gathering import REMEMBERED_DAYS
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.records import records
from eval_pipeline.review.figures.unblinded import MAY_SEE

_LATEST = """
    with newest as (
        select distinct on (proposal_id) * from evals.taxonomy_proposals order by proposal_id, as_of_day desc)
    select p.* from newest p
    where p.as_of_day >= (select max(q.as_of_day) - %(days)s from newest q where q.origin = p.origin)
      and not exists (select 1 from evals.taxonomy_decisions d where d.proposal_id = p.proposal_id)
    order by p.origin, p.n_sessions desc, p.proposal_id"""

_ONE = """
    select * from evals.taxonomy_proposals where proposal_id = %(proposal)s and as_of_day = %(day)s"""

_DECIDED = """
    select proposal_id, as_of_day, origin, decision, decided_by, decided_at, reason, terms, category_id, draft
    from evals.taxonomy_decisions where proposal_id = coalesce(%(proposal)s, proposal_id)
    order by decided_at desc, decision_id limit 20"""

_SATURATION = """
    select origin, as_of_day, last_n, n_reviewed, n_new_kinds, kinds from evals.taxonomy_saturation s
    where as_of_day = (select max(as_of_day) from evals.taxonomy_saturation t where t.origin = s.origin)
    order by origin, last_n"""

_MAY_SHOW = f"""
    select s.session_id from evals.raw_sessions s
    where s.session_id = any(%(sessions)s) and {MAY_SEE} and not exists (
        select 1 from evals.human_labels h where h.session_id = s.session_id and h.label_set = 'held_out')"""


@dataclass(frozen=True)
class Proposal:
    """A row of `taxonomy_proposals`; `shown`: those of its examples that the person may be led to."""

    row: dict[str, Any]
    shown: list[str]


def latest(warehouse: Warehouse, person: str) -> list[Proposal]:
    """Return the undecided proposals of each origin as they were found last, the largest first.

    One that was not found for `REMEMBERED_DAYS` is left out: it would be proposed anew.
    """
    return _proposals(warehouse, person, records(warehouse, _LATEST, days=REMEMBERED_DAYS))


def one(warehouse: Warehouse, person: str, proposal_id: str, as_of_day: date) -> Proposal | None:
    """Return a proposal as it stood on a day; None when there is none."""
    found = records(warehouse, _ONE, proposal=proposal_id, day=as_of_day)
    return next(iter(_proposals(warehouse, person, found)), None)


def _proposals(warehouse: Warehouse, person: str, rows: list[dict[str, Any]]) -> list[Proposal]:
    named = sorted({session for row in rows for session in row["examples"]})
    asked = records(warehouse, _MAY_SHOW, sessions=named, person=person) if named else []
    may = {row["session_id"] for row in asked}
    return [Proposal(row, [session for session in row["examples"] if session in may]) for row in rows]


def decided(warehouse: Warehouse, proposal_id: str | None = None) -> list[dict[str, Any]]:
    """Return the last 20 decisions, the latest first; or the one on a proposal."""
    return records(warehouse, _DECIDED, proposal=proposal_id)


def saturation(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return the newest saturation figures of each origin."""
    return records(warehouse, _SATURATION)
