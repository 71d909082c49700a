"""What an importer of a format is: a file and a mapping become records, one at a time, good or rejected.

Not here: the formats (one module each), which of them reads a file (`registry.py`), storing (`intake.py`).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from eval_pipeline.errors import RejectedRecord
from eval_pipeline.formats.mapping import Mapping

Fields = dict[str, Any]
"""The fields of a `sessions.Session` before validation; `started_at` is always there, as a time in UTC."""

Item = tuple[str, Fields | RejectedRecord]
"""A record's position in its file (`line 12`), and what became of it."""

MAX_RECORD_BYTES = 10_000_000
"""A larger record is rejected unread: one session of this size is a defect of its source."""


class Importer(Protocol):
    """Reads one interchange format."""

    @property
    def name(self) -> str:
        """Name by which a user asks for the format."""
        ...

    @property
    def about(self) -> str:
        """One line for a list of formats."""
        ...

    def records(self, path: Path, mapping: Mapping) -> Iterator[Item]:
        """Yield every record of the file in order; a bad one as its `RejectedRecord`, which names no content.

        Raises `SourceError` when the file as a whole cannot be read or the mapping does not fit it.
        """
        ...


def too_large() -> RejectedRecord:
    """Return the rejection of a record over `MAX_RECORD_BYTES`."""
    return RejectedRecord(
        "too_large",
        f"the record is larger than {MAX_RECORD_BYTES:,} bytes",
        "split the session, or leave attachments and embeddings out of the export",
    )


def missing(field: str, detail: str, mend: str) -> RejectedRecord:
    """Return the rejection of a record that lacks `field`."""
    return RejectedRecord("missing_field", detail, mend, field)


def bad(field: str, detail: str, mend: str) -> RejectedRecord:
    """Return the rejection of a record whose `field` cannot be used."""
    return RejectedRecord("bad_field", f"`{field}` {detail}", mend, field)


def intake_failed(error_name: str) -> RejectedRecord:
    """Return the rejection of a record that the intake itself could not cope with.

    `error_name` is the type's name: what the error says may quote the record. Raise or yield it outside of the
    handler, so that no traceback is chained to it.
    """
    return RejectedRecord(
        "intake_failed",
        f"the intake broke off at this record ({error_name}); it stays outside",
        "report it with the kind of error; the original is still in its source",
    )
