"""Storing what a lead decides on a proposal for the taxonomy: one decision a kind, whoever comes first.

Not here: transactions (`review_store.py`), what is proposed (`eval_pipeline/error_analysis/`).
"""

from eval_pipeline.review.ports import ProposalDecision, StoredDecision
from eval_pipeline.versions import content_hash
from resources.review_database import Connection, first

# What the kind looks like is copied from the proposal as the lead saw it: a later run may tell it in other words.
_INSERT = """
    INSERT INTO evals.taxonomy_decisions (decision_id, proposal_id, as_of_day, origin, decision, decided_by, decided_at,
           reason, terms, fingerprint, category_id, draft, taxonomy_version)
    SELECT %(decision_id)s, proposal_id, as_of_day, origin, %(decision)s, %(decided_by)s, clock_timestamp(),
           %(reason)s, terms, fingerprint, %(category_id)s, %(draft)s, %(taxonomy_version)s
      FROM evals.taxonomy_proposals
     WHERE proposal_id = %(proposal_id)s AND as_of_day = %(as_of_day)s
    ON CONFLICT DO NOTHING
"""

_STORED = """
    SELECT decision_id, proposal_id, decision, decided_by, decided_at, reason, category_id, draft
      FROM evals.taxonomy_decisions
     WHERE proposal_id = %(proposal_id)s
"""


def store(connection: Connection, asked: ProposalDecision) -> StoredDecision | None:
    """Store a decision as `ReviewStore.decide_proposal` promises."""
    decision_id = content_hash([asked.proposal_id, asked.decided_by, asked.idempotency_key], 32)
    row = {
        "decision_id": decision_id,
        "proposal_id": asked.proposal_id,
        "as_of_day": asked.as_of_day,
        "decision": asked.decision,
        "decided_by": asked.decided_by,
        "reason": asked.reason,
        "category_id": asked.category_id,
        "draft": asked.draft,
        "taxonomy_version": asked.taxonomy_version,
    }
    connection.execute(_INSERT.encode(), row)
    found = first(connection, _STORED, row)
    return None if found is None else StoredDecision(**found, is_this=found["decision_id"] == decision_id)
