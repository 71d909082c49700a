"""Labels, reviews and predictions in a database, a line each. Not here: any test."""

from datetime import date
from typing import Any

import psycopg

DAY = date(2026, 3, 2)

_SESSION = """
    INSERT INTO evals.raw_sessions (session_id, session_day, started_at, is_closed, surface, slices, versions, turns, n_turns,
        n_user_turns, n_tool_calls, feedback, recorded_labels, meta, origin, content_hash, redaction_version, n_redactions,
        source_id, source_position)
    VALUES (%(session)s, %(day)s, now(), true, 'chat', '{}', '{}', '[]', 0, 0, 0, '[]', '[]', '{}', 'production', '', 'r1', 0,
        'test', %(session)s) ON CONFLICT DO NOTHING"""

_REVIEW = """
    INSERT INTO evals.reviews (review_id, session_id, session_day, reviewer, source, answers, category, note, is_blind,
        submitted_at, taxonomy_version, redaction_version, stage, is_repeat, machine_words)
    VALUES (gen_random_uuid()::text, %(session)s, %(day)s, 'ann', 'app', '{"session": "fail"}', %(category)s, %(note)s, true,
        now(), %(version)s, 'r1', 'blind', false, '{}')"""

_LABEL = """
    INSERT INTO evals.human_labels (session_id, session_day, target, label, status, category, label_set, n_reviews,
        reviews_hash, reviewers, is_blind, labelled_at, taxonomy_version, redaction_version, origin, is_adjudicated)
    VALUES (%(session)s, %(day)s, 'session', 'fail', 'settled', %(category)s, 'calibration', 1, '', '["ann"]', true, now(),
        %(version)s, 'r1', 'production', false)"""

_PREDICTION = """
    INSERT INTO evals.category_predictions (session_id, session_day, classifier, classifier_version, category, decided_by,
        taxonomy_version, versions)
    VALUES (%(session)s, %(day)s, 'kind', '1+a', %(category)s, 'model', %(version)s, '{}')"""

_VERDICT = """
    INSERT INTO evals.evaluator_verdicts (session_id, session_day, evaluator, evaluator_version, target, verdict, versions)
    VALUES (%(session)s, %(day)s, %(evaluator)s, '1+a', 'session', 'fail', '{}')"""


def label(url: str, session: str, version: str, category: str, note: str | None = None) -> None:
    """Store a session, its review and the label that follows."""
    values = {"session": session, "day": DAY, "version": version, "category": category, "note": note}
    _run(url, values, _SESSION, _REVIEW, _LABEL)


def predict(url: str, session: str, version: str, category: str) -> None:
    """Store what a classifier says of a session."""
    _run(url, {"session": session, "day": DAY, "version": version, "category": category}, _SESSION, _PREDICTION)


def fail(url: str, session: str, evaluator: str) -> None:
    """Store that an evaluator fails a session."""
    _run(url, {"session": session, "day": DAY, "evaluator": evaluator}, _SESSION, _VERDICT)


def rows(url: str, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a statement."""
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode(), parameters or None).fetchall()


def _run(url: str, values: dict[str, Any], *statements: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode(), values)
