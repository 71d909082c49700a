"""Stored rows and sessions: a row of `raw_sessions` as a `Session`, made turns as they are stored, a row of what was made.

Not here: what is made (`making.py`, `by_model.py`), whether it is valid (`validating.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from eval_pipeline.coverage.cells import cell_name, grid_name
from eval_pipeline.coverage.facts import plain
from eval_pipeline.coverage.policy import Dimension
from eval_pipeline.intake import TOOL_CALL
from eval_pipeline.sessions import Session, Turn
from eval_pipeline.table_model import SYNTHETIC_PREFIX
from eval_pipeline.tables import SyntheticSessions
from eval_pipeline.versions import content_hash

Row = Mapping[str, Any]
Turns = list[dict[str, Any]]

_OF_SESSION = ("session_id", "started_at", "surface", "slices", "versions", "turns", "feedback", "meta", "origin")
_OPTIONAL = ("ended_at", "user_id", "model_version")


@dataclass(frozen=True)
class Target:
    """A sparse cell and how many sessions it wants in this run."""

    origin: str
    grid: tuple[Dimension, ...]
    values: Mapping[Dimension, str]
    n_wanted: int

    def seed(self, day: date, maker: str) -> str:
        """Return the seed of every choice of `maker` for this cell on `day`."""
        return content_hash([day.isoformat(), self.origin, self.grid, dict(self.values), maker])

    def holds(self, dimensions: Mapping[str, str]) -> bool:
        """Return whether a session of these `dimensions` is in the cell."""
        return all(dimensions[name] == value for name, value in self.values.items())


@dataclass(frozen=True)
class Maker:
    """Who made a session: an operator, or a model, which was paid for under `call_key`."""

    operator: str
    version: str
    made_by: str
    call_key: str | None = None


def session_of(row: Row) -> Session:
    """Return a row of `raw_sessions` as a session. Raises pydantic's `ValidationError` for one of another shape."""
    fields = {name: row[name] for name in _OF_SESSION if row[name] is not None}
    given = {name: row[name] for name in _OPTIONAL if not pd.isna(row[name])}
    return Session.model_validate({**fields, **given})


def stored_turns(turns: Sequence[Turn]) -> Turns:
    """Return `turns` as they stand in `raw_sessions`."""
    stored = [turn.model_dump(mode="json", exclude_defaults=True) for turn in turns]
    for turn in stored:
        if "tool_calls" in turn:
            turn["tool_calls"] = [TOOL_CALL | call for call in turn["tool_calls"]]
    return stored


def made_row(
    day: date, target: Target, maker: Maker, seeds: Sequence[Row], turns: Turns, dimensions: Mapping[str, str]
) -> dict[str, Any]:
    """Return a row of `synthetic_sessions` but for what was done, what must follow, whether it is valid, and the code.

    What is not said in turns is that of the first of `seeds` (rows of `raw_sessions`); the surface is the cell's, where
    it names one.
    """
    first, said = seeds[0], content_hash(turns)
    seed = target.seed(day, maker.operator)
    told = [seed, maker.version, maker.call_key, first["session_id"], said]
    return {
        "synthetic_id": f"{SYNTHETIC_PREFIX}{day}/{content_hash(told)}",
        "as_of_day": day,
        "origin": "synthetic",
        "ground_origin": target.origin,
        "grid": grid_name(target.grid),
        "cell": cell_name(target.values),
        "dimensions": dict(dimensions),
        "operator": maker.operator,
        "operator_version": maker.version,
        "made_by": maker.made_by,
        "call_key": maker.call_key,
        "seed_session_ids": [row["session_id"] for row in seeds],
        "random_seed": seed,
        "surface": surface_of(target, first),
        **{name: first[name] for name in ("slices", "versions", "meta", "redaction_version")},
        "model_version": None if pd.isna(first["model_version"]) else first["model_version"],
        "turns": turns,
        "n_turns": len(turns),
        "content_hash": said,
    }


def surface_of(target: Target, seed: Row) -> str:
    """Return where a session made from `seed` is told to have happened: where the cell says, else as the seed."""
    told = str(seed["surface"])
    wanted = target.values.get("surface", plain(told))
    return told if plain(told) == wanted else wanted


def made_frame(rows: Sequence[Row], code_version: str) -> pd.DataFrame:
    """Return `rows` as validated rows of `synthetic_sessions`, by id."""
    columns = list(SyntheticSessions.to_schema().columns)
    frame = pd.DataFrame([{**row, "code_version": code_version} for row in rows], columns=columns)
    return SyntheticSessions.validate(frame.sort_values("synthetic_id", ignore_index=True))
