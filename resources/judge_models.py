"""Which endpoint judges what. Not here: how one is spoken to (`judge_model.py`)."""

import asyncio
from types import TracebackType

from eval_pipeline.judges.asking.endpoints import Endpoints
from eval_pipeline.ports import JudgeModel
from eval_pipeline.settings import Settings
from resources.judge_model import OpenAIJudgeModel, SimulatedJudgeModel, endpoint_name


class ConfiguredJudgeModels:
    """`ports.JudgeModels` from the settings. Simulated sessions never leave the machine, whatever is configured."""

    def __init__(self, settings: Settings, endpoints: Endpoints | None = None) -> None:
        """`endpoints` says which API each speaks; without it that is found out."""
        self._settings = settings
        self._endpoints = endpoints or Endpoints()
        self._opened: dict[str, OpenAIJudgeModel | SimulatedJudgeModel] = {}

    def __enter__(self) -> "ConfiguredJudgeModels":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for model in self._opened.values():
            asyncio.run(model.close())

    def for_origin(self, origin: str) -> JudgeModel | None:
        """Return the endpoint for sessions of `origin`; None for real ones when no key and no base URL is set."""
        if origin == "simulated":
            return self._opened.setdefault("simulated", SimulatedJudgeModel())
        settings = self._settings
        if settings.openai_api_key is None and settings.openai_base_url is None:
            return None
        key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else "none"
        api = self._endpoints.limits_of(endpoint_name(settings.openai_base_url)).api
        return self._opened.setdefault("configured", OpenAIJudgeModel(key, settings.openai_base_url, api=api))
