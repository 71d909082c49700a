"""The judges: a list with the figures of each, and a page of one with its definition, versions and disagreements.

Not here: what is read for them (`review/figures/judge_figures.py`), judges' words on a session (the session's page).
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from eval_pipeline.judges.overview import facts
from eval_pipeline.review.app.http import context_of, person_of, render
from eval_pipeline.review.figures import judge_figures
from eval_pipeline.review.figures.charts import Interval, Stack, interval_chart, percent_words, stacked_bars
from eval_pipeline.review.figures.judge_figures import Seen, Share
from eval_pipeline.review.figures.records import production_first
from eval_pipeline.review.transcript.safe_html import SafeHtml

_PARTS = {"pass": "n_pass", "fail": "n_fail", "not_applicable": "n_not_applicable", "error": "n_error"}


def judges(request: Request) -> Response:
    """List every judge with how far its present version can be trusted."""
    context = context_of(request)
    return render(request, "judges.html", listed=judge_figures.listed(context.warehouse, context.deployment.judges))


def judge(request: Request) -> Response:
    """Show one judge; 404 where there is none of this name."""
    context, person = context_of(request), person_of(request)
    name = request.query_params.get("name", "")
    found = next((each for each in context.deployment.judges if each.name == name), None)
    if found is None:
        raise HTTPException(404, "There is no judge of this name.")
    seen = judge_figures.versions_seen(context.warehouse, name)
    (listed,) = judge_figures.listed(context.warehouse, [found])
    return render(
        request,
        "judge.html",
        judge=found,
        facts=list(facts(found)),
        listed=listed,
        seen=seen,
        charts=_version_charts(seen),
        days=_verdict_charts(judge_figures.verdicts_by_day(context.warehouse, name)),
        errors=judge_figures.errors_by_reason(context.warehouse, name),
        categories=judge_figures.by_category(context.warehouse, found),
        disagreements=judge_figures.disagreements(context.warehouse, found, person.reviewer),
        most=judge_figures.MOST_DISAGREEMENTS,
        last_days=judge_figures.LAST_DAYS,
    )


def _version_charts(seen: Sequence[Seen]) -> list[dict[str, Any]]:
    """Return per origin the two charts of its versions, the oldest at the top."""
    charts = []
    for origin in production_first([each.origin for each in seen if each.figures]):
        rows = [each for each in seen if each.origin == origin]
        charts.append(
            {
                "origin": origin,
                "tpr": _chart("Catch rate (TPR) by version", rows, "tpr"),
                "tnr": _chart("Good sessions passed (TNR) by version", rows, "tnr"),
            }
        )
    return charts


def _chart(title: str, rows: Sequence[Seen], name: str) -> SafeHtml:
    lines = [_line(row, getattr(row.figures, name) if row.figures else Share(None, None, None, 0)) for row in rows]
    told = "; ".join(f"{line.label}: {line.figure}" for line in lines)
    return interval_chart(lines, title, f"95 % intervals from held-out labels. {told}")


def _line(row: Seen, share: Share) -> Interval:
    figure = percent_words(share.value, share.low, share.high) or ("too few" if share.n else "no labels")
    return Interval(row.version, share.value, share.low, share.high, f"{figure}, n {share.n}" if share.n else figure)


def _verdict_charts(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return per origin its verdicts by day, all versions together: sums and a chart."""
    by_origin = sorted(rows, key=itemgetter("origin"))
    found = []
    for origin, of_origin in groupby(by_origin, key=itemgetter("origin")):
        bars = [_day(day, list(group)) for day, group in groupby(of_origin, key=itemgetter("day"))]
        totals = {name: int(sum(dict(bar.parts)[name] for bar in bars)) for name in _PARTS}
        told = ", ".join(f"{n} {name}" for name, n in totals.items())
        chart = stacked_bars(bars, "Verdicts by day", f"{bars[0].label} to {bars[-1].label}: {told}")
        found.append({"origin": origin, "totals": totals, "chart": chart})
    return sorted(found, key=lambda each: (each["origin"] != "production", str(each["origin"])))


def _day(day: Any, rows: Sequence[Mapping[str, Any]]) -> Stack:
    sums = {name: int(sum(row[name] for row in rows)) for name in ("n", "n_fail", "n_not_applicable", "n_error")}
    sums["n_pass"] = sums["n"] - sums["n_fail"]
    return Stack(str(day), tuple((name, sums[column]) for name, column in _PARTS.items()))


routes = [Route("/judges", judges), Route("/judge", judge)]
