"""Judges' endpoints: any that speaks the OpenAI protocol, and the simulation's own on loopback.

Not here: retries, budgets and the ledger (`eval_pipeline.judges.asking`). Nothing is logged, and the key stands in no
attempt: what an endpoint says back is cleaned of it.
"""

import asyncio
import re
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import openai
import orjson
from openai import AsyncOpenAI, DefaultAioHttpClient, DefaultAsyncHttpxClient

from eval_pipeline.judges.replies import storable
from eval_pipeline.ports import Attempt, JudgeRequest
from eval_pipeline.simulation.judge_endpoint import JudgeEndpoint
from eval_pipeline.simulation.truth import DEMO_SEED

OPENAI_URL = "https://api.openai.com/v1"
SIMULATED_ENDPOINT = "simulated"
"""What the ledger names the simulation's endpoint, whose port differs from run to run; its calls cost nothing."""

MAX_REPLY_CHARS = 100_000
MAX_ERROR_CHARS = 500

_FORMS = ("json_schema", "json_object", "plain")
"""Ways of asking for JSON, strictest first."""

_UNKNOWN_FORM = re.compile(r"response_format|json_schema|json_object|json mode|structured output", re.IGNORECASE)
_KEY_LIKE = re.compile(r"\b(?:sk|pk|rk)-[\w*.-]{3,}|\bBearer\s+\S+", re.IGNORECASE)
_MIN_SECRET = 8
"""Shorter keys are placeholders of local servers ("none"): striking them out of replies would strike words."""


class OpenAIJudgeModel:
    """`ports.JudgeModel` over Chat Completions of any compatible endpoint.

    JSON is asked for by schema. An endpoint that does not know that is asked for JSON, then for plain text; what it
    knows is remembered per model. The client retries nothing, follows no redirect and belongs to the running event
    loop; `close` ends it, and the next call opens another.
    """

    def __init__(self, api_key: str, base_url: str | None = None, *, is_proxied: bool = True) -> None:
        """`is_proxied` says whether the proxies of the environment are used."""
        self._api_key = api_key
        self._base_url = base_url or OPENAI_URL
        self._is_proxied = is_proxied
        self._forms: dict[str, str] = {}
        self._client: AsyncOpenAI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def endpoint(self) -> str:
        """Host and path, without credentials and query."""
        url = urlsplit(self._base_url)
        return url.netloc.rpartition("@")[2] + url.path.rstrip("/")

    @property
    def is_simulated(self) -> bool:
        """False: whatever is configured is taken for the model it is asked for."""
        return False

    async def ask(self, request: JudgeRequest, timeout_s: float) -> Attempt:
        """Send one attempt and return what came of it within `timeout_s` seconds. Raises nothing but cancellation.

        Statuses: `reply`, `http_NNN`, `timeout`, `connection`, `bad_body` (200, and no completion), `client_error`.
        """
        started = time.perf_counter()
        try:
            # The client's own timeout is per read: a body that drips would never meet it.
            async with asyncio.timeout(timeout_s):
                body = await self._completion(request, timeout_s)
        except Exception as error:
            return self._failed(error, time.perf_counter() - started)
        return self._read(body, time.perf_counter() - started)

    async def close(self) -> None:
        """Release the connections. The model can be used again, also from another event loop."""
        client, is_ours = self._client, self._loop is asyncio.get_running_loop()
        self._client = self._loop = None
        if client is not None and is_ours:
            await client.close()

    async def _completion(self, request: JudgeRequest, timeout_s: float) -> bytes:
        while True:
            form = self._forms.get(request.model, _FORMS[0])
            try:
                response = await self._client_here().chat.completions.with_raw_response.create(
                    **_body(request, form), timeout=timeout_s
                )
                return bytes(response.http_response.content)
            except openai.APIStatusError as error:
                if form == _FORMS[-1] or not _is_about_form(error):
                    raise
                # Others under way may have stepped down already: one step from where this one stood.
                self._forms[request.model] = _FORMS[_FORMS.index(form) + 1]

    def _client_here(self) -> AsyncOpenAI:
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._loop = loop
            self._client = AsyncOpenAI(
                api_key=self._api_key or "none",
                base_url=self._base_url,
                max_retries=0,
                http_client=_http_client(self._is_proxied),
            )
        return self._client

    def _read(self, body: bytes, latency_s: float) -> Attempt:
        try:
            document = orjson.loads(body)
            choice = document["choices"][0]
            said, refusal = choice["message"].get("content"), choice["message"].get("refusal")
            if not isinstance(said or "", str):
                raise TypeError("content is not text")
        except (ValueError, LookupError, TypeError, AttributeError):
            text = self._cleaned(body[: 4 * MAX_REPLY_CHARS].decode("utf-8", "replace"))
            return Attempt("bad_body", latency_s, text[:MAX_REPLY_CHARS], error="the body is not a chat completion")
        is_refusal = not said and isinstance(refusal, str)
        usage = document.get("usage") or {}
        return Attempt(
            "reply",
            latency_s,
            self._without_key(storable((refusal if is_refusal else said) or ""))[:MAX_REPLY_CHARS],
            "refusal" if is_refusal else str(choice.get("finish_reason") or "unknown"),
            _count(usage, "prompt_tokens"),
            _count(usage, "completion_tokens"),
        )

    def _failed(self, error: Exception, latency_s: float) -> Attempt:
        status, retry_after_s, text = _status_of(error), None, str(error)
        if isinstance(error, openai.APIStatusError):
            retry_after_s = _retry_after(error.response.headers, datetime.now(UTC))
            text = error.response.text or text
        named = f"{type(error).__name__}: {self._cleaned(text)}"
        return Attempt(status, latency_s, error=named[:MAX_ERROR_CHARS], retry_after_s=retry_after_s)

    def _without_key(self, text: str) -> str:
        return text.replace(self._api_key, "***") if len(self._api_key) >= _MIN_SECRET else text

    def _cleaned(self, text: str) -> str:
        return _KEY_LIKE.sub("***", self._without_key(storable(text)))


