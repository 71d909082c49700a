"""Who reads what: the statements that find, take, renew and give back slots of the review queue, and count them.

Slots are made by the database itself: a session that is drawn asks for one reading, of a double review for two, and what
people read outside the app counts (triggers of migration 0005). Only repeats are made here. All times are the database's.

Not here: transactions and retries (`review_store.py`), what is submitted (`review_writing.py`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from psycopg.rows import DictRow

from eval_pipeline.review.ports import Claim, Progress, Wanted
from resources.review_database import Connection, first

REPEAT_EVERY = 20
"""At most one session in this many that a person is served is one that he has read before."""

SET_ASIDE_NOW = """
    SELECT session_id
      FROM (SELECT DISTINCT ON (session_id) session_id, kind, until
              FROM evals.review_set_asides
             WHERE reviewer = %(reviewer)s
             ORDER BY session_id, set_aside_at DESC, set_aside_id) AS latest
     WHERE kind = 'decline' OR kind = 'defer' AND until > now()
"""
"""What a person has declined, or put off until later; of a session his latest act counts."""

# A slot `s` that he may be given now: nobody else holds it, and he knows nothing yet that would spoil his answer. A repeat
# is his alone, and that he has read the session before is its point. A session that was deleted or reopened is not served.
# What he knows is gathered once (NOT IN), not looked for session by session: neither a long queue nor a long past is slow,
# whatever the planner believes of their length.
_HIS_TO_READ = f"""
        s.state <> 'done'
    AND (s.reviewer = %(reviewer)s OR NOT s.is_repeat AND (s.state = 'waiting' OR s.lease_until < now()))
    AND (s.reviewer = %(reviewer)s
         OR s.session_id NOT IN (SELECT session_id FROM evals.review_slots WHERE reviewer = %(reviewer)s AND NOT is_repeat))
    AND (s.is_repeat OR s.session_id NOT IN (SELECT session_id FROM evals.reviews WHERE reviewer = %(reviewer)s))
    AND s.session_id NOT IN (SELECT session_id FROM evals.review_reveals WHERE reviewer = %(reviewer)s)
    AND s.session_id NOT IN ({SET_ASIDE_NOW})
    AND EXISTS (SELECT FROM evals.raw_sessions AS raw
                 WHERE raw.session_id = s.session_id AND raw.is_closed
                   AND (%(surface)s::text IS NULL OR raw.surface = %(surface)s))
    AND (%(day)s::date IS NULL OR s.session_day = %(day)s)
    AND s.session_id <> ALL(%(but)s::text[])
"""

_TAKE = """
    UPDATE evals.review_slots AS taken
       SET state = 'claimed',
           reviewer = %(reviewer)s,
           claimed_at = CASE WHEN taken.reviewer = %(reviewer)s AND taken.state = 'claimed' THEN taken.claimed_at
                             ELSE now() END,
           lease_until = now() + %(lease)s
      FROM chosen
     WHERE (taken.session_id, taken.slot) = (chosen.session_id, chosen.slot)
    RETURNING taken.session_id, taken.slot, taken.lease_until, taken.is_repeat
"""

# What he was in the middle of; one that ran out is still his to resume as long as nobody has taken it.
_RENEW_OWN = f"""
    WITH chosen AS (
        SELECT s.session_id, s.slot
          FROM evals.review_slots AS s
         WHERE s.reviewer = %(reviewer)s AND s.state = 'claimed' AND {_HIS_TO_READ}
         ORDER BY s.claimed_at, s.session_id
         LIMIT 1
           FOR UPDATE OF s
    ) {_TAKE}
"""

# The next one of all. Rows that another transaction is just taking are passed over, not waited for.
_TAKE_NEXT = f"""
    WITH chosen AS (
        SELECT s.session_id, s.slot
          FROM evals.review_slots AS s
         WHERE {_HIS_TO_READ}
         ORDER BY s.session_day, s.priority DESC, s.session_id, s.slot
         LIMIT 1
           FOR UPDATE OF s SKIP LOCKED
    ) {_TAKE}
