"""Coverage and synthetic sessions as rows and lines to print. Not here: printing (`cli/synthetic.py`)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

_SHOWN = ["cell", "n_sessions", "n_labelled", "n_synthetic", "is_sparse", "why"]
_MAX_CHARS = 400


def grids(
    cells: pd.DataFrame, origin: str | None, sparse_alone: bool
) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """Yield (origin, grid) and its cells to print, emptiest first. `cells`: rows of `coverage_cells` of one day."""
    shown = cells if origin is None else cells[cells["origin"] == origin]
    shown = shown[shown["is_sparse"]] if sparse_alone else shown
    for (of_origin, grid), rows in shown.groupby(["origin", "grid"], sort=True):
        ordered = rows.sort_values(["n_sessions", "n_synthetic", "cell"], ignore_index=True)
        yield (str(of_origin), str(grid)), ordered[_SHOWN]


def summary(cells: pd.DataFrame) -> Iterator[str]:
    """Yield one line an origin and grid: how many cells are sparse, and how many of these were never seen."""
    for (origin, grid), rows in cells.groupby(["origin", "grid"], sort=True):
        expected, sparse = rows[rows["is_expected"]], rows[rows["is_sparse"]]
        n_unseen = int((sparse["n_sessions"] == 0).sum())
        yield (
            f"{origin}, {grid}: {len(sparse)} of {len(expected)} expected cells are sparse, "
            f"{n_unseen} of them without any session"
        )


def facts(made: Mapping[str, Any]) -> list[str]:
    """Return what a synthetic session is, a line each. `made`: a row of `synthetic_sessions`."""
    state = "valid" if made["is_valid"] else f"INVALID: {made['invalid_because']}"
    return [
        f"{made['synthetic_id']} ({state})",
        f"for the cell {made['cell']}, {made['ground_origin']} sessions",
        f"made by {made['made_by']}, version {made['operator_version']}, seed {made['random_seed']}",
        f"from {', '.join(made['seed_session_ids'])}",
        made["note"],
    ]


def told_turns(turns: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return one row a turn: its number, role, words (cut) and calls."""
    rows = [
        (
            index,
            turn["role"],
            _cut(str(turn.get("content") or "")),
            ", ".join(str(call["name"]) for call in turn.get("tool_calls") or ()),
        )
        for index, turn in enumerate(turns)
    ]
    return pd.DataFrame(rows, columns=["turn", "role", "content", "calls"])


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_CHARS else f"{text[:_MAX_CHARS]}… ({len(text) - _MAX_CHARS} more)"
