"""Requests on their way into a batch: the lines of one file, kept out of memory, and what is known of each.

Not here: what a line looks like (`resources/`), when a file is sent (`batch_submitting.py`).
"""

import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import BinaryIO, Self, cast

_IN_MEMORY_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Entry:
    """One line: its call, its session's day, its size, and the most that it can cost in US dollars."""

    call_key: str
    session_day: date | None
    n_bytes: int
    n_tokens: int
    usd: float


class BatchLines:
    """The lines of one file for one model, in the order in which they came; use `with`, or `close`."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.entries: list[Entry] = []
        self.n_bytes = 0
        self.n_tokens = 0
        self._file = _spool()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Forget the lines."""
        self._file.close()

    def add(self, line: bytes, entry: Entry) -> None:
        """Take a line in."""
        self._file.write(line)
        self.n_bytes += entry.n_bytes
        self.n_tokens += entry.n_tokens
        self.entries.append(entry)

    def only(self, call_keys: Collection[str]) -> BinaryIO:
        """Return a file of the lines of `call_keys`, at its start; the caller closes it."""
        chosen = _spool()
        self._file.seek(0)
        for entry in self.entries:
            line = self._file.read(entry.n_bytes)
            if entry.call_key in call_keys:
                chosen.write(line)
        chosen.seek(0)
        return chosen


def _spool() -> BinaryIO:
    return cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES))
