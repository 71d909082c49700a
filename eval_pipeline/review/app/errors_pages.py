"""What is shown when a request fails, as a page or as JSON, and what the log keeps of it: never a value, never a text.

Not here: which requests are refused (`security.py`, the pages).
"""

import logging
import secrets
import time
import traceback
from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from eval_pipeline.errors import WarehouseError
from eval_pipeline.printing import printable
from eval_pipeline.review.app.http import render, wants_json
from eval_pipeline.review.ports import DraftConflict, ReviewConflict, UnknownSession

LOG = logging.getLogger("eval_pipeline.review")
CLIENT_WENT = 499
"""What the access log says of a request whose sender went before all of it was here; nothing is answered."""

_SAYINGS = {
    400: ("This request cannot be read", "Something in it is not as it should be.", "Go back and try again."),
    401: ("You are not signed in", "The sign-in has ended.", "Sign in again; what you typed is kept."),
    403: ("This is not for you", "Your role does not include it.", "Ask a lead."),
    404: ("Nothing is here", "There is no such page.", ""),
    405: ("This cannot be done here", "Only reading and sending forms is possible.", ""),
    408: ("This took too long", "The form did not arrive in time.", "Try again; what you typed is kept."),
    409: ("This was changed meanwhile", "Another tab or person was faster.", "Load the page again to see both."),
    413: ("This is too much at once", "The form is larger than the server takes.", "Shorten the note."),
    415: ("This request cannot be read", "It is neither a form nor JSON.", ""),
    422: ("Something in the form is missing or wrong", "It was not stored.", "Go back and mend it."),
    429: ("Too many attempts", "Wait a little before the next one.", ""),
    500: (
        "Something went wrong here",
        "The page could not be made. Nothing that was acknowledged is lost.",
        "Try again.",
    ),
    503: ("The database does not answer", "Nothing can be read or stored at present.", "Try again in a moment."),
}


def error_page(request: Request, error: Exception, incident: str | None = None) -> Response:
    """Return the answer for `error`; `incident` is its mark in the log."""
    status, detail, headers = _meaning(error)
    if status == 303 and headers:
        return RedirectResponse(headers["Location"], 303)
    title, problem, mend = _SAYINGS.get(status) or (HTTPStatus(status).phrase, "", "")
    said = {"title": title, "problem": detail or problem, "mend": mend, "incident": incident}
    answer = JSONResponse(said, status) if wants_json(request) else render(request, "error.html", status, **said)
    answer.headers.update(headers)
    return answer


def _meaning(error: Exception) -> tuple[int, str, dict[str, str]]:
    """Return status, what to say (empty: what is always said of it) and headers."""
    match error:
        case HTTPException():
            is_own = error.detail != HTTPStatus(error.status_code).phrase
            return error.status_code, error.detail if is_own else "", dict(error.headers or {})
        case UnknownSession():
            return 404, "No stored session has this id.", {}
        case ReviewConflict() | DraftConflict():
            return 409, "", {}
        case WarehouseError():
            return 503, "", {}
    return 500, "", {}


class Failures:
    """Turns whatever is raised further in into its page, and keeps an access log without query strings."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.monotonic(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            status = CLIENT_WENT
        except Exception as error:
            incident = _noted(error)
            if not status:
                await error_page(Request(scope), error, incident)(scope, receive, watched)
        milliseconds = 1000 * (time.monotonic() - begun)
        LOG.info("%s %s %d %.0f ms", scope["method"], _shown(scope["path"]), status, milliseconds)


def _noted(error: Exception) -> str | None:
    """Log where an unforeseen error arose, without its message: that may quote a transcript. Return its mark."""
    if _meaning(error)[0] < 500:
        return None
    incident = secrets.token_hex(4)
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
    LOG.error("incident %s: %s at %s", incident, type(error).__name__, places)
    return incident


def _shown(path: str) -> str:
    return printable(path[:200]).replace("\n", " ")
