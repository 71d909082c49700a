"""The doors that every request passes, in this order: headers of the answer, host, method, address, body, person, token.

Deny by default: but for `OPEN` nothing is answered to one who is not signed in, whatever the routes say, and a viewer
can POST nothing but `VIEWERS_MAY_POST`. Not here: roles of single pages (`http.require`), how one signs in
(`sign_in.py`), what a refusal looks like (`errors_pages.py`).
"""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from eval_pipeline.review.app.addresses import LOOPBACK_NAMES, host_name
from eval_pipeline.review.app.cookies import read_form_token, read_session
from eval_pipeline.review.app.http import at_least, context_of, link, wants_json
from eval_pipeline.review.ports import SignedIn

SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
OPEN = frozenset({SIGN_IN, "/health"})
VIEWERS_MAY_POST = frozenset({SIGN_OUT, "/session/look"})
METHODS = frozenset({"GET", "HEAD", "POST"})
BODY_LIMIT_BYTES = 256 * 1024
BODY_LIMIT_S = 30.0

CONTENT_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


class AnswerHeaders:
    """Puts the security headers on every answer, and `no-store` where the page says nothing of caching."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Doors:
    """Lets through only what is allowed; leaves the person and the read form in the request's state."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises `HTTPException` for what is refused."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        _check_address(request)
        person = None if _is_open(request) else await run_in_threadpool(_person, request)
        scope.setdefault("state", {}).update(person=person, form={})
        if request.method == "POST":
            form = await _form(request, scope)
            _check_token(request, person, form)
            _check_role(request, person)
            scope["state"]["form"] = form
        elif person is None and not _is_open(request):
            raise _sign_in_first(request)
        await self._app(scope, receive, send)


def _is_open(request: Request) -> bool:
    path = _path(request)
    return path in OPEN or path.startswith("/static/")


def _path(request: Request) -> str:
    """Return the path that the router goes by; `request.url` would be put together with what the Host header says."""
    return str(request.scope["path"])


def _check_address(request: Request) -> None:
    """Refuse names that are not this server's (DNS rebinding), other methods, foreign addresses, and NUL characters."""
    context = context_of(request)
    if host_name(request.headers.get("host", "")) not in {*LOOPBACK_NAMES, *context.policy.hosts}:
        raise HTTPException(400, "This server does not go by that name. The lead can add it to `hosts` in review.yaml.")
    if request.method not in METHODS:
        raise HTTPException(405, headers={"Allow": ", ".join(sorted(METHODS))})
    if not context.entrance.admits(request):
        raise HTTPException(403, "This server is reached through its proxy alone.")
    if "\0" in _path(request) or "%00" in request.url.query or "\0" in request.url.query:
        raise HTTPException(400, "The address holds a NUL character.")


def _person(request: Request) -> SignedIn | None:
    """Return who is signed in and would still be let in."""
    context = context_of(request)
    token = read_session(request)
    person = context.people.session(token) if token else None
    return person if person is not None and context.entrance.still_holds(request, person) else None


def _sign_in_first(request: Request) -> HTTPException:
    """Return the way to the sign-in page, which leads back here; a script gets 401."""
    if wants_json(request) or request.headers.get("sec-fetch-mode", "navigate") != "navigate":
        return HTTPException(401)
    asked = quote(_path(request)) + (f"?{request.url.query}" if request.url.query else "")
    return HTTPException(303, headers={"Location": link(SIGN_IN, next=None if asked == "/" else asked)})


async def _form(request: Request, scope: Scope) -> Mapping[str, Any]:
    """Return the fields of the body, a form's or a JSON object's."""
    try:
        async with asyncio.timeout(BODY_LIMIT_S):
            body = await _body(request)
    except TimeoutError:
        raise HTTPException(408) from None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        found = _json_object(body)
    elif kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        found = await _form_fields(scope, body)
    elif body:
        raise HTTPException(415, "A form or a JSON object is expected.")
    else:
        found = {}
    if _holds_nul(found):
        raise HTTPException(400, "The form holds a NUL character.")
    return found


async def _body(request: Request) -> bytes:
    """Return the body, read no further than the limit."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > BODY_LIMIT_BYTES:
        raise HTTPException(413)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_LIMIT_BYTES:
            raise HTTPException(413)
        parts.append(part)
    return b"".join(parts)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise HTTPException(400, "The body is not valid JSON.") from None
    if not isinstance(found, dict):
        raise HTTPException(400, "The body is not a JSON object.")
    return found


async def _form_fields(scope: Scope, body: bytes) -> dict[str, Any]:
    async def once() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    fields = await Request(scope, once).form(max_files=0, max_fields=500, max_part_size=BODY_LIMIT_BYTES)
    return {name: value for name, value in fields.multi_items() if isinstance(value, str)}


def _holds_nul(form: Mapping[str, Any]) -> bool:
    """Return whether a text in `form`, at any depth, holds the one character that PostgreSQL cannot store."""
    left: list[Any] = [form]
    while left:
        part = left.pop()
        if isinstance(part, str) and "\0" in part:
            return True
        if isinstance(part, dict):
            left += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            left += part
    return False


def _check_token(request: Request, person: SignedIn | None, form: Mapping[str, Any]) -> None:
    """Refuse a POST that another site may have made a browser send."""
    if not _is_same_origin(request):
        raise HTTPException(403, "This request came from another site.")
    if person is None and _path(request) != SIGN_IN:
        raise HTTPException(401)
    expected = person.csrf_token if person else read_form_token(request)
    given = request.headers.get("x-csrf-token") or form.get("csrf_token")
    if not expected or not isinstance(given, str) or not secrets.compare_digest(given.encode(), expected.encode()):
        raise HTTPException(403, "The page is out of date: load it again. What you typed is kept as a draft.")


def _is_same_origin(request: Request) -> bool:
    """Return whether the browser says that this app's own page sent the request, by each header it sends.

    With `no-referrer` browsers send `Origin: null` from the app's own forms; Sec-Fetch-Site tells these from others.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    if origin is None or (origin == "null" and site is not None):
        return True
    return urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()


def _check_role(request: Request, person: SignedIn | None) -> None:
    may_post = person is None or at_least(person, "reviewer") or _path(request) in VIEWERS_MAY_POST
    if not may_post:
        raise HTTPException(403, "A viewer reads; only a reviewer may change something.")
