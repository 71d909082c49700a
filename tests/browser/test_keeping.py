"""What is typed is never lost: reload, back, a second tab, a lost connection. And keys are quiet while one types."""

import psycopg
import pytest
from playwright.sync_api import Page

from resources.warehouse import PostgresWarehouse
from tests.browser.acts import (
    REVEALED,
    choose,
    draft_of,
    lock_in,
    open_session,
    press,
    ready,
    reviews,
    session_of,
    session_path,
    start,
)
from tests.browser.app import App, Open, Serve
from tests.browser.seeding import Story, failing, store
from tests.browser.watching import Watch

SAVED = "#saved:has-text('Saved')"


@pytest.fixture
def app(serve: Serve, warehouse: PostgresWarehouse) -> App:
    store(warehouse, [failing("s1"), Story("s2"), Story("s3")])
    return serve()


def test_what_is_typed_survives_reload_and_the_way_back(
    app: App, open_page: Open, warehouse: PostgresWarehouse
) -> None:
    page = open_page(app)
    start(page)
    press(page, "x 2 j w i")
    page.keyboard.type("It asks again, mail zoe@example.org")
    page.locator(SAVED).wait_for()
    page.reload()
    ready(page)
    assert entered(page) == ("fail", "loop", "0", note := page.locator("#note").input_value())
    assert note.startswith("It asks again")

    page.get_by_role("link", name="Queue").click()
    page.get_by_role("button", name="Resume").wait_for()
    page.go_back()
    ready(page)
    assert entered(page) == ("fail", "loop", "0", page.locator("#note").input_value())
    stored = draft_of(warehouse, "s1")
    assert stored is not None
    assert "zoe@example.org" not in stored["note"]


def entered(page: Page) -> tuple[str | None, ...]:
    names = ("answer", "category", "first_bad_turn", "note")
    return tuple(
        page.evaluate("(n) => new FormData(document.getElementById('panel-form')).get(n)", name) for name in names
    )


def test_what_is_typed_without_a_connection_is_told_kept_and_sent_when_it_is_back(
    app: App, open_page: Open, warehouse: PostgresWarehouse, watch: Watch
) -> None:
    watch.expect("ERR_INTERNET_DISCONNECTED")
    page = open_page(app)
    start(page)
    page.context.set_offline(True)
    press(page, "f i")
    page.keyboard.type("typed in a tunnel")
    page.get_by_text("No connection").wait_for()
    assert draft_of(warehouse, "s1") is None
    page.context.set_offline(False)
    page.locator(SAVED).wait_for()
    assert (draft_of(warehouse, "s1") or {})["note"] == "typed in a tunnel"
    assert page.get_by_text("No connection").count() == 0


def test_an_answer_that_is_locked_without_a_connection_is_stored_once_when_it_is_back(
    app: App, open_page: Open, warehouse: PostgresWarehouse, watch: Watch
) -> None:
    watch.expect("ERR_INTERNET_DISCONNECTED")
    page = open_page(app)
    start(page)
    page.context.set_offline(True)
    press(page, "f Enter")
    page.get_by_text("No connection").wait_for()
    page.context.set_offline(False)
    page.locator("#session[data-stage=revealed]").wait_for()
    assert [row["answers"]["session"] for row in reviews(warehouse)] == ["pass"]


def test_two_tabs_that_type_different_things_are_shown_both(
    app: App, open_page: Open, warehouse: PostgresWarehouse, watch: Watch
) -> None:
    watch.expect("status of 409")
    first = open_page(app)
    start(first)
    second = first.context.new_page()
    second.goto(session_path(session_of(first)))
    ready(second)
    first.locator("#note").fill("of the first tab")
    first.locator(SAVED).wait_for()
    second.locator("#note").fill("of the second tab")
    banner = second.locator("#banners")
    banner.get_by_text("of the first tab").wait_for()
    assert banner.get_by_text("of the second tab").is_visible()
    second.get_by_role("button", name="Take the one saved elsewhere").click()
    assert second.locator("#note").input_value() == "of the first tab"


