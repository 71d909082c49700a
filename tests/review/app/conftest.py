"""The review app over a real database, reached as the app's own role, with browsers that are signed in.

`app_client(role=..., reviewer=...)` gives a signed-in client; what it POSTs brings its CSRF token by itself. Tests
store sessions and a queue through `warehouse` (see `tests/stored_sessions.py`). Not here: a real browser (`tests/browser`).
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from eval_pipeline.deployment import Deployment
from eval_pipeline.review.app.context import AppContext, Entrance
from eval_pipeline.review.app.server import build_app
from eval_pipeline.review.policy import ReviewPolicy
from eval_pipeline.review.ports import Role, SignedIn
from eval_pipeline.settings import PROJECT_ROOT, Settings
from resources.review_people import PostgresPeople
from resources.review_role import as_review_role
from resources.review_store import PostgresReviewStore
from resources.warehouse import PostgresWarehouse

BASE_URL = "http://127.0.0.1:3001"

AppClient = Callable[..., TestClient]


class OpenEntrance:
    """Lets nobody in by the form, and keeps whoever is signed in: tests open sessions themselves."""

    kind = "local"

    def admits(self, request: object) -> bool:
        return True

    def enter(self, request: object, evidence: object) -> tuple[str, Role]:
        raise AssertionError("this test signs nobody in by the form")

    def still_holds(self, request: object, person: SignedIn) -> bool:
        return True


@cache
def shipped_deployment(home: Path) -> Deployment:
    """The catalog that is shipped; read once, as it does not change."""
    return Deployment.load(Settings(home=home, catalog=PROJECT_ROOT / "catalog"))


@pytest.fixture
def app_context(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppContext]:
    """The app's context over the test's own database."""
    deployment = shipped_deployment(tmp_path_factory.getbasetemp() / "review-app-home")
    url = as_review_role(database_url)
    entrance: Entrance = OpenEntrance()
    with PostgresWarehouse(url) as warehouse, PostgresReviewStore(url) as store, PostgresPeople(url) as people:
        yield AppContext(warehouse, store, people, deployment, ReviewPolicy(local_name="ann"), entrance)


@pytest.fixture
def app_client(app_context: AppContext) -> AppClient:
    """Make clients that are signed in: `app_client(role="lead", reviewer="ann")`; with `role=None` one that is not."""
    app = build_app(app_context)

    def made(role: Role | None = "reviewer", reviewer: str = "ann") -> TestClient:
        client = browser(app)
        if role is not None:
            token, person = app_context.people.open_session(reviewer, role, timedelta(hours=1))
            client.cookies.set("review_session_3001", token)
            client.headers["X-CSRF-Token"] = person.csrf_token
        return client

    return made


def browser(app: object, **options: object) -> TestClient:
    """Return a client that follows no redirect and is told of failures as a browser is: by a page."""
    client = TestClient(app, base_url=BASE_URL, follow_redirects=False, raise_server_exceptions=False, **options)  # type: ignore[arg-type]
    client.headers["Sec-Fetch-Site"] = "same-origin"
    return client
