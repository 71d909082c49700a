"""Before he has locked an answer, nothing of what machines, samplers or other people say reaches the browser; then it does."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route

from eval_pipeline.deployment import Deployment
from eval_pipeline.tables import Reviews
from resources.warehouse import PostgresWarehouse
from tests.browser.acts import choose, lock_in, open_session, press, ready, session_path, start
from tests.browser.app import Open, Serve
from tests.browser.jobs import refresh_labels
from tests.browser.seeding import DAY, Row, failing, store, talk
from tests.browser.trend_rows import day_path
from tests.fakes import typed
from tests.resources.frames import frame_for

TALK = talk("user: Where is my order?", "assistant: It arrives on Friday.", "user: It is Friday.", "assistant: Sorry.")

# Words that stand nowhere but in the field of their name.
NEVER_SHOWN = {"stratum": "zqstratum", "design": "zqdesign", "reviewer of the same": "zqben", "his note": "zqnote"}
SHOWN_LATER = {
    "signal's reason": "zqwhy",
    "signal's quote": "zqquote",
    "evaluator": "zqexplained",
    "what it found": "zqexpected",
    "judge": "zqcritique",
    "category": "zqpredicted",
    "outcome": "zqoutcome",
    "recorded label": "zqrecorded",
}

TREND_DAY = day_path("completeness")

# Figures over many sessions name their parts.
OF_ALL = {("zqstratum", "/coverage"), ("zqben", "/agreement"), ("zqben", "/reports")}


@pytest.fixture
def hidden(warehouse: PostgresWarehouse, database_url: str, tmp_path: Path, deployment: Deployment) -> None:
    version = next(judge.version for judge in deployment.judges if judge.name == "completeness")
    story = failing(
        "s1",
        turns=TALK,
        columns={
            "outcome": {"success": "zqoutcome"},
            "recorded_labels": [{"target": "session", "value": "zqrecorded"}],
        },
        queued={"stratum": "zqstratum", "design_id": "zqdesign", "is_double_review": True, "priority": 0.737373},
        signals=[
            {"signal": "rephrasing", "reason": "zqwhy", "quote": "zqquote", "turn_index": 2, "strength": 0.717171}
        ],
        evaluators=[{"evaluator": "no_broken_promises", "explanation": "zqexplained", "expected": "zqexpected"}],
        judges=[{"judge": "completeness", "critique": "zqcritique", "judge_version": version}],
        categories=[{"category": "loop", "explanation": "zqpredicted"}],
    )
    store(warehouse, [story, failing("s2")])
    warehouse.append(Reviews, typed(Reviews, _review_of_another()))
    # Labels and figures know of it by now; what is shown of them must not tell who has yet to answer.
    refresh_labels(database_url, tmp_path)


def _review_of_another() -> Any:
    return frame_for(Reviews, 1, DAY).assign(
        session_id="s1",
        reviewer="zqben",
        note="zqnote",
        answers=[{"session": "fail", "judge:completeness": "pass"}],
        category="loop",
        source="app",
        first_bad_turn=1,
        stage="blind",
        is_blind=True,
        is_repeat=False,
        revision=1,
        machine_words=[{}],
    )


class Bodies(dict[str, str]):
    """Every text that the server sends a page for a GET, by its address, but for its own scripts and styles."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        page.context.route(lambda url: "/static/" not in url, self._pass_on)

    def _pass_on(self, route: Route) -> None:
        if route.request.method != "GET":
            route.continue_()
            return
        answer = route.fetch()
        address = urlsplit(route.request.url)
        self[f"{address.path}?{address.query}".rstrip("?")] = answer.text()
        route.fulfill(response=answer)


@pytest.mark.usefixtures("hidden")
def test_nothing_is_told_before_the_lock_and_everything_after_it(serve: Serve, open_page: Open) -> None:
    page = open_page(serve())
    bodies = Bodies(page)
    everywhere = {*NEVER_SHOWN.values(), *SHOWN_LATER.values(), "0.737373", "0.717171"}
    for path in (
        "/judges",
        "/judge?name=completeness",
        "/taxonomy",
        "/coverage",
        "/agreement",
        "/reports",
        "/report?kind=judge&name=completeness",
        "/adjudication",
        "/trends",
        TREND_DAY,
        "/proposals",
        "/?day=2026-03-02",
    ):
        page.goto(path)
    start(page)
    press(page, "j j w x")
    page.locator("#find-words").fill("Friday")
    page.keyboard.press("Enter")
    page.locator("#found").wait_for()
    asked = {
        "as JSON": page.request.get(session_path("s1"), headers={"Accept": "application/json"}),
        "turns": page.request.get("/session/turns?id=s1&first=0"),
        "claim": post(page, "/session/claim", {"session_id": "s1"}),
        "draft": post(page, "/session/draft", {"session_id": "s1", "version_seen": "0", "content": {"answer": "fail"}}),
        "submit": post(page, "/session/submit", {"session_id": "s1", "answer": "fail"}),
    }
    texts = bodies | {name: answer.text() for name, answer in asked.items()} | {"the DOM": page.content()}
    assert any("/session/search" in name for name in texts)
    assert {(word, name) for name, text in texts.items() for word in everywhere if word in text} - OF_ALL == set()
    figures = ("/judges", "/judge?name=completeness", "/taxonomy", "/coverage", "/agreement", "/reports", TREND_DAY)
    # The job rolled the day up: its page counts the one session of the version that counts, and says no more of it.
    assert "1 of 1 sessions is held back" in texts[TREND_DAY]
    assert [path for path in figures if "id=s1" in texts[path]] == []
    before = page.locator("#session").inner_html()
    assert [name for name in ("control", "flagged", "double", "repeat", "stratum") if f'"{name}' in before] == []

    lock_in(page, "s1", "pass")
    after = page.content()
    assert {name: word for name, word in SHOWN_LATER.items() if word not in after} == {}
    assert [word for word in NEVER_SHOWN.values() if word in after] == []
    page.goto("/judge?name=completeness")
    assert "id=s1" in page.content()


def post(page: Page, path: str, fields: Row) -> Any:
    token = page.locator("meta[name=csrf-token]").get_attribute("content")
    headers = {"Accept": "application/json", "X-CSRF-Token": str(token)}
    return page.request.post(path, data=fields, headers=headers)


@pytest.mark.usefixtures("hidden")
def test_who_looks_without_answering_is_shown_it_and_is_not_blind(
    serve: Serve, open_page: Open, warehouse: PostgresWarehouse
) -> None:
    page = open_page(serve())
    open_session(page, "s1")
    page.get_by_text("Show what machines say without answering").click()
    page.get_by_role("button", name="Show it").click()
    page.get_by_text("zqcritique").first.wait_for()
    ready(page)
    choose(page, "answer", "pass")
    page.locator("#agree-and-send").click()
    page.wait_for_url("**/session?id=s2*")
    mine = warehouse.query("select is_blind from evals.reviews where session_id = 's1' and reviewer = 'ann'", {})
    assert mine["is_blind"].tolist() == [False]
