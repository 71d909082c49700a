"""What a call came to, as an attempt: a reply, or an error with its status and its words, the key struck out of both.

Not here: whether it is tried again (`eval_pipeline.judges.asking.asker`).
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any

import aiohttp
import openai
import orjson

from eval_pipeline.judges.replies import storable
from eval_pipeline.ports import Attempt
from resources.judge_bodies import NotAnAnswer, read_answer, read_usage

MAX_REPLY_CHARS = 100_000
MAX_ERROR_CHARS = 500

_UNKNOWN_FORM = re.compile(
    r"response_format|text\.format|json_schema|json_object|json mode|structured output", re.IGNORECASE
)
_UNKNOWN_PATH = re.compile(
    r"not[ _-]?found|invalid url|unknown[ _](?:url|path|route|endpoint)|no route|cannot post|not (?:allowed|implemented)",
    re.IGNORECASE,
)
_ABOUT_MODEL = re.compile(r"model|deployment|engine", re.IGNORECASE)
_KEY_LIKE = re.compile(r"\b(?:sk|pk|rk)-[\w*.-]{3,}|\bBearer\s+\S+", re.IGNORECASE)
_MIN_SECRET = 8
"""Shorter keys are placeholders of local servers ("none"): striking them out of replies would strike words."""


class Cleaner:
    """Strikes one endpoint's key out of what it says back, and whatever looks like a key out of its errors."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key

    def reply(self, text: str) -> str:
        """Return what is kept of a reply: all but the key, fit to be stored."""
        return self._struck(storable(text))[:MAX_REPLY_CHARS]

    def error(self, text: str) -> str:
        """Return what is kept of an error."""
        return self._cleaned(text)[:MAX_ERROR_CHARS]

    def garbage(self, body: bytes) -> str:
        """Return what is kept of a body that is no reply."""
        return self._cleaned(body[: 4 * MAX_REPLY_CHARS].decode("utf-8", "replace"))[:MAX_REPLY_CHARS]

    def _cleaned(self, text: str) -> str:
        return _KEY_LIKE.sub("***", self._struck(storable(text)))

    def _struck(self, text: str) -> str:
        return text.replace(self._api_key, "***") if len(self._api_key) >= _MIN_SECRET else text


def answered_attempt(body: bytes, latency_s: float, cleaner: Cleaner) -> Attempt:
    """Return the attempt that got `body` with status 200; `bad_body` when it holds no completion, which may be paid."""
    document = None
    try:
        document = orjson.loads(body)
        answer = read_answer(document)
    except (NotAnAnswer, orjson.JSONDecodeError) as error:
        why = str(error) if isinstance(error, NotAnAnswer) else "the body is not JSON"
        n_in, n_out = read_usage(document)
        return Attempt("bad_body", latency_s, cleaner.garbage(body), None, n_in, n_out, cleaner.error(why))
    return Attempt(
        "reply",
        latency_s,
        cleaner.reply(answer.text),
        answer.finish_reason,
        answer.n_prompt_tokens,
        answer.n_completion_tokens,
    )


def failed_attempt(error: Exception, latency_s: float, cleaner: Cleaner) -> Attempt:
    """Return the attempt that ended in `error`."""
    retry_after_s, text = None, str(error)
    if isinstance(error, openai.APIStatusError):
        retry_after_s = _retry_after(error.response.headers, datetime.now(UTC))
        text = error.response.text or text
    named = cleaner.error(f"{type(error).__name__}: {text}")
    return Attempt(_status_of(error), latency_s, error=named, retry_after_s=retry_after_s)


def is_about_form(error: openai.APIStatusError) -> bool:
    """Return whether the endpoint does not know the form in which JSON was asked for."""
    return error.status_code in (400, 404, 415, 422, 501) and bool(_UNKNOWN_FORM.search(error.response.text))


def is_unknown_path(error: openai.APIStatusError) -> bool:
    """Return whether the endpoint does not know the API: it says so, or nothing, and does not speak of the model."""
    said = error.response.text
    if error.status_code not in (404, 405, 501) or _ABOUT_MODEL.search(said):
        return False
    return not said.strip() or bool(_UNKNOWN_PATH.search(said))


def _status_of(error: Exception) -> str:
    if isinstance(error, openai.APIStatusError):
        return f"http_{error.status_code}"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, openai.APITimeoutError):
        # The aiohttp transport reports a lost connection as a timeout; what lies beneath tells them apart.
        return "connection" if _is_lost_connection(error) else "timeout"
    return "connection" if isinstance(error, openai.APIConnectionError) else "client_error"


def _is_lost_connection(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, aiohttp.ClientConnectionError):
            return not isinstance(error, TimeoutError)
        error = error.__cause__ or error.__context__
    return False


def _retry_after(headers: Any, now: datetime) -> float | None:
    """Return the seconds that the endpoint asks to wait: a number, or a date of HTTP."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        return max(0.0, seconds) if isfinite(seconds) else None
    try:
        return max(0.0, (parsedate_to_datetime(headers.get("retry-after", "")) - now).total_seconds())
    except (ValueError, TypeError):
        return None