def test_a_submit_that_saw_an_older_answer_is_shown_beside_it_and_either_can_be_taken(
    app: App, open_page: Open, warehouse: PostgresWarehouse, watch: Watch
) -> None:
    watch.expect("status of 409")
    first = open_page(app)
    lock_in(first, "s1", "pass")
    second = first.context.new_page()
    open_session(second, "s1")
    second.locator("#note").fill("seen late")
    second.locator(SAVED).wait_for()
    first.locator("#note").fill("seen early")
    first.keyboard.press("Escape")
    press(first, "r")
    first.locator("#send").click()
    first.wait_for_url("**/session?id=s2*")

    second.locator("#agree-and-send").click()
    second.get_by_text("You answered this session elsewhere meanwhile").wait_for()
    assert second.locator(".conflict").get_by_text("seen early").is_visible()
    assert second.locator(".conflict").get_by_text("seen late").is_visible()
    second.get_by_role("button", name="Store mine after it").click()
    second.locator("#after").wait_for()
    notes = [row["note"] for row in reviews(warehouse, "s1")]
    assert notes[1:] == ["seen early", "seen late"]


def test_keys_are_quiet_while_one_types(app: App, open_page: Open) -> None:
    page = open_page(app)
    start(page)
    press(page, "i f x q 1 g Enter d ?")
    assert entered(page)[:2] == (None, "")
    assert page.locator("#note").input_value() == "fxq1g\nd?"
    press(page, "Escape f")
    assert entered(page)[0] == "pass"


def test_undo_takes_entries_back_one_by_one_and_leads_back_after_a_submit(app: App, open_page: Open) -> None:
    page = open_page(app)
    start(page)
    press(page, "x 2 z")
    assert entered(page)[:2] == ("fail", "")
    press(page, "z")
    assert entered(page)[0] is None
    press(page, "f Enter")
    page.locator("#session[data-stage=revealed]").wait_for()
    ready(page)
    press(page, "g")
    page.wait_for_url("**/session?id=s2*")
    ready(page)
    press(page, "z")
    page.wait_for_url("**/session?id=s1*")
    assert page.locator("#session[data-stage=revealed]").is_visible()


@pytest.mark.parametrize(("key", "told"), [("d", "Put off"), ("Shift+D", "Declined")])
def test_a_session_is_put_off_or_declined_with_a_reason_and_taken_back(
    app: App, open_page: Open, warehouse: PostgresWarehouse, key: str, told: str
) -> None:
    page = open_page(app)
    start(page)
    press(page, key)
    page.keyboard.type("no time")
    press(page, "Enter")
    page.wait_for_url("**/session?id=s2*")
    ready(page)
    assert page.locator("#after").get_by_text(told).is_visible()
    assert reviews(warehouse) == []
    press(page, "z")
    page.wait_for_url("**/session?id=s1*")
    ready(page)
    assert page.locator("#session[data-claimed=yes]").is_visible()
    kinds = warehouse.query("select kind, reason from evals.review_set_asides order by set_aside_at", {})
    assert kinds["kind"].tolist()[1] == "take_back"
    assert kinds["reason"].iloc[0] == "no time"


def test_a_key_held_down_locks_and_sends_nothing_more(app: App, open_page: Open, warehouse: PostgresWarehouse) -> None:
    page = open_page(app)
    open_session(page, "s1")
    press(page, "x 2")
    for _ in range(40):  # all but the first are repeats
        page.keyboard.down("Enter")
    page.locator(REVEALED).wait_for()
    ready(page)
    for _ in range(40):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    assert session_of(page) == "s1"
    assert [row["stage"] for row in reviews(warehouse, "s1")] == ["blind"]


def test_a_drafted_response_is_not_carried_over_to_other_words(app: App, open_page: Open, database_url: str) -> None:
    page = open_page(app)
    lock_in(page, "s1", "fail", "loop")
    choose(page, "word:evaluator:no_broken_promises", "agreed")
    page.locator(SAVED).wait_for()
    page.reload()
    ready(page)
    answered = page.locator("input[name='word:evaluator:no_broken_promises']:checked")
    assert answered.count() == 1
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE evals.evaluator_verdicts SET evaluator_version = 'another'")
    page.reload()
    ready(page)
    assert answered.count() == 0
