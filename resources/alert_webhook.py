"""The webhook that alerts are told to: one POST of JSON an attempt.

The address is a secret, as whoever has it can post: it stands in no log, row or error. Not here: what is told and how often
(`eval_pipeline/trends/telling.py`).
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2
from pydantic import SecretStr

from eval_pipeline.errors import SettingsError
from eval_pipeline.ports import Told
from eval_pipeline.settings import Settings

TIMEOUT_S = 10.0
VARIABLE = "EVAL_PIPELINE_ALERT_WEBHOOK"

_SPEAK_OF_ADDRESSES = ("httpx2", "httpcore2.connection", "httpcore2.http11", "httpcore2.proxy", "httpcore2.socks")
"""Loggers of the client that tell where a request goes."""

_MAY_PASS = frozenset({408, 425, 429})
"""Refusals, beside all of 500 and above, that a later attempt may not meet."""


class AlertWebhook:
    """`ports.AlertSink` over HTTP. No redirect is followed: a POST of findings goes where it was meant to, or nowhere."""

    def __init__(self, address: SecretStr, timeout_s: float = TIMEOUT_S) -> None:
        """Raises `SettingsError` unless `address` is of http or https and names a host; the error does not repeat it."""
        if not _is_web_address(address.get_secret_value()):
            raise SettingsError(
                f"{VARIABLE} is no address of http or https with a host.",
                f"Set {VARIABLE} to https://..., or unset it.",
            )
        self._address = address
        self._timeout_s = timeout_s

    def tell(self, message: Mapping[str, Any]) -> Told:
        """Post `message` once. Delivered is any status of 200 to 299; what was said back is neither read nor kept."""
        try:
            status = self._post(message)
        except httpx2.TimeoutException:
            return Told(False, f"no answer in {self._timeout_s:g} s", may_retry=True)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            # The class alone: the text of such an error may hold the address.
            return Told(False, f"not reached ({type(error).__name__})", may_retry=True)
        is_delivered = 200 <= status < 300
        return Told(
            is_delivered, f"HTTP {status}", may_retry=not is_delivered and (status >= 500 or status in _MAY_PASS)
        )

    def _post(self, message: Mapping[str, Any]) -> int:
        with (
            _unspoken(str(urlsplit(self._address.get_secret_value()).hostname)),
            httpx2.Client(timeout=self._timeout_s, follow_redirects=False) as client,
            client.stream("POST", self._address.get_secret_value(), json=dict(message)) as response,
        ):
            return int(response.status_code)


def alert_webhook(settings: Settings) -> AlertWebhook | None:
    """Return the webhook of `settings`; None where none is set. Raises `SettingsError` where it is no web address."""
    return AlertWebhook(settings.alert_webhook) if settings.alert_webhook is not None else None


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class _Unspoken(logging.Filter):
    """Drops the lines that name a host."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self._host = host

    def filter(self, record: logging.LogRecord) -> bool:
        return self._host not in record.getMessage().lower()


@contextmanager
def _unspoken(host: str) -> Iterator[None]:
    """Keep `host` out of the client's own logs meanwhile, whatever level they are at."""
    unspoken = _Unspoken(host)
    loggers = [logging.getLogger(name) for name in _SPEAK_OF_ADDRESSES]
    for logger in loggers:
        logger.addFilter(unspoken)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(unspoken)
