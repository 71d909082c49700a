"""One registered file by day: which records count on a day, and how to get at them without reading the file again.

JSON lines are indexed by byte offset, so that a day costs its own lines. Tables must be read as a whole; their sessions
are kept packed, by day. Not here: which files are registered (`session_files.py`), the formats.
"""

import hashlib
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import IO

import orjson

from eval_pipeline.errors import RejectedRecord, SourceError
from eval_pipeline.formats.contract import MAX_RECORD_BYTES, Fields, Importer, Item
from eval_pipeline.formats.json_lines import JsonLines, position
from eval_pipeline.formats.lines import Line, open_text, read_lines
from eval_pipeline.formats.mapping import Mapping
from eval_pipeline.formats.times import out_of_range

Outcome = Fields | RejectedRecord


def hash_file(path: Path) -> tuple[str, int]:
    """Return the SHA-256 of a file's bytes and its size. Raises `SourceError` when it cannot be read."""
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            return digest, stream.tell()
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror}", "restore the file, or register it where it is now"
        ) from error


def count_days(importer: Importer, path: Path, mapping: Mapping, registered_on: date) -> Counter[date]:
    """Return how many records of the file count on each day: the scan that the intake is checked against."""
    return Counter(_day_of(outcome, registered_on) for _, outcome in importer.records(path, mapping))


def _day_of(outcome: Outcome, registered_on: date) -> date:
    """Return the UTC day a record counts on: its start, or the day of registration when it has no usable one."""
    if isinstance(outcome, RejectedRecord):
        return registered_on
    started_on: date = outcome["started_at"].date()
    return min(started_on, registered_on)


class FileDays:
    """The records of one file by the day they count on."""

    def __init__(
        self, path: Path, importer: Importer, mapping: Mapping, *, sha256: str, n_bytes: int, registered_on: date
    ) -> None:
        self._path, self._importer, self._mapping = path, importer, mapping
        self._sha256, self._n_bytes, self._registered_on = sha256, n_bytes, registered_on
        self._verified: tuple[int, int] | None = None
        self._index: _LineIndex | None = None
        self._kept: dict[date, list[tuple[str, bytes | Outcome]]] | None = None

    def items(self, day: date) -> Iterator[Item]:
        """Yield the records that count on `day`, in order of the file.

        Raises `SourceError` when the file is gone or no longer the one that was registered.
        """
        self._verify()
        for place, outcome in self._outcomes(day):
            if isinstance(outcome, dict) and outcome["started_at"].date() > self._registered_on:
                yield place, out_of_range("started_at", "lies after the day on which the file was registered")
            else:
                yield place, outcome

    def close(self) -> None:
        """Release open files and kept records; the next read opens them again."""
        self._kept = None
        if self._index is not None:
            self._index.close()

    def _outcomes(self, day: date) -> Iterator[Item]:
        if isinstance(self._importer, JsonLines):
            if self._index is None:
                self._index = _LineIndex(self._path, self._importer, self._mapping, self._registered_on)
            yield from self._index.items(day)
            return
        if self._kept is None:
            self._kept = self._packed_by_day()
        for place, packed in self._kept.get(day, []):
            yield place, _unpacked(packed) if isinstance(packed, bytes) else packed

    def _packed_by_day(self) -> dict[date, list[tuple[str, bytes | Outcome]]]:
        kept: dict[date, list[tuple[str, bytes | Outcome]]] = {}
        for place, outcome in self._importer.records(self._path, self._mapping):
            kept.setdefault(_day_of(outcome, self._registered_on), []).append((place, _packed(outcome)))
        return kept

    def _verify(self) -> None:
        """Refuse a file that is not the registered one; hashed once, and again when its size or time has changed."""
        try:
            stat = self._path.stat()
        except OSError as error:
            raise SourceError(
                f"{self._path} was registered and is gone", "restore the file, or register it where it is now"
            ) from error
        seen = (stat.st_size, stat.st_mtime_ns)
        if seen == self._verified:
            return
        if stat.st_size != self._n_bytes or hash_file(self._path)[0] != self._sha256:
            raise SourceError(
                f"{self._path} has changed since it was registered",
                f"register it again (eval-pipeline ingest {self._path}), or restore it",
            )
        self._verified = seen


def _packed(outcome: Outcome) -> bytes | Outcome:
    if isinstance(outcome, RejectedRecord):
        return outcome
    try:
        return zlib.compress(orjson.dumps(outcome), 1)
    except TypeError:
        return outcome  # nested beyond what can be stored: the intake will say so


def _unpacked(packed: bytes) -> Fields:
    fields: Fields = orjson.loads(zlib.decompress(packed))
    fields["started_at"] = datetime.fromisoformat(fields["started_at"])
    return fields


class _LineIndex:
    """Where the lines of a day begin."""

    def __init__(self, path: Path, importer: JsonLines, mapping: Mapping, registered_on: date) -> None:
        self._path, self._importer, self._mapping = path, importer, mapping
        self._reading = importer.reading(mapping)
        self._stream: IO[bytes] | None = None
        self._numbers: dict[date, array[int]] = {}
        self._offsets: dict[date, array[int]] = {}
        for line in read_lines(self._opened()):
            day = _day_of(importer.record(line, path, self._reading), registered_on)
            self._numbers.setdefault(day, array("Q")).append(line.number)
            self._offsets.setdefault(day, array("Q")).append(line.offset)

    def items(self, day: date) -> Iterator[Item]:
        """Yield the records of the day's lines."""
        for number, offset in zip(self._numbers.get(day, ()), self._offsets.get(day, ()), strict=True):
            stream = self._opened()
            stream.seek(offset)
            data = stream.readline(MAX_RECORD_BYTES + 1)
            is_whole = len(data) <= MAX_RECORD_BYTES or data.endswith(b"\n")
            line = Line(number, offset, data if is_whole else None)
            yield position(number), self._importer.record(line, self._path, self._reading)

    def close(self) -> None:
        """Close the file until the next read."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _opened(self) -> IO[bytes]:
        if self._stream is None:
            self._stream = open_text(self._path, self._mapping.encoding)
        return self._stream
