"""Signing in and out, against PostgreSQL."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta

import pytest

from eval_pipeline.review.ports import People, SignedIn
from resources.review_people import PostgresPeople
from resources.review_role import as_review_role
from tests.resources.review_queue import make_older, run

HOUR = timedelta(hours=1)
_MAKE = """
    INSERT INTO evals.reviewer_accounts (reviewer, role, password_hash, is_active, created_at)
    VALUES (%(reviewer)s, %(role)s, '$argon2id$secret', true, now())
"""


@pytest.fixture
def people(database_url: str) -> Iterator[PostgresPeople]:
    """The people as the app has them: under its own role."""
    with PostgresPeople(as_review_role(database_url)) as opened:
        yield opened


def test_a_browser_is_signed_in_until_it_signs_out(people: PostgresPeople, database_url: str) -> None:
    typed: People = people
    token, person = typed.open_session("ann", "lead", HOUR)
    assert people.session(token) == person == SignedIn("ann", "lead", person.csrf_token)
    other, _ = people.open_session("ann", "lead", HOUR)
    assert len({token, other, person.csrf_token}) == 3 and len(token) >= 43
    assert people.session(token[:-1]) is None and people.session("") is None
    people.end_session(token)
    people.end_session(token)
    people.end_session("unknown")
    assert people.session(token) is None and people.session(other) is not None


def test_of_a_token_only_the_hash_is_stored(people: PostgresPeople, database_url: str) -> None:
    token, _ = people.open_session("ann", "viewer", HOUR)
    stored = run(database_url, "SELECT to_jsonb(s)::text, token_hash FROM evals.reviewer_sessions AS s")
    assert token not in stored[0][0] and stored[0][1] == hashlib.sha256(token.encode()).hexdigest()


def test_a_sign_in_ends_by_itself(people: PostgresPeople, database_url: str) -> None:
    token, _ = people.open_session("ann", "reviewer", HOUR)
    make_older(database_url, "reviewer_sessions", "expires_at", timedelta(minutes=61))
    assert people.session(token) is None


def test_an_account_that_is_withdrawn_ends_its_sign_ins(people: PostgresPeople, database_url: str) -> None:
    assert people.account("ann") is None
    run(database_url, _MAKE, reviewer="ann", role="lead")
    assert people.account("ann") == ("lead", "$argon2id$secret")
    token, _ = people.open_session("ann", "lead", HOUR)
    assert people.session(token) is not None
    run(database_url, "UPDATE evals.reviewer_accounts SET is_active = false")
    assert people.account("ann") is None and people.session(token) is None
