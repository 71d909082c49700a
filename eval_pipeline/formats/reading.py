"""A mapping laid over a format's own names, made ready to read many records.

Not here: the words of a mapping (`mapping.py`), the session's fields (`fields.py`), its turns (`turns.py`).
"""

from collections.abc import Mapping as Names
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from eval_pipeline.formats.mapping import Mapping, Place
from eval_pipeline.sessions import Role

GROUPS = ("slices", "versions")
NOT_SOURCES = {*GROUPS, "roles", "timezone", "encoding"}
ROLES: dict[str, Role] = {
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "system": "system",
    "developer": "system",
    "function": "tool",
    "human": "user",
    "ai": "assistant",
}


@dataclass(frozen=True)
class Reading:
    """Where each field comes from: the user's word if there is one, else the format's names, first found wins."""

    zone: tzinfo
    roles: dict[str, Role] = field(default_factory=lambda: ROLES)
    sources: dict[str, tuple[Place, ...]] = field(default_factory=dict)
    slices: dict[str, tuple[Place, ...]] = field(default_factory=dict)
    versions: dict[str, tuple[Place, ...]] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    """Every name that is read from a record."""

    @classmethod
    def of(cls, mapping: Mapping, names: Names[str, tuple[str, ...]]) -> "Reading":
        """Lay `mapping` over `names`: field (or `slices.NAME`, `versions.NAME`) to the names a format gives it."""
        groups: dict[str, dict[str, tuple[Place, ...]]] = {"": {}, **{group: {} for group in GROUPS}}
        for key, candidates in names.items():
            group, _, name = key.rpartition(".")
            groups[group][name] = tuple(Place(field=candidate) for candidate in candidates)
        for name in Mapping.model_fields.keys() - NOT_SOURCES:
            if (said := getattr(mapping, name)) is not None:
                groups[""][name] = (said,)
        groups["slices"] |= {name: (said,) for name, said in mapping.slices.items()}
        groups["versions"] |= {name: (said,) for name, said in mapping.versions.items()}
        places = [place for group in groups.values() for options in group.values() for place in options]
        read = frozenset(place.field for place in places if place.field is not None)
        return cls(mapping.zone(), ROLES | mapping.roles, groups[""], groups["slices"], groups["versions"], read)

    def value(self, raw: dict[str, Any], name: str, position: str = "") -> Any:
        """Return the field's value in `raw`, or None when there is none or it is empty text."""
        return first_value(raw, self.sources.get(name, ()), position)

    def named(self, name: str) -> str:
        """Return how the file calls a field, for messages."""
        fields = [place.field for place in self.sources.get(name, ()) if place.field]
        return " or ".join(f"`{field}`" for field in fields) or f"`{name}`"


def first_value(raw: dict[str, Any], places: tuple[Place, ...], position: str) -> Any:
    """Return the first value that `places` find in `raw`; null and empty text count as not found."""
    for place in places:
        if place.field is not None:
            value = raw[place.field] if place.field in raw else _nested(raw, place.field)
        else:
            value = place.const if place.const is not None else position
        if value is not None and value != "":
            return value
    return None


def _nested(raw: dict[str, Any], name: str) -> Any:
    if "." not in name:
        return None
    value: Any = raw
    for part in name.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value
