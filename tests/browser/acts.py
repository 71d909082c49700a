"""What a reviewer does in a page, in few words, and what is stored of it. Not here: what the page shows for it (the tests)."""

from typing import Any
from urllib.parse import quote

from playwright.sync_api import Page

from eval_pipeline.ports import Warehouse

REVEALED = "#session[data-stage=revealed]"
BLIND = "#session[data-stage=blind]"


def session_path(session_id: str) -> str:
    """Return the address of a session's page."""
    return f"/session?id={quote(session_id, safe='')}"


def open_session(page: Page, session_id: str) -> None:
    """Go to a session's page; its script is at work when this returns."""
    page.goto(session_path(session_id))
    ready(page)


def ready(page: Page) -> None:
    """Wait until the page's script has begun to listen for keys."""
    page.locator("#show-keys:not([hidden])").wait_for(state="attached")


def session_of(page: Page) -> str:
    """Return the session that the page shows."""
    return str(page.locator("#session").get_attribute("data-session"))


def press(page: Page, keys: str) -> int:
    """Press `keys`, separated by spaces, and return how many they are."""
    pressed = keys.split(" ")
    for key in pressed:
        page.keyboard.press(key)
    return len(pressed)


def start(page: Page) -> None:
    """Begin with the queue."""
    page.locator("form[action='/next'] button.primary").click()
    ready(page)


def lock_in(page: Page, session_id: str, answer: str, category: str | None = None) -> None:
    """Open a session and lock an answer with the mouse."""
    open_session(page, session_id)
    choose(page, "answer", answer)
    if category is not None:
        choose(page, "category", category)
    page.locator("#send").click()
    page.locator(REVEALED).wait_for()
    ready(page)


def choose(page: Page, name: str, value: str) -> None:
    """Choose one of the panel's answers by the mouse."""
    page.locator(f"#panel-form label:has(input[name='{name}'][value='{value}'])").click()


def reviews(warehouse: Warehouse, session_id: str | None = None) -> list[dict[str, Any]]:
    """Return the stored reviews, of a session or of all, in order."""
    found = warehouse.query(
        "select * from evals.reviews where %(id)s::text is null or session_id = %(id)s order by submitted_at",
        {"id": session_id},
    )
    return found.to_dict("records")


def draft_of(warehouse: Warehouse, session_id: str) -> dict[str, Any] | None:
    """Return the content of the one draft of a session."""
    found = warehouse.query("select content from evals.review_drafts where session_id = %(id)s", {"id": session_id})
    return found["content"].iloc[0] if len(found) else None
