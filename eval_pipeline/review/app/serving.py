"""Serving the review app on a port: what is refused before it starts, the link, an end in good order.

Not here: where the context comes from (`cli/review.py`).
"""

import logging
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import uvicorn

from eval_pipeline.errors import SettingsError
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.app.addresses import is_loopback
from eval_pipeline.review.app.context import AppContext
from eval_pipeline.review.app.entrances import LocalEntrance
from eval_pipeline.review.app.errors_pages import LOG
from eval_pipeline.review.app.passwords import known_default
from eval_pipeline.review.app.security import SIGN_IN
from eval_pipeline.review.app.server import build_app
from eval_pipeline.review.figures.records import records
from eval_pipeline.review.policy import ReviewPolicy

_SECONDS_TO_FINISH = 5
_ACCOUNTS = "select reviewer, password_hash from evals.reviewer_accounts where is_active order by reviewer"


class ReviewServer(uvicorn.Server):
    """Serves the app at `host` and `port` (0: any free one); `announce` is called with the link once it answers."""

    def __init__(self, context: AppContext, host: str, port: int, announce: Callable[[str], None]) -> None:
        refuse_unsafe(context, host)
        self._socket = _bound(host, port)
        self._announce = announce
        bound_port = self._socket.getsockname()[1]
        self.link = link_of(context, host, bound_port)
        super().__init__(
            uvicorn.Config(
                build_app(context),
                host=host,
                port=bound_port,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=_SECONDS_TO_FINISH,
            )
        )
        _log_to_terminal(context.policy)

    def serve_until_ended(self) -> None:
        """Serve until Ctrl-C, or until `should_exit` is set."""
        with closing(self._socket), suppress(KeyboardInterrupt):
            self.run(sockets=[self._socket])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets=sockets)
        if self.started:
            self._announce(self.link)


def link_of(context: AppContext, host: str, port: int) -> str:
    """Return the address to open. The token stands in the fragment, which browsers send to no server: no log has it."""
    shown = f"[{host}]" if ":" in host else host
    token = f"{SIGN_IN}#{context.entrance.token}" if isinstance(context.entrance, LocalEntrance) else "/"
    return f"http://{shown}:{port}{token}"


def refuse_unsafe(context: AppContext, host: str) -> None:
    """Refuse to serve where anyone could come in, or listen. Raises `SettingsError` with the mend."""
    policy = context.policy
    if policy.people == "local" and not is_loopback(host):
        raise SettingsError(
            f"people: local lets its one user in by a link over plain HTTP; {host} can be reached from other machines",
            "leave --host out; for a team set people: proxy or people: accounts in catalog/review.yaml and put a proxy "
            "with TLS in front",
        )
    if not is_loopback(host) and not policy.trusted_addresses:
        raise SettingsError(
            f"{host} can be reached from other machines, and passwords would travel over plain HTTP",
            "put a proxy with TLS in front and name its address in catalog/review.yaml: trusted_addresses",
        )
    if policy.people == "accounts":
        _refuse_known_passwords(context.warehouse)


def _refuse_known_passwords(warehouse: Warehouse) -> None:
    accounts = [(row["reviewer"], row["password_hash"]) for row in records(warehouse, _ACCOUNTS)]
    if not accounts:
        raise SettingsError(
            "there is no account that could sign in", "make one: eval-pipeline reviewers add NAME --role lead"
        )
    with ThreadPoolExecutor() as threads:
        known = list(threads.map(lambda account: known_default(account[1], account[0]), accounts))
    weak = [name for (name, _), default in zip(accounts, known, strict=True) if default is not None]
    if weak:
        raise SettingsError(
            f"the password of {', '.join(weak)} is one that everybody tries first",
            f"change it: eval-pipeline reviewers password {weak[0]}; or disable the account",
        )


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise SettingsError(
            f"{host} port {port} cannot be served: {error.strerror or error}",
            "end the program that holds it, or take another port: --port (make review REVIEW_PORT=...)",
        ) from error


def _log_to_terminal(policy: ReviewPolicy) -> None:
    """A team's server says who asked for which page; the one user's terminal stays quiet, so that the link stays in sight."""
    LOG.setLevel(logging.WARNING if policy.people == "local" else logging.INFO)
    if not LOG.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        LOG.addHandler(handler)
