"""The columns of a table under a mapping: what each is read as, and which layout they make.

Not here: what the rows come to (`rows.py`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from eval_pipeline.errors import SourceError
from eval_pipeline.formats.contract import Fields
from eval_pipeline.formats.fields import SESSION_NAMES, STRUCTURED
from eval_pipeline.formats.mapping import Mapping
from eval_pipeline.formats.reading import GROUPS, NOT_SOURCES, Reading
from eval_pipeline.formats.turns import TURN_NAMES

Layout = Literal["session", "exchange", "turn"]

TABLE_NAMES: dict[str, tuple[str, ...]] = {
    **SESSION_NAMES,
    **TURN_NAMES,
    "session_id": ("session_id", "conversation_id", "thread_id"),
    "turns": ("turns", "messages"),
    "input": ("input",),
    "output": ("output",),
}
NOT_READ: dict[Layout, set[str]] = {
    "session": {*TURN_NAMES, "input", "output"},
    "exchange": TURN_NAMES.keys() - {"at"},
    "turn": set(),
}
"""Names that a layout has no use for; a column of such a name is one like any other, and kept in `meta`."""
JSON_FIELDS = ("outcome", "recorded_labels", "feedback")


class Columns:
    """A header read with a mapping. Raises `SourceError` when the mapping names a column that is not there, or when
    no column holds what was said."""

    def __init__(self, path: Path, header: Sequence[str], mapping: Mapping) -> None:
        self.path, self.header = path, list(header)
        self._refuse_repeated()
        self.reading = Reading.of(mapping, TABLE_NAMES)
        self._refuse_absent(mapping)
        self.layout = self._find_layout()
        read = {name: columns for name, columns in TABLE_NAMES.items() if name not in NOT_READ[self.layout]}
        self.reading = Reading.of(mapping, read)
        self.turn_names = (*TURN_NAMES, "input", "output")
        self.unknown = set(self.header) - self.reading.names
        """Columns that nobody names; they are kept in `meta`."""
        places = (place.field for name in JSON_FIELDS for place in self.reading.sources.get(name, ()))
        self.json_columns = {*STRUCTURED, *(name for name in places if name is not None)}
        """Columns whose cells may be JSON text."""

    def record(self, cells: list[Any]) -> Fields:
        """Return a row's cells by column."""
        return dict(zip(self.header, cells, strict=True))

    def _has(self, name: str) -> bool:
        return any(place.field is None or place.field in self.header for place in self.reading.sources[name])

    def _find_layout(self) -> Layout:
        if self._has("turns"):
            return "session"
        if self._has("input") or self._has("output"):
            return "exchange"
        if self._has("role") and self._has("content"):
            return "turn"
        raise SourceError(
            f"{self.path} has no column for what was said; its columns are: {', '.join(self.header)}",
            "map them: role=COLUMN,content=COLUMN (a row is a turn), input=COLUMN,output=COLUMN (a row is an "
            "exchange) or turns=COLUMN (a row is a session)",
        )

    def _refuse_repeated(self) -> None:
        repeated = sorted({name for name in self.header if self.header.count(name) > 1})
        if repeated:
            raise SourceError(
                f"{self.path} has more than one column `{repeated[0]}`", "give each column a name of its own"
            )

    def _refuse_absent(self, mapping: Mapping) -> None:
        """A mapping to a column that is not there would end in a quarantine of the whole file, record by record."""
        inside = TURN_NAMES if self._has("turns") else {}  # these name fields of the messages in a cell
        said = [(name, getattr(mapping, name)) for name in Mapping.model_fields if name not in {*NOT_SOURCES, *inside}]
        said += [(f"{group}.{name}", place) for group in GROUPS for name, place in getattr(mapping, group).items()]
        for name, place in said:
            if place is not None and place.field is not None and place.field.split(".")[0] not in self.header:
                raise SourceError(
                    f"{self.path} has no column `{place.field}`, which the mapping names for {name}",
                    f"name one of its columns: {', '.join(self.header)}",
                )
