"""Signing in and out: the page, the browser's new token, its end. A GET only shows the form.

Not here: who is let in (`entrances.py`), the token's check on every request (`security.py`).
"""

import secrets
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from eval_pipeline.review.app import cookies
from eval_pipeline.review.app.context import SignInRefused
from eval_pipeline.review.app.entrances import ProxyEntrance
from eval_pipeline.review.app.errors_pages import LOG
from eval_pipeline.review.app.http import context_of, form_of, render, see_other
from eval_pipeline.review.app.security import SIGN_IN, SIGN_OUT


def show(request: Request) -> Response:
    """Show the form."""
    return _form_page(request, request.query_params.get("next", "/"))


def sign_in(request: Request) -> Response:
    """Let the person in under a new token, whatever token the browser had, and lead on to where he wanted to go."""
    context, form = context_of(request), form_of(request)
    wanted = _local(form.get("next"))
    try:
        reviewer, role = context.entrance.enter(request, form)
    except SignInRefused as refused:
        LOG.warning("a sign-in was refused")
        page = _form_page(request, wanted, refused.reason, 429 if refused.retry_after else 403)
        if refused.retry_after:
            page.headers["Retry-After"] = str(refused.retry_after)
        return page
    if before := cookies.read_session(request):
        context.people.end_session(before)
    for_time = timedelta(hours=context.policy.session_hours)
    token, _ = context.people.open_session(reviewer, role, for_time)
    answer = see_other(wanted)
    cookies.set_session(request, answer, token, int(for_time.total_seconds()))
    return answer


def sign_out(request: Request) -> Response:
    """End the browser's token on the server; take back its cookies and the drafts that its pages kept in the browser."""
    if token := cookies.read_session(request):
        context_of(request).people.end_session(token)
    answer = see_other(SIGN_IN, out=1)
    cookies.clear(request, answer)
    answer.headers["Clear-Site-Data"] = '"storage"'
    return answer


def _form_page(request: Request, wanted: str, refusal: str | None = None, status: int = 200) -> Response:
    token = cookies.read_form_token(request) or secrets.token_urlsafe(32)
    entrance = context_of(request).entrance
    named = entrance.named(request) if isinstance(entrance, ProxyEntrance) else None
    page = render(
        request,
        "sign_in.html",
        status,
        form_token=token,
        next=_local(wanted),
        refusal=refusal,
        proxy_name=named,
        signed_out="out" in request.query_params,
    )
    cookies.set_form_token(request, page, token)
    return page


def _local(address: object) -> str:
    """Return an address of this app: what could lead elsewhere becomes the first page."""
    is_local = isinstance(address, str) and address.startswith("/") and address.isprintable()
    return str(address) if is_local and not str(address).startswith(("//", "/\\", SIGN_IN)) else "/"


routes = [
    Route(SIGN_IN, show, methods=["GET"]),
    Route(SIGN_IN, sign_in, methods=["POST"]),
    Route(SIGN_OUT, sign_out, methods=["POST"]),
]
