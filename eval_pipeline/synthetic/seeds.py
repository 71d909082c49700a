"""Which cells are filled first, and from which real sessions. Everything is decided by hash: the same on every machine.

Not here: what is made of them (`making.py`, `by_model.py`).
"""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from eval_pipeline.coverage.cells import cell_name
from eval_pipeline.coverage.policy import CoveragePolicy, Dimension
from eval_pipeline.synthetic.rows import Target
from eval_pipeline.versions import unit_hash


def targets(day: date, cells: pd.DataFrame, policy: CoveragePolicy) -> list[Target]:
    """Return the sparse cells of `cells` (rows of `coverage_cells`) that lack sessions, the emptiest of each grid first.

    Grids and origins take turns, so that none uses up the budget alone. A cell wants what it lacks of `least_sessions`
    with the sessions made before, at most `sessions_per_cell`. A cell that lacks labels alone wants nothing: only people
    can label.
    """
    sparse = cells[cells["is_sparse"]].to_dict("records")
    by_grid: dict[tuple[str, str], list[tuple[int, float, Target]]] = {}
    for row in sparse:
        n_there = row["n_sessions"] + row["n_synthetic"]
        n_wanted = min(policy.synthetic.sessions_per_cell, policy.least_sessions - n_there)
        if n_wanted > 0:
            # The grid's own order: an object of the database has lost its own.
            grid: tuple[Dimension, ...] = tuple(row["grid"].split(" x "))
            target = Target(row["origin"], grid, {name: row["dimensions"][name] for name in grid}, n_wanted)
            turn = unit_hash(day.isoformat(), row["origin"], row["cell"])
            by_grid.setdefault((row["origin"], row["grid"]), []).append((n_there, turn, target))
    ranked = [
        (rank, key, target)
        for key, of_grid in sorted(by_grid.items())
        for rank, (_, _, target) in enumerate(sorted(of_grid, key=lambda one: one[:2]))
    ]
    return [target for _, _, target in sorted(ranked, key=lambda one: one[:2])]


def nearest(day: date, target: Target, facts: pd.DataFrame, n: int) -> list[str]:
    """Return the ids of at most `n` real sessions of the target's origin, nearest first: those of the cell itself, then those
    that differ from it in one dimension, and so on; equally near ones in an order drawn by hash.

    `facts`: see `facts.session_facts`. The adversarial kind is left out of account, as an operator brings it, but for
    sessions that show one already: they come last.
    """
    of_origin = facts[facts["origin"] == target.origin]
    others: Sequence[Dimension] = [name for name in target.grid if name != "adversarial"]
    distance = (of_origin["adversarial"] != "none").astype(int) * len(target.grid)
    for name in others:
        distance = distance + (of_origin[name] != target.values[name]).astype(int)
    drawn = [unit_hash(day.isoformat(), cell_name(target.values), name) for name in of_origin["session_id"]]
    ordered = of_origin.assign(distance=distance, drawn=drawn).sort_values(["distance", "drawn", "session_id"])
    return list(ordered["session_id"].head(n))
