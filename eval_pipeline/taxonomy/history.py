"""The taxonomy as a database knows it: its versions, their categories, and the steps between.

Read through any function that answers a query with rows, so that it can be read inside a transaction, too. Not here:
writing it (`resources/taxonomy_register.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.records import records
from eval_pipeline.taxonomy.applying import Step
from eval_pipeline.taxonomy.categories import Category, Taxonomy
from eval_pipeline.taxonomy.relabelling import Steps

Ask = Callable[[str, Mapping[str, Any]], list[dict[str, Any]]]
"""Answers a read-only statement with bound parameters by rows; nulls are None."""

_VERSIONS = """
    SELECT taxonomy_version, declared_version, number, tie_rule, migration, registered_by, registered_at
    FROM evals.taxonomy_versions ORDER BY number"""

_CATEGORIES = """
    SELECT taxonomy_version, category, title, definition, includes, excludes, examples, owner
    FROM evals.taxonomy_categories ORDER BY taxonomy_version, position, category"""

_MAPPINGS = """
    SELECT from_version, from_category, to_version, to_category, kind, rule FROM evals.taxonomy_mappings
    ORDER BY from_version, from_category"""


@dataclass(frozen=True)
class History:
    """`versions`: rows of `taxonomy_versions`, oldest first. `categories`: by version its rows of `taxonomy_categories`, also
    of versions that are known by their labels alone. `steps`: what became of each category."""

    versions: tuple[Mapping[str, Any], ...]
    categories: Mapping[str, tuple[Mapping[str, Any], ...]]
    steps: Steps

    @property
    def newest(self) -> str | None:
        """The version in force; None before the first is registered."""
        return str(self.versions[-1]["taxonomy_version"]) if self.versions else None

    @property
    def unregistered(self) -> tuple[str, ...]:
        """Versions that labels or predictions name and of which nothing else is known."""
        known = {version["taxonomy_version"] for version in self.versions}
        return tuple(sorted(set(self.categories) - known))

    @property
    def once_used(self) -> set[str]:
        """Every category id that any version had."""
        return {row["category"] for rows in self.categories.values() for row in rows}

    def ids(self, version: str) -> tuple[str, ...]:
        """The categories of a version, in order; none of one that is not known."""
        return tuple(row["category"] for row in self.categories.get(version, ()))

    def taxonomy(self, version: str) -> Taxonomy:
        """Return a registered version as it was registered."""
        row = next(each for each in self.versions if each["taxonomy_version"] == version)
        words = [
            {name: value for name, value in c.items() if name != "taxonomy_version"} for c in self.categories[version]
        ]
        categories = tuple(Category.model_validate({"id": each.pop("category"), **each}) for each in words)
        return Taxonomy(version=row["declared_version"], tie_rule=row["tie_rule"], categories=categories)


def read_history(ask: Ask) -> History:
    """Return what the database that `ask` answers for knows."""
    by_version: dict[str, list[Mapping[str, Any]]] = {}
    for row in ask(_CATEGORIES, {}):
        by_version.setdefault(row["taxonomy_version"], []).append(row)
    steps = {(row["from_version"], row["from_category"]): (row["to_version"], _step(row)) for row in ask(_MAPPINGS, {})}
    return History(tuple(ask(_VERSIONS, {})), {name: tuple(rows) for name, rows in by_version.items()}, steps)


def asking(warehouse: Warehouse) -> Ask:
    """Return the way to ask a warehouse."""
    return lambda statement, parameters: records(warehouse, statement, **parameters)


def _step(row: Mapping[str, Any]) -> Step:
    return Step(row["from_category"], row["to_category"], row["kind"], row["rule"])
