"""What a transcript loads after its page: a window of turns, search over all of them, the whole text of a turn.

Marks on turns rest on machines' words: they are read for a person who may see these words, and for nobody else.
Not here: the page itself (`session_page.py`), what turns look like (`review/transcript`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from eval_pipeline.review.app.http import context_of, person_of, render, require, wants_json
from eval_pipeline.review.app.session_view import is_an_id
from eval_pipeline.review.transcript.controls import without_controls
from eval_pipeline.review.transcript.search import MAX_QUERY
from eval_pipeline.review.transcript.stored import read_text, read_window, search_stored
from eval_pipeline.review.words.why_here import why_here

_GONE = "There is no such session or turn: it was withdrawn, or the address is cut."


@require("viewer")
def turns(request: Request) -> Response:
    """Return the window of a session (`id`) that holds turn `first`, as a piece of HTML."""
    session_id = _session_id(request)
    window = read_window(context_of(request).warehouse, session_id, _number(request, "first"))
    if window is None:
        raise HTTPException(404, _GONE)
    return render(request, "transcript_turns.html", window=window, marks=_marks(request, session_id))


@require("viewer")
def search(request: Request) -> Response:
    """Return where the words `q` stand in a session (`id`): as JSON for the page's script, else as a page of links."""
    session_id, query = _session_id(request), request.query_params.get("q", "")[:MAX_QUERY]
    found = search_stored(context_of(request).warehouse, session_id, query)
    if found is None:
        raise HTTPException(404, _GONE)
    if wants_json(request):
        return JSONResponse(asdict(found))
    return render(request, "transcript_search.html", session_id=session_id, found=found)


@require("viewer")
def text(request: Request) -> Response:
    """Return all that was said in a `turn` of a session (`id`) as plain text, hidden characters named."""
    whole = read_text(context_of(request).warehouse, _session_id(request), _number(request, "turn"))
    if whole is None:
        raise HTTPException(404, _GONE)
    return PlainTextResponse(without_controls(whole))


def _marks(request: Request, session_id: str) -> Mapping[int, Sequence[Mapping[str, str | None]]]:
    context = context_of(request)
    is_revealed = context.store.state(session_id, person_of(request).reviewer).is_revealed
    return why_here(context.warehouse, session_id).marks if is_revealed else {}


def _session_id(request: Request) -> str:
    session_id = request.query_params.get("id", "")
    if not is_an_id(session_id):
        raise HTTPException(404, _GONE)
    return session_id


def _number(request: Request, name: str) -> int:
    given: Any = request.query_params.get(name, "0")
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise HTTPException(400, f"{name} is a number from 0.")
    return int(given)


routes = [Route("/session/turns", turns), Route("/session/search", search), Route("/session/text", text)]
