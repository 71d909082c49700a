"""The command that serves the review app. Not here: what the app refuses to start on (`review/app/serving.py`), the
accounts of its people (`reviewers.py`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from eval_pipeline.cli.terminal import out
from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    from eval_pipeline.review.app.context import AppContext
    from eval_pipeline.review.app.serving import ReviewServer

REVIEW_PORT = 3001


def review(
    port: Annotated[int, typer.Option(help="Port to serve on; 0 takes a free one.", min=0, max=65535)] = REVIEW_PORT,
    host: Annotated[str, typer.Option(help="Address to serve on. Others than loopback are for teams.")] = "127.0.0.1",
) -> None:
    """Serve the review app. The link that is printed lets its one user in; for teams see catalog/review.yaml."""
    with review_server(Settings.from_env(), host, port, print_link) as server:
        server.serve_until_ended()


@contextmanager
def review_server(
    settings: Settings, host: str, port: int, announce: Callable[[str], None]
) -> Iterator["ReviewServer"]:
    """Yield a server of the review app that is ready to serve; `announce` is called with its link once it answers."""
    from eval_pipeline.review.app.serving import ReviewServer

    with _context(settings) as context:
        yield ReviewServer(context, host, port, announce)


@contextmanager
def _context(settings: Settings) -> Iterator["AppContext"]:
    """Yield what the app works with: the newest tables, reached as the app's own role, which may do little."""
    from eval_pipeline.deployment import Deployment
    from eval_pipeline.review.app.context import AppContext
    from eval_pipeline.review.app.entrances import entrance_of
    from eval_pipeline.review.policy import load_policy
    from resources.embedded_postgres import database_url
    from resources.migration import migrate
    from resources.review_people import PostgresPeople
    from resources.review_role import review_database_url
    from resources.review_store import PostgresReviewStore
    from resources.taxonomy_register import hold_to
    from resources.warehouse import PostgresWarehouse

    policy, deployment = load_policy(settings.catalog / "review.yaml"), Deployment.load(settings)
    own_url = database_url(settings)
    migrate(own_url)
    with PostgresWarehouse(own_url) as own:
        hold_to(own, deployment.taxonomy, datetime.now(UTC))
    url, drafts = review_database_url(settings), settings.home / "taxonomy_drafts"
    lease, after = timedelta(minutes=policy.lease_minutes), timedelta(days=policy.repeat_after_days)
    with (
        PostgresWarehouse(url) as warehouse,
        PostgresReviewStore(url, lease, policy.repeat_share, after) as store,
        PostgresPeople(url) as people,
    ):
        yield AppContext(warehouse, store, people, deployment, policy, entrance_of(policy, people), drafts)


def print_link(link: str) -> None:
    """Print where the app is."""
    out.print(f"Review: {link}", highlight=False, markup=False, soft_wrap=True)
