"""A text file as UTF-8 lines with their byte offsets, whatever it is packed in: gzip, BOM, CRLF, UTF-16.

Plain UTF-8 is read in place. Anything else is unpacked to a temporary file without a name, which the operating system
removes with the process, so that a line can be found again by its offset. Not here: what a line means.
"""

import codecs
import gzip
import io
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from eval_pipeline.errors import SourceError
from eval_pipeline.formats.contract import MAX_RECORD_BYTES

BLOCK = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
BOMB_BYTES, BOMB_RATIO = 256 << 20, 200
"""Unpacking stops when a file over so many bytes has grown by more than this ratio; transcripts reach 5 to 20."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Line(NamedTuple):
    """A line that is not blank: number from 1, offset in the opened stream, bytes (None: over `MAX_RECORD_BYTES`)."""

    number: int
    offset: int
    data: bytes | None


def open_text(path: Path, encoding: str = "utf-8") -> IO[bytes]:
    """Open `path` as a seekable stream of UTF-8 that stands after any byte order mark.

    A BOM, or NULs where UTF-16 has them, outweigh `encoding`. Bytes that the encoding does not know become U+FFFD.
    Raises `SourceError` when the file cannot be opened, its gzip is damaged, or it unpacks beyond all measure.
    """
    stream = open_bytes(path)
    head = stream.read(4)
    codec, n_mark = _encoding_of(head, encoding)
    stream.seek(n_mark)
    if codec != "utf-8":
        stream = _transcoded(stream, codec)
    return stream


def open_bytes(path: Path) -> IO[bytes]:
    """Open `path` as a seekable binary stream, unpacked when it is gzip. Raises `SourceError` as `open_text` does."""
    try:
        stream: IO[bytes] = path.open("rb")
    except OSError as error:
        raise SourceError(f"{path} cannot be opened: {error.strerror}", "check the path and its permissions") from error
    magic = stream.read(2)
    stream.seek(0)
    if magic != GZIP_MAGIC:
        return stream
    with stream:
        return _unpacked(stream, path)


def read_lines(stream: IO[bytes]) -> Iterator[Line]:
    """Yield the lines of an opened text that are not blank, from where it stands."""
    number, offset = 0, stream.tell()
    while data := stream.readline(MAX_RECORD_BYTES + 1):
        number += 1
        start, offset = offset, offset + len(data)
        if len(data) > MAX_RECORD_BYTES and not data.endswith(b"\n"):
            offset += _skip_line(stream)
            yield Line(number, start, None)
        elif data.strip():
            yield Line(number, start, data)


def _skip_line(stream: IO[bytes]) -> int:
    skipped = 0
    while rest := stream.readline(BLOCK):
        skipped += len(rest)
        if rest.endswith(b"\n"):
            break
    return skipped


def _encoding_of(head: bytes, declared: str) -> tuple[str, int]:
    for mark, codec in _BOMS:
        if head.startswith(mark):
            # The 16 and 32 bit codecs need their mark to know the byte order.
            return (codec, len(mark)) if codec == "utf-8" else (codec, 0)
    if len(head) >= 2 and head[0] and not head[1]:
        return "utf-16-le", 0
    if len(head) >= 2 and head[1] and not head[0]:
        return "utf-16-be", 0
    return codecs.lookup(declared).name, 0


def _unpacked(stream: IO[bytes], path: Path) -> IO[bytes]:
    packed_bytes = path.stat().st_size
    target = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the stream that is returned
    try:
        with gzip.open(stream) as unpacked:
            while block := unpacked.read(BLOCK):
                target.write(block)
                if BOMB_BYTES < target.tell() > BOMB_RATIO * packed_bytes:
                    raise SourceError(
                        f"{path} unpacks to more than {BOMB_RATIO} times its size",
                        "unpack it yourself and register the plain file, if you trust it",
                    )
    except (EOFError, zlib.error, OSError) as error:
        raise SourceError(f"{path} is damaged or cut short: gzip cannot unpack it", "fetch the file again") from error
    target.seek(0)
    return target


def _transcoded(stream: IO[bytes], codec: str) -> IO[bytes]:
    target = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the stream that is returned
    with io.TextIOWrapper(stream, codec, "replace", newline="") as reader:
        for text in iter(lambda: reader.read(BLOCK), ""):
            target.write(text.encode("utf-8", "replace"))
    target.seek(0)
    return target
