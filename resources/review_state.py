"""How a person stands to a session: his reviews of the present reading, claim, draft, what he set aside or looked at.

A session that is shown to him again as a repeat begins a new reading: what he said in the first one is not part of it.
Not here: claims (`review_claims.py`), writes (`review_writing.py`).
"""

from typing import Any

from psycopg.rows import DictRow

from eval_pipeline.review.ports import Claim, Draft, Review, ReviewState, SetAside
from resources.review_database import Connection, first

SESSION = "SELECT session_day, redaction_version FROM evals.raw_sessions WHERE session_id = %(session_id)s"

_REVIEWS = """
    SELECT review_id, reviewer, stage, revision, is_blind, is_repeat, answers, first_bad_turn,
           named.current_category AS category, note, machine_words, seconds, submitted_at, named.read_as
      FROM evals.reviews
      LEFT JOIN (SELECT review_id, current_category, read_as FROM evals.review_categories
                  WHERE session_id = %(session_id)s) AS named USING (review_id)
     WHERE session_id = %(session_id)s AND reviewer = %(reviewer)s
     ORDER BY submitted_at, revision
"""

_HAS_REPEAT = """
    SELECT slot
      FROM evals.review_slots
     WHERE session_id = %(session_id)s AND reviewer = %(reviewer)s AND is_repeat
"""

_LIVE_CLAIM = """
    SELECT session_id, slot, lease_until, is_repeat
      FROM evals.review_slots
     WHERE session_id = %(session_id)s AND reviewer = %(reviewer)s AND state = 'claimed' AND lease_until >= now()
     ORDER BY slot DESC
     LIMIT 1
"""

# Live claims of other people, as long as no slot is left that one more person could take.
_HELD_BY_OTHERS = """
    SELECT CASE WHEN count(*) FILTER (WHERE state = 'waiting' OR state = 'claimed' AND lease_until < now()) = 0
                THEN count(*) FILTER (WHERE state = 'claimed' AND reviewer <> %(reviewer)s) ELSE 0 END AS n
      FROM evals.review_slots
     WHERE session_id = %(session_id)s AND NOT is_repeat
"""

_LOOKED = "SELECT revealed_at FROM evals.review_reveals WHERE session_id = %(session_id)s AND reviewer = %(reviewer)s"

_DRAFT = """
    SELECT content, version, saved_at
      FROM evals.review_drafts
     WHERE session_id = %(session_id)s AND reviewer = %(reviewer)s
"""

_SET_ASIDE = """
    SELECT kind, reason, until
      FROM (SELECT kind, reason, until
              FROM evals.review_set_asides
             WHERE session_id = %(session_id)s AND reviewer = %(reviewer)s
             ORDER BY set_aside_at DESC, set_aside_id
             LIMIT 1) AS latest
     WHERE kind = 'decline' OR kind = 'defer' AND until > now()
"""

_LATEST = """
    SELECT session_id
      FROM evals.reviews
     WHERE reviewer = %(reviewer)s AND source = 'app'
     GROUP BY session_id
     ORDER BY max(submitted_at) DESC, session_id
     LIMIT %(limit)s
"""


def state_of(connection: Connection, session_id: str, reviewer: str) -> ReviewState:
    """Return how `reviewer` stands to a session, which must be there."""
    asked = {"session_id": session_id, "reviewer": reviewer}
    is_repeat = first(connection, _HAS_REPEAT, asked) is not None
    reviews = reviews_of(connection, session_id, reviewer, is_repeat)
    has_looked = first(connection, _LOOKED, asked) is not None
    claim, others = first(connection, _LIVE_CLAIM, asked), first(connection, _HELD_BY_OTHERS, asked)
    return ReviewState(
        claim=Claim(**claim) if claim else None,
        reviews=reviews,
        is_revealed=has_looked or has_answered(reviews),
        has_looked=has_looked,
        held_by_others=others["n"] if others and not claim else 0,
        is_repeat=is_repeat,
        draft=draft_of(connection, session_id, reviewer),
        set_aside=_set_aside_of(connection, asked),
    )


def reviews_of(connection: Connection, session_id: str, reviewer: str, is_repeat: bool) -> tuple[Review, ...]:
    """Return his reviews of one reading of a session, oldest first."""
    rows = connection.execute(_REVIEWS.encode(), {"session_id": session_id, "reviewer": reviewer}).fetchall()
    return tuple(review_of(row) for row in rows if row["is_repeat"] == is_repeat)


def has_repeat(connection: Connection, session_id: str, reviewer: str) -> bool:
    """Return whether the session is, or was, shown to him again."""
    return first(connection, _HAS_REPEAT, {"session_id": session_id, "reviewer": reviewer}) is not None


def has_answered(reviews: tuple[Review, ...]) -> bool:
    """Return whether one who gave `reviews` has been shown the machines' words since. An adjudication shows none."""
    return any(review.stage != "adjudication" for review in reviews)


def has_looked(connection: Connection, session_id: str, reviewer: str) -> bool:
    """Return whether he looked at the machines' words without having answered."""
    return first(connection, _LOOKED, {"session_id": session_id, "reviewer": reviewer}) is not None


def draft_of(connection: Connection, session_id: str, reviewer: str) -> Draft | None:
    """Return what he has entered so far."""
    found = first(connection, _DRAFT, {"session_id": session_id, "reviewer": reviewer})
    return Draft(**found) if found else None


def latest(connection: Connection, reviewer: str, limit: int) -> list[str]:
    """Return the sessions that he answered last in the app, the latest first."""
    rows = connection.execute(_LATEST.encode(), {"reviewer": reviewer, "limit": limit}).fetchall()
    return [row["session_id"] for row in rows]


def review_of(row: DictRow) -> Review:
    """Return the review that a row of `reviews` is."""
    return Review(**row)


def _set_aside_of(connection: Connection, asked: dict[str, Any]) -> SetAside | None:
    found = first(connection, _SET_ASIDE, asked)
    return SetAside(**found) if found else None
