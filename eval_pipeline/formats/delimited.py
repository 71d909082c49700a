"""CSV: a header and rows, separated by comma, semicolon, tab or bar, whichever the header uses.

Not here: what the rows come to (`rows.py`).
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eval_pipeline.errors import RejectedRecord, SourceError
from eval_pipeline.formats.columns import Columns
from eval_pipeline.formats.contract import MAX_RECORD_BYTES, Item, too_large
from eval_pipeline.formats.lines import open_text
from eval_pipeline.formats.mapping import Mapping
from eval_pipeline.formats.rows import Row, sessions_of_rows

DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Delimited:
    """Importer of CSV."""

    name: str = "csv"
    about: str = "a table with a header; a row is a turn, an exchange or a session, as the mapping says"

    def records(self, path: Path, mapping: Mapping) -> Iterator[Item]:
        """Yield the sessions of the file; see `contract.Importer`."""
        with io.TextIOWrapper(open_text(path, mapping.encoding), "utf-8", "replace", newline="") as text:
            header = text.readline()
            delimiter = max(DELIMITERS, key=header.count)
            names = next(csv.reader([header], delimiter=delimiter), [])
            if not names:
                raise SourceError(f"{path} has no header", "write the names of the columns in the first line")
            columns = Columns(path, [name.strip() for name in names], mapping)
            yield from sessions_of_rows(_rows(text, delimiter, len(names)), columns)


def _rows(text: io.TextIOWrapper, delimiter: str, width: int) -> Iterator[Row]:
    csv.field_size_limit(MAX_RECORD_BYTES)  # process-wide; the default is far under a long transcript's cell
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    while True:
        position = f"line {reader.line_num + 2}"
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield position, too_large() if "limit" in str(error) else _not_a_row()
            continue
        if len(cells) == width:
            yield position, list(cells)
        elif cells:
            yield position, _wrong_width(len(cells), width)


def _not_a_row() -> RejectedRecord:
    return RejectedRecord(
        "invalid_csv",
        "a quoted cell does not end where it should",
        'double every quote inside a quoted cell ("") and close the cell; export the file with a CSV writer',
    )


def _wrong_width(n_cells: int, width: int) -> RejectedRecord:
    return RejectedRecord(
        "invalid_csv",
        f"the row has {n_cells} cells, the header {width}",
        "quote cells that hold the delimiter or a line break; export the file with a CSV writer",
    )


CSV = Delimited()
