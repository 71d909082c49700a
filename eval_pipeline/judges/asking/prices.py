"""What calls cost and may cost, by `catalog/prices.yaml`. Not here: how a budget is kept (`budget.py`)."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from eval_pipeline.catalog import load_yaml

_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


class Price(BaseModel):
    """US dollars per million tokens, in and out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)


class Prices(BaseModel):
    """The price of each model, as its provider stated it on `as_of`. A dated snapshot costs what its model does.

    `budget_usd_per_run` is what all judge calls of one run may cost together, `budget_usd_per_day` those of all runs on
    one UTC day; null is no limit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    as_of: date | None = None
    budget_usd_per_run: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    budget_usd_per_day: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    usd_per_million_tokens: Mapping[str, Price] = Field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "Prices":
        """Read the table at `path`. Raises `SettingsError` when it is missing or no price table."""
        return load_yaml(path, cls)

    @property
    def has_budget(self) -> bool:
        """Whether money is limited at all."""
        return self.budget_usd_per_run is not None or self.budget_usd_per_day is not None

    def of(self, model: str) -> Price | None:
        """Return the price of `model`, or None when the table does not know it."""
        table = self.usd_per_million_tokens
        return table.get(model) or table.get(_SNAPSHOT.sub("", model))

    def cost(self, model: str, n_prompt_tokens: int | None, n_completion_tokens: int | None) -> float | None:
        """Return the cost in US dollars; None when the model has no price or the endpoint did not count tokens."""
        price = self.of(model)
        if price is None or n_prompt_tokens is None or n_completion_tokens is None:
            return None
        return (n_prompt_tokens * price.prompt + n_completion_tokens * price.completion) / 1e6
