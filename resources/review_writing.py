"""Storing a review: once for each key, one after the other for each person and session, with the draw that led to it.

Not here: transactions (`review_store.py`), drafts and what is set aside (`review_keeping.py`).
"""

from typing import Any

from psycopg.types.json import Jsonb

from eval_pipeline.review.ports import Review, ReviewConflict, Submission, UnknownSession
from eval_pipeline.versions import content_hash
from resources.review_database import Connection, first
from resources.review_state import SESSION, has_answered, has_looked, has_repeat, review_of, reviews_of

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%(session_id)s || chr(31) || %(reviewer)s, 5))"
"""Until the transaction ends: of two submits of one person and session the later one sees what the earlier one stored."""

_STORED = """
    SELECT review_id, reviewer, stage, revision, is_blind, is_repeat, answers, first_bad_turn, category, note,
           machine_words, seconds, submitted_at
      FROM evals.reviews
     WHERE review_id = %(review_id)s
"""

# The slot that a blind answer ends: his own; if his claim ran out and another took it, one that is free.
_END_SLOT = """
    UPDATE evals.review_slots AS ended
       SET state = 'done', reviewer = %(reviewer)s, lease_until = NULL
      FROM (SELECT session_id, slot
              FROM evals.review_slots
             WHERE session_id = %(session_id)s AND is_repeat = %(is_repeat)s
               AND (reviewer = %(reviewer)s
                    OR NOT is_repeat AND (state = 'waiting' OR state = 'claimed' AND lease_until < now()))
             ORDER BY reviewer IS NOT DISTINCT FROM %(reviewer)s DESC, slot
             LIMIT 1
               FOR UPDATE) AS chosen
     WHERE (ended.session_id, ended.slot) = (chosen.session_id, chosen.slot) AND ended.state <> 'done'
"""

# The draw counts for one who was given the session by the queue. That he held a slot which is another's now stands in the
# trail alone.
_DRAWN = """
    SELECT arm, inclusion_probability, design_id
      FROM evals.flagged_sessions AS drawn
     WHERE session_id = %(session_id)s
       AND (EXISTS (SELECT FROM evals.review_slots AS s
                     WHERE s.session_id = drawn.session_id AND s.reviewer = %(reviewer)s)
            OR EXISTS (SELECT FROM evals.audit_trail AS held
                        WHERE held.session_id = drawn.session_id AND held.written_table = 'review_slots'
                          AND held.after ->> 'reviewer' = %(reviewer)s))
"""

# The clock and not the transaction's beginning: of two revisions the later one has the later time.
_INSERT = """
    INSERT INTO evals.reviews (review_id, session_id, session_day, reviewer, source, answers, first_bad_turn, category, note,
           is_blind, arm, inclusion_probability, design_id, seconds, submitted_at, taxonomy_version, redaction_version,
           stage, is_repeat, revision, machine_words)
    VALUES (%(review_id)s, %(session_id)s, %(session_day)s, %(reviewer)s, 'app', %(answers)s, %(first_bad_turn)s,
            %(category)s, %(note)s, %(is_blind)s, %(arm)s, %(inclusion_probability)s, %(design_id)s, %(seconds)s,
            clock_timestamp(), %(taxonomy_version)s, %(redaction_version)s, %(stage)s, %(is_repeat)s, %(revision)s,
            %(machine_words)s)
    RETURNING review_id, reviewer, stage, revision, is_blind, is_repeat, answers, first_bad_turn, category, note,
              machine_words, seconds, submitted_at
"""

_DROP_DRAFT = "DELETE FROM evals.review_drafts WHERE session_id = %(session_id)s AND reviewer = %(reviewer)s"


def store(connection: Connection, submission: Submission) -> Review:
    """Store a review as `ReviewStore.submit` promises; the caller's transaction makes it all or nothing."""
    asked = {"session_id": submission.session_id, "reviewer": submission.reviewer}
    connection.execute(_ONE_AT_A_TIME.encode(), asked)
    review_id = content_hash([submission.session_id, submission.reviewer, submission.idempotency_key], 32)
    if found := first(connection, _STORED, {"review_id": review_id}):
        return _same(review_of(found), submission)
    session = first(connection, SESSION, asked)
    if session is None:
        raise UnknownSession(submission.session_id)
    # A decision between reviewers makes a label, so it is never part of a repeat.
    is_repeat = submission.stage != "adjudication" and has_repeat(connection, **asked)
    present = reviews_of(connection, **asked, is_repeat=is_repeat)
    _refuse_stale(connection, submission, present)
    is_blind = _is_blind(connection, submission, present)
    if is_blind and submission.stage == "blind":
        connection.execute(_END_SLOT.encode(), {**asked, "is_repeat": is_repeat})
    drawn = first(connection, _DRAWN, asked)
    row = {
        **_said(submission),
        **asked,
        **session,
        **(drawn or dict.fromkeys(("arm", "inclusion_probability", "design_id"))),
        "review_id": review_id,
        # Who opens a session that the queue did not give him may have been led there by what is known of it.
        "is_blind": is_blind and (drawn is not None or submission.stage == "adjudication"),
        "is_repeat": is_repeat,
        "revision": _newest(present) + 1,
    }
    stored = first(connection, _INSERT, row)
    if stored is None:
        raise RuntimeError("an INSERT of one row returned none")
    drop_draft(connection, submission.session_id, submission.reviewer)
    return review_of(stored)


def drop_draft(connection: Connection, session_id: str, reviewer: str) -> None:
    """Forget what he has entered."""
    connection.execute(_DROP_DRAFT.encode(), {"session_id": session_id, "reviewer": reviewer})


def _said(submission: Submission) -> dict[str, Any]:
    return {
        "stage": submission.stage,
        "answers": Jsonb(dict(submission.answers)),
        "first_bad_turn": submission.first_bad_turn,
        "category": submission.category,
        "note": submission.note,
        "machine_words": Jsonb({target: dict(word) for target, word in submission.machine_words.items()}),
        "seconds": submission.seconds,
        "taxonomy_version": submission.taxonomy_version,
    }


def _same(stored: Review, submission: Submission) -> Review:
    """Return the review that the key stands for, unless it now comes with another content. Active time may have gone on."""
    names = ("stage", "answers", "first_bad_turn", "category", "note")
    if any(getattr(stored, name) != getattr(submission, name) for name in names):
        raise ReviewConflict(stored)
    return stored


def _refuse_stale(connection: Connection, submission: Submission, present: tuple[Review, ...]) -> None:
    """Refuse a page that did not see the newest of `present`, the reviews of the present reading.

    A page of the first reading that is still open when the repeat has begun sees a number too high: a conflict, too.
    """
    if submission.revision_seen != _newest(present):
        known = present or reviews_of(connection, submission.session_id, submission.reviewer, is_repeat=False)
        if known:
            raise ReviewConflict(max(known, key=lambda review: review.revision or 0))


def _newest(reviews: tuple[Review, ...]) -> int:
    return max((review.revision or 0 for review in reviews), default=0)


def _is_blind(connection: Connection, submission: Submission, present: tuple[Review, ...]) -> bool:
    if submission.stage == "revealed" or has_looked(connection, submission.session_id, submission.reviewer):
        return False
    return not has_answered(present)