"""

# A slot of one session, his own first: renewing must not move him to another. Here a rival is waited for.
_TAKE_OF_SESSION = f"""
    WITH chosen AS (
        SELECT s.session_id, s.slot
          FROM evals.review_slots AS s
         WHERE s.session_id = %(session_id)s AND {_HIS_TO_READ}
         ORDER BY s.reviewer IS NOT DISTINCT FROM %(reviewer)s DESC, s.slot
         LIMIT 1
           FOR UPDATE OF s
    ) {_TAKE}
"""

# Answered blind in the last day and not yet held against the machines' words.
_UNREVEALED = f"""
    SELECT locked.session_id,
           coalesce(s.slot, 0) AS slot,
           now() + %(lease)s AS lease_until,
           locked.is_repeat
      FROM evals.reviews AS locked
      LEFT JOIN evals.review_slots AS s
             ON s.session_id = locked.session_id AND s.reviewer = locked.reviewer AND s.is_repeat = locked.is_repeat
     WHERE locked.reviewer = %(reviewer)s AND locked.source = 'app' AND locked.stage = 'blind'
       AND locked.submitted_at > now() - interval '24 hours'
       AND NOT EXISTS (SELECT FROM evals.reviews AS later
                        WHERE later.session_id = locked.session_id AND later.reviewer = locked.reviewer
                          AND later.is_repeat = locked.is_repeat AND later.revision > locked.revision)
       AND locked.session_id NOT IN ({SET_ASIDE_NOW})
       AND EXISTS (SELECT FROM evals.raw_sessions AS raw
                    WHERE raw.session_id = locked.session_id
                      AND (%(surface)s::text IS NULL OR raw.surface = %(surface)s))
       AND (%(day)s::date IS NULL OR locked.session_day = %(day)s)
       AND locked.session_id <> ALL(%(but)s::text[])
     ORDER BY locked.submitted_at
     LIMIT 1
"""

_SERVED_SINCE_REPEAT = """
    SELECT count(*) AS n
      FROM (SELECT
              FROM evals.review_slots
             WHERE reviewer = %(reviewer)s AND NOT is_repeat
               AND claimed_at > coalesce((SELECT max(claimed_at)
                                            FROM evals.review_slots
                                           WHERE reviewer = %(reviewer)s AND is_repeat), '-infinity')
             LIMIT %(repeat_every)s) AS served
"""
"""How many sessions he was served since the last repeat, counted no further than matters."""

# A share of his own old blind readings, chosen by a hash and so the same whenever it is asked, each once, the oldest first.
# Two people's repeats of one session that are made at the same moment get the same number: one is made the next time.
_MAKE_REPEAT = f"""
    INSERT INTO evals.review_slots
           (session_id, slot, session_day, priority, state, reviewer, claimed_at, lease_until, is_repeat)
    SELECT old.session_id,
           101 + (SELECT count(*) FROM evals.review_slots AS s WHERE s.session_id = old.session_id AND s.is_repeat),
           old.session_day,
           coalesce((SELECT priority FROM evals.flagged_sessions AS drawn WHERE drawn.session_id = old.session_id), 0),
           'claimed', old.reviewer, now(), now() + %(lease)s, true
      FROM evals.reviews AS old
     WHERE old.reviewer = %(reviewer)s AND old.source = 'app' AND old.stage = 'blind' AND old.is_blind
       AND NOT old.is_repeat AND old.submitted_at < now() - %(repeat_after)s
       AND (hashtextextended(old.session_id || chr(31) || old.reviewer, 0) & 2147483647) < %(repeat_share)s * 2147483648.0
       AND NOT EXISTS (SELECT FROM evals.review_slots AS s
                        WHERE s.session_id = old.session_id AND s.reviewer = old.reviewer AND s.is_repeat)
       AND old.session_id NOT IN ({SET_ASIDE_NOW})
       AND EXISTS (SELECT FROM evals.raw_sessions AS raw
                    WHERE raw.session_id = old.session_id AND raw.is_closed
                      AND (%(surface)s::text IS NULL OR raw.surface = %(surface)s))
       AND (%(day)s::date IS NULL OR old.session_day = %(day)s)
       AND old.session_id <> ALL(%(but)s::text[])
     ORDER BY old.submitted_at
     LIMIT 1
    ON CONFLICT DO NOTHING
    RETURNING session_id, slot, lease_until, is_repeat
