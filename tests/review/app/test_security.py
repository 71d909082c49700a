"""The doors of the review app: who gets which page, what a foreign site can make a browser do, what every answer carries."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest
from starlette.routing import Route
from starlette.types import Message

from eval_pipeline.review.app import security
from eval_pipeline.review.app.context import AppContext
from eval_pipeline.review.app.rendering import static_address, static_files
from eval_pipeline.review.app.security import BODY_LIMIT_BYTES, CONTENT_POLICY
from eval_pipeline.review.app.server import build_app
from eval_pipeline.review.ports import Role
from resources.warehouse import PostgresWarehouse
from tests.review.app.conftest import AppClient, browser


def _routes(context: AppContext) -> list[tuple[str, str]]:
    routes = [route for route in build_app(context).routes if isinstance(route, Route)]
    return [(route.path, method) for route in routes for method in sorted(route.methods or {"GET"})]


EVERYBODY = "everybody"
WHO_MAY = {
    "GET /health": EVERYBODY,
    "GET /sign-in": EVERYBODY,
    "POST /sign-in": EVERYBODY,
    "GET /static/{version}/{name}": EVERYBODY,
    "GET /": "viewer",
    "GET /agreement": "viewer",
    "GET /coverage": "viewer",
    "GET /judge": "viewer",
    "GET /judges": "viewer",
    "GET /proposal": "viewer",
    "GET /proposals": "viewer",
    "GET /reports": "viewer",
    "GET /report": "viewer",
    "GET /session": "viewer",
    "GET /session/search": "viewer",
    "GET /session/text": "viewer",
    "GET /session/turns": "viewer",
    "GET /taxonomy": "viewer",
    "GET /trends": "viewer",
    "GET /trends/day": "viewer",
    "POST /session/look": "viewer",
    "POST /sign-out": "viewer",
    "POST /next": "reviewer",
    "POST /session/claim": "reviewer",
    "POST /session/decline": "reviewer",
    "POST /session/defer": "reviewer",
    "POST /session/draft": "reviewer",
    "POST /session/lock": "reviewer",
    "POST /session/submit": "reviewer",
    "POST /session/take-back": "reviewer",
    "GET /adjudication": "lead",
    "GET /adjudication/session": "lead",
    "POST /adjudication/decide": "lead",
    "POST /proposals/accept": "lead",
    "POST /proposals/reject": "lead",
}
"""Every route with the least role that may ask for it: a new route without a line here fails the test."""
ROLES: list[Role] = ["viewer", "reviewer", "lead"]


def test_every_route_lets_in_whom_it_should_and_nobody_else(app_context: AppContext, app_client: AppClient) -> None:
    routes = {f"{method} {path}" for path, method in _routes(app_context) if method != "HEAD"}
    assert routes == set(WHO_MAY)
    for route, least in WHO_MAY.items():
        method, path = route.split()
        for asked in {method, "HEAD" if method == "GET" else method}:
            stranger = app_client(role=None).request(asked, path).status_code
            # The sign-in form's own token is missing here.
            expected = {403} if route == "POST /sign-in" else {200, 404} if least == EVERYBODY else {303, 401}
            assert stranger in expected, (asked, path)
            for role in ROLES:
                answer = app_client(role=role, reviewer=role).request(asked, path).status_code
                is_refused = least != EVERYBODY and ROLES.index(role) < ROLES.index(least)  # type: ignore[arg-type]
                assert (answer == 403) == (is_refused or route == "POST /sign-in"), (role, asked, path, answer)
                assert answer < 500, (role, asked, path)


def test_one_who_is_not_signed_in_is_led_to_the_page_he_asked_for(app_client: AppClient) -> None:
    client = app_client(role=None)
    unknown = client.get("/no/such/page?id=a%20b")
    assert unknown.headers["location"] == "/sign-in?next=%2Fno%2Fsuch%2Fpage%3Fid%3Da%2520b"
    assert client.get("/", headers={"Accept": "application/json"}).status_code == 401
    assert client.get("/static%2f..%2fsession").status_code in (303, 404)


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


def test_a_body_nested_without_end_is_refused_and_no_failure(
    app_client: AppClient, caplog: pytest.LogCaptureFixture
) -> None:
    for body in (b'{"a":' * 900 + b"1" + b"}" * 900, b'{"a":' + b"[" * 100_000):
        answer = app_client().post("/sign-out", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (303, 400)
    assert "incident" not in caplog.text


def _asked(app: Any, receive: Any) -> list[Message]:
    """Ask for the sign-in with a body that `receive` brings, as a server would; return what was sent."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/sign-in",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:3001"), (b"content-type", b"application/x-www-form-urlencoded")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 3001),
        "scheme": "http",
    }
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def test_a_browser_that_goes_away_is_no_failure(app_context: AppContext, caplog: pytest.LogCaptureFixture) -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    assert _asked(build_app(app_context), gone) == []
    assert "incident" not in caplog.text


def test_a_body_that_never_ends_is_given_up(app_context: AppContext, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing_more() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(security, "BODY_LIMIT_S", 0.01)
    assert _asked(build_app(app_context), nothing_more)[0]["status"] == 408


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
