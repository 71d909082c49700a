"""Parquet: a table with typed columns; nested lists and structs are read as they are.

Not here: what the rows come to (`rows.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval_pipeline.errors import SourceError
from eval_pipeline.formats.columns import Columns
from eval_pipeline.formats.contract import Item
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
                yield from sessions_of_rows(_rows(table, columns.header), columns)
        except (ArrowException, OSError, UnicodeDecodeError) as error:
            raise SourceError(
                f"{path} cannot be read as Parquet: it is damaged or cut short", "fetch it again"
            ) from error


def _rows(table: Any, header: list[str]) -> Iterator[Row]:
    number = 0
    for batch in table.iter_batches(batch_size=BATCH):
        cells = [batch.column(name).to_pylist() for name in header]
        for row in zip(*cells, strict=True):
            number += 1
            yield f"row {number}", list(row)


PARQUET = ParquetFile()
