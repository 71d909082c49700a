"""Kinds of failure that no category explains: what error analysis proposes, and where a lead accepts or rejects it.

The app writes no category: accepting writes the draft of a migration, which a person reads, moves and brings into force.
Not here: how kinds are found (`error_analysis/`), what is read for the page (`review/figures/proposals.py`).
"""

from datetime import date
from typing import Any
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from eval_pipeline.error_analysis.deciding import NewCategory, write_draft
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.review.app.forms import MAX_REASON, BadForm, Form, key_of, reason_of, text_of
from eval_pipeline.review.app.http import Handler, context_of, form_of, person_of, render, require, see_other
from eval_pipeline.review.figures.proposals import Proposal, decided, latest, one, saturation
from eval_pipeline.review.ports import ProposalDecision

MAX_WORDS = 2_000
LINES = ("includes", "excludes", "examples")


def listing(request: Request) -> Response:
    """List what is proposed, what was decided, and how many new kinds the last reviews brought."""
    warehouse = context_of(request).warehouse
    return render(
        request,
        "proposals.html",
        proposals=latest(warehouse, person_of(request).reviewer),
        decided=decided(warehouse),
        saturation=saturation(warehouse),
    )


def proposal(request: Request) -> Response:
    """Show one proposal; to a lead with the forms that decide on it."""
    found = _found(request, request.query_params.get("id"), request.query_params.get("day"))
    if found is None:
        raise HTTPException(404, "There is no such proposal (any more): error analysis ran again.")
    return _page(request, found)


def accept(request: Request, found: Proposal, form: Form) -> Response:
    """Store that the kind is to become a category, with the draft of its migration; then write the draft."""
    context = context_of(request)
    category = _category(form)
    try:
        draft = category.draft(context.deployment.taxonomy)
    except EvalPipelineError as error:
        raise BadForm({"id": f"{error.problem}: {error.mend}"}) from None
    return _decided(request, found, form, category_id=category.id, draft=draft)


def reject(request: Request, found: Proposal, form: Form) -> Response:
    """Store that the kind is to be no category, and why."""
    reason = context_of(request).deployment.redactor.redact_text(reason_of(form)).text
    return _decided(request, found, form, reason=reason)


def _acting(act: Any) -> Handler:
    """Make a handler of an act on the proposal that the form names; a form that cannot be taken comes back."""

    @require("lead")
    def handler(request: Request) -> Response:
        form = form_of(request)
        found = _found(request, form.get("proposal_id"), form.get("as_of_day"))
        if found is None:
            raise HTTPException(400, "The form names no proposal.")
        try:
            made: Response = act(request, found, form)
        except BadForm as fault:
            return _page(request, found, status=400, problems=fault.problems)
        return made

    return handler


def _decided(
    request: Request,
    found: Proposal,
    form: Form,
    reason: str | None = None,
    category_id: str | None = None,
    draft: str | None = None,
) -> Response:
    context = context_of(request)
    decision = ProposalDecision(
        idempotency_key=key_of(form),
        proposal_id=found.row["proposal_id"],
        as_of_day=found.row["as_of_day"],
        decision="rejected" if draft is None else "accepted",
        decided_by=person_of(request).reviewer,
        taxonomy_version=context.deployment.taxonomy.version,
        reason=reason,
        category_id=category_id,
        draft=draft,
    )
    stored = context.store.decide_proposal(decision)
    if stored is None:
        raise HTTPException(404, "There is no such proposal any more: error analysis ran again.")
    if not stored.is_this:
        return _page(request, found, status=409, problems={"": f"{stored.decided_by} decided it before you."})
    if stored.draft is not None and stored.category_id is not None and context.drafts is not None:
        try:
            write_draft(context.drafts, stored.category_id, stored.draft)
        except EvalPipelineError as error:
            return _page(request, found, problems={"": f"Accepted, but {error.problem}: {error.mend}."})
    return see_other("/proposal", id=found.row["proposal_id"], day=found.row["as_of_day"])


def _found(request: Request, proposal_id: Any, day: Any) -> Proposal | None:
    try:
        as_of_day = date.fromisoformat(day)
    except (TypeError, ValueError):
        return None
    if not isinstance(proposal_id, str) or "\0" in proposal_id:
        return None
    return one(context_of(request).warehouse, person_of(request).reviewer, proposal_id, as_of_day)


def _page(request: Request, found: Proposal, status: int = 200, problems: Any = None) -> Response:
    context, form = context_of(request), form_of(request)
    made = next((d for d in decided(context.warehouse, found.row["proposal_id"])), None)
    return render(
        request,
        "proposal.html",
        status=status,
        proposal=found,
        decision=made,
        file=f"taxonomy_drafts/{made['category_id']}.yaml" if made and context.drafts else None,
        key=str(uuid4()),
        problems=problems or {},
        entered={name: value for name, value in form.items() if isinstance(value, str)},
        most_reason=MAX_REASON,
        most_words=MAX_WORDS,
    )


def _category(form: Form) -> NewCategory:
    """Return the words of the new category. Raises `BadForm` with every field that is missing."""
    given = {name: text_of(form, name, MAX_WORDS, name) for name in ("id", "title", "definition", "owner", *LINES)}
    if missing := [name for name, value in given.items() if value is None]:
        raise BadForm({name: f"give it {'an' if name[0] in 'aeio' else 'a'} {name}" for name in missing})
    words = {name: str(value) for name, value in given.items()}
    includes, excludes, examples = (_lines(words.pop(name)) for name in LINES)
    return NewCategory(**words, includes=includes, excludes=excludes, examples=examples)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


routes = [
    Route("/proposals", listing),
    Route("/proposal", proposal),
    Route("/proposals/accept", _acting(accept), methods=["POST"]),
    Route("/proposals/reject", _acting(reject), methods=["POST"]),
]
