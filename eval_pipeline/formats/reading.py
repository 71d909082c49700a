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
TURN_FIELDS = ("role", "content", "at", "tool_calls", "tool_call_id", "is_error", "reasoning", "spans")
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

Sources = dict[str, tuple[Place, ...]]
"""Field to where it is looked for; the first place that holds a value gives it."""


@dataclass(frozen=True)
class Reading:
    """Where each field comes from: the user's word if there is one, else the format's names, first found wins."""

    zone: tzinfo
    roles: dict[str, Role] = field(default_factory=lambda: ROLES)
    sources: Sources = field(default_factory=dict)
    slices: Sources = field(default_factory=dict)
    versions: Sources = field(default_factory=dict)
    messages: Sources = field(default_factory=dict)
    """Fields of a turn that the user named, where a record holds its turns as a list of messages."""
    names: frozenset[str] = frozenset()
    """Every name that is read from a record."""
    rivals: dict[str, list[tuple[Place, ...]]] = field(default_factory=dict)
    """Name to the places that go before it, one a field that it may give; none where it is the first of a field."""

    @classmethod
    def of(cls, mapping: Mapping, names: Names[str, tuple[str, ...]]) -> "Reading":
        """Lay `mapping` over `names`: field (or `slices.NAME`, `versions.NAME`) to the names a format gives it.

        A field that the format has no name for is not read from a record; one of a turn is read from its messages.
        """
        groups: dict[str, Sources] = {"": {}, **{group: {} for group in GROUPS}}
        for key, candidates in names.items():
            group, _, name = key.rpartition(".")
            groups[group][name] = tuple(Place(field=candidate) for candidate in candidates)
        places_said = ((name, _said(mapping, name)) for name in Mapping.model_fields)
        said: Sources = {name: (place,) for name, place in places_said if place is not None}
        groups[""] |= {name: places for name, places in said.items() if name in names}
        messages = {name: places for name, places in said.items() if name in TURN_FIELDS and name not in names}
        for group in GROUPS:
            groups[group] |= {name: (place,) for name, place in getattr(mapping, group).items()}
        everything = [options for group in groups.values() for options in group.values()]
        read = frozenset(place.field for options in everything for place in options if place.field is not None)
        return cls(
            mapping.zone(),
            ROLES | mapping.roles,
            groups[""],
            groups["slices"],
            groups["versions"],
            messages,
            read,
            # What a row of a table says of its turn is nothing to keep of the session.
            _rivals(
                [options for group in groups.values() for name, options in group.items() if name not in TURN_FIELDS]
            ),
        )

    def value(self, raw: dict[str, Any], name: str, position: str = "") -> Any:
        """Return the field's value in `raw`, or None when there is none or it is empty text."""
        return first_value(raw, self.sources.get(name, ()), position)

    def taken(self, raw: dict[str, Any]) -> frozenset[str]:
        """Return the names that were read from `raw` and need not be kept.

        Of two names of one field (`model_version`, `model`) the first with a value gives it; the other is not taken.
        """
        contested = [name for name in raw.keys() & self.rivals.keys() if raw[name] not in (None, "")]
        return self.names.difference(
            name for name in contested if all(first_value(raw, before, "") is not None for before in self.rivals[name])
        )

    def named(self, name: str) -> str:
        """Return how the file calls a field, for messages."""
        fields = [place.field for place in self.sources.get(name, ()) if place.field]
        return " or ".join(f"`{field}`" for field in fields) or f"`{name}`"


def _rivals(everything: list[tuple[Place, ...]]) -> dict[str, list[tuple[Place, ...]]]:
    rivals: dict[str, list[tuple[Place, ...]]] = {}
    for places in everything:
        for index, place in enumerate(places):
            if place.field is not None:
                rivals.setdefault(place.field, []).append(places[:index])
    return {name: before for name, before in rivals.items() if all(before)}


def _said(mapping: Mapping, name: str) -> Place | None:
    place: Place | None = None if name in NOT_SOURCES else getattr(mapping, name)
    return place


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
