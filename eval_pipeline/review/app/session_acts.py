"""What a person does on the session page: claim, draft, lock, submit, put off, decline, look, and on to the next.

Every act is checked as if no page had been there: the words that he answers are read again, the question is worked out
again. A form that cannot be taken comes back with what is wrong and all that was entered; one that saw an older revision
comes back beside the newer one. Not here: reading the fields (`forms.py`), what the answers come to (`answers.py`).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from eval_pipeline.review import answers
from eval_pipeline.review.app import forms
from eval_pipeline.review.app.forms import BadForm, Form
from eval_pipeline.review.app.http import (
    Handler,
    context_of,
    form_of,
    person_of,
    render,
    require,
    taxonomy_version_in_force,
    wants_json,
)
from eval_pipeline.review.app.session_page import standing_of
from eval_pipeline.review.app.session_view import Fields, Opened, opened, page_values, state_of
from eval_pipeline.review.ports import DraftConflict, Review, ReviewConflict, Role, UnknownSession, Wanted

Act = Callable[[Request, str, Form], Response]


def act(role: Role = "reviewer") -> Callable[[Act], Handler]:
    """Make a handler of an act on one session: `require` the role, and answer what cannot be taken."""

    def made(done: Act) -> Handler:
        @require(role)
        def handler(request: Request) -> Response:
            form = form_of(request)
            try:
                return done(request, forms.session_id_of(form), form)
            except BadForm as fault:
                return _refused(request, form, fault.problems)
            except ReviewConflict as conflict:
                return _collided(request, form, conflict.stored)
            except UnknownSession:
                raise HTTPException(404, "There is no such session any more: it was withdrawn.") from None

        return handler

    return made


@require("reviewer")
def next_session(request: Request) -> Response:
    """Claim the next session of the part of the queue that is read, and go there; to the queue when none waits."""
    form = form_of(request)
    return _on_to_next(request, forms.wanted_of(form), forms.skipped_of(form))


@act()
def lock(request: Request, session_id: str, form: Form) -> Response:
    """Store the blind answer; the page then shows the machines' words."""
    session = _opened(request, session_id)
    problems: dict[str, str] = {}
    entry, question = answers.Entry(), None
    try:
        entry = _entry(request, session, form)
    except BadForm as fault:
        problems |= fault.problems
    try:
        question = forms.question_of(form, session.question_target)
    except BadForm as fault:
        problems |= fault.problems
    if problems:
        raise BadForm(problems)
    heading = _heading(request, session_id, form, revision_seen=0)
    submission = answers.blind_submission(heading, entry, question, session.state.has_looked)
    context_of(request).store.submit(submission)
    return _go(request, forms.session_url(session_id, forms.wanted_of(form)))


@act()
def submit(request: Request, session_id: str, form: Form) -> Response:
    """Store what he says once the words are shown, or a correction of it; then on to the next, or stay."""
    session = _opened(request, session_id)
    if session.revealed is None:
        raise BadForm({"answer": "lock your own answer first"})
    words = session.revealed.words.answerable
    responses = forms.responses_of(form, words)
    if form.get("rest") == "agreed":
        responses = {**{word.target: "agreed" for word in session.revealed.words.confirmable}, **responses}
    if responses and form.get("words_seen") != session.revealed.seen:
        raise BadForm({"words": "machines say something else by now than what you answered: look at their words again"})
    seen = forms.whole_number(form, "revision_seen")
    reviews = [review for review in session.state.reviews if (review.revision or 0) <= seen]
    heading = _heading(request, session_id, form, seen)
    entry = _entry(request, session, form)
    submission = answers.revealed_submission(heading, entry, reviews, words.values(), responses)
    context_of(request).store.submit(submission)
    wanted = forms.wanted_of(form)
    if form.get("then") == "stay":
        return _go(request, forms.session_url(session_id, wanted, after="submitted", was=session_id))
    return _on_to_next(request, wanted, [*forms.skipped_of(form), session_id], after="submitted", was=session_id)


@act()
def draft(request: Request, session_id: str, form: Form) -> Response:
    """Save what is entered so far; 409 with the other version when it was saved elsewhere meanwhile."""
    context, reviewer = context_of(request), person_of(request).reviewer
    content = forms.draft_of(form, _redactor(request))
    seen = forms.whole_number(form, "version_seen")
    try:
        saved = context.store.save_draft(session_id, reviewer, content, seen)
    except DraftConflict as conflict:
        return _draft_collided(request, content, conflict)
    return JSONResponse({"version": saved.version, "saved_at": saved.saved_at.isoformat()})


@act()
def claim(request: Request, session_id: str, form: Form) -> Response:
    """Renew his claim or take a free slot, and say how he stands to the session."""
    context_of(request).store.claim(session_id, person_of(request).reviewer)
    if wants_json(request):
        person = person_of(request)
        return JSONResponse(standing_of(state_of(context_of(request), session_id, person.reviewer), person))
    return _go(request, forms.session_url(session_id, forms.wanted_of(form)))


@act()
def defer(request: Request, session_id: str, form: Form) -> Response:
    """Put the session off for an hour, a day or a week."""
    for_time = forms.PUT_OFF[forms.choice(form, "for", forms.PUT_OFF, "say for how long")]
    return _set_aside(request, session_id, form, for_time, after="deferred")


