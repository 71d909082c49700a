"""Seeing through cheap disguises: a plain view of a text in which patterns are looked for, and the way back.

Covered, one level deep: zero-width and soft-hyphen characters, HTML entities, URL encoding, `\\uXXXX` escapes,
full-width characters, other scripts' digits, typographic dashes and spaces; and base64 (`decoded_base64`).
Not covered: double encoding, homoglyphs, leetspeak, a value split over two texts, other ciphers.
"""

import base64
import binascii
import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from eval_pipeline.redaction.pseudonyms import NON_ASCII

_INVISIBLE = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
DISGUISE = re.compile(
    rf"[{_INVISIBLE}]+|&(?:#[0-9]{{1,7}}|#[xX][0-9a-fA-F]{{1,6}}|[a-zA-Z]{{2,31}});|(?:%[0-9A-Fa-f]{{2}})+|\\u[0-9a-fA-F]{{4}}"
)
BASE64_RUN = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{12,}={0,2}")
_SUSPECT = re.compile(rf"[&%\\{_INVISIBLE}]")
_URL_SAFE = str.maketrans("-_", "+/")
_SHORTEST_SECRET = 6


class _PlainTable(dict[int, int]):
    """Maps a code point to the one ASCII code point that it stands for, or to itself: lengths never change."""

    def __missing__(self, code: int) -> int:
        char = chr(code)
        plain = unicodedata.normalize("NFKC", char)
        category = unicodedata.category(char)
        if category == "Nd":
            plain = str(unicodedata.digit(char))
        elif category == "Pd" or char == "\u2212":
            plain = "-"
        elif category == "Zs":
            plain = " "
        self[code] = ord(plain) if len(plain) == 1 and plain.isascii() else code
        return self[code]


_PLAIN = _PlainTable()


@dataclass(frozen=True)
class View:
    """A plain text and, where characters were decoded, the places in the original that its pieces come from.

    `plain_starts`, `origin_starts`: offsets of the pieces in either text; `is_decoded`: whether the piece stands for
    a sequence that can only be taken whole. Empty when nothing was decoded: offsets are then the same in both.
    """

    text: str
    plain_starts: tuple[int, ...] = ()
    origin_starts: tuple[int, ...] = ()
    is_decoded: tuple[bool, ...] = ()

    def origin_span(self, start: int, end: int) -> tuple[int, int]:
        """Return where the span `[start, end)` of the view stands in the original; sequences are taken whole."""
        if not self.plain_starts:
            return start, end
        first = bisect_right(self.plain_starts, start) - 1
        last = bisect_right(self.plain_starts, end - 1) - 1
        begin = self.origin_starts[first] + (0 if self.is_decoded[first] else start - self.plain_starts[first])
        if self.is_decoded[last]:
            return begin, self.origin_starts[last + 1]
        return begin, self.origin_starts[last] + end - self.plain_starts[last]


def _decode(sequence: str) -> str:
    if sequence[0] == "&":
        return html.unescape(sequence)
    if sequence[0] == "%":
        try:
            return unquote_to_bytes(sequence).decode("utf-8")
        except UnicodeDecodeError:
            return sequence
    if sequence[0] == "\\":
        return chr(int(sequence[2:], 16))
    return ""


def plain_view(text: str) -> View:
    """Return the view of `text` in which disguises are undone."""
    is_ascii = text.isascii()
    if is_ascii and "&" not in text and "%" not in text and "\\u" not in text:
        return View(text)
    flat = text if is_ascii else NON_ASCII.sub(lambda match: match[0].translate(_PLAIN), text)
    if not is_ascii and _SUSPECT.search(flat) is None:
        return View(flat)
    pieces: list[tuple[str, int, bool]] = []
    done = 0
    for match in DISGUISE.finditer(flat):
        if match.start() > done:
            pieces.append((flat[done : match.start()], done, False))
        pieces.append((_decode(match[0]), match.start(), True))
        done = match.end()
    if not pieces:
        return View(flat)
    pieces.append((flat[done:], done, False))
    plain_starts, length = [], 0
    for piece, _, _ in pieces:
        plain_starts.append(length)
        length += len(piece)
    return View(
        "".join(piece for piece, _, _ in pieces),
        tuple(plain_starts),
        tuple(origin for _, origin, _ in pieces),
        tuple(decoded for _, _, decoded in pieces),
    )


def _as_text(run: str) -> str | None:
    body = run.rstrip("=").translate(_URL_SAFE)
    if len(body) % 4 == 1:
        return None
    try:
        decoded = base64.b64decode(body + "=" * (-len(body) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return decoded if len(decoded) >= _SHORTEST_SECRET and decoded.replace("\n", " ").isprintable() else None


def decoded_base64(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield `(start, end, decoded)` of every run of base64 in `text` that decodes to printable text."""
    for match in BASE64_RUN.finditer(text):
        decoded = _as_text(match[0])
        if decoded is not None:
            yield match.start(), match.end(), decoded
