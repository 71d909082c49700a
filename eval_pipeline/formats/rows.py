"""Rows of a table become sessions. The columns say which of three layouts it is:

a row is a *session* (a column holds its turns as JSON or as a nested list), an *exchange* (`input` and `output`), or a
*turn* (`role` and `content`). Rows of one session need not stand together; its turns are put in order of time when all
have one. Not here: reading the file (`delimited.py`, `parquet.py`), the columns (`columns.py`).
"""

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any

import orjson

from eval_pipeline.errors import RejectedRecord
from eval_pipeline.formats.columns import Columns
from eval_pipeline.formats.contract import MAX_RECORD_BYTES, Fields, Item, intake_failed, too_large
from eval_pipeline.formats.fields import note_repairs, session_fields
from eval_pipeline.formats.json_text import as_text, parse_json
from eval_pipeline.formats.turns import turn_fields, turns_of

Row = tuple[str, list[Any] | RejectedRecord]
"""A row's position and its cells in the order of the header, or why it could not be read."""


def sessions_of_rows(rows: Iterable[Row], columns: Columns) -> Iterator[Item]:
    """Yield one item per session, at its first row; a row that cannot be read or has no id is an item by itself."""
    groups: dict[str, list[bytes]] = {}
    first: dict[str, str] = {}
    for position, cells in rows:
        if isinstance(cells, RejectedRecord):
            yield position, cells
            continue
        packed = _packed(cells, position, columns)
        if isinstance(packed, RejectedRecord):
            yield position, packed
            continue
        key, row = packed
        if columns.layout == "session":
            yield position, _session([row], position, columns)
            continue
        first.setdefault(key, position)
        groups.setdefault(key, []).append(row)
    for key, packed_rows in groups.items():
        yield first[key], _session(packed_rows, first[key], columns)


def _packed(cells: list[Any], position: str, columns: Columns) -> tuple[str, bytes] | RejectedRecord:
    """Return the session that a row belongs to, and its cells as bytes: these take a fraction of the memory that
    objects take, and a table may hold millions of rows."""
    try:
        session_id = columns.reading.value(columns.record(cells), "session_id", position)
        key = f"\x00{position}" if session_id is None else as_text(session_id)
        return key, orjson.dumps(cells, default=_plain)
    except RejectedRecord as rejection:
        return rejection
    except Exception as error:
        failed_with = type(error).__name__
    return intake_failed(failed_with)


def _plain(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _session(packed: list[bytes], position: str, columns: Columns) -> Fields | RejectedRecord:
    if sum(map(len, packed)) > MAX_RECORD_BYTES:
        return too_large()
    try:
        repairs: set[str] = set()
        records = [columns.record(parse_json(cells, repairs)) for cells in packed]
        raw = _common(records, columns)
        for name in columns.json_columns & raw.keys():
            raw[name] = _json_or_text(raw[name], repairs)
        turns, extras = _turns(records, raw, columns, repairs)
        place = f"{columns.path.name}:{position}"
        session = session_fields(raw, columns.reading, place, turns, extras)
        return note_repairs(session, repairs)
    except RejectedRecord as rejection:
        return rejection
    except Exception as error:
        failed_with = type(error).__name__
    return intake_failed(failed_with)


def _common(records: list[Fields], columns: Columns) -> Fields:
    """Return the columns that the rows of a session agree on, and the first value of those read for the session."""
    common: Fields = {}
    for name in columns.header:
        values = [record[name] for record in records if record[name] not in (None, "")]
        if values and (name in columns.reading.names or all(value == values[0] for value in values)):
            common[name] = values[0]
    return common


def _turns(
    records: list[Fields], raw: Fields, columns: Columns, repairs: set[str]
) -> tuple[list[Fields], dict[str, Fields]]:
    if columns.layout == "session":
        turns = columns.reading.value(raw, "turns")
        return turns_of([] if turns is None else _json_or_text(turns, repairs), columns.reading, repairs)
    said = []
    for number, record in enumerate(records):
        rest = {name: record[name] for name in columns.unknown - raw.keys() if record[name] not in (None, "")}
        for message in _messages(record, columns, repairs):
            turn, _ = turn_fields(message, f"turns.{number}", columns.reading, repairs)
            said.append((turn.get("at"), turn, dict(sorted(rest.items()))))
    if all(at is not None for at, _, _ in said):
        said.sort(key=itemgetter(0))
    return [turn for _, turn, _ in said], {str(index): rest for index, (_, _, rest) in enumerate(said) if rest}


def _messages(record: Fields, columns: Columns, repairs: set[str]) -> Iterator[Fields]:
    value = {name: columns.reading.value(record, name) for name in columns.turn_names}
    if columns.layout == "exchange":
        for role, name in (("user", "input"), ("assistant", "output")):
            if value[name] is not None:
                yield {"role": role, "content": value[name], "at": value["at"]}
        return
    if isinstance(value["is_error"], str):
        value["is_error"] = value["is_error"].strip().lower() not in {"", "false", "no", "0"}
    yield {**value, **{name: _json_or_text(value[name], repairs) for name in ("tool_calls", "spans")}}


def _json_or_text(value: Any, repairs: set[str]) -> Any:
    """Return the object or list that a cell holds as JSON text; any other cell as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    return parse_json(value.encode("utf-8", "replace"), repairs)
