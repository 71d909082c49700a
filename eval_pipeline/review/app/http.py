"""What pages share: the context and person of a request, forms, roles, answers as HTML or JSON, links.

By the time a handler runs, `security.py` has signed the person in and checked the form's CSRF token.
Not here: sign-in (`sign_in.py`), templates' environment (`rendering.py`).
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from eval_pipeline.errors import SettingsError
from eval_pipeline.review.app.context import AppContext
from eval_pipeline.review.app.rendering import template
from eval_pipeline.review.ports import Role, SignedIn
from eval_pipeline.taxonomy.in_force import refuse_outdated

Handler = Callable[[Request], Response]

_RANK: Mapping[Role, int] = {"viewer": 0, "reviewer": 1, "lead": 2}


def context_of(request: Request) -> AppContext:
    """Return what the app works with."""
    return cast(AppContext, request.app.state.context)


def taxonomy_version_in_force(request: Request) -> str:
    """Return the version of the categories that the app offers. Answers 503 once another is in force: the draft is kept, and
    a newly started app offers the new ones."""
    context = context_of(request)
    try:
        refuse_outdated(context.warehouse, context.deployment.taxonomy)
    except SettingsError:
        raise HTTPException(503, "The taxonomy has changed: whoever runs this app has to start it again.") from None
    return context.deployment.taxonomy.version


def signed_in(request: Request) -> SignedIn | None:
    """Return who the request comes from, None before sign-in."""
    return cast(SignedIn | None, request.scope.get("state", {}).get("person"))


def person_of(request: Request) -> SignedIn:
    """Return who the request comes from; 401 before sign-in."""
    person = signed_in(request)
    if person is None:
        raise HTTPException(401)
    return person


def form_of(request: Request) -> Mapping[str, Any]:
    """Return the fields of a POST: of a form (texts, the last of a repeated name) or of a JSON object."""
    return cast(Mapping[str, Any], request.scope.get("state", {}).get("form", {}))


def wants_json(request: Request) -> bool:
    """Return whether the page's script asks, which reads JSON."""
    return "application/json" in request.headers.get("accept", "")


def at_least(person: SignedIn, role: Role) -> bool:
    """Return whether the person's role includes `role`."""
    return _RANK[person.role] >= _RANK[role]


def require(role: Role) -> Callable[[Handler], Handler]:
    """Let only those into a handler whose role includes `role`; all others get 403."""

    def guarded(handler: Handler) -> Handler:
        @wraps(handler)
        def guard(request: Request) -> Response:
            if not at_least(person_of(request), role):
                raise HTTPException(403, f"This page is for a {role}.")
            return handler(request)

        return guard

    return guarded


def render(request: Request, name: str, status: int = 200, **values: Any) -> Response:
    """Return a page made from template `name`, which also knows `person` (None before sign-in) and `csrf_token`."""
    person = signed_in(request)
    shared = {
        "person": person,
        "csrf_token": person.csrf_token if person else "",
        "path": request.url.path,
        "entrance": context_of(request).entrance.kind,
    }
    return HTMLResponse(template(name).render({**shared, **values}), status)


def link(path: str, **query: object) -> str:
    """Return a local address with `query` escaped; those that are None are left out."""
    given = urlencode({name: value for name, value in query.items() if value is not None})
    return f"{path}?{given}" if given else path


def see_other(path: str, **query: object) -> Response:
    """Send the browser on to a local page after a POST."""
    return RedirectResponse(link(path, **query), 303)