@act()
def decline(request: Request, session_id: str, form: Form) -> Response:
    """Leave the session to others for good; no review."""
    return _set_aside(request, session_id, form, None, after="declined")


@act()
def take_back(request: Request, session_id: str, form: Form) -> Response:
    """Undo that the session was set aside."""
    context_of(request).store.take_back(session_id, person_of(request).reviewer)
    context_of(request).store.claim(session_id, person_of(request).reviewer)
    wanted = forms.wanted_of(form)
    return _go(request, forms.session_url(session_id, wanted, after="taken_back", was=session_id))


@act("viewer")
def look(request: Request, session_id: str, form: Form) -> Response:
    """Show the machines' words without an answer first, and remember it."""
    context_of(request).store.look(session_id, person_of(request).reviewer)
    return _go(request, forms.session_url(session_id, forms.wanted_of(form)))


def _set_aside(request: Request, session_id: str, form: Form, for_time: timedelta | None, after: str) -> Response:
    reason = _redactor(request)(forms.reason_of(form))
    context_of(request).store.set_aside(session_id, person_of(request).reviewer, reason, for_time)
    return _on_to_next(request, forms.wanted_of(form), forms.skipped_of(form), after=after, was=session_id)


def _opened(request: Request, session_id: str) -> Opened:
    return opened(context_of(request), session_id, person_of(request).reviewer)


def _redactor(request: Request) -> Callable[[str], str]:
    redactor = context_of(request).deployment.redactor
    return lambda text: redactor.redact_text(text).text


def _entry(request: Request, session: Opened, form: Form) -> answers.Entry:
    categories = context_of(request).deployment.taxonomy.ids
    return forms.entry_of(form, categories, session.n_turns, _redactor(request))


def _heading(request: Request, session_id: str, form: Form, revision_seen: int) -> answers.Heading:
    return answers.Heading(
        session_id=session_id,
        reviewer=person_of(request).reviewer,
        idempotency_key=forms.key_of(form),
        revision_seen=revision_seen,
        taxonomy_version=taxonomy_version_in_force(request),
        seconds=forms.seconds_of(form, datetime.now(UTC)),
    )


def _go(request: Request, address: str) -> Response:
    return JSONResponse({"next": address}) if wants_json(request) else RedirectResponse(address, 303)


def _on_to_next(request: Request, wanted: Wanted, but: list[str], **after: str) -> Response:
    store, reviewer = context_of(request).store, person_of(request).reviewer
    # When all that waits was passed over already, it comes again.
    claimed = store.claim_next(reviewer, wanted, but) or (store.claim_next(reviewer, wanted) if but else None)
    if claimed is not None:
        return _go(request, forms.session_url(claimed.session_id, wanted, **after))
    return _go(request, forms.queue_url(wanted, done="1", **after))


def _refused(request: Request, form: Form, problems: Mapping[str, str]) -> Response:
    """Answer 422: the page again with all that was entered and what is wrong with it."""
    if wants_json(request):
        return JSONResponse({"problems": dict(problems)}, 422)
    session_id = form.get("session_id")
    if "session_id" in problems or not isinstance(session_id, str):
        raise HTTPException(422, "; ".join(problems.values()))
    key = None if "idempotency_key" in problems else form.get("idempotency_key")
    values = page_values(
        context_of(request),
        _opened(request, session_id),
        forms.wanted_of(form),
        fields=Fields.of_form(form) if "answer" in form or "note" in form else None,
        problems=problems,
        key=key,
    )
    return render(request, "session.html", 422, **values, after="", after_words="", was="")


def _collided(request: Request, form: Form, stored: Review) -> Response:
    """Answer 409: what is stored and what was sent, side by side, and the way to either."""
    session = _opened(request, str(form["session_id"]))
    values = {
        **page_values(context_of(request), session, forms.wanted_of(form), fields=Fields.of_form(form)),
        "stored": stored,
        "words_seen": str(form.get("words_seen") or ""),
        "seconds_sent": str(form.get("seconds") or ""),
    }
    if not wants_json(request):
        return render(request, "conflict.html", 409, **values)
    fragment = bytes(render(request, "panel_conflict.html", **values).body).decode()
    return JSONResponse({"conflict": fragment, "revision": stored.revision}, 409)


def _draft_collided(request: Request, content: Mapping[str, Any], conflict: DraftConflict) -> Response:
    stored = conflict.stored
    if stored is None:
        return JSONResponse({"submitted": True}, 409)
    values: dict[str, Any] = {"mine": content, "other": stored, "taxonomy": context_of(request).deployment.taxonomy}
    fragment = bytes(render(request, "panel_draft_conflict.html", **values).body).decode()
    return JSONResponse({"conflict": fragment, "version": stored.version, "content": dict(stored.content)}, 409)


_ACTS: dict[str, Handler] = {
    "/next": next_session,
    "/session/claim": claim,
    "/session/draft": draft,
    "/session/lock": lock,
    "/session/submit": submit,
    "/session/defer": defer,
    "/session/decline": decline,
    "/session/take-back": take_back,
    "/session/look": look,
}

routes = [Route(path, handler, methods=["POST"]) for path, handler in _ACTS.items()]
