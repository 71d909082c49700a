"""What stands beside a transcript: before a reviewer has answered, and what is told only after it."""

import datetime as dt
import html
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from eval_pipeline.review.app.rendering import template
from eval_pipeline.review.words.session_facts import AfterReveal, after_reveal, session_facts
from eval_pipeline.review.words.session_measures import measures
from eval_pipeline.tables import FlaggedSessions, RawSessions, ReviewReveals, Reviews, ReviewSlots
from resources.warehouse import PostgresWarehouse
from tests.resources.frames import DAY, frame_for
from tests.review.words.told_sessions import HOSTILE, SESSION, store

SECRET = "canary"
START = pd.Timestamp("2026-01-02T03:04:05Z")


def test_the_facts_of_a_session(warehouse: PostgresWarehouse) -> None:
    store(
        warehouse,
        RawSessions,
        started_at=START,
        ended_at=START + pd.Timedelta(minutes=12, seconds=4),
        is_closed=True,
        surface="support_chat",
        model_version="m-2",
        versions={"prompt": "p/7", "retrieval": "r/3"},
        slices={"locale": "de"},
        n_turns=5,
        n_user_turns=2,
        n_tool_calls=1,
        n_redactions=3,
        redaction_version="2+aaaa",
        meta={"cost_usd": 0.0123, "usage": {"total_tokens": 2345}, "channel": "web"},
        feedback=[
            {"kind": "thumbs", "value": -1, "turn_index": 4, "text": "still wrong"},
            {"kind": "rating", "value": 0.25},
            {"kind": "report", "text": "rude"},
        ],
    )
    page = _read(_before(warehouse))
    assert page.startswith(
        "What the user said of it thumb down, about turn 4 still wrong rated 0.25 on a scale from 0 to 1 reported it rude "
        "surface support_chat started 2026-01-02 03:04 UTC lasted 12 min 4 s turns 5, 2 of them the user's tool calls 1 "
        "user user 1 origin production redacted 3 values, by rules 2+aaaa cost $0.0123 tokens 2,345 "
        "Versions model m-2 prompt p/7 retrieval r/3 Slices locale de Metadata (3)"
    )
    assert "channel web" in page


def test_before_the_reveal_nothing_is_known_of_outcome_labels_or_reviews(warehouse: PostgresWarehouse) -> None:
    _store_with_secrets(warehouse)
    facts = session_facts(warehouse, SESSION)
    assert SECRET not in repr(facts)
    assert SECRET not in _before(warehouse)


def test_after_the_reveal_the_source_is_quoted_and_earlier_reviews_are_told(warehouse: PostgresWarehouse) -> None:
    _store_with_secrets(warehouse)
    page = _read(_after(warehouse))
    assert "It came with the session. No person here has checked it." in page
    assert "outcome resolved canary outcome label 1 helpful canary label label 2 canary score" in page
    assert "canary reviewer answered fail, canary category on 2026-01-02 canary note" in page
    assert 'href="/session?id=of%20the%20same%20user%20%26%20more"' in _after(warehouse)


def test_neither_this_sessions_reviews_nor_another_users_are_told(warehouse: PostgresWarehouse) -> None:
    for session_id, user in [(SESSION, "user 1"), ("b", "user 2"), ("c", None)]:
        store(warehouse, RawSessions, session_id, user_id=user)
        store(warehouse, Reviews, session_id, review_id=session_id, reviewer="berta")
    store(warehouse, RawSessions, "without user", user_id=None)
    assert after_reveal(warehouse, SESSION, "anna").earlier == ()
    assert after_reveal(warehouse, "without user", "anna").earlier == ()


def test_of_a_reviewer_the_latest_answer_is_told(warehouse: PostgresWarehouse) -> None:
    for name in (SESSION, "other"):
        store(warehouse, RawSessions, name)
    for number, answers in enumerate([{"session": "fail"}, {"session": "pass"}, {"judge:tone": "fail"}]):
        at = START + pd.Timedelta(hours=number)
        store(warehouse, Reviews, "other", review_id=str(number), reviewer="berta", answers=answers, submitted_at=at)
    assert [review.answer for review in after_reveal(warehouse, SESSION, "anna").earlier] == ["pass"]


def test_what_is_still_to_be_read_is_not_given_away(warehouse: PostgresWarehouse) -> None:
    for name in (SESSION, "other"):
        store(warehouse, RawSessions, name)
    store(warehouse, FlaggedSessions, "other", is_double_review=True, arm="flagged")
    store(warehouse, Reviews, "other", review_id="1", reviewer="berta", is_blind=True)
    slot = frame_for(ReviewSlots, 1).assign(session_id="other", slot=2, state="waiting", reviewer=None, is_repeat=False)
    warehouse.append(ReviewSlots, slot)

    assert after_reveal(warehouse, SESSION, "anna").earlier == ()
    assert len(after_reveal(warehouse, SESSION, "berta").earlier) == 1
    seen = frame_for(ReviewReveals, 1).assign(session_id="other", reviewer="anna")
    warehouse.append(ReviewReveals, seen)
    assert len(after_reveal(warehouse, SESSION, "anna").earlier) == 1


