"""axe-core looks at every page, light and dark, wide and narrow; and nothing on any page is wider than a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from resources.warehouse import PostgresWarehouse
from tests.browser.acts import lock_in, press, ready, session_path
from tests.browser.app import NARROW, WIDE, Open, Serve
from tests.browser.seeding import DAY, failing, many_turns, store, talk
from tests.browser.trend_rows import day_path, store_proposals, store_trends

PATHS = {
    "the queue": "/",
    "a session before the lock": session_path("blind"),
    "a failure that is entered": session_path("blind"),
    "the map of keys": session_path("blind"),
    "a session after the lock": session_path("revealed"),
    "judges": "/judges",
    "a judge": "/judge?name=completeness",
    "reports": "/reports",
    "a report": "/report?kind=judge&name=completeness",
    "agreement": "/agreement",
    "adjudication": "/adjudication",
    "coverage": "/coverage",
    "the taxonomy": "/taxonomy",
    "trends": "/trends",
    "a day of a trend": day_path("completeness"),
    "proposals": "/proposals",
    "a proposal": f"/proposal?id=k&day={DAY}",
    "no page": "/nowhere",
}
RICH = [
    {"role": "system", "content": "You are a shop's assistant."},
    *talk("user: Where is my **order**?"),
    {
        "role": "assistant",
        "reasoning": "Look it up.",
        "tool_calls": [{"id": "c", "name": "find", "arguments": {"n": 7}}],
    },
    {"role": "tool", "tool_call_id": "c", "content": '{"error": "time-out", "tries": [1, 2]}', "is_error": True},
    {
        "role": "assistant",
        "content": "# Sorry\n\n- I *cannot* find it.\n\n```\ncode\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    },
]

KEYS = {"a failure that is entered": "x 2 j w d", "the map of keys": "?", "a session after the lock": "a o m"}
"""What is pressed before a page is looked at."""

# The look of both themes at both widths is read from one loaded page.
LOOKS = [(scheme, size) for scheme in ("light", "dark") for size in (WIDE, NARROW)]


@pytest.fixture
def page(serve: Serve, open_page: Open, warehouse: PostgresWarehouse) -> Iterator[Page]:
    store(warehouse, [failing("blind", turns=RICH), failing("revealed", turns=RICH), many_turns("long", 60)])
    store_trends(warehouse, ["completeness"])
    store_proposals(warehouse, ["gift", "voucher", "a_long_word_that_tells_it_from_all_others"])
    opened = open_page(serve())
    lock_in(opened, "revealed", answer="fail", category="incomplete_answer")
    yield opened


def test_axe_finds_no_serious_fault_on_any_page(page: Page, axe_source: str, watch: Any) -> None:
    watch.expect("status of 404")
    assert {
        name: found for name, path in PATHS.items() if (found := _faults(page, path, axe_source, KEYS.get(name)))
    } == {}


def test_axe_finds_no_serious_fault_where_one_signs_in(serve: Serve, open_page: Open, axe_source: str) -> None:
    page = open_page(serve())
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in*")
    assert _faults(page, "/sign-in", axe_source) == []


def test_no_page_is_wider_than_a_phone(page: Page, watch: Any) -> None:
    watch.expect("status of 404")
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    too_wide = {}
    for name, path in PATHS.items():
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > NARROW[0]:
            too_wide[name] = width
    assert too_wide == {}


def _faults(page: Page, path: str, axe_source: str, keys: str | None = None) -> list[str]:
    page.goto(path)
    if keys:
        ready(page)
        press(page, keys)
    page.evaluate(axe_source)
    found = []
    for scheme, (width, height) in LOOKS:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": height})
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found += [
            f"{scheme}, {width}: {fault['id']}: {node['target']}: {node['failureSummary']}"
            for fault in result["violations"]
            for node in fault["nodes"]
            if fault["impact"] in ("serious", "critical")
        ]
    return found
