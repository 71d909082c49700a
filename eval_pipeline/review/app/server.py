"""The review app put together: its pages, behind the doors that every request passes.

Not here: the pages (a module each), serving it on a port (`serving.py`).
"""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from eval_pipeline.review.app import (
    adjudication_pages,
    agreement_page,
    coverage_page,
    judge_pages,
    proposals_page,
    queue_page,
    report_pages,
    session_acts,
    session_page,
    sign_in,
    taxonomy_page,
    transcript_routes,
    trends_page,
)
from eval_pipeline.review.app.context import AppContext
from eval_pipeline.review.app.errors_pages import Failures, error_page
from eval_pipeline.review.app.http import context_of
from eval_pipeline.review.app.rendering import static_files, static_version
from eval_pipeline.review.app.security import AnswerHeaders, Doors

_PAGES = (
    sign_in,
    queue_page,
    session_page,
    session_acts,
    transcript_routes,
    judge_pages,
    report_pages,
    agreement_page,
    adjudication_pages,
    coverage_page,
    trends_page,
    taxonomy_page,
    proposals_page,
)
_KEEP = "public, max-age=31536000, immutable"


def build_app(context: AppContext) -> Starlette:
    """Return the app over `context`."""
    app = Starlette(
        routes=[
            *(route for page in _PAGES for route in page.routes),
            Route("/health", health),
            Route("/static/{version}/{name}", static),
        ],
        middleware=[Middleware(AnswerHeaders), Middleware(Failures), Middleware(Doors)],
        exception_handlers={HTTPException: error_page},
    )
    app.router.redirect_slashes = False
    app.state.context = context
    return app


def health(request: Request) -> Response:
    """Say whether the app and its database answer."""
    context_of(request).warehouse.query("select 1")
    return PlainTextResponse("ok\n")


def static(request: Request) -> Response:
    """Return a static file; a browser keeps that of the present version for good."""
    file = static_files().get(request.path_params["name"])
    if file is None:
        raise HTTPException(404)
    is_present = request.path_params["version"] == static_version()
    headers = {"Cache-Control": _KEEP if is_present else "no-cache"}
    return Response(file.content, media_type=file.media_type, headers=headers)
