"""Taxonomies and migrations made for tests. Not here: any test."""

from collections.abc import Sequence
from typing import Any

from eval_pipeline.taxonomy.categories import Category, Taxonomy
from eval_pipeline.taxonomy.changes import Migration


def category(name: str, **changes: Any) -> dict[str, Any]:
    """The fields of a category in full, all of its own."""
    words = {
        "id": name,
        "title": f"Title of {name}",
        "definition": f"What {name} is.",
        "includes": [f"a case of {name}"],
        "excludes": ["anything else (no failure)"],
        "examples": [f"one {name}"],
        "owner": "team",
    }
    return {**words, **changes}


def taxonomy(*names: str, version: str = "1") -> Taxonomy:
    """A taxonomy of categories called `names`."""
    categories = tuple(Category.model_validate(category(name)) for name in names)
    return Taxonomy(version=version, tie_rule="The first one.", categories=categories)


def migration(
    *changes: dict[str, Any], start: str = "1", end: str = "2", name: str = "0001_test", **more: Any
) -> Migration:
    """A migration of one version step."""
    fields: dict[str, Any] = {"from": start, "to": end, "changes": list(changes), **more}
    return Migration.model_validate(fields).model_copy(update={"name": name})


def split(name: str, into: Sequence[str], relabel: Sequence[Any] = (), otherwise: str = "unresolved") -> dict[str, Any]:
    """A change that splits a category."""
    parts = [category(part) for part in into]
    return {"split": {"category": name, "into": parts, "relabel": list(relabel), "otherwise": otherwise}}
