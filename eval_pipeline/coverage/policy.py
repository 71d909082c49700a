"""What a deployment wants covered, from `catalog/coverage.yaml`: grids, targets, and the budget of what is made.

Not here: how sessions fall into cells (`facts.py`, `cells.py`), how any is made (`synthetic/`).
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

from eval_pipeline.catalog import load_yaml
from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.definition import Parameters, View

Dimension = Literal["surface", "intent", "tool", "category", "language", "length", "adversarial"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

NONE = "none"
"""The value of a session that calls no tool, has no failure, or was not tampered with."""

OTHER = "other"
"""The value that stands for all rare ones together."""

UNKNOWN = "unknown"
"""The value of a session of which it cannot be told."""

Count = Annotated[int, Field(ge=0)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SyntheticPolicy(_Model):
    """How many sessions are made, of how many tries, and by whom. Without a `model` operators alone make them."""

    sessions_per_run: Count = 60
    sessions_per_cell: Annotated[int, Field(ge=1)] = 3
    tries_per_cell: Annotated[int, Field(ge=1)] = 40
    seeds_per_cell: Annotated[int, Field(ge=1, le=100)] = 8
    asks_judges: bool = False
    model: str | None = None
    parameters: Parameters = Parameters()
    view: View = View(turns="transcript", with_tool_results=True)


class CoveragePolicy(_Model):
    """Which grids are counted over how many days, and what is too little. See the comments of the file."""

    days: Annotated[int, Field(ge=1, le=90)]
    grids: Annotated[tuple[tuple[Dimension, ...], ...], Field(min_length=1)]
    least_sessions: Count
    least_labelled: Count
    most_values: Annotated[int, Field(ge=1, le=50)] = 12
    length_buckets: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
    intent_from: str | None = None
    adversarial_signals: Mapping[str, str] = Field(default_factory=dict)
    expected: Mapping[Dimension, tuple[str, ...]] = Field(default_factory=dict)
    never: tuple[Mapping[Dimension, str], ...] = ()
    synthetic: SyntheticPolicy = SyntheticPolicy()

    @field_validator("grids")
    @classmethod
    def _grids_differ(cls, grids: tuple[tuple[Dimension, ...], ...]) -> tuple[tuple[Dimension, ...], ...]:
        if any(len(set(grid)) != len(grid) or not grid for grid in grids):
            raise ValueError("a grid is one dimension or more, each once")
        if len({frozenset(grid) for grid in grids}) != len(grids):
            raise ValueError("two grids combine the same dimensions: keep one")
        return grids

    @field_validator("length_buckets")
    @classmethod
    def _buckets_rise(cls, buckets: tuple[int, ...]) -> tuple[int, ...]:
        if list(buckets) != sorted(set(buckets)):
            raise ValueError("give the last numbers of turns in rising order, each once")
        return buckets

    @field_validator("never")
    @classmethod
    def _never_names_some(cls, never: tuple[Mapping[Dimension, str], ...]) -> tuple[Mapping[Dimension, str], ...]:
        if not all(never):
            raise ValueError("an entry without dimensions would leave every cell alone")
        return never

    @property
    def lengths(self) -> list[str]:
        """The length buckets in words, shortest first: 1-2, 3-6, 13+."""
        starts = [1, *(last + 1 for last in self.length_buckets)]
        closed = [f"{a}-{b}" if a < b else f"{a}" for a, b in zip(starts, self.length_buckets, strict=False)]
        return [*closed, f"{starts[-1]}+"]

    def length_of(self, n_turns: int) -> str:
        """Return the bucket of a session of `n_turns` turns; one without turns is in the first."""
        return self.lengths[sum(n_turns > last for last in self.length_buckets)]

    def is_expected(self, cell: Mapping[Dimension, str]) -> bool:
        """Return whether sessions are ever expected in `cell`: whether no entry of `never` fits it."""
        return not any(all(cell.get(name) == value for name, value in entry.items()) for entry in self.never)


def load_coverage(path: Path, signals: Collection[str]) -> CoveragePolicy:
    """Return the policy in the file at `path`; `signals` are the names of all there are.

    Raises `SettingsError` naming the field at fault, or a signal that there is none of.
    """
    policy = load_yaml(path, CoveragePolicy)
    if strange := sorted(set(policy.adversarial_signals) - set(signals)):
        raise SettingsError(
            f"{path}: adversarial_signals.{strange[0]}: there is no such signal",
            f"name one of catalog/signals.yaml: {', '.join(sorted(signals))}",
        )
    return policy
