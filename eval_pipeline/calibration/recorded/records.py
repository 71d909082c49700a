"""The records of a file of recorded verdicts or labels: JSONL, a JSON list, CSV or Parquet, each as one dictionary.

Not here: which of its fields means what (`places.py`), what it says (`statements.py`).
"""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from eval_pipeline.errors import RejectedRecord, SourceError
from eval_pipeline.formats.contract import MAX_RECORD_BYTES, too_large
from eval_pipeline.formats.delimited import DELIMITERS
from eval_pipeline.formats.json_text import clean_text, parse_json
from eval_pipeline.formats.lines import open_bytes, open_text, read_lines

_NOT_AN_OBJECT = RejectedRecord("not_an_object", "the record is not a JSON object", "write one object a line")


class Record(NamedTuple):
    """A record and where it stands in its file, e.g. `line 12`; in its place the reason why it cannot be read."""

    position: str
    fields: dict[str, Any] | RejectedRecord


def read_records(path: Path) -> Iterator[Record]:
    """Yield the records of the file in its order; the ending of its name says the form, gzip is unpacked.

    Raises `SourceError` when the file as a whole cannot be read.
    """
    suffix = path.with_suffix("").suffix.lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
    if suffix not in _READERS:
        raise SourceError(
            f"{path}: recorded verdicts and labels are read from {', '.join(_READERS)}",
            "convert the file, or give it the ending of what it holds",
        )
    return _READERS[suffix](path)


def _json_lines(path: Path) -> Iterator[Record]:
    with open_text(path) as stream:
        for line in read_lines(stream):
            yield Record(f"line {line.number}", too_large() if line.data is None else _object(line.data))


def _object(data: bytes) -> dict[str, Any] | RejectedRecord:
    try:
        value = parse_json(data, set())
    except RejectedRecord as rejection:
        return rejection
    return value if isinstance(value, dict) else _NOT_AN_OBJECT


def _json_list(path: Path) -> Iterator[Record]:
    with open_text(path) as stream:
        try:
            values = parse_json(stream.read(), set())
        except RejectedRecord as rejection:
            raise SourceError(f"{path}: {rejection.detail}", "write one list of objects, or use JSONL") from None
    if not isinstance(values, list):
        raise SourceError(f"{path} is not a list", "write one list of objects, or use JSONL")
    for number, value in enumerate(values, start=1):
        yield Record(f"item {number}", value if isinstance(value, dict) else _NOT_AN_OBJECT)


def _csv_rows(path: Path) -> Iterator[Record]:
    csv.field_size_limit(MAX_RECORD_BYTES)  # process-wide; the default is under a long cell
    with io.TextIOWrapper(open_text(path), "utf-8", "replace", newline="") as text:
        header = text.readline()
        delimiter = max(DELIMITERS, key=header.count)
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        _check_header(path, names)
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        while True:
            position = f"line {reader.line_num + 2}"
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield Record(position, _bad_row("a quoted cell does not end where it should"))
                continue
            if cells:
                yield Record(position, _row(names, cells))


def _row(names: list[str], cells: list[str]) -> dict[str, Any] | RejectedRecord:
    if len(cells) != len(names):
        return _bad_row(f"the row has {len(cells)} cells, the header {len(names)}")
    return {name: clean_text(cell, set()) or None for name, cell in zip(names, cells, strict=True)}


def _bad_row(detail: str) -> RejectedRecord:
    return RejectedRecord("invalid_csv", detail, "quote cells that hold the delimiter or a quote; use a CSV writer")


def _check_header(path: Path, names: list[str]) -> None:
    if not any(names):
        raise SourceError(f"{path} has no header", "write the names of the columns in the first line")
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise SourceError(f"{path} has more than one column `{repeated[0]}`", "give each column a name of its own")


def _parquet_rows(path: Path) -> Iterator[Record]:
    import pyarrow.parquet as pq  # costs a tenth of a second that the other forms need not pay
    from pyarrow import ArrowException

    number = 0
    try:
        with open_bytes(path) as stream:
            for batch in pq.ParquetFile(stream).iter_batches(batch_size=1000):
                for row in batch.to_pylist():
                    number += 1
                    yield Record(f"row {number}", row)
    except (ArrowException, OSError, ValueError) as error:
        raise SourceError(
            f"{path} cannot be read as Parquet after row {number}", "write it again as Parquet"
        ) from error


_READERS: dict[str, Callable[[Path], Iterator[Record]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_list,
    ".csv": _csv_rows,
    ".tsv": _csv_rows,
    ".parquet": _parquet_rows,
}
