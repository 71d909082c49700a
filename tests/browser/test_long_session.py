"""A session of 10,000 turns is as easy to move in as a short one; and a phone shows answer and transcript."""

import pytest
from playwright.sync_api import Page

from resources.warehouse import PostgresWarehouse
from tests.browser.acts import REVEALED, open_session, press, reviews, start
from tests.browser.app import NARROW, Open, Serve
from tests.browser.seeding import failing, many_turns, store

N_TURNS = 10_000


@pytest.fixture
def page(serve: Serve, open_page: Open, warehouse: PostgresWarehouse) -> Page:
    store(warehouse, [many_turns("long", N_TURNS)])
    opened = open_page(serve())
    open_session(opened, "long")
    return opened


def test_one_jumps_to_any_turn_and_marks_it(page: Page) -> None:
    press(page, "t")
    page.keyboard.type("9876")
    press(page, "Enter")
    page.locator("#turn-9876").wait_for()
    page.locator("#turn-9876:focus").wait_for()
    press(page, "x w")
    assert page.locator("#first-bad-turn").input_value() == "9876"
    assert page.locator("#turn-9876").is_visible()


def test_one_moves_on_over_the_end_of_what_is_loaded(page: Page) -> None:
    n_loaded = page.locator(".turn").count()
    assert n_loaded < 500
    press(page, "t")
    page.keyboard.type(str(n_loaded - 1))
    press(page, "Enter")
    page.locator(f"#turn-{n_loaded - 1}:focus").wait_for()
    press(page, "j")
    page.locator(f"#turn-{n_loaded}:focus").wait_for()


def test_one_finds_words_in_any_turn(page: Page) -> None:
    press(page, "/")
    page.keyboard.type("words of turn 7777")
    press(page, "Enter")
    page.locator("#found").get_by_text("7777").first.wait_for()
    page.locator("#found a").first.click()
    page.locator("#turn-7777").wait_for()
    assert page.locator("#turn-7777").is_visible()


def test_on_a_phone_one_answers_by_touch(serve: Serve, open_page: Open, warehouse: PostgresWarehouse) -> None:
    store(warehouse, [failing("s1")])
    page = open_page(serve(), size=NARROW, has_touch=True, is_mobile=True)
    start(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    page.locator("#panel-form label:has(input[name=answer][value=fail])").tap()
    page.locator("#panel-form label:has(input[name=category][value=loop])").tap()
    page.locator("#sheet").tap()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.locator("#turn-3 .turn-mark").tap()
    if page.locator("#sheet[aria-expanded=false]").count():
        page.locator("#sheet").tap()
    page.locator("#send").tap()
    page.locator(REVEALED).wait_for()
    [row] = reviews(warehouse)
    assert (row["answers"]["session"], row["category"], row["first_bad_turn"]) == ("fail", "loop", 3)
