"""The closed taxonomy of failures: the only categories that a label or a classifier may name.

Not here: migrations between versions, proposals for new categories (`error_analysis.py`).
"""

from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eval_pipeline.catalog import load_yaml
from eval_pipeline.versions import versioned


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Category(_Model):
    """One kind of failure. `includes` and `excludes` draw the border to its neighbours; `owner` mends such failures."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)
    title: str = Field(min_length=1)
    definition: str = Field(min_length=1)
    includes: tuple[str, ...] = Field(min_length=1)
    excludes: tuple[str, ...] = Field(min_length=1)
    owner: str = Field(min_length=1)


class Taxonomy(_Model):
    """A version of the taxonomy. Categories stand in the order in which the tie rule prefers them."""

    declared_version: str = Field(alias="version", min_length=1)
    tie_rule: str = Field(min_length=1)
    categories: tuple[Category, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "Taxonomy":
        twice = [name for name, n in Counter(self.ids).items() if n > 1]
        if twice:
            raise ValueError(f"category id used twice: {', '.join(twice)}")
        return self

    @property
    def ids(self) -> tuple[str, ...]:
        """The category ids, in the order of the file."""
        return tuple(category.id for category in self.categories)

    @property
    def version(self) -> str:
        """The declared version plus a hash of all that decides a label: everything but who owns a category."""
        deciding = [category.model_dump(mode="json", exclude={"owner"}) for category in self.categories]
        return versioned(self.declared_version, [self.tie_rule, deciding])


def load_taxonomy(path: Path) -> Taxonomy:
    """Return the taxonomy in the YAML file at `path`.

    Raises `SettingsError` naming the file and the first field at fault.
    """
    return load_yaml(path, Taxonomy)
