"""What a file says: one statement a verdict or label, by whom and of which item, with its value as it stands.

A record is one statement (flat), or a session that holds several in `labels`. Who begins with `judge:` judged, who begins
with `human:` or `program:` labelled; all others did what the import says. `judge:MODEL/PROMPT` is judge MODEL, version
PROMPT (the part after the last slash), unless the record states a version. Of `raw_value` and `value` the first is read:
`value` was mapped by somebody else. Not here: what values mean (`vocabulary.py`), the rows (`rows.py`).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from eval_pipeline.calibration.recorded.places import Fields, Places, checked, is_there, required, text_of
from eval_pipeline.calibration.recorded.records import read_records
from eval_pipeline.errors import RejectedRecord, SourceError

Kind = Literal["verdicts", "labels"]
NOT_STATED = "not stated"
_OTHERS = {"verdicts": ("human:", "program:"), "labels": ("judge:",)}


@dataclass(frozen=True)
class Statement:
    """A verdict or a label. `version` and `variant` are null where the file says none; `raw` where it has no value."""

    position: str
    item_id: str
    target: str
    metric: str
    rater: str
    version: str | None
    variant: str | None
    raw: str | None

    def key(self) -> tuple[str, ...]:
        """Return what it is about and who said it: what can be said once."""
        return (self.item_id, self.target, self.metric, self.rater, self.version or "", self.variant or "")


@dataclass(frozen=True)
class BadLine:
    """A record or label that gave no statement. No part of its content stands in any of the fields."""

    position: str
    problem: str
    mend: str
    field: str | None = None

    def __str__(self) -> str:
        at = "" if self.field is None else f" in `{self.field}`"
        return f"{self.position}{at}: {self.problem}. Mend: {self.mend}"


@dataclass
class Reading:
    """What was read: statements, bad lines, and counts of what needs saying; all records are in one of them."""

    statements: list[Statement] = field(default_factory=list)
    bad_lines: list[BadLine] = field(default_factory=list)
    said_again: int = 0
    """Labels that repeat an earlier one word for word."""
    of_other_kind: Counter[str] = field(default_factory=Counter)
    """Raters whose statements are of the other kind, and how many."""
    mapped_by_source: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(raw_value, value) where the two differ, and how often."""
    empty_records: int = 0
    """Sessions with an empty list of labels."""


def read_statements(path: Path, kind: Kind, places: Places) -> Reading:
    """Return what the file says.

    Raises `SourceError` when it cannot be read as a whole, or no record has a column that the mapping names.
    """
    reading, absent = Reading(), places.columns()
    first: dict[tuple[str, ...], Statement] = {}
    numbers: Counter[tuple[str, ...]] = Counter()
    for position, fields in read_records(path):
        absent = {name for name in absent if isinstance(fields, RejectedRecord) or not is_there(name, fields)}
        for at, entry, record in _entries(position, fields, places, reading):
            absent = {name for name in absent if not is_there(name, entry)}
            try:
                statement = _statement(at, entry, record, kind, places, reading)
                if statement is not None:
                    _take(_numbered(statement, numbers) if places.numbers_variants else statement, kind, first, reading)
            except RejectedRecord as rejection:
                reading.bad_lines.append(_bad_line(at, rejection))
    if absent:
        named = ", ".join(f"`{name}`" for name in sorted(absent))
        raise SourceError(f"no record of {path} has {named}, which the mapping names", "name columns that are there")
    return reading


def _entries(
    position: str, fields: dict[str, Any] | RejectedRecord, places: Places, reading: Reading
) -> Iterator[tuple[str, Fields, Fields]]:
    """Yield position, label and record; a flat record is its own label."""
    if isinstance(fields, RejectedRecord):
        reading.bad_lines.append(_bad_line(position, fields))
        return
    labels = places.list_of(fields)
    if not isinstance(labels, list):
        yield position, fields, fields
        return
    reading.empty_records += not labels
    for number, label in enumerate(labels, start=1):
        at = f"{position}, label {number}"
        if isinstance(label, dict):
            yield at, label, fields
        else:
            reading.bad_lines.append(BadLine(at, "the label is no object", "write each label as an object", "labels"))


def _statement(
    position: str, entry: Fields, record: Fields, kind: Kind, places: Places, reading: Reading
) -> Statement | None:
    """Return what a label says, or null where it is of the other kind, which is counted."""
    rater = required(places, "rater", entry, record)
    if rater.startswith(_OTHERS[kind]):
        reading.of_other_kind[rater] += 1
        return None
    version, variant = None, None
    if kind == "verdicts":
        version, variant = places.text("version", entry, record), places.text("variant", entry, record)
        rater, version = _judge_of(rater, version)
    return Statement(
        position,
        required(places, "item_id", entry, record),
        checked(places.text("target", entry, record) or "session", "target", places),
        checked(places.text("metric", entry, record) or NOT_STATED, "metric", places),
        rater,
        version and checked(version, "version", places),
        variant and checked(variant, "variant", places),
        _raw(entry, record, kind, places, reading),
    )


def _judge_of(rater: str, version: str | None) -> tuple[str, str | None]:
    name = rater.removeprefix("judge:")
    if version is None and name != rater and "/" in name:
        name, _, version = name.rpartition("/")
    return name, version


def _raw(entry: Fields, record: Fields, kind: Kind, places: Places, reading: Reading) -> str | None:
    """Return the value as it stands. A verdict whose `raw_value` is empty has none, whatever somebody made of it."""
    if "value" in places.said:
        return places.text("value", entry, record)
    raw, mapped = text_of(entry.get("raw_value")), text_of(entry.get("value"))
    if "raw_value" not in entry and "value" not in entry:
        detail = "there is no value" if kind == "labels" else "there is no verdict"
        raise RejectedRecord("missing_field", detail, "name its column: --mapping value=COLUMN", places.named("value"))
    if "raw_value" not in entry or (kind == "labels" and raw is None):
        return mapped
    if mapped is not None and mapped != raw:
        reading.mapped_by_source[raw or "", mapped] += 1
    return raw


def _numbered(statement: Statement, numbers: Counter[tuple[str, ...]]) -> Statement:
    numbers[statement.key()] += 1
    return Statement(**{**vars(statement), "variant": str(numbers[statement.key()])})


def _take(statement: Statement, kind: Kind, first: dict[tuple[str, ...], Statement], reading: Reading) -> None:
    """Add the statement, unless an earlier one is of the same: a label said again is counted, all else is a bad line."""
    earlier = first.setdefault(statement.key(), statement)
    if earlier is statement:
        reading.statements.append(statement)
    elif kind == "labels" and earlier.raw == statement.raw:
        reading.said_again += 1
    elif kind == "labels":
        raise RejectedRecord(
            "contradiction",
            f"{earlier.position} is another label of the same rater for the same item",
            "leave one, or name the column that tells raters apart: --mapping rater=COLUMN+COLUMN",
        )
    else:
        raise RejectedRecord(
            "repeated",
            f"{earlier.position} is the same judge's verdict on the same item",
            "name what tells the two apart: --mapping variant=COLUMN, or variant=position: to number them in file order",
        )


def _bad_line(position: str, rejection: RejectedRecord) -> BadLine:
    return BadLine(position, f"{rejection.reason}: {rejection.detail}", rejection.mend, rejection.field)
