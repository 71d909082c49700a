"""Parquet: a table with typed columns; nested lists and structs are read as they are.

Not here: what the rows come to (`rows.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval_pipeline.errors import RejectedRecord, SourceError
from eval_pipeline.formats.columns import Columns
from eval_pipeline.formats.contract import Item, bad
from eval_pipeline.formats.lines import open_bytes
from eval_pipeline.formats.mapping import Mapping
from eval_pipeline.formats.rows import Row, sessions_of_rows

BATCH = 1000


@dataclass(frozen=True)
class ParquetFile:
    """Importer of Parquet."""

    name: str = "parquet"
    about: str = "a table with typed columns; a row is a turn, an exchange or a session, as the mapping says"

    def records(self, path: Path, mapping: Mapping) -> Iterator[Item]:
        """Yield the sessions of the file; see `contract.Importer`."""
        import pyarrow.parquet as pq  # costs a tenth of a second and 50 MB that the other formats need not pay
        from pyarrow import ArrowException

        try:
            with open_bytes(path) as stream:
                table = pq.ParquetFile(stream)
                columns = Columns(path, table.schema_arrow.names, mapping)
                yield from sessions_of_rows(_rows(table, columns), columns)
        except (ArrowException, OSError, UnicodeDecodeError) as error:
            raise SourceError(
                f"{path} cannot be read as Parquet: it is damaged or cut short", "fetch it again"
            ) from error


def _rows(table: Any, columns: Columns) -> Iterator[Row]:
    number = 0
    for batch in table.iter_batches(batch_size=BATCH):
        cells = [_cells(batch.column(index), _said(index, columns)) for index in range(len(columns.header))]
        for row in zip(*cells, strict=True):
            number += 1
            rejection = next((cell for cell in row if isinstance(cell, RejectedRecord)), None)
            yield f"row {number}", rejection or list(row)


def _cells(column: Any, said: str) -> list[Any]:
    """Return a column's cells as Python values; in the place of one that Python has no value for, a rejection."""
    try:
        values: list[Any] = column.to_pylist()
    except Exception:  # whatever it is, one cell is at fault, and the others are fine
        return [_cell(scalar, said) for scalar in column]
    return values


def _cell(scalar: Any, said: str) -> Any:
    try:
        return scalar.as_py()
    except Exception as error:
        failed_with = type(error).__name__  # what it says may quote the value
    return bad(
        said,
        f"holds a value of type {_kind(scalar.type)} that cannot be read ({failed_with})",
        "write times between the years 1 and 9999 in a zone that is known, and text as UTF-8; "
        "or leave the column out of the export",
    )


def _kind(arrow_type: Any) -> str:
    """Return the type's family: the whole type may name fields and zones of the file's own."""
    return str(arrow_type).split("[")[0].split("<")[0]


def _said(index: int, columns: Columns) -> str:
    """Return how a message names a column; by its place where its name is the file's own word."""
    name = columns.header[index]
    return name if name in columns.reading.names else f"column {index + 1}"


PARQUET = ParquetFile()
