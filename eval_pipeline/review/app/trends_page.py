"""Which way the failure rates go: what moved, then a chart a subject, the most concerning first; and one day of one subject.

Not here: what is read (`review/figures/trend_moves.py`, `trend_reading.py`, `trend_day.py`), drawing (`trend_charts.py`).
"""

from collections.abc import Mapping
from datetime import date
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE
from eval_pipeline.review.app.http import context_of, link, person_of, render
from eval_pipeline.review.figures.trend_charts import trend_chart, words_of
from eval_pipeline.review.figures.trend_day import MOST_SESSIONS, DayView, day_of
from eval_pipeline.review.figures.trend_moves import Move, Place, moves
from eval_pipeline.review.figures.trend_reading import PAGE_SIZE, Trend, View, choices, newest_days, trends
from eval_pipeline.table_model import TRAFFIC_ORIGINS
from eval_pipeline.trends.cells import ALL

KINDS = ("evaluator", "judge", "signal")
SPANS = (28, 90, 180)
DEFAULT_SPAN = 90


def trends_page(request: Request) -> Response:
    """Show what moved and the trends of one cell, a page of them; without data, say how to make some."""
    warehouse, asked = context_of(request).warehouse, request.query_params
    newest = newest_days(warehouse)
    if not newest:
        return render(request, "trends.html", view=None)
    view = _view(asked, newest)
    found, n = trends(warehouse, view)
    charts = [(each, trend_chart(each, view, partial(_day_address, view, each))) for each in found]
    return render(
        request,
        "trends.html",
        view=view,
        moved=moves(warehouse, view.origin) if _is_first_look(view) else None,
        is_first_look=_is_first_look(view),
        charts=charts,
        n=n,
        last_page=-(-n // PAGE_SIZE),
        page_address=partial(_page_address, view),
        move_address=partial(_move_address, view.origin),
        choices=choices(warehouse, view),
        origins=tuple(newest),
        kinds=KINDS,
        spans=SPANS,
        day_address=partial(_day_address, view),
        words_of=words_of,
        too_few=MIN_FOR_RATE,
    )


def trend_day(request: Request) -> Response:
    """Show one day of one subject; 404 where it said nothing then."""
    view = _day_view(request.query_params)
    day = day_of(context_of(request).warehouse, view, person_of(request).reviewer) if view else None
    if view is None or day is None:
        raise HTTPException(404, "There is nothing of this day: its sessions were withdrawn, or the address is cut.")
    cell = _narrowed(view.model, view.surface, view.slice)
    back = link("/trends", origin=view.origin, kind=view.kind, name=view.name, **cell)
    return render(request, "trends_day.html", view=view, day=day, back=back, most=MOST_SESSIONS)


def _view(asked: Mapping[str, str], newest: Mapping[str, date]) -> View:
    """Return what the address asks for; what cannot be is as if it were not asked."""
    origin = asked.get("origin", "")
    origin = origin if origin in newest else next(iter(newest))
    kind = asked.get("kind")
    span = next((days for days in SPANS if str(days) == asked.get("days")), DEFAULT_SPAN)
    model, surface, cut = (_part(asked, name) for name in ("model", "surface", "slice"))
    if cut != ALL:
        # Slices are over all models and surfaces: others would be cells of one session.
        model = surface = ALL
    kind = kind if kind in KINDS else None
    page = asked.get("page", "")
    number = int(page) if page.isdecimal() and len(page) < 5 else 1
    name = asked.get("name") if kind else None
    return View(origin, newest[origin], span, kind, model, surface, cut, name or None, max(number, 1))


def _is_first_look(view: View) -> bool:
    """Whether nothing was narrowed yet: what moved stands on top then."""
    return (view.kind, view.model, view.surface, view.slice, view.page) == (None, ALL, ALL, ALL, 1)


def _day_view(asked: Mapping[str, str]) -> DayView | None:
    try:
        day = date.fromisoformat(asked.get("day", ""))
    except ValueError:
        return None
    kind, origin, name = asked.get("kind", ""), asked.get("origin", "production"), asked.get("name", "")
    if kind not in KINDS or origin not in TRAFFIC_ORIGINS:
        return None
    return DayView(kind, name, day, origin, *(_part(asked, part) for part in ("model", "surface", "slice")))


def _part(asked: Mapping[str, str], name: str) -> str:
    return asked.get(name) or ALL


def _page_address(view: View, page: int) -> str:
    cell = _narrowed(view.model, view.surface, view.slice)
    return link("/trends", origin=view.origin, kind=view.kind, days=view.days, page=page, **cell)


def _move_address(origin: str, move: Move, place: Place) -> str:
    cell = _narrowed(place.model, place.surface, place.slice)
    return link("/trends", origin=origin, kind=move.kind, name=move.name, **cell)


def _day_address(view: View, trend: Trend, day: date) -> str:
    cell = _narrowed(view.model, view.surface, view.slice)
    return link("/trends/day", kind=trend.kind, name=trend.name, day=day, origin=view.origin, **cell)


def _narrowed(model: str, surface: str, cut: str) -> dict[str, str]:
    """Return the parts of a cell that are not `all`."""
    return {name: value for name, value in (("model", model), ("surface", surface), ("slice", cut)) if value != ALL}


routes = [Route("/trends", trends_page), Route("/trends/day", trend_day)]
