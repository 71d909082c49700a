"""The cells of the configured grids with their counts: what is sparse, and why. Rows of `coverage_cells`.

Not here: where a session stands (`facts.py`), which tables are read (`reading.py`), what fills a cell (`synthetic/`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from typing import Any

import pandas as pd

from eval_pipeline.coverage.policy import DIMENSIONS, NONE, OTHER, CoveragePolicy, Dimension
from eval_pipeline.tables import CoverageCells

GATHERED = (OTHER, "unknown")
"""Values that are no kind of session: their cells are counted, and never asked to be filled."""

Values = dict[Dimension, list[str]]


def coverage_cells(
    as_of_day: date,
    facts: pd.DataFrame,
    labelled: Collection[str],
    synthetic: pd.DataFrame,
    made_kinds: Sequence[str],
    policy: CoveragePolicy,
) -> pd.DataFrame:
    """Return every cell of every grid, for each origin that has sessions, as rows of `coverage_cells`.

    `facts`: one row a session, see `facts.session_facts`. `labelled`: ids of the sessions with a settled label.
    `synthetic`: valid sessions of earlier days: ground_origin and the dimensions. `made_kinds`: adversarial kinds that
    operators make; they are cells though no real session shows them.

    The cells of a grid are the product of the values of its dimensions: those that the origin's sessions have, the
    `most_values` commonest of them (rarer ones together are `other`), and those that the catalog expects. A cell is
    sparse with fewer than `least_sessions` sessions or `least_labelled` labels, unless the catalog never expects it, or
    a value of it gathers what has no name. The order of the rows given does not matter.
    """
    rows: list[dict[str, Any]] = []
    for origin, of_origin in facts.groupby("origin", sort=True):
        values = common_values(of_origin, policy)
        made = synthetic[synthetic["ground_origin"] == origin]
        labels = of_origin[of_origin["session_id"].isin(set(labelled))]
        counted = {
            "n_sessions": as_valued(of_origin, values),
            "n_labelled": as_valued(labels, values),
            "n_synthetic": as_valued(made, values),
        }
        for grid in policy.grids:
            rows += _cells_of(grid, _all_values(grid, values, made_kinds, policy), counted, policy, str(origin))
    frame = pd.DataFrame(rows, columns=[name for name in CoverageCells.to_schema().columns if name != "as_of_day"])
    frame.insert(0, "as_of_day", as_of_day)
    return CoverageCells.validate(frame.sort_values(["origin", "grid", "cell"], ignore_index=True))


def common_values(facts: pd.DataFrame, policy: CoveragePolicy) -> Values:
    """Return the commonest values of each dimension, at most `most_values`, of equally common ones the first by name."""
    common: Values = {}
    for name in DIMENSIONS:
        counts = facts[name].value_counts()
        ordered = sorted(counts.index, key=lambda value, counts=counts: (-counts[value], value))  # type: ignore[misc]
        common[name] = sorted(ordered[: policy.most_values])
    return common


def as_valued(facts: pd.DataFrame, values: Values) -> pd.DataFrame:
    """Return `facts` with every value that is not among `values` as `other`; lengths and kinds are all kept."""
    kept = facts.copy()
    for name in DIMENSIONS:
        if name not in ("length", "adversarial"):
            kept[name] = facts[name].where(facts[name].isin(values[name]), OTHER)
    return kept


def cell_name(cell: Mapping[Dimension, str]) -> str:
    """Return the values in words: surface=chat, language=de."""
    return ", ".join(f"{name}={value}" for name, value in cell.items())


def grid_name(grid: Sequence[Dimension]) -> str:
    """Return the dimensions in words: surface x language."""
    return " x ".join(grid)


def _all_values(
    grid: Sequence[Dimension], values: Values, made_kinds: Sequence[str], policy: CoveragePolicy
) -> list[list[str]]:
    known: Mapping[Dimension, Sequence[str]] = {"length": policy.lengths, "adversarial": [NONE, *made_kinds]}
    return [
        sorted({*values[name], *known.get(name, ()), *policy.expected.get(name, ()), *_other(name, values, policy)})
        for name in grid
    ]


def _other(name: Dimension, values: Values, policy: CoveragePolicy) -> list[str]:
    return [OTHER] if len(values[name]) == policy.most_values else []


def _cells_of(
    grid: tuple[Dimension, ...],
    values: Sequence[Sequence[str]],
    counted: Mapping[str, pd.DataFrame],
    policy: CoveragePolicy,
    origin: str,
) -> Iterator[dict[str, Any]]:
    counts = {name: frame.groupby(list(grid)).size().to_dict() for name, frame in counted.items()}
    for key in product(*values):
        cell = dict(zip(grid, key, strict=True))
        n = {name: int(of_cell.get(key if len(grid) > 1 else key[0], 0)) for name, of_cell in counts.items()}
        if OTHER in key and not any(n.values()):
            continue
        is_expected = policy.is_expected(cell)
        is_named = not set(key) & set(GATHERED)
        lacking = _lacking(n, policy)
        yield {
            "origin": origin,
            "grid": grid_name(grid),
            "cell": cell_name(cell),
            "dimensions": cell,
            **n,
            "is_expected": is_expected,
            "is_sparse": bool(lacking) and is_expected and is_named,
            "why": _why(n, lacking, is_expected, is_named),
        }


def _lacking(n: Mapping[str, int], policy: CoveragePolicy) -> str:
    """Return what is too little, in words; empty where nothing is."""
    least = {"sessions": policy.least_sessions, "labelled": policy.least_labelled}
    return ", ".join(f"{n[f'n_{what}']} of {most} {what}" for what, most in least.items() if n[f"n_{what}"] < most)


def _why(n: Mapping[str, int], lacking: str, is_expected: bool, is_named: bool) -> str:
    if not is_expected:
        return "never expected, says the catalog"
    if not is_named:
        return "gathers what is rare or cannot be told: counted, not to be filled"
    return lacking or f"covered: {n['n_sessions']} sessions, {n['n_labelled']} labelled"
