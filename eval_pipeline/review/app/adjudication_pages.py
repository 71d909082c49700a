"""Where a lead decides between two people who read the same session blind and disagree.

The page shows the transcript and what both people said, and no word of a machine. Not here: what is in dispute
(`review/figures/adjudication.py`), what a decision makes of the label (`review/labels.py`).
"""

from typing import Any
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from eval_pipeline.review.answers import SESSION, Entry
from eval_pipeline.review.app.forms import (
    ANSWERS,
    MAX_NOTE,
    BadForm,
    Form,
    choice,
    entry_of,
    key_of,
    session_id_of,
    text_of,
    whole_number,
)
from eval_pipeline.review.app.http import (
    context_of,
    form_of,
    person_of,
    render,
    require,
    see_other,
    taxonomy_version_in_force,
)
from eval_pipeline.review.figures.adjudication import Disputed, Stands, readings, stands, waiting
from eval_pipeline.review.ports import ReviewConflict, Submission
from eval_pipeline.review.transcript.stored import read_window


@require("lead")
def listing(request: Request) -> Response:
    """List what waits for a decision."""
    return render(
        request,
        "adjudication.html",
        waiting=waiting(context_of(request).warehouse),
        decided=request.query_params.get("decided", ""),
    )


@require("lead")
def session(request: Request) -> Response:
    """Show one session with both people's answers; back to the list when nothing of it is in dispute any more."""
    session_id = request.query_params.get("id", "")
    disputed = _disputed(request, session_id)
    return see_other("/adjudication") if disputed is None else _page(request, disputed)


@require("lead")
def decide(request: Request) -> Response:
    """Store the lead's decision and go on to the next session; 409 when it was decided elsewhere meanwhile."""
    form = form_of(request)
    try:
        session_id = session_id_of(form)
        disputed = _disputed(request, session_id)
        if disputed is None:
            return see_other("/adjudication", decided="elsewhere")
        submission = _submission(request, form, disputed)
    except BadForm as fault:
        return _refused(request, form, fault)
    try:
        context_of(request).store.submit(submission)
    except ReviewConflict:
        return _page(request, disputed, status=409, problem="This page is older than your latest review: decide again.")
    return _to_next(request, session_id)


def counts(disputed: Disputed, stand: Stands) -> bool:
    """Return whether a decision of this lead would count: a held-out label rests on blind answers alone."""
    return not (disputed.is_held_out and stand.has_seen)


def _to_next(request: Request, decided: str) -> Response:
    left = [each for each in waiting(context_of(request).warehouse) if each.session_id != decided]
    if not left:
        return see_other("/adjudication", decided="all")
    return see_other("/adjudication/session", id=left[0].session_id)


def _disputed(request: Request, session_id: str) -> Disputed | None:
    found = waiting(context_of(request).warehouse, session_id) if session_id and "\0" not in session_id else []
    return found[0] if found else None


def _refused(request: Request, form: Form, fault: BadForm) -> Response:
    named = form.get("session_id")
    disputed = _disputed(request, named) if isinstance(named, str) else None
    if disputed is None:
        raise HTTPException(400, str(fault))
    return _page(request, disputed, status=400, problem=str(fault))


def _page(request: Request, disputed: Disputed, status: int = 200, problem: str = "") -> Response:
    context, person = context_of(request), person_of(request)
    stand = stands(context.warehouse, disputed.session_id, person.reviewer)
    form = form_of(request)
    judges = {f"judge:{judge.name}": judge for judge in context.deployment.judges}
    return render(
        request,
        "adjudication_session.html",
        status=status,
        disputed=disputed,
        readings=readings(context.warehouse, disputed.session_id),
        questions={SESSION: "Did it fail the user?"} | {name: judge.question for name, judge in judges.items()},
        judges=judges,
        categories=context.deployment.taxonomy.categories,
        window=read_window(context.warehouse, disputed.session_id),
        has_seen=stand.has_seen,
        does_count=counts(disputed, stand),
        revision=stand.revision,
        key=str(uuid4()),
        problem=problem,
        entered={name: value for name, value in form.items() if isinstance(value, str)},
        most_note=MAX_NOTE,
    )


def _submission(request: Request, form: Form, disputed: Disputed) -> Submission:
    context, person = context_of(request), person_of(request)
    stand = stands(context.warehouse, disputed.session_id, person.reviewer)
    if not counts(disputed, stand):
        raise BadForm({"answer": "you have seen the machines' words of this session: another lead has to decide"})
    entry = _entry(request, form, disputed)
    questions = {d.target: _answer(form, d.target) for d in disputed.disputes if d.target != SESSION}
    return Submission(
        session_id=disputed.session_id,
        reviewer=person.reviewer,
        stage="adjudication",
        idempotency_key=key_of(form),
        revision_seen=whole_number(form, "revision_seen"),
        answers={**({SESSION: entry.answer} if entry.answer else {}), **questions},
        taxonomy_version=taxonomy_version_in_force(request),
        first_bad_turn=entry.first_bad_turn,
        category=entry.category,
        note=entry.note,
    )


def _entry(request: Request, form: Form, disputed: Disputed) -> Entry:
    """Return what the lead says of the session itself; a note alone where only a judge's question is in dispute."""
    context = context_of(request)

    def redact(text: str) -> str:
        return context.deployment.redactor.redact_text(text).text

    if any(dispute.target == SESSION for dispute in disputed.disputes):
        shown = read_window(context.warehouse, disputed.session_id)
        return entry_of(form, context.deployment.taxonomy.ids, shown.n_total if shown else 0, redact)
    note = text_of(form, "note", MAX_NOTE, "the note")
    return Entry(note=redact(note) if note else None)


def _answer(form: Form, target: str) -> str:
    return choice(form, f"answer:{target}", ANSWERS, "decide every point that is in dispute")


routes: list[Any] = [
    Route("/adjudication", listing),
    Route("/adjudication/session", session),
    Route("/adjudication/decide", decide, methods=["POST"]),
]
