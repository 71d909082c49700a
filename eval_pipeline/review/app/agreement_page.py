"""How far reviewers agree with each other and themselves, and how far machines move them.

Not here: what is read for it (`review/figures/agreement_reading.py`, `review/figures/anchoring.py`).
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from eval_pipeline.calibration.estimators.agreement import MIN_FOR_KAPPA
from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE
from eval_pipeline.review.app.http import context_of, render
from eval_pipeline.review.figures.agreement_reading import reliability
from eval_pipeline.review.figures.anchoring import anchoring


def agreement(request: Request) -> Response:
    """Show what is known of each origin."""
    warehouse = context_of(request).warehouse
    moved = {each.origin: each for each in anchoring(warehouse)}
    found = [(each, moved.get(each.origin)) for each in reliability(warehouse)]
    return render(request, "agreement.html", found=found, min_for_rate=MIN_FOR_RATE, min_for_kappa=MIN_FOR_KAPPA)


routes = [Route("/agreement", agreement)]
