"""What a migration makes of a taxonomy: the next version, and what becomes of each category of the one before.

Not here: stored labels (`relabelling.py`), the database.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from eval_pipeline.errors import SettingsError
from eval_pipeline.taxonomy.categories import NEIGHBOUR, Category, Taxonomy
from eval_pipeline.taxonomy.changes import Add, Change, Merge, Migration, Rename, Retire, Reword, Split

Kind = Literal["same", "reworded", "renamed", "merged", "split", "retired"]


@dataclass(frozen=True)
class Step:
    """What becomes of one category in one migration. `to_category`: None for a split (a label's own rule decides), and for
    one that is retired without a successor. `rule`: of a split, the parts, the rules and what holds otherwise."""

    category: str
    to_category: str | None
    kind: Kind
    rule: dict[str, Any] | None = None

    @property
    def becomes(self) -> tuple[str, ...]:
        """Every category that it may become: of a split all parts, none where it is retired without a successor."""
        if self.rule is not None:
            return tuple(self.rule["into"])
        return () if self.to_category is None else (self.to_category,)


@dataclass(frozen=True)
class Applied:
    """A migration worked out: the taxonomy after it, and the step of every category before it, in their order."""

    migration: Migration
    before: Taxonomy
    after: Taxonomy
    steps: tuple[Step, ...]


@dataclass
class _Draft:
    """The categories on their way, in order, and the steps so far."""

    categories: list[Category]
    steps: dict[str, Step] = field(default_factory=dict)

    def place(self, name: str) -> int:
        """Return where the category stands."""
        for position, category in enumerate(self.categories):
            if category.id == name:
                return position
        raise ValueError(f"there is no category `{name}`")

    def replace(self, gone: Collection[str], by: Iterable[Category]) -> None:
        """Put `by` where the first of `gone` stands, and take out all of `gone`."""
        first = min(self.place(name) for name in gone)
        n_before = sum(category.id not in gone for category in self.categories[:first])
        kept = [category for category in self.categories if category.id not in gone]
        self.categories = [*kept[:n_before], *by, *kept[n_before:]]

    def step(self, category: str, to: str | None, kind: Kind, rule: dict[str, Any] | None = None) -> None:
        """Record what becomes of a category."""
        self.steps[category] = Step(category, to, kind, rule)


def apply(migration: Migration, taxonomy: Taxonomy, once_used: Collection[str] = ()) -> Applied:
    """Return what `migration` makes of `taxonomy`. `once_used`: ids of earlier versions, which no new category may take.

    Raises `SettingsError` naming the migration and the change at fault.
    """
    if migration.from_version != taxonomy.declared_version:
        raise _fault(migration, f"it begins at version {migration.from_version}, not {taxonomy.declared_version}")
    draft = _Draft(list(taxonomy.categories))
    for position, change in enumerate(migration.changes):
        try:
            _change(draft, change)
        except ValueError as error:
            raise _fault(migration, f"changes.{position}: {error}") from None
    after = _next(migration, taxonomy, draft)
    if again := sorted((set(after.ids) - set(taxonomy.ids)).intersection(once_used)):
        raise _fault(migration, f"the id `{again[0]}` meant another category in an earlier version: take another id")
    steps = {name: Step(name, name, "same") for name in taxonomy.ids} | draft.steps
    for name in set(after.ids).intersection(taxonomy.ids):
        if steps[name].to_category != name:
            raise _fault(migration, f"`{name}` would mean another category than before: take another id")
    for step in steps.values():
        if gone := [name for name in step.becomes if name not in after.ids]:
            raise _fault(migration, f"`{step.category}` would become `{gone[0]}`, which is not there after it")
    return Applied(migration, taxonomy, after, tuple(steps[name] for name in taxonomy.ids))


def _next(migration: Migration, taxonomy: Taxonomy, draft: _Draft) -> Taxonomy:
    try:
        return Taxonomy(
            version=migration.to_version,
            tie_rule=migration.tie_rule or taxonomy.tie_rule,
            categories=tuple(draft.categories),
        )
    except ValidationError as error:
        why = error.errors(include_input=False, include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise _fault(migration, f"what it makes is no taxonomy: {why}") from None


def _change(draft: _Draft, change: Change) -> None:
    match change.one:
        case Add() as add:
            position = len(draft.categories) if add.before is None else draft.place(add.before)
            draft.categories.insert(position, add.category)
        case Split() as split:
            draft.replace([split.category], split.into)
            draft.step(split.category, None, "split", _rule_of(split))
        case Merge() as merge:
            _merge(draft, merge)
        case Rename() as rename:
            _rename(draft, rename)
        case Retire() as retire:
            draft.replace([retire.category], [])
            draft.step(retire.category, retire.successor, "retired")
        case Reword() as reword:
            draft.replace([reword.category.id], [reword.category])
            draft.step(reword.category.id, reword.category.id, "reworded")


def _merge(draft: _Draft, merge: Merge) -> None:
    into = draft.categories[draft.place(merge.into)] if isinstance(merge.into, str) else merge.into
    draft.replace(merge.categories, [into])
    for name in merge.categories:
        draft.step(name, into.id, "merged")


def _rename(draft: _Draft, rename: Rename) -> None:
    """The other categories' exclusions follow: they mean the same category."""
    old = draft.categories[draft.place(rename.from_id)]
    titled = {"title": rename.title} if rename.title else {}
    draft.replace([old.id], [old.model_copy(update={"id": rename.to, **titled})])
    draft.categories = [_naming(category, old.id, rename.to) for category in draft.categories]
    draft.step(old.id, rename.to, "renamed")


def _naming(category: Category, old: str, new: str) -> Category:
    def renamed(text: str) -> str:
        found = NEIGHBOUR.search(text)
        return text[: found.start()] + f"({new})" if found and found.group(1) == old else text

    return category.model_copy(update={"excludes": tuple(map(renamed, category.excludes))})


def _rule_of(split: Split) -> dict[str, Any]:
    """Return what is kept of a split, so that a label that comes late is decided like the others."""
    rules = [rule.model_dump(mode="json", exclude_none=True) for rule in split.relabel]
    return {"into": [part.id for part in split.into], "relabel": rules, "otherwise": split.otherwise}


def _fault(migration: Migration, what: str) -> SettingsError:
    return SettingsError(f"{migration.name or 'the migration'}: {what}", "mend the file in catalog/taxonomy_migrations")
