"""From the queue to a label: by mouse, by keys alone, and by a form without script."""

from pathlib import Path

from resources.warehouse import PostgresWarehouse
from tests.browser.acts import BLIND, REVEALED, choose, press, ready, reviews, session_of, start
from tests.browser.app import Open, Serve
from tests.browser.jobs import refresh_labels
from tests.browser.seeding import Story, failing, store

KEYS_IF_FINE, KEYS_IF_FAILED = 4, 7


def test_a_review_becomes_a_label(
    serve: Serve, open_page: Open, warehouse: PostgresWarehouse, database_url: str, tmp_path: Path
) -> None:
    store(warehouse, [failing("s1")])
    page = open_page(serve())
    assert page.locator(".how-far").inner_text() == "0 of 1"
    start(page)

    choose(page, "answer", "fail")
    choose(page, "category", "wrong_answer")
    page.locator("#turn-3 .turn-mark").click()
    page.locator("#note").fill("It never looks it up.")
    page.locator("#send").click()
    page.locator(REVEALED).wait_for()
    ready(page)
    choose(page, "word:evaluator:no_broken_promises", "overridden")
    page.locator("#agree-and-send").click()
    page.locator(".how-far:text-is('1 of 1')").wait_for()

    blind, revealed = reviews(warehouse)
    assert (blind["stage"], blind["is_blind"], blind["answers"]["session"]) == ("blind", True, "fail")
    assert (blind["first_bad_turn"], blind["category"], blind["note"]) == (3, "wrong_answer", "It never looks it up.")
    assert (blind["arm"], blind["inclusion_probability"], blind["reviewer"]) == ("flagged", 0.5, "ann")
    assert (revealed["stage"], revealed["is_blind"]) == ("revealed", False)
    assert {target: word["response"] for target, word in revealed["machine_words"].items()} == {
        "signal:rephrasing": "agreed",
        "evaluator:no_broken_promises": "overridden",
        "judge:completeness": "agreed",
        "classifier:taxonomy": "agreed",
    }

    refresh_labels(database_url, tmp_path)
    rows = warehouse.query("select target, label, category, is_blind, arm from evals.human_labels", {})
    labels = {row["target"]: row for row in rows.to_dict("records")}
    assert (labels["session"]["label"], labels["session"]["category"]) == ("fail", "wrong_answer")
    assert (labels["session"]["is_blind"], labels["session"]["arm"]) == (True, "flagged")
    assert (labels["evaluator:no_broken_promises"]["label"], labels["signal:rephrasing"]["label"]) == ("pass", "fail")


def test_ten_sessions_by_keys_alone(serve: Serve, open_page: Open, warehouse: PostgresWarehouse) -> None:
    names = [f"s{number}" for number in range(10)]
    store(warehouse, [failing(name) if number % 2 else Story(name) for number, name in enumerate(names)])
    page = open_page(serve())
    press(page, "Enter")
    counted = []
    for number in range(10):
        is_fine = number % 2 == 0
        page.locator(BLIND).wait_for()
        ready(page)
        here = session_of(page)
        n_keys = press(page, "f q Enter" if is_fine else "x 3 j w q Enter")
        page.locator(REVEALED).wait_for()
        ready(page)
        n_keys += press(page, "g")
        page.wait_for_function("(id) => document.getElementById('session')?.dataset.session !== id", arg=here)
        counted.append((here, n_keys))

    assert [name for name, _ in counted] == names
    assert {n for _, n in counted[::2]} == {KEYS_IF_FINE}
    assert all(n <= KEYS_IF_FAILED for _, n in counted[1::2])
    page.locator(".how-far:text-is('10 of 10')").wait_for()
    stored = reviews(warehouse)
    assert [row["stage"] for row in stored] == ["blind", "revealed"] * 10
    assert [row["answers"]["session"] for row in stored[::2]] == ["pass", "fail"] * 5
    assert all(row["category"] and row["first_bad_turn"] >= 0 for row in stored[2::4])
    assert all(len(row["answers"]) > 1 for row in stored[::2]), "the judge's question is answered, too"


def test_everything_works_without_script(serve: Serve, open_page: Open, warehouse: PostgresWarehouse) -> None:
    store(warehouse, [failing("s1")])
    app = serve()
    cookies = open_page(app).context.storage_state()
    page = open_page(app, java_script_enabled=False, storage_state=cookies)
    page.locator("form[action='/next'] button.primary").click()
    page.locator("#panel-form input[name=answer][value=pass]").check()
    page.locator("#send").click()
    page.locator("fieldset[data-target='judge:completeness'] input[value=overridden]").check()
    page.locator("#send").click()
    page.locator(".how-far:text-is('1 of 1')").wait_for()
    assert [row["answers"].get("judge:completeness") for row in reviews(warehouse)][1] == "pass"
