"""Judges' endpoints: any that speaks the OpenAI protocol, and the simulation's own on loopback.

Not here: bodies (`judge_bodies.py`), what an answer comes to (`judge_attempts.py`), batches (`batch_model.py`), retries,
budgets and the ledger (`eval_pipeline.judges.asking.asker`). Nothing is logged, and the key stands in no attempt: what an
endpoint says back is cleaned of it.
"""

import asyncio
import time
from contextlib import ExitStack
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx2
import openai
import orjson
from openai import AsyncOpenAI, DefaultAioHttpClient, DefaultAsyncHttpxClient

from eval_pipeline.ports import Attempt, JudgeRequest
from eval_pipeline.simulation.judge_endpoint import JudgeEndpoint
from eval_pipeline.simulation.truth import DEMO_SEED
from resources.batch_model import OpenAIBatchModel
from resources.judge_attempts import Cleaner, answered_attempt, failed_attempt, is_about_form, is_unknown_path
from resources.judge_bodies import FORMS, PATHS, Api, Form, body_of

OPENAI_URL = "https://api.openai.com/v1"
SIMULATED_ENDPOINT = "simulated"
"""What the ledger names the simulation's endpoint, whose port differs from run to run; its calls cost nothing."""

_JSON = {"Content-Type": "application/json"}


def endpoint_name(base_url: str | None) -> str:
    """Return host and path of `base_url`, OpenAI's when it is None, without credentials and query."""
    url = urlsplit(base_url or OPENAI_URL)
    return url.netloc.rpartition("@")[2] + url.path.rstrip("/")


class OpenAIJudgeModel:
    """`ports.JudgeModel` over Responses or Chat Completions of any compatible endpoint.

    JSON is asked for by schema. An endpoint that does not know that is asked for JSON, then for plain text; what it
    knows is remembered per model. The client retries nothing, follows no redirect and belongs to the running event
    loop; `close` ends it, and the next call opens another.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str | None = None,
        *,
        is_proxied: bool = True,
        api: Literal["auto", "responses", "chat"] = "auto",
    ) -> None:
        """`is_proxied` says whether the proxies of the environment are used.

        `api` auto is Responses at OpenAI and Chat Completions elsewhere; an endpoint that does not know the path is
        asked over the other API, once for all calls.
        """
        self._api_key = api_key
        self._base_url = base_url or OPENAI_URL
        self._is_proxied = is_proxied
        self._cleaner = Cleaner(api_key)
        is_openai = urlsplit(self._base_url).hostname == urlsplit(OPENAI_URL).hostname
        self._api: Api = api if api != "auto" else "responses" if is_openai else "chat"
        self._may_change_api = api == "auto"
        self._forms: dict[str, Form] = {}
        self._client: AsyncOpenAI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def endpoint(self) -> str:
        """Host and path, without credentials and query."""
        return endpoint_name(self._base_url)

    @property
    def is_simulated(self) -> bool:
        """False: whatever is configured is taken for the model it is asked for."""
        return False

    def batches(self, endpoint: str | None = None) -> OpenAIBatchModel:
        """Return the batches of this endpoint, over the same API; close it after use. `endpoint` names it otherwise."""
        named = endpoint or self.endpoint
        return OpenAIBatchModel(
            self._api_key, self._base_url, named, self._api, self._forms, is_proxied=self._is_proxied
        )

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
            return failed_attempt(error, time.perf_counter() - started, self._cleaner)
        return answered_attempt(body, time.perf_counter() - started, self._cleaner)

    async def close(self) -> None:
        """Release the connections. The model can be used again, also from another event loop."""
        client, is_ours = self._client, self._loop is asyncio.get_running_loop()
        self._client = self._loop = None
        if client is not None and is_ours:
            await client.close()

    async def _completion(self, request: JudgeRequest, timeout_s: float) -> bytes:
        while True:
            api, form = self._api, self._forms.get(request.model, FORMS[0])
            try:
                return await self._sent(api, body_of(request, api, form), timeout_s)
            except openai.APIStatusError as error:
                if not self._steps(error, request.model, api, form):
                    raise

    async def _sent(self, api: Api, body: dict[str, Any], timeout_s: float) -> bytes:
        # The raw response: the client's typed one costs as much again as the whole call.
        response = await self._client_here().post(
            PATHS[api],
            cast_to=httpx2.Response,
            content=orjson.dumps(body),
            options={"timeout": timeout_s, "headers": _JSON},
        )
        return response.content

    def _steps(self, error: openai.APIStatusError, model: str, api: Api, form: Form) -> bool:
        """Return whether to ask again in another way, after a step from where the failed attempt stood.

        Others under way may have made the step already.
        """
        if is_about_form(error) and form != FORMS[-1]:
            self._forms[model] = FORMS[FORMS.index(form) + 1]
            return True
        if not is_unknown_path(error):
            return False
        if self._may_change_api:
            self._api, self._may_change_api = ("chat" if api == "responses" else "responses"), False
        return api != self._api

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

    def batches(self) -> OpenAIBatchModel:
        """Return the batches of the simulation, which are gone with the server, at `close`."""
        return self._started().batches(SIMULATED_ENDPOINT)

    async def ask(self, request: JudgeRequest, timeout_s: float) -> Attempt:
        """Send one attempt, as `OpenAIJudgeModel.ask`."""
        return await self._started().ask(request, timeout_s)

    async def close(self) -> None:
        """Release the connections and stop the server; the next call starts another."""
        model, self._model = self._model, None
        if model is not None:
            await model.close()
        self._running.close()

    def _started(self) -> OpenAIJudgeModel:
        if self._model is None:
            server = self._running.enter_context(JudgeEndpoint(self._seed))
            self._model = OpenAIJudgeModel("none", server.base_url, is_proxied=False)
        return self._model


def _http_client(is_proxied: bool) -> Any:
    settings: dict[str, Any] = {"follow_redirects": False, "trust_env": is_proxied}
    try:
        return DefaultAioHttpClient(**settings)
    except RuntimeError:
        # The aiohttp transport is an extra of the client; without it calls are slower and the same.
        return DefaultAsyncHttpxClient(**settings)
