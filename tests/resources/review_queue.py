"""A review queue in a test's database: sessions that were taken in and drawn, and readings that were given elsewhere."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from eval_pipeline.review.ports import Stage, Submission

DAY = date(2026, 1, 2)

# Session s0001 and on; all but the columns that the review app looks at are empty.
_TAKE_IN = """
    INSERT INTO evals.raw_sessions (session_id, session_day, started_at, ended_at, is_closed, surface, slices, versions, turns,
           n_turns, n_user_turns, n_tool_calls, feedback, recorded_labels, meta, origin, content_hash, redaction_version,
           n_redactions, source_id, source_position)
    SELECT format('s%%s', lpad(i::text, 6, '0')), %(day)s, %(day)s, %(day)s, true, %(surface)s, '{}', '{}', '[]', 0, 0, 0, '[]',
           '[]', '{}', 'production', '', 'r1', 0, 'test', i::text
      FROM generate_series(%(start)s::int, %(start)s::int + %(n)s::int - 1) AS i
"""

# The lower the number the higher the priority.
_DRAW = """
    INSERT INTO evals.flagged_sessions (session_id, session_day, surface, arm, stratum, reasons, priority,
           inclusion_probability, design_id, drawn_at, is_double_review, origin)
    SELECT session_id, session_day, surface, 'control', 'rest', '[]', 1 / (1 + source_position::float8), 0.25, 'd1', now(),
           source_position::int %% %(double_every)s = 0, origin
      FROM evals.raw_sessions
     WHERE session_day = %(day)s
    ON CONFLICT DO NOTHING
"""

_READ_ELSEWHERE = """
    INSERT INTO evals.reviews (review_id, session_id, session_day, reviewer, source, answers, is_blind, submitted_at,
           taxonomy_version, redaction_version, stage, is_repeat, machine_words, arm)
    SELECT %(review_id)s, session_id, session_day, %(reviewer)s, 'import', '{"session": "fail"}', true, now(), 't1', 'r1',
           'blind', false, '{}', %(arm)s
      FROM evals.raw_sessions
     WHERE session_id = %(session_id)s
"""


def name(number: int) -> str:
    """Return the id of the session with this number."""
    return f"s{number:06d}"


def run(url: str, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Run one statement as the pipeline's own role."""
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []


def take_in(url: str, n: int, day: date = DAY, start: int = 1, surface: str = "chat") -> None:
    """Store sessions `start` and on, none of them drawn."""
    run(url, _TAKE_IN, n=n, day=day, start=start, surface=surface)


def draw(url: str, day: date = DAY, double_every: int = 10**9) -> None:
    """Put all sessions of `day` into the queue, each `double_every`-th to be read by two people."""
    run(url, _DRAW, day=day, double_every=double_every)


def fill(
    url: str, n: int, day: date = DAY, start: int = 1, surface: str = "chat", double_every: int = 10**9
) -> list[str]:
    """Do both; return the sessions in the order in which they are served."""
    take_in(url, n, day, start, surface)
    draw(url, day, double_every)
    return [name(number) for number in range(start, start + n)]


def read_elsewhere(url: str, session_id: str, reviewer: str, arm: str | None = "flagged") -> None:
    """Store a reading that was not given in the app."""
    run(url, _READ_ELSEWHERE, session_id=session_id, reviewer=reviewer, review_id=uuid.uuid4().hex, arm=arm)


def make_older(url: str, table: str, column: str, by: timedelta) -> None:
    """Move what stands in a table's column into the past, as the owner of the tables can who switches the triggers off."""
    with psycopg.connect(url) as connection:
        connection.execute(f"ALTER TABLE evals.{table} DISABLE TRIGGER USER".encode())
        connection.execute(f"UPDATE evals.{table} SET {column} = {column} - %s".encode(), [by])
        connection.execute(f"ALTER TABLE evals.{table} ENABLE TRIGGER USER".encode())


def answer(
    session_id: str, reviewer: str, stage: Stage = "blind", seen: int = 0, key: str | None = None, **more: Any
) -> Submission:
    """Return what a page submits; a fresh key unless one is given."""
    given: dict[str, Any] = {"answers": {"session": "fail"}, "taxonomy_version": "t1", **more}
    return Submission(session_id, reviewer, stage, key or uuid.uuid4().hex, seen, **given)


def count(rows: Sequence[tuple[datetime | int, ...]]) -> int:
    """Return the one number of a count."""
    return int(str(rows[0][0]))
