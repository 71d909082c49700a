"""Submitting and drafting: stored once, whole, and never over something that the page did not see."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from eval_pipeline.errors import WarehouseError
from eval_pipeline.review.ports import (
    DraftConflict,
    Review,
    ReviewConflict,
    ReviewStore,
    Submission,
    UnknownSession,
    Wanted,
)
from eval_pipeline.tables import Reviews
from resources.review_role import as_review_role
from resources.review_store import PostgresReviewStore
from resources.warehouse import PostgresWarehouse
from tests.known_categories import know
from tests.resources.review_queue import answer, fill, name, run, take_in

ANY = Wanted()


@pytest.fixture
def store(database_url: str) -> Iterator[PostgresReviewStore]:
    """The store as the app has it: under its own role, and without repeats."""
    with PostgresReviewStore(as_review_role(database_url), repeat_share=0) as opened:
        yield opened


@pytest.fixture
def session(store: PostgresReviewStore, database_url: str) -> str:
    """A drawn session that ann has claimed."""
    (found,) = fill(database_url, 1)
    assert store.claim_next("ann", ANY) is not None
    return found


def test_it_is_a_review_store(store: PostgresReviewStore) -> None:
    is_one: ReviewStore = store
    assert is_one is store


def test_a_whole_reading_becomes_rows_of_reviews(store: PostgresReviewStore, session: str, database_url: str) -> None:
    with PostgresWarehouse(database_url) as warehouse:
        know(warehouse, [("t1", "tone")])
    words = {"judge:tone": {"said": "fail", "version": "1+a", "response": "overridden"}}
    blind = answer(
        session,
        "ann",
        answers={"session": "fail", "judge:tone": "pass"},
        first_bad_turn=3,
        category="tone",
        note="ö",
        seconds=7.5,
    )
    stored = store.submit(blind)
    assert (stored.revision, stored.is_blind, stored.is_repeat, stored.stage) == (1, True, False, "blind")
    revealed = store.submit(answer(session, "ann", "revealed", 1, answers={"judge:tone": "pass"}, machine_words=words))
    assert (revealed.revision, revealed.is_blind) == (2, False)
    state = store.state(session, "ann")
    assert state.reviews == (stored, revealed)
    assert (state.claim, state.is_revealed, state.has_looked, state.revision) == (None, True, False, 2)
    with PostgresWarehouse(as_review_role(database_url)) as warehouse:
        rows = Reviews.validate(warehouse.read(Reviews)).sort_values("revision").to_dict("records")
        assert warehouse.query("SELECT count(*) AS n FROM evals.verdicts")["n"].tolist() == [0]
    first, second = rows
    assert (first["source"], first["arm"], first["inclusion_probability"], first["design_id"]) == (
        "app",
        "control",
        0.25,
        "d1",
    )
    assert (first["taxonomy_version"], first["redaction_version"], first["seconds"]) == ("t1", "r1", 7.5)
    assert (first["note"], first["category"], first["first_bad_turn"]) == ("ö", "tone", 3)
    assert (second["machine_words"], second["answers"]) == (words, {"judge:tone": "pass"})


def test_the_same_key_again_is_the_same_review(store: PostgresReviewStore, session: str, database_url: str) -> None:
    once = answer(session, "ann", note="n", seconds=3.0)
    stored = store.submit(once)
    assert store.submit(replace(once, seconds=4.0)) == stored
    store.submit(answer(session, "ann", "revealed", 1, answers={}))
    assert store.submit(once) == stored  # also when a later one is there
    with pytest.raises(ReviewConflict) as raised:
        store.submit(replace(once, answers={"session": "pass"}))
    assert raised.value.stored == stored
    assert run(database_url, "SELECT count(*) FROM evals.reviews") == [(2,)]


def test_a_key_that_is_sent_many_times_at_once_is_stored_once(
    store: PostgresReviewStore, session: str, database_url: str
) -> None:
    once = answer(session, "ann")
    got: list[Review] = []
    threads = [threading.Thread(target=lambda: got.append(store.submit(once))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8 and len({review.review_id for review in got}) == 1
    assert run(database_url, "SELECT count(*) FROM evals.reviews") == [(1,)]


def test_the_second_of_two_tabs_is_told_what_is_stored(store: PostgresReviewStore, session: str) -> None:
    first = store.submit(answer(session, "ann"))
    with pytest.raises(ReviewConflict) as raised:
        store.submit(answer(session, "ann", answers={"session": "pass"}))
    assert raised.value.stored == first
    second = store.submit(answer(session, "ann", "revealed", 1, answers={"session": "pass"}))
    with pytest.raises(ReviewConflict) as raised:
        store.submit(answer(session, "ann", "revealed", 1, answers={}))
    assert raised.value.stored == second
    assert store.state(session, "ann").reviews == (first, second)


def test_of_tabs_that_submit_at_once_one_is_stored(store: PostgresReviewStore, session: str, database_url: str) -> None:
    outcomes: list[str] = []

    def submit(submission: Submission) -> None:
        try:
            store.submit(submission)
            outcomes.append("stored")
        except ReviewConflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=submit, args=[answer(session, "ann")]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict"] * 7 + ["stored"]
    assert run(database_url, "SELECT revision FROM evals.reviews") == [(1,)]


def test_only_an_answer_before_any_machine_word_is_blind(store: PostgresReviewStore, session: str) -> None:
    store.submit(answer(session, "ann"))
    assert store.submit(answer(session, "ann", "blind", 1)).is_blind is False  # edited after the reveal
    assert store.submit(answer(session, "lead", "adjudication")).is_blind is True
    assert store.state(session, "lead").is_revealed is False
    assert store.submit(answer(session, "ann", "adjudication", 2)).is_blind is False
    store.look(session, "eve")
    assert store.submit(answer(session, "eve")).is_blind is False
    assert store.submit(answer(session, "eve", "adjudication", 1)).is_blind is False


def test_the_draw_counts_only_for_whom_the_queue_gave_it(
    store: PostgresReviewStore, session: str, database_url: str
) -> None:
    store.submit(answer(session, "ann"))
    store.submit(answer(session, "eve"))
    take_in(database_url, 1, start=50)
    store.submit(answer(name(50), "ann"))
    found = run(database_url, "SELECT session_id, reviewer, arm FROM evals.reviews ORDER BY session_id, reviewer")
    assert found == [(session, "ann", "control"), (session, "eve", None), (name(50), "ann", None)]


def test_unknown_sessions_are_refused(store: PostgresReviewStore) -> None:
    with pytest.raises(UnknownSession):
        store.state("nothing", "ann")
    with pytest.raises(UnknownSession):
        store.submit(answer("nothing", "ann"))
    with pytest.raises(UnknownSession):
        store.save_draft("nothing", "ann", {}, 0)
    assert store.claim("nothing", "ann") is None


def test_hostile_ids_and_names_are_only_text(store: PostgresReviewStore, session: str, database_url: str) -> None:
    hostile = "x'); DROP TABLE evals.reviews; -- %s \u202e🎭"
    run(database_url, "UPDATE evals.raw_sessions SET session_id = %(it)s", it=hostile)
    store.submit(answer(hostile, hostile, note=hostile))
    assert store.state(hostile, hostile).reviews[0].note == hostile
    assert store.latest(hostile, 5) == [hostile]


def test_a_refused_review_leaves_nothing_half_done(store: PostgresReviewStore, session: str, database_url: str) -> None:
    store.save_draft(session, "ann", {"answer": "fail"}, 0)
    with pytest.raises(WarehouseError):
        store.submit(answer(session, "ann", first_bad_turn=-1))
    state = store.state(session, "ann")
    assert state.reviews == () and state.claim is not None and state.draft is not None
    assert run(database_url, "SELECT state FROM evals.review_slots") == [("claimed",)]


def test_a_draft_is_kept_until_it_is_submitted(store: PostgresReviewStore, session: str) -> None:
    first = store.save_draft(session, "ann", {"answer": "fail"}, 0)
    second = store.save_draft(session, "ann", {"answer": "fail", "note": "…"}, first.version)
    assert store.state(session, "ann").draft == second and second.version == 2
    assert store.state(session, "bob").draft is None
    store.submit(answer(session, "ann"))
    assert store.state(session, "ann").draft is None
    with pytest.raises(DraftConflict) as raised:  # a save that was still on its way
        store.save_draft(session, "ann", {"answer": "pass"}, second.version)
    assert raised.value.stored is None
    store.save_draft(session, "ann", {"words": {}}, 0)
    store.drop_draft(session, "ann")
    assert store.state(session, "ann").draft is None


def test_two_tabs_do_not_write_over_each_other(store: PostgresReviewStore, session: str) -> None:
    first = store.save_draft(session, "ann", {"note": "one tab"}, 0)
    with pytest.raises(DraftConflict) as raised:
        store.save_draft(session, "ann", {"note": "the other"}, 0)
    assert raised.value.stored == first
    second = store.save_draft(session, "ann", {"note": "one tab, longer"}, 1)
    with pytest.raises(DraftConflict) as raised:
        store.save_draft(session, "ann", {"note": "the other"}, 1)
    assert raised.value.stored == second


def test_a_database_that_went_away_is_told_and_found_again(
    store: PostgresReviewStore, session: str, database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE evals.reviews RENAME TO elsewhere")
    with pytest.raises(WarehouseError, match="revision"):
        store.submit(answer(session, "ann"))
    run(database_url, "ALTER TABLE evals.elsewhere RENAME TO reviews")
    assert store.submit(answer(session, "ann")).revision == 1
    with (
        PostgresReviewStore("postgresql://nobody@/nothing?host=/nonexistent") as nowhere,
        pytest.raises(WarehouseError),
    ):
        nowhere.claim_next("ann", ANY)


def test_an_answer_that_the_queue_did_not_ask_for_is_not_blind(store: PostgresReviewStore, database_url: str) -> None:
    (session,) = fill(database_url, 1)
    assert store.submit(answer(session, "ann")).is_blind is True
    assert store.submit(answer(session, "bob")).is_blind is False