class SimulatedJudgeModel:
    """`ports.JudgeModel` over the simulation's judge, a real HTTP server on loopback that starts with the first call."""

    def __init__(self, seed: int = DEMO_SEED) -> None:
        """`seed` is the one that the traffic was made with."""
        self._seed = seed
        self._running = ExitStack()
        self._model: OpenAIJudgeModel | None = None

    @property
    def endpoint(self) -> str:
        """`simulated`, whatever port it listens on."""
        return SIMULATED_ENDPOINT

    @property
    def is_simulated(self) -> bool:
        """True."""
        return True

    async def ask(self, request: JudgeRequest, timeout_s: float) -> Attempt:
        """Send one attempt, as `OpenAIJudgeModel.ask`."""
        if self._model is None:
            server = self._running.enter_context(JudgeEndpoint(self._seed))
            self._model = OpenAIJudgeModel("none", server.base_url, is_proxied=False)
        return await self._model.ask(request, timeout_s)

    async def close(self) -> None:
        """Release the connections and stop the server; the next call starts another."""
        model, self._model = self._model, None
        if model is not None:
            await model.close()
        self._running.close()


def _http_client(is_proxied: bool) -> Any:
    settings: dict[str, Any] = {"follow_redirects": False, "trust_env": is_proxied}
    try:
        return DefaultAioHttpClient(**settings)
    except RuntimeError:
        # The aiohttp transport is an extra of the client; without it calls are slower and the same.
        return DefaultAsyncHttpxClient(**settings)


def _body(request: JudgeRequest, form: str) -> dict[str, Any]:
    body: dict[str, Any] = {"model": request.model, "messages": list(request.messages), **request.parameters}
    if request.reply_schema is not None and form == "json_schema":
        schema = {"name": "reply", "strict": True, "schema": request.reply_schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif request.reply_schema is not None and form == "json_object":
        body["response_format"] = {"type": "json_object"}
    return body


def _is_about_form(error: openai.APIStatusError) -> bool:
    return error.status_code in (400, 404, 415, 422, 501) and bool(_UNKNOWN_FORM.search(error.response.text))


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


def _count(usage: Any, name: str) -> int | None:
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
