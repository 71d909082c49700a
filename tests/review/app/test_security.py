"""The doors of the review app: who gets which page, what a foreign site can make a browser do, what every answer carries."""

import re
from dataclasses import replace
from typing import Any

import pytest
from starlette.routing import Route

from eval_pipeline.review.app.context import AppContext
from eval_pipeline.review.app.rendering import static_address, static_files
from eval_pipeline.review.app.security import BODY_LIMIT_BYTES, CONTENT_POLICY
from eval_pipeline.review.app.server import build_app
from resources.warehouse import PostgresWarehouse
from tests.review.app.conftest import AppClient, browser


def _routes(context: AppContext) -> list[tuple[str, str]]:
    routes = [route for route in build_app(context).routes if isinstance(route, Route)]
    return [(route.path, method) for route in routes for method in sorted(route.methods or {"GET"})]


def test_one_who_is_not_signed_in_gets_no_page_whatever_the_route(
    app_context: AppContext, app_client: AppClient
) -> None:
    client = app_client(role=None)
    for path, method in _routes(app_context):
        if path in ("/sign-in", "/health") or path.startswith("/static/"):
            continue
        answer = client.request(method, path)
        assert answer.status_code in (303, 401), (method, path)
        if answer.status_code == 303:
            assert method in ("GET", "HEAD") and answer.headers["location"].startswith("/sign-in")
    unknown = client.get("/no/such/page?id=a%20b")
    assert unknown.headers["location"] == "/sign-in?next=%2Fno%2Fsuch%2Fpage%3Fid%3Da%2520b"
    assert client.get("/", headers={"Accept": "application/json"}).status_code == 401


def test_a_viewer_can_post_nothing_but_his_look_and_sign_out(app_context: AppContext, app_client: AppClient) -> None:
    client = app_client(role="viewer", reviewer="vic")
    posts = [path for path, method in _routes(app_context) if method == "POST"]
    assert {"/next", "/session/lock", "/session/submit", "/adjudication/decide"} <= set(posts)
    for path in set(posts) - {"/sign-in", "/sign-out", "/session/look"}:
        assert client.post(path).status_code == 403, path
    assert client.post("/sign-out").status_code == 303


def test_only_a_lead_sees_what_waits_for_a_decision(app_client: AppClient) -> None:
    assert app_client(role="reviewer").get("/adjudication").status_code == 403
    assert app_client(role="viewer").post("/adjudication/decide").status_code == 403
    assert app_client(role="reviewer").post("/adjudication/decide").status_code == 403
    assert app_client(role="lead", reviewer="lea").get("/adjudication").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {"X-CSRF-Token": "wrong"},
        {"X-CSRF-Token": "ünïcode".encode("latin-1")},
        {"X-CSRF-Token": ""},
    ],
)
def test_a_post_that_another_site_may_have_caused_changes_nothing(
    app_client: AppClient, headers: dict[str, Any]
) -> None:
    client = app_client()
    assert client.post("/sign-out", headers=headers).status_code == 403
    assert client.get("/").status_code == 200


def test_a_browser_that_says_only_its_origin_is_believed_that(app_client: AppClient) -> None:
    client = app_client()
    del client.headers["Sec-Fetch-Site"]
    assert client.post("/sign-out", headers={"Origin": "null"}).status_code == 403
    assert client.post("/sign-out", headers={"Origin": "http://127.0.0.1:3001"}).status_code == 303


def test_the_token_of_another_browser_does_not_do(app_client: AppClient) -> None:
    client, other = app_client(), app_client(reviewer="ben")
    assert client.post("/sign-out", headers={"X-CSRF-Token": other.headers["X-CSRF-Token"]}).status_code == 403
    as_field = client.post(
        "/sign-out", data={"csrf_token": client.headers["X-CSRF-Token"]}, headers={"X-CSRF-Token": ""}
    )
    assert as_field.status_code == 303


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3001", "127.0.0.1.evil.example", "", "[::2]"])
def test_only_its_own_names_are_answered_to(app_client: AppClient, host: str) -> None:
    for address in ("/", "/sign-in", "/health", static_address("app.css")):
        assert app_client().get(address, headers={"Host": host}).status_code == 400


