"""The closed taxonomy of failures: the only categories that a label or a classifier may name.

A category is told from its neighbours by what it includes and excludes; where several still fit, the tie rule takes one. So
no two are the same. Not here: how it changes (`changes.py`), which version a database is at (`in_force.py`).
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from eval_pipeline.catalog import load_yaml
from eval_pipeline.versions import versioned

CATEGORY_ID = r"^[a-z][a-z0-9_]*$"

RESERVED = frozenset({"abstain", "all", "error", "none", "unresolved"})
"""Words that stand for no category, or for any: a classifier's, those of reports and of coverage, and a split's."""

NEIGHBOUR = re.compile(r"\(([a-z][a-z0-9_]*)\)\s*$")
"""How an exclusion names the category that it belongs to instead: in brackets, at its end."""


class Strict(BaseModel):
    """Base of what stands in the taxonomy's files: no field that is not known, and nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Category(Strict):
    """One kind of failure. `includes` and `excludes` draw the border to its neighbours; `examples` show it, in a sentence
    each; `owner` mends such failures."""

    id: str = Field(pattern=CATEGORY_ID, max_length=64)
    title: str = Field(min_length=1)
    definition: str = Field(min_length=1)
    includes: tuple[str, ...] = Field(min_length=1)
    excludes: tuple[str, ...] = Field(min_length=1)
    examples: tuple[str, ...] = Field(min_length=1)
    owner: str = Field(min_length=1)

    @field_validator("id")
    @classmethod
    def _means_a_category(cls, value: str) -> str:
        if value in RESERVED:
            raise ValueError(f"`{value}` stands for no category: take another id")
        return value

    @property
    def neighbours(self) -> tuple[str, ...]:
        """The categories that its exclusions name."""
        return tuple(match.group(1) for text in self.excludes if (match := NEIGHBOUR.search(text)))


class Taxonomy(Strict):
    """A version of the taxonomy. Categories stand in the order in which the tie rule prefers them."""

    declared_version: str = Field(alias="version", min_length=1, max_length=64, pattern=r"^[^+]*$")
    tie_rule: str = Field(min_length=1)
    categories: tuple[Category, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _categories_differ(self) -> "Taxonomy":
        _refuse_twice("category id", self.ids)
        _refuse_twice("title", (category.title for category in self.categories))
        _refuse_twice("definition", (category.definition for category in self.categories))
        for category in self.categories:
            for named in category.neighbours:
                if named == category.id:
                    raise ValueError(f"{category.id} excludes what belongs to ({named}), which is itself")
                if named not in self.ids:
                    raise ValueError(f"{category.id} excludes what belongs to ({named}), but there is no such category")
        return self

    @property
    def ids(self) -> tuple[str, ...]:
        """The category ids, in the order of the file."""
        return tuple(category.id for category in self.categories)

    @property
    def version(self) -> str:
        """The declared version plus a hash of all that decides a label: not who owns a category, nor its examples."""
        deciding = [category.model_dump(mode="json", exclude={"owner", "examples"}) for category in self.categories]
        return versioned(self.declared_version, [self.tie_rule, deciding])

    def category(self, name: str) -> Category | None:
        """Return the category with the id `name`, None when there is none."""
        return next((category for category in self.categories if category.id == name), None)


def load_taxonomy(path: Path) -> Taxonomy:
    """Return the taxonomy in the YAML file at `path`.

    Raises `SettingsError` naming the file and the first field at fault.
    """
    return load_yaml(path, Taxonomy)


def _refuse_twice(what: str, values: Iterable[str]) -> None:
    counts = Counter(" ".join(value.casefold().split()) for value in values)
    if twice := [value for value, n in counts.items() if n > 1]:
        raise ValueError(f"{what} used twice: {', '.join(twice)}")
