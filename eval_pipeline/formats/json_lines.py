"""One record a line: what the JSONL formats share. A line can be read by itself, so a day of a file can be, too.

Not here: what a line's object means (`sessions_jsonl.py`, `openai_chat_jsonl.py`).
"""

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Names
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval_pipeline.errors import RejectedRecord
from eval_pipeline.formats.contract import Fields, Item, intake_failed, too_large
from eval_pipeline.formats.fields import note_repairs
from eval_pipeline.formats.json_text import parse_json
from eval_pipeline.formats.lines import Line, open_text, read_lines
from eval_pipeline.formats.mapping import Mapping
from eval_pipeline.formats.reading import Reading

Build = Callable[[Fields, Reading, str, set[str]], Fields]
"""(record, reading, position for a mapped id, repairs) to the session's fields; raises `RejectedRecord`."""


@dataclass(frozen=True)
class JsonLines:
    """An importer of a format with one JSON object a line."""

    name: str
    about: str
    build: Build
    is_like: Callable[[dict[str, Any]], bool]
    """Whether an object looks like a record of this format."""
    names: Names[str, tuple[str, ...]] = field(default_factory=dict)
    """Field to the names that the format gives it."""

    def records(self, path: Path, mapping: Mapping) -> Iterator[Item]:
        """Yield the records of the file; see `contract.Importer`."""
        reading = self.reading(mapping)
        with open_text(path, mapping.encoding) as stream:
            for line in read_lines(stream):
                yield position(line.number), self.record(line, path, reading)

    def reading(self, mapping: Mapping) -> Reading:
        """Return `mapping` laid over the format's names."""
        return Reading.of(mapping, self.names)

    def record(self, line: Line, path: Path, reading: Reading) -> Fields | RejectedRecord:
        """Return what one line comes to."""
        if line.data is None:
            return too_large()
        try:
            repairs: set[str] = set()
            raw = parse_json(line.data, repairs)
            if not isinstance(raw, dict):
                return RejectedRecord("not_an_object", "the record is not a JSON object", "write one object a line")
            return note_repairs(self.build(raw, reading, f"{path.name}:{line.number}", repairs), repairs)
        except RejectedRecord as rejection:
            return rejection
        except Exception as error:
            failed_with = type(error).__name__
        return intake_failed(failed_with)


def position(number: int) -> str:
    """Return how a record's place in its file is named."""
    return f"line {number}"