def test_every_kind_of_answer_carries_the_security_headers(app_client: AppClient) -> None:
    client, stranger = app_client(), app_client(role=None)
    answers = {
        200: client.get("/"),
        303: stranger.get("/"),
        400: client.get("/", headers={"Host": "evil.example"}),
        401: stranger.post("/next"),
        403: client.get("/adjudication"),
        404: client.get("/nothing"),
        405: client.request("DELETE", "/"),
        413: client.post("/next", content=b"x" * (BODY_LIMIT_BYTES + 1)),
        415: client.post("/next", content=b"x", headers={"Content-Type": "text/plain"}),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["content-security-policy"] == CONTENT_POLICY
        assert "unsafe" not in CONTENT_POLICY and "default-src 'none'" in CONTENT_POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"


def test_static_files_are_kept_by_their_content_and_no_other_file_can_be_asked_for(app_client: AppClient) -> None:
    client = app_client(role=None)
    for name in static_files():
        answer = client.get(static_address(name))
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-security-policy"] == CONTENT_POLICY
    assert client.get("/static/old/app.css").headers["cache-control"] == "no-cache"
    for name in ("../server.py", "..%2fserver.py", "%2e%2e/templates/base.html", "nothing.css"):
        assert client.get(f"/static/x/{name}").status_code in (303, 404)


@pytest.mark.parametrize("body", [b"[1]", b"{", b'"text"', b'{"a": "\\u0000"}', b'{"a": [{"b\\u0000": 1}]}'])
def test_a_body_that_is_no_object_of_storable_text_is_refused(app_client: AppClient, body: bytes) -> None:
    answer = app_client().post("/next", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert app_client().get("/?day=%00").status_code == 400


class Broken:
    """A warehouse that fails as no code foresaw, with a transcript's words in its message."""

    def query(self, sql: str, parameters: object = ()) -> Any:
        raise RuntimeError("the user's secret words")


def test_a_failure_shows_no_traceback_and_logs_no_content(
    app_context: AppContext, app_client: AppClient, caplog: pytest.LogCaptureFixture
) -> None:
    client = app_client()
    failing = browser(build_app(replace(app_context, warehouse=Broken())))  # type: ignore[arg-type]
    failing.cookies.update(client.cookies)
    for accept in ("text/html", "application/json"):
        answer = failing.get("/?day=2025-03-04&surface=secret", headers={"Accept": accept})
        assert answer.status_code == 500
        assert "Something went wrong here" in answer.text
        assert "secret" not in answer.text and "Traceback" not in answer.text and "RuntimeError" not in answer.text
    incident = re.search(r'"incident":"([0-9a-f]{8})"', answer.text.replace(" ", ""))
    assert incident and f"incident {incident[1]}: RuntimeError" in caplog.text
    assert "secret" not in caplog.text and "2025-03-04" not in caplog.text


def test_no_get_changes_the_database(
    app_context: AppContext, app_client: AppClient, warehouse: PostgresWarehouse
) -> None:
    clients = [
        app_client(role="lead", reviewer="lea"),
        app_client(role="viewer", reviewer="vic"),
        app_client(role=None),
    ]
    before = _writes(warehouse)
    for path, method in _routes(app_context):
        for client in clients:
            if method in ("GET", "HEAD"):
                client.request(method, path, params={"id": "s1", "name": "tone", "q": "x"})
    assert _writes(warehouse) == before


def _writes(warehouse: PostgresWarehouse) -> list[dict[str, Any]]:
    """Return all that was ever written to the tables of people's acts, and rows of slots and drafts."""
    return warehouse.query(
        "select (select count(*) from evals.audit_trail) as audited, (select count(*) from evals.review_drafts) as drafts,"
        " (select count(*) from evals.review_slots where state <> 'waiting') as claims"
    ).to_dict("records")
