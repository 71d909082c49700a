"""How hard each endpoint may be asked, by `catalog/endpoints.yaml`.

Not here: keeping to it (`pacing.py`, `asker.py`), money (`budget.py`), how a protocol is spoken (`resources/`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eval_pipeline.catalog import load_yaml


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Limits(_Strict):
    """What one run of ours may ask of one endpoint. Times are seconds; a limit that is null is none.

    `deadline_s` bounds one logical call from its first attempt on, all further attempts and waits included. `api` is
    the protocol to speak; `auto` finds out.
    """

    concurrency: int = Field(default=16, ge=1, le=1000)
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    attempt_timeout_s: float = Field(default=60.0, gt=0)
    deadline_s: float = Field(default=300.0, gt=0)
    max_attempts: int = Field(default=5, ge=1, le=20)
    api: Literal["auto", "responses", "chat"] = "auto"


class Endpoints(_Strict):
    """The limits of all endpoints by host and path; what an endpoint does not state is as in `default`."""

    default: Limits = Limits()
    endpoints: Mapping[str, Limits] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, document: Any) -> Any:
        """Lay each endpoint's own limits over the default's; what has another form is left to be refused."""
        if not isinstance(document, dict):
            return document
        default, endpoints = document.get("default", {}), document.get("endpoints", {})
        if not isinstance(default, dict) or not isinstance(endpoints, dict):
            return document
        filled = {name: {**default, **own} if isinstance(own, dict) else own for name, own in endpoints.items()}
        return {**document, "endpoints": filled}

    @classmethod
    def load(cls, path: Path) -> "Endpoints":
        """Read the file at `path`. Raises `SettingsError` when it is missing or states something unknown."""
        return load_yaml(path, cls)

    def limits_of(self, endpoint: str) -> Limits:
        """Return the limits of `endpoint`, its host and path as `JudgeModel.endpoint` says it."""
        return self.endpoints.get(endpoint, self.default)
