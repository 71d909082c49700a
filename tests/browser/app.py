"""The app as the tests in a browser run it: served in a thread; and the words of their fixtures. Not here: the fixtures."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Page

from eval_pipeline.review.app.context import AppContext
from eval_pipeline.review.app.serving import ReviewServer

WIDE, NARROW = (1280, 900), (400, 800)
"""Sizes of a window, in CSS pixels."""

REVIEWER = "ann"
"""The one user of local mode, where a test names no other."""


@dataclass(frozen=True)
class App:
    """A running app. `link` opens it; `url` is its root."""

    link: str
    context: AppContext

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return self.link.split("/", 3)[0] + "//" + self.link.split("/", 3)[2]


Serve = Callable[..., App]
"""The fixture `serve`."""

Open = Callable[..., Page]
"""The fixture `open_page`."""


@contextmanager
def running(context: AppContext) -> Iterator[str]:
    """Serve in a thread; yields the link."""
    answers = threading.Event()
    server = ReviewServer(context, "127.0.0.1", 0, lambda _: answers.set())
    thread = threading.Thread(target=server.serve_until_ended, daemon=True)
    thread.start()
    assert answers.wait(30), "the app did not start"
    yield server.link
    server.should_exit = True
    thread.join(30)
