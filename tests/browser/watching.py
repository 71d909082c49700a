"""Looks on while pages run, and notes what must not happen in any of them."""

import re

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Request, WebError

LOCAL = ("data:", "blob:", "about:")


class Watch:
    """Notes errors in the console (violations of the content policy are among them), errors that no script caught, dialogs,
    and requests to other hosts. What a test expects, it says by `expect`."""

    def __init__(self) -> None:
        self._seen: list[str] = []
        self._expected: list[str] = []

    def over(self, context: BrowserContext, url: str) -> None:
        """Look at every page of `context`, of the app at `url`."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self._error(error))
        context.on("dialog", self._dialog)
        context.on("request", lambda request: self._request(request, url))

    def expect(self, pattern: str) -> None:
        """Let pass what matches `pattern` (a regular expression)."""
        self._expected.append(pattern)

    def faults(self) -> list[str]:
        """Return what was seen and not expected."""
        return [fault for fault in self._seen if not any(re.search(pattern, fault) for pattern in self._expected)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._seen.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _error(self, error: WebError) -> None:
        self._seen.append(f"error: {error.error}")

    def _dialog(self, dialog: Dialog) -> None:
        self._seen.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request, url: str) -> None:
        if not request.url.startswith((url, *LOCAL)):
            self._seen.append(f"request: {request.url}")
