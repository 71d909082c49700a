"""The lines of a file of reviews, from JSONL, CSV or Parquet, as objects. Not here: what they say (`reviews_file.py`)."""

import csv
from collections.abc import Collection, Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from eval_pipeline.errors import SourceError
from eval_pipeline.review.files.formula_safety import as_written
from eval_pipeline.tables import Reviews

EXPORTED_HEADER = frozenset(Reviews.to_schema().columns)


def review_lines(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield position and object of each line of the file that is not blank; bytes where a line is not JSON.

    In CSV and Parquet a field that is an object may be JSON text. An empty cell of a CSV is a field left out; one of a file
    that has exactly the columns of an export is read without the apostrophe that kept it from being a formula.

    Raises `SourceError` when the file as a whole cannot be read.
    """
    readers = {".jsonl": _json_lines, ".ndjson": _json_lines, ".csv": _csv_lines, ".parquet": _parquet_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise SourceError(
            f"{path}: reviews are read from .jsonl, .csv or .parquet", "convert the file, or give it that ending"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}", "check the path and its permissions") from error
    return reader(path, content)


def _json_lines(path: Path, content: bytes) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            yield f"line {number}", orjson.loads(line)
        except orjson.JSONDecodeError:
            yield f"line {number}", line


def _csv_lines(path: Path, content: bytes) -> Iterator[tuple[str, Any]]:
    try:
        reader = csv.DictReader(StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        header = reader.fieldnames or []
        _check_columns(path, header)
        is_export = len(header) == len(EXPORTED_HEADER) and set(header) == EXPORTED_HEADER
        for cells in reader:
            # More cells than the header has stand under None, and so are not text.
            given = {k: v for k, v in cells.items() if v not in ("", None)}
            unquoted = {k: as_written(v) if isinstance(v, str) else v for k, v in given.items()}
            yield f"line {reader.line_num}", unquoted if is_export else given
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 (byte {error.start})", "save the file as UTF-8") from error
    except csv.Error as error:
        raise SourceError(f"{path} is not valid CSV: {error}", "mend the quoting of the file") from error


def _parquet_rows(path: Path, content: bytes) -> Iterator[tuple[str, Any]]:
    try:
        table = pq.read_table(BytesIO(content))
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path} is not a Parquet file that can be read", "write it again as Parquet") from error
    _check_columns(path, table.column_names)
    for number, row in enumerate(table.to_pylist(), start=1):
        yield f"row {number}", {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    """Return a value as JSON would bring it: a struct without the keys that only other rows have."""
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime(warn=False)
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


def _check_columns(path: Path, names: Collection[str]) -> None:
    missing = {"session_id", "reviewer"} - set(names)
    if missing:
        raise SourceError(
            f"{path}: the header lacks {', '.join(sorted(missing))}", "name the columns in the first line"
        )
