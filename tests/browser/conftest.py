"""A real browser against the real app: Debian's chromium, uvicorn in a thread, a PostgreSQL database of the test's own.

Whatever a test does, it fails on an error in the console, a violation of the content policy, a dialog, or a request to
another host. Not here: what sessions there are (`seeding.py`), what is done in a page (`acts.py`).
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from eval_pipeline.deployment import Deployment
from eval_pipeline.review.accounts import Account, add
from eval_pipeline.review.app.context import AppContext
from eval_pipeline.review.app.entrances import entrance_of
from eval_pipeline.review.app.passwords import hashed
from eval_pipeline.review.policy import ReviewPolicy
from eval_pipeline.review.ports import Role
from eval_pipeline.settings import PROJECT_ROOT, Settings
from resources.review_people import PostgresPeople
from resources.review_role import as_review_role
from resources.review_store import PostgresReviewStore
from resources.warehouse import PostgresWarehouse
from tests.browser.app import REVIEWER, WIDE, App, Open, Serve, running
from tests.browser.watching import Watch

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT_MS = 30_000
"""A machine that runs other tests beside these may be slow; a test that passes waits for none of it."""

PASSWORD = "three quiet green herons"


def lacking(what: str, mend: str) -> NoReturn:
    """Skip, or fail where the tests in a browser must run (in CI)."""
    told = f"there is no {what} for the tests in a browser; {mend}"
    if os.environ.get("EVAL_PIPELINE_BROWSER") == "required":
        pytest.fail(told)
    pytest.skip(told)


@pytest.fixture(scope="session")
def axe_source() -> str:
    """The text of axe-core, which npm brings."""
    path = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
    return path.read_text() if path.exists() else lacking("axe-core", "npm ci --prefix tests/browser")


# By file: while it is open, playwright's loop runs in this thread, and no other test could run one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    path = shutil.which("chromium") or lacking("chromium", "apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The project's own catalog."""
    environment = {
        "EVAL_PIPELINE_HOME": str(tmp_path_factory.mktemp("home")),
        "EVAL_PIPELINE_CATALOG": str(PROJECT_ROOT / "catalog"),
        "EVAL_PIPELINE_REDACTION_KEY": "the redaction key of the tests in a browser",
    }
    return Deployment.load(Settings.from_env(environment))


@pytest.fixture
def serve(database_url: str, warehouse: PostgresWarehouse, deployment: Deployment) -> Iterator[Serve]:
    """Serve the app on the test's database, as the app's own role; given `accounts`, to people with passwords."""
    with ExitStack() as stack:
        url = as_review_role(database_url)
        reading = stack.enter_context(PostgresWarehouse(url))
        people = PostgresPeople(url)
        stack.callback(people.close)

        def start(accounts: dict[str, Role] | None = None, **policy: Any) -> App:
            for name, role in (accounts or {}).items():
                add(warehouse, Account(name, role, hashed(PASSWORD), True, datetime.now(UTC)))
            asked = ReviewPolicy(**{"people": "accounts" if accounts else "local", "local_name": REVIEWER, **policy})
            store = stack.enter_context(PostgresReviewStore(url, repeat_share=0))
            context = AppContext(reading, store, people, deployment, asked, entrance_of(asked, people))
            return App(stack.enter_context(running(context)), context)

        yield start


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What went wrong in the test's pages; looked at when the test is over."""
    watched = Watch()
    yield watched
    assert watched.faults() == []


@pytest.fixture
def open_page(browser: Browser, watch: Watch) -> Iterator[Open]:
    """Open the app in a browser of its own (cookies, storage), as one signed in."""
    with ExitStack() as stack:

        def opened(app: App, name: str | None = None, size: tuple[int, int] = WIDE, **options: Any) -> Page:
            viewport = {"width": size[0], "height": size[1]}
            context = browser.new_context(viewport=viewport, base_url=app.url, reduced_motion="reduce", **options)
            stack.callback(context.close)
            context.set_default_timeout(TIMEOUT_MS)
            watch.over(context, app.url)
            page = context.new_page()
            page.goto(app.url if "storage_state" in options else app.link)
            if name is not None:
                page.get_by_label("Name").fill(name)
                page.get_by_label("Password").fill(PASSWORD)
                page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(f"{app.url}/")
            return page

        yield opened