def test_a_session_without_anything_is_told_as_such(warehouse: PostgresWarehouse) -> None:
    store(warehouse, RawSessions, user_id=None)
    assert "still open when it was taken in" in _read(_before(warehouse))
    assert after_reveal(warehouse, SESSION, "anna") == AfterReveal({}, ())
    assert _read(_after(warehouse)) == ""
    assert session_facts(warehouse, "unknown") is None


def test_no_stored_text_becomes_markup_and_long_metadata_is_cut(warehouse: PostgresWarehouse) -> None:
    store(
        warehouse,
        RawSessions,
        surface=HOSTILE,
        model_version=HOSTILE,
        versions={HOSTILE: HOSTILE},
        slices={HOSTILE: HOSTILE},
        user_id=HOSTILE,
        redaction_version=HOSTILE,
        meta={HOSTILE: {"a": [HOSTILE]}, "long": "x" * 100_000},
        feedback=[{"kind": "report", "text": HOSTILE}],
        outcome={HOSTILE: HOSTILE},
        recorded_labels=[{"name": HOSTILE, "value": HOSTILE}],
    )
    store(warehouse, RawSessions, HOSTILE, user_id=HOSTILE)
    store(warehouse, Reviews, HOSTILE, reviewer=HOSTILE, category=HOSTILE, note=HOSTILE)
    page = _before(warehouse) + _after(warehouse)
    assert "<script" not in page
    assert "<img" not in page
    assert html.unescape(page).count(HOSTILE) >= 14
    assert len(page) < 20_000


@pytest.mark.parametrize(
    ("meta", "turns", "found"),
    [
        ({}, [], {}),
        ({"cost": 0.5}, [], {"cost": "0.5"}),
        ({"total_cost_usd": 1, "latency_ms": 2300}, [], {"cost": "$1", "latency": "2.3 s"}),
        ({"spans": [{"cost_usd": 0.1}, {"cost_usd": 0.25}, {}]}, [], {"cost": "$0.35 over 2 spans"}),
        ({"usage": {"prompt_tokens": 900, "completion_tokens": 100}}, [], {"tokens": "1,000"}),
        ({"cost": "a lot", "usage": [1], "spans": 7, "latency": True}, [], {}),
        (
            {},
            [{"role": "assistant", "spans": [{"name": "chat", "attributes": {"gen_ai.usage.input_tokens": 12}}]}],
            {"tokens": "12 over 1 span"},
        ),
        (
            {},
            [
                {"role": "user", "content": "a", "at": "2026-01-02T03:04:05Z"},
                {"role": "assistant", "content": "", "at": "2026-01-02T03:04:06Z"},
                {"role": "assistant", "content": "b", "at": "2026-01-02T03:04:08Z"},
                {"role": "user", "content": "c", "at": "2026-01-02T03:05:00Z"},
                {"role": "assistant", "content": "d", "at": "2026-01-02T03:06:10Z"},
                {"role": "user", "content": "e", "at": None},
                {"role": "assistant", "content": "f", "at": "2026-01-02T03:07:00Z"},
            ],
            {"answers after": "36 s in the middle, 1 min 10 s at the longest"},
        ),
    ],
)
def test_cost_tokens_and_waiting_are_what_the_source_said(
    meta: Mapping[str, Any], turns: list[dict[str, Any]], found: dict[str, str]
) -> None:
    assert measures(meta, turns) == found


def _store_with_secrets(warehouse: PostgresWarehouse) -> None:
    labels = [{"name": "helpful", "value": f"{SECRET} label"}, f"{SECRET} score"]
    store(warehouse, RawSessions, outcome={"resolved": f"{SECRET} outcome"}, recorded_labels=labels)
    store(warehouse, RawSessions, "of the same user & more")
    review = {"reviewer": f"{SECRET} reviewer", "category": f"{SECRET} category", "note": f"{SECRET} note"}
    at = dt.datetime.combine(DAY, dt.time(9), dt.UTC)
    store(warehouse, Reviews, "of the same user & more", review_id="1", **review, submitted_at=at)
    store(warehouse, Reviews, review_id="2", reviewer=f"{SECRET} of this one")


def _before(warehouse: PostgresWarehouse) -> str:
    macro = template("facts.html").make_module().facts  # type: ignore[attr-defined]
    return str(macro(session_facts(warehouse, SESSION)))


def _after(warehouse: PostgresWarehouse) -> str:
    macro = template("facts.html").make_module().after_reveal  # type: ignore[attr-defined]
    return str(macro(after_reveal(warehouse, SESSION, "anna")))


def _read(page: str) -> str:
    """Return what a person reads."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())
