"""Two reviewers and a lead at once, each signed in with a password in a browser of his own."""

import psycopg
from playwright.sync_api import Page

from resources.warehouse import PostgresWarehouse
from tests.browser.acts import REVEALED, choose, ready, reviews, session_of, start
from tests.browser.app import Open, Serve
from tests.browser.seeding import Story, failing, store


def answer_and_go_on(page: Page, answer: str) -> None:
    ready(page)
    here = session_of(page)
    choose(page, "answer", answer)
    if answer == "fail":
        choose(page, "category", "loop")
    page.locator("#send").click()
    page.locator(REVEALED).wait_for()
    ready(page)
    page.keyboard.press("g")
    page.wait_for_function("(id) => document.getElementById('session')?.dataset.session !== id", arg=here)


def test_two_people_at_once_share_the_queue_and_a_lead_decides_between_them(
    serve: Serve, open_page: Open, warehouse: PostgresWarehouse
) -> None:
    double = failing("both", queued={"is_double_review": True, "arm": "double_review"})
    store(warehouse, [double, *(Story(f"s{number}") for number in range(6))])
    app = serve({"ann": "reviewer", "ben": "reviewer", "cleo": "lead"})
    ann, ben, cleo = (open_page(app, name) for name in ("ann", "ben", "cleo"))

    start(ann)
    start(ben)
    seen: dict[str, list[str]] = {"ann": [], "ben": []}
    for _ in range(3):
        for name, page in (("ann", ann), ("ben", ben)):
            seen[name].append(session_of(page))
            answer_and_go_on(page, "pass" if name == "ann" else "fail")
    assert seen["ann"][0] == seen["ben"][0] == "both"
    assert set(seen["ann"][1:]).isdisjoint(seen["ben"][1:])

    cleo.goto("/adjudication")
    cleo.get_by_role("link", name="both").click()
    cleo.wait_for_url("**/adjudication/session?id=both")
    assert cleo.get_by_role("heading", name="ann").is_visible()
    assert cleo.get_by_role("heading", name="ben").is_visible()
    cleo.get_by_label("fine", exact=True).check()
    cleo.get_by_role("button", name="Decide and go on").click()
    cleo.wait_for_url("**/adjudication?*")
    [decided] = [row for row in reviews(warehouse, "both") if row["stage"] == "adjudication"]
    assert (decided["reviewer"], decided["answers"]["session"]) == ("cleo", "pass")


def test_a_claim_that_has_run_out_is_told_and_the_answer_is_taken_all_the_same(
    serve: Serve, open_page: Open, warehouse: PostgresWarehouse, database_url: str
) -> None:
    store(warehouse, [Story("s1")])
    app = serve({"ann": "reviewer", "ben": "reviewer"})
    ann = open_page(app, "ann")
    ann.clock.install()
    start(ann)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE evals.review_slots SET lease_until = now() - interval '1 minute' WHERE reviewer = 'ann'"
        )
    ben = open_page(app, "ben")
    start(ben)
    assert session_of(ben) == "s1"
    ann.clock.run_for(61_000)
    ann.get_by_text("Your claim has ended").wait_for()
    choose(ann, "answer", "pass")
    ann.locator("#send").click()
    ann.locator(REVEALED).wait_for()
    assert [row["reviewer"] for row in reviews(warehouse, "s1")] == ["ann"]
