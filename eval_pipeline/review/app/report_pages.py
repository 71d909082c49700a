"""The reports: every subject that is measured, and a page of figures for each.

Not here: what a page says (`calibration/pages/`), the judges' definitions and disagreements (`judge_pages.py`).
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from eval_pipeline.calibration.pages.content import page_of
from eval_pipeline.calibration.pages.reading import known_of, subjects
from eval_pipeline.review.app.http import context_of, render
from eval_pipeline.review.figures.charts import interval_chart


def reports(request: Request) -> Response:
    """List every subject that was measured."""
    return render(request, "reports.html", subjects=subjects(context_of(request).warehouse))


def report(request: Request) -> Response:
    """Show the figures of one subject; 404 where none of this kind and name was measured."""
    asked = request.query_params
    known = known_of(context_of(request).warehouse, asked.get("kind", ""), asked.get("name", ""))
    if known is None:
        raise HTTPException(404, "Nothing of this name was measured.")
    page = page_of(known)
    charts = {
        chart.title: interval_chart(chart.rows, chart.title, section.note)
        for section in page.sections
        for chart in section.charts
        if chart.rows
    }
    return render(request, "report.html", page=page, charts=charts)


routes = [Route("/reports", reports), Route("/report", report)]
