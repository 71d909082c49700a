"""Where the parts of a verdict or label stand in a record: by the names that are usual, or as the user's mapping says.

`--mapping item_id=question_id+turn,rater=judge_name,metric=const:quality,variant=position:`: dots go into nested objects,
`+` puts the values of several columns together, `const:` is the same for every record, and `variant=position:` numbers the
verdicts of a judge on an item as they follow each other in the file. Not here: what a value means (`vocabulary.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eval_pipeline.errors import RejectedRecord, SettingsError
from eval_pipeline.formats.json_text import as_text

USUAL = {
    "item_id": ("item_id", "session_id"),
    "rater": ("judge", "rater"),
    "version": ("version", "judge_version"),
    "metric": ("metric",),
    "target": ("target",),
    "variant": ("variant", "order", "repeat"),
    "value": ("raw_value", "value"),
    "labels": ("labels",),
}
ALSO = {"session_id": "item_id", "judge": "rater", "judge_version": "version", "order": "variant", "repeat": "variant"}
"""Keys of a mapping that mean another."""
POSITION = "position:"
MAX_CHARACTERS = 500

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Places:
    """The user's mapping over the usual names; `said` holds for each key its columns, or one text that begins `const:`."""

    said: dict[str, tuple[str, ...]] = field(default_factory=dict)
    numbers_variants: bool = False

    @classmethod
    def of(cls, mapping: str | None) -> "Places":
        """Return the places that `key=column,key=column` says. Raises `SettingsError` for what is none of the keys."""
        said: dict[str, tuple[str, ...]] = {}
        for part in (mapping or "").split(",") if mapping else []:
            name, separator, column = (text.strip() for text in part.partition("="))
            key = ALSO.get(name, name)
            if not separator or not column or key not in USUAL:
                raise SettingsError(f"the mapping {part!r} is not known", f"write key=column; keys: {', '.join(USUAL)}")
            said[key] = (column,) if column.startswith("const:") else tuple(column.split("+"))
        numbers = said.get("variant") == (POSITION,)
        return cls({key: columns for key, columns in said.items() if columns != (POSITION,)}, numbers)

    def text(self, key: str, entry: Fields, record: Fields) -> str | None:
        """Return the field's text, null where there is none: from the entry, what is mapped also from its record."""
        if key in self.said:
            return self._mapped(self.said[key], entry, record)
        names = USUAL[key]
        inside = [found for name in names if (found := text_of(entry.get(name))) is not None]
        if key == "variant":
            return "/".join(inside) or None
        if key == "item_id" and not inside:
            inside = [found for name in names if (found := text_of(record.get(name))) is not None]
        return inside[0] if inside else None

    def named(self, key: str) -> str:
        """Return how the file calls the field, for messages."""
        return "+".join(self.said[key]) if key in self.said else " or ".join(USUAL[key])

    def columns(self) -> set[str]:
        """Return the columns that the mapping names."""
        named = {column for columns in self.said.values() for column in columns}
        return {column for column in named if not column.startswith("const:")}

    def list_of(self, record: Fields) -> Any:
        """Return the list of labels that a record holds; null where a record is one label."""
        return _nested(record, self.said["labels"][0]) if "labels" in self.said else record.get("labels")

    def _mapped(self, columns: tuple[str, ...], entry: Fields, record: Fields) -> str | None:
        if columns[0].startswith("const:"):
            return columns[0].removeprefix("const:")
        found = [text_of(first if (first := _nested(entry, c)) is not None else _nested(record, c)) for c in columns]
        return "/".join(text or "" for text in found) if any(text is not None for text in found) else None


def text_of(value: Any) -> str | None:
    """Return a value as text without spaces around it, null for none at all. Raises `RejectedRecord` for what has no text."""
    if value is None or value != value:  # NaN is how tables write nothing
        return None
    return as_text(value).strip() or None


def required(places: Places, key: str, entry: Fields, record: Fields) -> str:
    """Return a field that must be there. Raises `RejectedRecord`, naming it, where it is missing or too long."""
    text = places.text(key, entry, record)
    if text is None:
        mend = f"give it, or name its column: --mapping {key}=COLUMN (or {key}=const:TEXT, the same for all)"
        raise RejectedRecord("missing_field", f"there is no {key}", mend, places.named(key))
    return checked(text, key, places)


def checked(text: str, key: str, places: Places) -> str:
    """Return `text`. Raises `RejectedRecord` where it is longer than a name is."""
    if len(text) > MAX_CHARACTERS:
        detail = f"{key} has {len(text)} characters, more than {MAX_CHARACTERS}"
        raise RejectedRecord("bad_field", detail, "map the column that holds its short name", places.named(key))
    return text


def is_there(name: str, fields: Fields) -> bool:
    """Return whether the fields have a column of this name, be it empty."""
    if name in fields:
        return True
    outer, _, inner = name.rpartition(".")
    holder = _nested(fields, outer) if outer else None
    return isinstance(holder, Mapping) and inner in holder


def _nested(fields: Fields, name: str) -> Any:
    if name in fields:
        return fields[name]
    value: Any = fields
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
