"""A change of the taxonomy, as a file `catalog/taxonomy_migrations/NNNN_name.yaml` says it.

Not here: what a change makes of a taxonomy (`applying.py`), and of stored labels (`relabelling.py`).
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from eval_pipeline.catalog import load_yaml
from eval_pipeline.errors import SettingsError
from eval_pipeline.taxonomy.categories import CATEGORY_ID, Category, Strict
from eval_pipeline.taxonomy.patterns import check_pattern

UNRESOLVED = "unresolved"
"""What becomes of a label that no rule of a split decides: it keeps its word, and waits for a person."""

FOLDER = "taxonomy_migrations"
FILE_NAME = r"[0-9][0-9][0-9][0-9]_*.yaml"

Id = Annotated[str, Field(pattern=CATEGORY_ID, max_length=64)]


class Condition(Strict):
    """When a rule decides: where a note of the label's reviewers holds the pattern, or where a verdict fails."""

    note: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    fails: Annotated[str, Field(pattern=r"^(evaluator|judge):[a-z][a-z0-9_]*$")] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Condition":
        if (self.note is None) == (self.fails is None):
            raise ValueError("say either `note` or `fails`")
        if self.note is not None:
            check_pattern(self.note)
        return self


class Rule(Strict):
    """One rule by which labels of a split category get their new one. The first that holds decides."""

    into: Id
    when: Condition


class Add(Strict):
    """A new category, at the end, or before another: the tie rule goes by the order."""

    category: Category
    before: Id | None = None


class Split(Strict):
    """A category becomes several, each with an id of its own. They stand where it stood."""

    category: Id
    into: tuple[Category, ...] = Field(min_length=2)
    relabel: tuple[Rule, ...] = ()
    otherwise: Id

    @model_validator(mode="after")
    def _rules_name_the_parts(self) -> "Split":
        parts = {part.id for part in self.into}
        wanted = [*(rule.into for rule in self.relabel), *({self.otherwise} - {UNRESOLVED})]
        for name in wanted:
            if name not in parts:
                raise ValueError(f"`{name}` is none of the parts: {', '.join(sorted(parts))}")
        if self.category in parts:
            raise ValueError(f"`{self.category}` would mean less than before: give that part another id")
        return self


class Merge(Strict):
    """Categories become one: one of them (its id), or a new one. It stands where the first of them stood."""

    categories: tuple[Id, ...] = Field(min_length=2)
    into: Category | Id

    @property
    def target(self) -> str:
        """The id of what they become."""
        return self.into if isinstance(self.into, str) else self.into.id

    @model_validator(mode="after")
    def _differ(self) -> "Merge":
        if len(set(self.categories)) < len(self.categories):
            raise ValueError("a category stands twice")
        if isinstance(self.into, str) and self.into not in self.categories:
            raise ValueError(f"`{self.into}` is none of the merged categories: give the new one in full")
        return self


class Rename(Strict):
    """A category gets another id, and another title if one is given; what it means stays."""

    from_id: Id = Field(alias="from")
    to: Id
    title: str | None = Field(default=None, min_length=1)


class Retire(Strict):
    """A category is used no more. `successor`: the one that such failures belong to now; null for none."""

    category: Id
    successor: Id | None


class Reword(Strict):
    """A category keeps its id and gets other words."""

    category: Category


class Change(Strict):
    """One change: exactly one of the kinds."""

    add: Add | None = None
    split: Split | None = None
    merge: Merge | None = None
    rename: Rename | None = None
    retire: Retire | None = None
    reword: Reword | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Change":
        if len(self.model_fields_set) != 1 or self.one is None:
            raise ValueError("a change is one of add, split, merge, rename, retire, reword")
        return self

    @property
    def one(self) -> Add | Split | Merge | Rename | Retire | Reword | None:
        """What the change is."""
        return self.add or self.split or self.merge or self.rename or self.retire or self.reword

    @property
    def touched(self) -> tuple[str, ...]:
        """The categories of the old version that it changes."""
        match self.one:
            case Split() | Retire() as change:
                return (change.category,)
            case Merge() as change:
                return change.categories
            case Rename() as change:
                return (change.from_id,)
            case Reword() as change:
                return (change.category.id,)
        return ()


class Migration(Strict):
    """A step from one declared version to the next. No category is changed twice in one step."""

    from_version: str = Field(alias="from", min_length=1)
    to_version: str = Field(alias="to", min_length=1, max_length=64, pattern=r"^[^+]*$")
    tie_rule: str | None = Field(default=None, min_length=1)
    changes: tuple[Change, ...] = ()
    name: str = ""

    @field_validator("name")
    @classmethod
    def _name_is_the_files(cls, value: str) -> Literal[""]:
        if value:
            raise ValueError("the name of a migration is that of its file")
        return ""

    @model_validator(mode="after")
    def _each_once(self) -> "Migration":
        if self.from_version == self.to_version:
            raise ValueError("`to` is another version than `from`")
        if not self.changes and self.tie_rule is None:
            raise ValueError("there is no change")
        touched = [name for change in self.changes for name in change.touched]
        if twice := sorted({name for name in touched if touched.count(name) > 1}):
            raise ValueError(f"`{twice[0]}` is changed twice: make two migrations of it")
        return self


def load_migration(path: Path) -> Migration:
    """Return the migration in the file at `path`, under the file's name.

    Raises `SettingsError` naming the file and the first field at fault.
    """
    return load_yaml(path, Migration).model_copy(update={"name": path.stem})


def load_migrations(catalog: Path) -> list[Migration]:
    """Return the migrations of a catalog, in the order of their numbers; none where there is no folder.

    Raises `SettingsError` when a file's name has no number of four digits or one that another has, or when a migration
    does not begin where the one before it ends.
    """
    files = sorted((catalog / FOLDER).glob("*.yaml"))
    found = [load_migration(path) for path in files]
    for path, migration, before in zip(files, found, [None, *found], strict=False):
        if not path.match(FILE_NAME):
            raise SettingsError(f"{path} has no number", f"call it NNNN_{path.name}, NNNN being the next free number")
        if before is not None and before.name[:4] == migration.name[:4]:
            raise SettingsError(f"{path} has the number of {before.name}", "give it the next free number")
        if before is not None and before.to_version != migration.from_version:
            raise SettingsError(
                f"{path} begins at version {migration.from_version}, and {before.name} ends at {before.to_version}",
                f'write from: "{before.to_version}", or mend the numbers of the files',
            )
    _refuse_versions_again(catalog, found)
    return found


def _refuse_versions_again(catalog: Path, migrations: list[Migration]) -> None:
    seen: set[Any] = {migrations[0].from_version} if migrations else set()
    for migration in migrations:
        if migration.to_version in seen:
            raise SettingsError(
                f"{catalog / FOLDER}: {migration.name} goes back to version {migration.to_version}",
                "a version never changes its meaning: give it a number that was not used",
            )
        seen.add(migration.to_version)
