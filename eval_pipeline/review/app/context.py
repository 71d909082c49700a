"""What every page of the review app works with, in one value. Not here: how a page reads it from a request (`http.py`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from starlette.requests import Request

from eval_pipeline.deployment import Deployment
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.policy import ReviewPolicy
from eval_pipeline.review.ports import People, ReviewStore, Role, SignedIn


class SignInRefused(Exception):
    """The evidence does not do. `retry_after`: seconds to wait after too many attempts, 0 for none."""

    def __init__(self, reason: str, retry_after: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Entrance(Protocol):
    """The way in: by link, by proxy, or by password. Methods are called from several threads."""

    @property
    def kind(self) -> str:
        """`local`, `proxy` or `accounts`, as in the policy."""
        ...

    def admits(self, request: Request) -> bool:
        """Return whether anything may be answered at all to where the request comes from."""
        ...

    def enter(self, request: Request, evidence: Mapping[str, Any]) -> tuple[str, Role]:
        """Return who comes in with this form, and the role. Raises `SignInRefused`."""
        ...

    def still_holds(self, request: Request, person: SignedIn) -> bool:
        """Return whether one who came in earlier would still be let in, as the same person in the same role."""
        ...


@dataclass(frozen=True)
class AppContext:
    """The ports, the catalog and the way in. `warehouse` is read alone; what people do goes through `store` and `people`."""

    warehouse: Warehouse
    store: ReviewStore
    people: People
    deployment: Deployment
    policy: ReviewPolicy
    entrance: Entrance
    drafts: Path | None = None
    """Folder for drafted migrations of the taxonomy; None: they are shown alone."""
