"""What is kept beside reviews: drafts, what a person set aside, that he looked at the machines' words.

Not here: transactions (`review_store.py`), reviews (`review_writing.py`).
"""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from psycopg.types.json import Jsonb

from eval_pipeline.review.ports import Draft, DraftConflict, UnknownSession
from resources.review_claims import SET_ASIDE_NOW, give_back
from resources.review_database import Connection, first
from resources.review_state import SESSION, draft_of, state_of

_BEGIN_DRAFT = """
    INSERT INTO evals.review_drafts (session_id, reviewer, content, version, saved_at)
    VALUES (%(session_id)s, %(reviewer)s, %(content)s, 1, clock_timestamp())
    ON CONFLICT DO NOTHING
    RETURNING content, version, saved_at
"""

_GO_ON_WITH_DRAFT = """
    UPDATE evals.review_drafts
       SET content = %(content)s, version = version + 1, saved_at = clock_timestamp()
     WHERE session_id = %(session_id)s AND reviewer = %(reviewer)s AND version = %(version_seen)s
    RETURNING content, version, saved_at
"""

# `clock_timestamp()`, as of two acts the later one must count.
_SET_ASIDE = """
    INSERT INTO evals.review_set_asides (set_aside_id, session_id, reviewer, kind, reason, until, set_aside_at)
    SELECT %(set_aside_id)s, session_id, %(reviewer)s, %(kind)s, %(reason)s, clock_timestamp() + %(for_time)s,
           clock_timestamp()
      FROM evals.raw_sessions
     WHERE session_id = %(session_id)s
"""

_IS_SET_ASIDE = f"SELECT FROM ({SET_ASIDE_NOW}) AS his WHERE session_id = %(session_id)s"

_LOOK = """
    INSERT INTO evals.review_reveals (session_id, reviewer, revealed_at)
    SELECT session_id, %(reviewer)s, clock_timestamp()
      FROM evals.raw_sessions
     WHERE session_id = %(session_id)s
    ON CONFLICT DO NOTHING
"""


def save_draft(
    connection: Connection, session_id: str, reviewer: str, content: Mapping[str, Any], version_seen: int
) -> Draft:
    """Store a draft over the version that the page has seen. Raises `DraftConflict` or `UnknownSession`."""
    asked = {"session_id": session_id, "reviewer": reviewer}
    if first(connection, SESSION, asked) is None:
        raise UnknownSession(session_id)
    statement = _GO_ON_WITH_DRAFT if version_seen else _BEGIN_DRAFT
    stored = first(connection, statement, {**asked, "content": Jsonb(dict(content)), "version_seen": version_seen})
    if stored is None:
        raise DraftConflict(draft_of(connection, session_id, reviewer))
    return Draft(**stored)


def set_aside(
    connection: Connection, session_id: str, reviewer: str, reason: str | None, for_time: timedelta | None
) -> None:
    """Put a session off, or decline it; his claim ends."""
    _remember(connection, session_id, reviewer, "decline" if for_time is None else "defer", reason, for_time)
    give_back(connection, session_id, reviewer)


def take_back(connection: Connection, session_id: str, reviewer: str) -> None:
    """Undo that the session is set aside, if it is."""
    if first(connection, _IS_SET_ASIDE, {"session_id": session_id, "reviewer": reviewer}) is not None:
        _remember(connection, session_id, reviewer, "take_back", None, None)


def look(connection: Connection, session_id: str, reviewer: str) -> None:
    """Remember that he is shown the machines' words, unless he has answered; the slot goes to one who can answer blind."""
    if not state_of(connection, session_id, reviewer).is_revealed:
        connection.execute(_LOOK.encode(), {"session_id": session_id, "reviewer": reviewer})
        give_back(connection, session_id, reviewer)


def _remember(
    connection: Connection,
    session_id: str,
    reviewer: str,
    kind: str,
    reason: str | None,
    for_time: timedelta | None,
) -> None:
    row = {"set_aside_id": uuid.uuid4().hex, "session_id": session_id, "reviewer": reviewer, "kind": kind}
    connection.execute(_SET_ASIDE.encode(), {**row, "reason": reason, "for_time": for_time})
