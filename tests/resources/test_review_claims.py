"""Who is given which session: never one to two people, never one that he knows, what he has open first."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from eval_pipeline.review.ports import Claim, Wanted
from resources.review_claims import REPEAT_EVERY
from resources.review_role import as_review_role
from resources.review_store import PostgresReviewStore
from tests.resources.review_queue import DAY, answer, draw, fill, make_older, name, read_elsewhere, run, take_in

ANY = Wanted()


@pytest.fixture
def store(database_url: str) -> Iterator[PostgresReviewStore]:
    """The store as the app has it: under its own role, and without repeats."""
    with PostgresReviewStore(as_review_role(database_url), repeat_share=0) as opened:
        yield opened


def claimed(claim: Claim | None) -> str | None:
    return claim.session_id if claim else None


def read_all(store: PostgresReviewStore, reviewer: str, wanted: Wanted = ANY, limit: int = 100) -> list[str]:
    """Let `reviewer` read what he is given until nothing is left; return the sessions."""
    done: list[str] = []
    while len(done) < limit and (claim := store.claim_next(reviewer, wanted)) is not None:
        store.submit(answer(claim.session_id, reviewer))
        revision = store.state(claim.session_id, reviewer).revision
        store.submit(answer(claim.session_id, reviewer, "revealed", revision, answers={}))
        done.append(claim.session_id)
    return done


def test_sixteen_people_read_four_hundred_sessions(store: PostgresReviewStore, database_url: str) -> None:
    """No slot is given to two, double reviews go to two people, and what was acknowledged is there at the end."""
    fill(database_url, 400, double_every=10)
    holders: dict[str, set[str]] = defaultdict(set)
    too_many: list[str] = []
    acknowledged: list[str] = []
    errors: list[BaseException] = []
    lock = threading.Lock()

    def hold(reviewer: str, session_id: str) -> None:
        with lock:
            holders[session_id].add(reviewer)
            if len(holders[session_id]) > (2 if int(session_id[1:]) % 10 == 0 else 1):
                too_many.append(session_id)

    def work(reviewer: str) -> None:
        try:
            while (claim := store.claim_next(reviewer, ANY)) is not None:
                hold(reviewer, claim.session_id)
                blind = store.submit(answer(claim.session_id, reviewer))
                revealed = store.submit(answer(claim.session_id, reviewer, "revealed", 1, answers={}))
                acknowledged.extend([blind.review_id, revealed.review_id])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=[f"person {number}"]) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, too_many) == ([], [])
    assert Counter(len(people) for people in holders.values()) == {1: 360, 2: 40}
    stored = [row[0] for row in run(database_url, "SELECT review_id FROM evals.reviews")]
    assert sorted(stored) == sorted(acknowledged) and len(stored) == 2 * 440
    assert run(database_url, "SELECT state, count(*) FROM evals.review_slots GROUP BY 1") == [("done", 440)]


def test_windows_of_one_person_never_get_both_slots_of_a_session(store: PostgresReviewStore, database_url: str) -> None:
    fill(database_url, 30, double_every=1)
    given: list[str] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            while (claim := store.claim_next("ann", ANY, but=list(given))) is not None:
                given.append(claim.session_id)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    held = run(database_url, "SELECT session_id FROM evals.review_slots WHERE reviewer = 'ann' AND state = 'claimed'")
    assert sorted(row[0] for row in held) == [name(number) for number in range(1, 31)]


def test_the_oldest_day_comes_first_and_then_the_highest_priority(
    store: PostgresReviewStore, database_url: str
) -> None:
    later = fill(database_url, 3, DAY + timedelta(days=1), start=1)
    earlier = fill(database_url, 2, DAY, start=11)
    voice = fill(database_url, 2, DAY, start=21, surface="voice")
    assert claimed(store.claim_next("bob", Wanted(day=DAY + timedelta(days=1)))) == later[0]
    assert claimed(store.claim_next("eve", Wanted(surface="voice"))) == voice[0]
    assert claimed(store.claim_next("eve", Wanted(surface="telepathy"))) is None
    assert read_all(store, "ann") == [*earlier, voice[1], later[1], later[2]]


def test_a_claim_that_ran_out_is_free_and_its_answer_is_stored_all_the_same(database_url: str) -> None:
    (session,) = fill(database_url, 1)
    with PostgresReviewStore(as_review_role(database_url), timedelta(minutes=15)) as store:
        assert claimed(store.claim_next("ann", ANY)) == session
        assert store.claim_next("bob", ANY) is None
        assert store.state(session, "bob").held_by_others == 1
        make_older(database_url, "review_slots", "lease_until", timedelta(minutes=16))
        assert store.state(session, "ann").claim is None
        assert claimed(store.claim_next("bob", ANY)) == session
        assert store.claim(session, "ann") is None
        late = store.submit(answer(session, "ann"))
        assert store.state(session, "ann").reviews == (late,)
        store.submit(answer(session, "bob"))
    assert (
        run(database_url, "SELECT arm, inclusion_probability, design_id FROM evals.reviews")
        == [("control", 0.25, "d1")] * 2
    )
    assert run(database_url, "SELECT reviewer, state FROM evals.review_slots") == [("bob", "done")]


def test_a_living_page_keeps_its_claim(store: PostgresReviewStore, database_url: str) -> None:
    (session,) = fill(database_url, 1)
    first = store.claim_next("ann", ANY)
    again = store.claim(session, "ann")
    assert first is not None and again is not None
    assert (again.session_id, again.slot) == (first.session_id, first.slot) and again.lease_until > first.lease_until
    make_older(database_url, "review_slots", "lease_until", timedelta(hours=1))
    assert claimed(store.claim_next("ann", ANY)) == session  # nobody took it meanwhile
    assert run(database_url, "SELECT count(*) FROM evals.audit_trail WHERE written_table = 'review_slots'") == [(1,)]


def test_the_second_reviewer_gets_a_double_review_that_the_first_has_done(
    store: PostgresReviewStore, database_url: str
) -> None:
    (session,) = fill(database_url, 1, double_every=1)
    assert read_all(store, "ann") == [session]
    assert store.claim(session, "ann") is None
    assert read_all(store, "bob") == [session]
    assert read_all(store, "eve") == []


def test_what_is_open_comes_first(store: PostgresReviewStore, database_url: str) -> None:
    first, second, third = fill(database_url, 3)
    assert claimed(store.claim_next("ann", ANY)) == first
    assert claimed(store.claim_next("ann", ANY)) == first
    assert claimed(store.claim_next("ann", ANY, but=[first])) == second
    store.submit(answer(first, "ann"))
    assert store.progress("ann", ANY).open_session == second
    assert (
        claimed(store.claim_next("ann", ANY, but=[second])) == first
    )  # answered, not yet held against the machines' words
    store.submit(answer(first, "ann", "revealed", 1, answers={}))
    assert claimed(store.claim_next("ann", ANY, but=[second])) == third


def test_deferring_declining_and_taking_it_back(store: PostgresReviewStore, database_url: str) -> None:
    first, second = fill(database_url, 2)
    store.claim_next("ann", ANY)
    store.save_draft(first, "ann", {"answer": "fail"}, 0)
    store.set_aside(first, "ann", "ask the team", timedelta(hours=1))
    state = store.state(first, "ann")
    assert state.claim is None and state.draft is not None and state.set_aside is not None
    assert (state.set_aside.kind, state.set_aside.reason) == ("defer", "ask the team")
    assert claimed(store.claim_next("ann", ANY)) == second
    assert claimed(store.claim_next("bob", ANY)) == first
    store.set_aside(first, "bob", None, None)
    assert store.claim_next("bob", ANY) is None
    assert store.progress("ann", ANY).n_total == 1
    store.take_back(first, "bob")
    assert store.state(first, "bob").set_aside is None
    assert claimed(store.claim_next("bob", ANY)) == first
    store.set_aside(first, "bob", None, None)
    make_older(database_url, "review_set_asides", "until", timedelta(hours=2))
    assert claimed(store.claim_next("ann", ANY, but=[second])) == first  # the time is over
    assert store.claim_next("bob", ANY) is None  # a session that is declined never comes back


def test_who_has_looked_is_not_given_the_session(store: PostgresReviewStore, database_url: str) -> None:
    (session,) = fill(database_url, 1)
    store.claim_next("ann", ANY)
    store.look(session, "ann")
    state = store.state(session, "ann")
    assert state.is_revealed and state.has_looked and state.claim is None
    assert store.claim_next("ann", ANY) is None and store.claim(session, "ann") is None
    assert store.submit(answer(session, "ann")).is_blind is False
    assert read_all(store, "bob") == [session]  # his blind answer is still wanted


@pytest.mark.parametrize("is_drawn_first", [True, False])
def test_readings_outside_the_app_count(store: PostgresReviewStore, database_url: str, is_drawn_first: bool) -> None:
    take_in(database_url, 3)
    if is_drawn_first:
        draw(database_url, double_every=2)
    for session_id, reviewer in [(name(1), "sim 1"), (name(1), "sim 2"), (name(2), "sim 1"), (name(2), "sim 1")]:
        read_elsewhere(database_url, session_id, reviewer)
    read_elsewhere(database_url, name(3), "sim 2", arm=None)  # chosen, not drawn
    draw(database_url, double_every=2)
    assert store.progress("ann", ANY).n_total == 2
    assert store.claim_next("sim 1", ANY) is not None and claimed(store.claim_next("sim 1", ANY)) == name(3)
    assert read_all(store, "ann") == [name(2)]


def test_a_session_that_is_gone_or_open_again_is_not_served(store: PostgresReviewStore, database_url: str) -> None:
    first, second, third = fill(database_url, 3)
    run(database_url, "DELETE FROM evals.raw_sessions WHERE session_id = %(it)s", it=first)
    run(database_url, "UPDATE evals.raw_sessions SET is_closed = false WHERE session_id = %(it)s", it=second)
    assert store.progress("ann", ANY).n_total == 1
    assert read_all(store, "ann") == [third]


def test_progress_counts_what_is_his_to_read(store: PostgresReviewStore, database_url: str) -> None:
    sessions = fill(database_url, 10, double_every=5)
    read_all(store, "ann", limit=3)
    progress = store.progress("ann", ANY)
    assert (progress.n_done, progress.n_total, progress.open_session) == (3, 10, None)
    store.claim_next("bob", ANY)
    assert store.progress("ann", ANY).n_total == 9
    assert store.progress("bob", ANY).open_session == sessions[3]
    assert store.progress("ann", Wanted(surface="voice")).n_total == 0
    assert store.progress("ann", Wanted(day=date(2020, 1, 1))).n_total == 0
    assert store.latest("ann", 2) == [sessions[2], sessions[1]]


def test_repeats_are_few_old_and_his_own(database_url: str) -> None:
    with PostgresReviewStore(as_review_role(database_url), repeat_share=1.0) as store:
        old = fill(database_url, REPEAT_EVERY)
        assert read_all(store, "ann") == old
        fresh = fill(database_url, 2 * REPEAT_EVERY, DAY + timedelta(days=1), start=101)
        assert claimed(store.claim_next("ann", ANY)) == fresh[0]  # none is old enough
        store.set_aside(fresh[0], "ann", None, None)
        make_older(database_url, "reviews", "submitted_at", timedelta(days=15))

        repeat = store.claim_next("ann", ANY)
        assert repeat is not None and (repeat.session_id, repeat.is_repeat) == (old[0], True)
        state = store.state(old[0], "ann")
        assert (state.is_repeat, state.reviews, state.is_revealed, state.revision) == (True, (), False, 0)
        again = store.submit(answer(old[0], "ann"))
        assert (again.is_repeat, again.revision, again.is_blind) == (True, 1, True)
        assert store.state(old[0], "ann").reviews == (again,)
        store.submit(answer(old[0], "ann", "revealed", 1, answers={}))

        served = read_all(store, "ann")
        assert [session for session in served if session in old] == [old[1], old[2]]
        assert served.index(old[1]) == REPEAT_EVERY - 1
        assert read_all(store, "bob") == [fresh[0]]


def test_a_repeat_that_is_put_off_stays_his(database_url: str) -> None:
    with PostgresReviewStore(as_review_role(database_url), repeat_share=1.0) as store:
        old = fill(database_url, REPEAT_EVERY)
        read_all(store, "ann")
        make_older(database_url, "reviews", "submitted_at", timedelta(days=15))
        assert claimed(store.claim_next("ann", ANY)) == old[0]
        store.set_aside(old[0], "ann", "later", timedelta(hours=1))
        assert store.claim_next("ann", ANY) is None
        store.take_back(old[0], "ann")
        assert store.claim_next("bob", ANY) is None
        repeat = store.claim_next("ann", ANY)
        assert repeat is not None and (repeat.session_id, repeat.is_repeat) == (old[0], True)


def test_no_repeats_where_none_are_wanted(store: PostgresReviewStore, database_url: str) -> None:
    old = fill(database_url, REPEAT_EVERY)
    read_all(store, "ann")
    make_older(database_url, "reviews", "submitted_at", timedelta(days=15))
    assert store.claim_next("ann", ANY) is None
    assert len(old) == REPEAT_EVERY
