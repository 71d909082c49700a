"""GET /: my queue, how far I have come, where to go on. Changes nothing; the buttons post to /next (`session_acts.py`).

Not here: what the figures are (`queue_state.py`, `ports.ReviewStore.progress`).
"""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from eval_pipeline.review.app.context import AppContext
from eval_pipeline.review.app.forms import session_url, wanted_fields, wanted_of
from eval_pipeline.review.app.http import context_of, person_of, render, require
from eval_pipeline.review.app.session_page import AFTER
from eval_pipeline.review.figures.adjudication import waiting
from eval_pipeline.review.ports import Progress, SignedIn, Wanted
from eval_pipeline.review.queue_state import open_days, put_off, reasons, surfaces, underived

N_LATEST = 10
N_DAYS = 14


@dataclass(frozen=True)
class Part:
    """A part of the queue and how far the person has come with it."""

    name: str
    fields: dict[str, str]
    progress: Progress


@require("viewer")
def queue_page(request: Request) -> Response:
    """Show the queue, or the part of it that `surface` and `day` name."""
    context, person, query = context_of(request), person_of(request), request.query_params
    wanted = wanted_of(query)
    days = open_days(context.warehouse)
    return render(
        request,
        "queue.html",
        wanted=wanted,
        wanted_fields=wanted_fields(wanted),
        parts=_parts(context, person),
        days=days[:N_DAYS],
        n_more_days=max(0, len(days) - N_DAYS),
        reasons=reasons(context.warehouse),
        waiting=len(waiting(context.warehouse)) if person.may_lead else 0,
        underived=underived(context.warehouse),
        after_words=AFTER.get(query.get("after", ""), ""),
        was=query.get("was", ""),
        session_url=lambda session_id: session_url(session_id, Wanted()),
        **_own(context, person, wanted),
    )


def _own(context: AppContext, person: SignedIn, wanted: Wanted) -> dict[str, Any]:
    """Return what is the person's own; a viewer has no queue."""
    if not person.may_review:
        return {"mine": Progress(0, 0, None), "put_off": [], "latest": []}
    return {
        "mine": context.store.progress(person.reviewer, wanted),
        "put_off": put_off(context.warehouse, person.reviewer),
        "latest": context.store.latest(person.reviewer, N_LATEST),
    }


def _parts(context: AppContext, person: SignedIn) -> list[Part]:
    """Return the person's progress by surface, where there are several."""
    found = surfaces(context.warehouse)
    if len(found) < 2:
        return []
    progress = [context.store.progress(person.reviewer, Wanted(surface=name)) for name in found]
    return [Part(name, {"surface": name}, p) for name, p in zip(found, progress, strict=True)]


routes = [Route("/", queue_page, methods=["GET"])]
