"""GET /session: the page of one session, blind until its reader has locked an answer or has looked.

As JSON it says how he stands to the session, for a page that comes back to life. Nothing changes by it. Not here: what is
on the page (`session_view.py`), what he does on it (`session_acts.py`).
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from eval_pipeline.review.app.forms import wanted_of
from eval_pipeline.review.app.http import context_of, person_of, render, require, wants_json
from eval_pipeline.review.app.session_view import opened, page_values, state_of
from eval_pipeline.review.ports import ReviewState, SignedIn

AFTER = {
    "submitted": "Submitted.",
    "deferred": "Put off: it comes back.",
    "declined": "Declined: it does not come back to you.",
    "taken_back": "It is back in your queue.",
}
"""What a page says of what was done just before."""


@require("viewer")
def session_page(request: Request) -> Response:
    """Show a session (`id`), from a `turn` on, within a part of the queue (`surface`, `day`)."""
    context, person, query = context_of(request), person_of(request), request.query_params
    if wants_json(request):
        return JSONResponse(standing_of(state_of(context, query.get("id", ""), person.reviewer), person))
    session = opened(context, query.get("id", ""), person.reviewer)
    turn = query.get("turn", "")
    is_turn = turn.isascii() and turn.isdigit() and len(turn) < 10
    values = page_values(context, session, wanted_of(query), turn=int(turn) if is_turn else 0)
    return render(request, "session.html", **values, **_after(query.get("after", ""), query.get("was", "")))


def standing_of(state: ReviewState, person: SignedIn) -> dict[str, Any]:
    """Return how a person stands to a session: nothing that the page before the lock does not say."""
    return {
        "reviewer": person.reviewer,
        "csrf_token": person.csrf_token,
        "revision": state.revision,
        "is_revealed": state.is_revealed,
        "lease_until": state.claim.lease_until.isoformat() if state.claim else None,
        "held_by_others": state.held_by_others,
        "draft_version": state.draft.version if state.draft else 0,
        "draft": dict(state.draft.content) if state.draft else None,
    }


def _after(what: str, was: str) -> dict[str, Any]:
    return {"after": what if what in AFTER else "", "after_words": AFTER.get(what, ""), "was": was}


routes = [Route("/session", session_page)]
