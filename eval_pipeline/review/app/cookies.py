"""The two cookies of the app: the signed-in browser's token, and the token of the sign-in form before that.

Browsers do not keep the cookies of two ports apart, so the port is part of the names. Over HTTPS they are `__Host-`
cookies, which no other host can set. Not here: what the tokens stand for.
"""

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from eval_pipeline.review.app.addresses import is_secure
from eval_pipeline.review.app.http import context_of


def read_session(request: Request) -> str | None:
    """Return the token of a signed-in browser."""
    return request.cookies.get(_name(request, "session"))


def read_form_token(request: Request) -> str | None:
    """Return the token that the sign-in form must bring."""
    return request.cookies.get(_name(request, "form"))


def set_session(request: Request, response: Response, token: str, seconds: int) -> None:
    """Give the browser its token. Lax: a link from elsewhere shows a page, and no other site's form is believed."""
    _set(request, response, "session", token, seconds, "lax")


def set_form_token(request: Request, response: Response, token: str) -> None:
    """Give the browser the sign-in form's token until it is closed."""
    _set(request, response, "form", token, None, "strict")


def clear(request: Request, response: Response) -> None:
    """Take both cookies back."""
    _set(request, response, "session", "", 0, "lax")
    _set(request, response, "form", "", 0, "strict")


def _set(
    request: Request,
    response: Response,
    kind: str,
    value: str,
    seconds: int | None,
    same_site: Literal["lax", "strict"],
) -> None:
    secure = _is_secure(request)
    response.set_cookie(
        _name(request, kind), value, max_age=seconds, path="/", secure=secure, httponly=True, samesite=same_site
    )


def _name(request: Request, kind: str) -> str:
    server = request.scope.get("server")
    port = server[1] if server and server[1] else 0
    return f"{'__Host-' if _is_secure(request) else ''}review_{kind}_{port}"


def _is_secure(request: Request) -> bool:
    return is_secure(request, context_of(request).policy.trusted_addresses)
