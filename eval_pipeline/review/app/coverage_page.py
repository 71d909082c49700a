"""How far the queue has been read, and which labels the figures wait for.

Not here: what is read for it (`review/figures/coverage.py`, `review/overview.py`).
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from eval_pipeline.calibration.detection import AIM_CONTROL
from eval_pipeline.calibration.estimators.rates import MIN_FOR_GATE
from eval_pipeline.review.app.http import context_of, render
from eval_pipeline.review.figures import coverage as read
from eval_pipeline.review.figures.charts import share_bar
from eval_pipeline.review.figures.coverage import DayCoverage
from eval_pipeline.review.figures.records import records_of
from eval_pipeline.review.overview import reasons, strata
from eval_pipeline.review.transcript.safe_html import SafeHtml


def coverage(request: Request) -> Response:
    """Show the queue by day, stratum and reason, and the labels that are missing."""
    context = context_of(request)
    warehouse = context.warehouse
    return render(
        request,
        "coverage.html",
        days=[(day, _bar(day)) for day in read.by_day(warehouse)],
        last_days=read.DAYS,
        strata=records_of(strata(warehouse, None)),
        reasons=records_of(reasons(warehouse, None)),
        labels=read.judge_labels(warehouse, [judge.name for judge in context.deployment.judges]),
        control=read.control_labels(warehouse),
        aim=MIN_FOR_GATE,
        aim_control=AIM_CONTROL,
    )


def _bar(day: DayCoverage) -> SafeHtml:
    n_done = day.sampled - day.waiting
    return share_bar([("done", n_done), ("waiting", day.waiting)], f"{n_done} done, {day.waiting} waiting")


routes = [Route("/coverage", coverage)]