"""

_GIVE_BACK = """
    UPDATE evals.review_slots
       SET state = 'waiting',
           reviewer = CASE WHEN is_repeat THEN reviewer END,
           claimed_at = CASE WHEN is_repeat THEN claimed_at END,
           lease_until = NULL
     WHERE session_id = %(session_id)s AND reviewer = %(reviewer)s AND state = 'claimed'
"""
"""A repeat stays the person's own, with the time it was served: the next one must not follow at once."""

_N_DONE = """
    SELECT count(DISTINCT s.session_id) AS n
      FROM evals.review_slots AS s
     WHERE s.reviewer = %(reviewer)s AND s.state = 'done' AND (%(day)s::date IS NULL OR s.session_day = %(day)s)
       AND (%(surface)s::text IS NULL OR EXISTS (SELECT FROM evals.raw_sessions AS raw
                                                  WHERE raw.session_id = s.session_id AND raw.surface = %(surface)s))
"""

# Of a double review both slots may wait: one session all the same.
_N_WAITING = f"""
    SELECT count(*) AS n
      FROM (SELECT DISTINCT s.session_id FROM evals.review_slots AS s WHERE {_HIS_TO_READ}) AS waiting
"""

_OWN_CLAIM = f"""
    SELECT s.session_id
      FROM evals.review_slots AS s
     WHERE s.reviewer = %(reviewer)s AND s.state = 'claimed' AND {_HIS_TO_READ}
     ORDER BY s.claimed_at, s.session_id
     LIMIT 1
"""


@dataclass(frozen=True)
class Terms:
    """How long a claim lasts without renewal; which share of a person's readings older than `repeat_after` he is shown again."""

    lease: timedelta
    repeat_share: float
    repeat_after: timedelta

    def asked(
        self, reviewer: str, wanted: Wanted | None = None, but: Collection[str] = (), **more: Any
    ) -> dict[str, Any]:
        """Return the parameters of the statements above."""
        wanted = wanted or Wanted()
        return {
            "reviewer": reviewer,
            "surface": wanted.surface,
            "day": wanted.day,
            "but": list(but),
            "lease": self.lease,
            "repeat_share": self.repeat_share,
            "repeat_after": self.repeat_after,
            "repeat_every": REPEAT_EVERY - 1,
            **more,
        }


def take_next(connection: Connection, asked: dict[str, Any]) -> Claim | None:
    """Take what `ReviewStore.claim_next` promises. May fail as a unique violation when he takes two slots at a time."""
    for statement in (_RENEW_OWN, _UNREVEALED):
        if found := first(connection, statement, asked):
            return _claim(found)
    if _is_repeat_due(connection, asked) and (found := first(connection, _MAKE_REPEAT, asked)):
        return _claim(found)
    found = first(connection, _TAKE_NEXT, asked)
    return _claim(found) if found else None


def take_of_session(connection: Connection, asked: dict[str, Any]) -> Claim | None:
    """Renew his claim of `session_id`, or take a slot of it that is free for him."""
    found = first(connection, _TAKE_OF_SESSION, asked)
    return _claim(found) if found else None


def give_back(connection: Connection, session_id: str, reviewer: str) -> None:
    """End his claim of a session without a reading."""
    connection.execute(_GIVE_BACK, {"session_id": session_id, "reviewer": reviewer})


def progress(connection: Connection, asked: dict[str, Any]) -> Progress:
    """Count what he has done and what waits for him."""
    n_done = _count(connection, _N_DONE, asked)
    opened = first(connection, _OWN_CLAIM, asked) or first(connection, _UNREVEALED, asked)
    return Progress(n_done, n_done + _count(connection, _N_WAITING, asked), opened["session_id"] if opened else None)


def _is_repeat_due(connection: Connection, asked: dict[str, Any]) -> bool:
    return asked["repeat_share"] > 0 and _count(connection, _SERVED_SINCE_REPEAT, asked) >= REPEAT_EVERY - 1


def _count(connection: Connection, statement: str, asked: dict[str, Any]) -> int:
    found = first(connection, statement, asked)
    return int(found["n"]) if found else 0


def _claim(row: DictRow) -> Claim:
    return Claim(row["session_id"], row["slot"], row["lease_until"], row["is_repeat"])
