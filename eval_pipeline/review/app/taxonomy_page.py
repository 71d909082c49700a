"""The guide to the taxonomy: every category with its borders, its owner, how often it was given, and examples.

Not here: the categories (`eval_pipeline/taxonomy/`), what is read for them (`review/figures/taxonomy_examples.py`).
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from eval_pipeline.review.app.http import context_of, person_of, render
from eval_pipeline.review.figures.taxonomy_examples import examples, label_counts, without_category


def taxonomy(request: Request) -> Response:
    """Show the taxonomy in force."""
    context, person = context_of(request), person_of(request)
    return render(
        request,
        "taxonomy.html",
        taxonomy=context.deployment.taxonomy,
        counts=label_counts(context.warehouse),
        without=without_category(context.warehouse),
        examples=examples(context.warehouse, person.reviewer),
    )


routes = [Route("/taxonomy", taxonomy)]
