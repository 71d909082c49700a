"""The review app: server time and weight of its pages, and how fast one gets from a submit to the next session.

The real app over HTTP on a real PostgreSQL, under its own role, beside a bare route in the same server that asks the
database one thing and sends as many bytes. The last part plays a reviewer in chromium who answers at once, by keys alone:
what is left is the system's share of a reading. Run by `make bench-review`.
"""

import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import sync_playwright
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.review_sessions import BIG, LONG, PLAIN, SHORT, fill
from eval_pipeline.deployment import Deployment
from eval_pipeline.review.app import queue_page
from eval_pipeline.review.app.context import AppContext
from eval_pipeline.review.app.entrances import LocalEntrance, entrance_of
from eval_pipeline.review.policy import ReviewPolicy
from eval_pipeline.settings import PROJECT_ROOT, Settings
from resources.embedded_postgres import EmbeddedPostgres
from resources.migration import migrate
from resources.review_people import PostgresPeople
from resources.review_role import as_review_role
from resources.review_store import PostgresReviewStore
from resources.taxonomy_register import hold_to
from resources.warehouse import PostgresWarehouse
from tests.browser.acts import BLIND, REVEALED, press, ready, session_of
from tests.browser.app import running
from tests.browser.conftest import FLAGS

REPEATS = 40
BARE = "/static/bare"
"""Below /static, so that it needs no sign-in; else it passes the same middlewares as a page."""


def main() -> None:
    """Print all figures."""
    with _served() as (link, context), httpx.Client(base_url=link.split("/sign-in")[0]) as client:
        _by_keys(link)
        _sign_in(client, context)
        _pages(client)
        _acts(client)


@contextmanager
def _served() -> Iterator[tuple[str, AppContext]]:
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="bench-review-"))
        home.chmod(0o755)
        stack.callback(shutil.rmtree, home)
        postgres = EmbeddedPostgres(home)
        url = postgres.start()
        stack.callback(postgres.stop)
        migrate(url)
        environment = {"EVAL_PIPELINE_HOME": str(home), "EVAL_PIPELINE_CATALOG": str(PROJECT_ROOT / "catalog")}
        deployment = Deployment.load(Settings.from_env(environment))
        with PostgresWarehouse(url) as warehouse:
            hold_to(warehouse, deployment.taxonomy, datetime.now(UTC))
            fill(warehouse)
        own = as_review_role(url)
        reading = stack.enter_context(PostgresWarehouse(own))
        stored = stack.enter_context(PostgresReviewStore(own, repeat_share=0))
        people = stack.enter_context(PostgresPeople(own))
        policy = ReviewPolicy(local_name="bench")
        context = AppContext(reading, stored, people, deployment, policy, entrance_of(policy, people))
        queue_page.routes.append(Route(BARE, _bare))
        yield stack.enter_context(running(context)), context


def _bare(request: Any) -> Response:
    request.app.state.context.warehouse.query("select 1 as one")
    return Response(b"x" * int(request.query_params["n"]), media_type="text/html")


def _sign_in(client: httpx.Client, context: AppContext) -> None:
    assert isinstance(context.entrance, LocalEntrance)
    page = client.get("/sign-in").text
    form = {"token": context.entrance.token, "csrf_token": _csrf(page)}
    assert client.post("/sign-in", data=form).status_code == 303


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"|name="csrf-token" content="([^"]+)"', page)
    return "" if found is None else found[1] or found[2]


def _pages(client: httpx.Client) -> None:
    print(f"{'page':<52}{'median':>9}{'p95':>9}{'bytes':>10}{'bare':>9}")
    pages = {"the queue, 60 sessions": "/"}
    for name, title in (
        (SHORT, "20 turns"),
        (PLAIN, "200 turns of 300 characters"),
        (BIG, "200 turns, tools"),
        (LONG, "10,000 turns"),
    ):
        pages[f"a session before the lock, {title}"] = f"/session?id={name}"
    for title, path in pages.items():
        _page(client, title, path)
    for name, title in ((PLAIN, "200 turns of 300 characters"), (LONG, "10,000 turns")):
        _lock(client, name)
        _page(client, f"a session after the lock, {title}", f"/session?id={name}")
    _page(client, "turns 5,000 to 5,099 of 10,000", f"/session/turns?id={LONG}&first=5000")
    _page(client, "a search in 10,000 turns", f"/session/search?id={LONG}&q=turn+7345")
    for path in ("/judges", "/judge?name=tone", "/agreement", "/coverage", "/taxonomy"):
        _page(client, path, path)


def _page(client: httpx.Client, title: str, path: str) -> None:
    n_bytes = len(client.get(path).content)
    ours, bare = _timed(lambda: client.get(path)), _timed(lambda: client.get(BARE, params={"n": n_bytes}))
    print(f"{title:<52}{_ms(ours, 50):>9}{_ms(ours, 95):>9}{n_bytes:>10,}{_ms(bare, 50):>9}")


def _timed(ask: Callable[[], httpx.Response], repeats: int = REPEATS) -> list[float]:
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        answer = ask()
        seconds.append(time.perf_counter() - begun)
        assert answer.status_code == 200, (answer.status_code, answer.url)
    return seconds


def _ms(seconds: list[float], percentile: int) -> str:
    return f"{1000 * statistics.quantiles(seconds, n=100)[percentile - 1]:.1f} ms"


def _lock(client: httpx.Client, name: str) -> None:
    page = client.get(f"/session?id={name}").text
    key = re.search(r'name="idempotency_key" value="([^"]+)"', page)
    assert key is not None
    form = {"csrf_token": _csrf(page), "session_id": name, "idempotency_key": key[1], "revision_seen": "0"}
    answer = client.post("/session/lock", data={**form, "answer": "fail", "category": "loop", "seconds": "5"})
    assert answer.status_code == 303, answer.text


def _acts(client: httpx.Client) -> None:
    token = _csrf(client.get("/").text)
    heads = {"Accept": "application/json", "X-CSRF-Token": token}
    form = {"session_id": SHORT, "csrf_token": token}
    claims = _timed(lambda: client.post("/session/claim", data=form, headers=heads))
    print(f"{'renew a claim':<52}{_ms(claims, 50):>9}{_ms(claims, 95):>9}")


def _by_keys(link: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page()
        page.goto(link)
        page.wait_for_url(re.compile(r"/$"))
        press(page, "Enter")
        ready(page)
        locked, onward, n_done, begun = [], [], 0, time.perf_counter()
        while n_done < 50:
            here = session_of(page)
            press(page, "f q")
            at = time.perf_counter()
            press(page, "Enter")
            page.locator(REVEALED).wait_for()
            ready(page)
            locked.append(time.perf_counter() - at)
            at = time.perf_counter()
            press(page, "g")
            page.wait_for_function("(id) => document.getElementById('session')?.dataset.session !== id", arg=here)
            page.locator(BLIND).wait_for()
            ready(page)
            onward.append(time.perf_counter() - at)
            n_done += 1
        took = time.perf_counter() - begun
        browser.close()
    print(f"{'in chromium: from the lock to the words':<52}{_ms(locked, 50):>9}{_ms(locked, 95):>9}")
    print(f"{'in chromium: from the submit to the next session':<52}{_ms(onward, 50):>9}{_ms(onward, 95):>9}")
    print(f"answered at once by keys: {300 * n_done / took:.0f} sessions in five minutes ({n_done} in {took:.1f} s)")


if __name__ == "__main__":
    main()
