"""Near-duplicates: sessions in which almost the same was said. They must not be torn apart by the split.

What user and assistant said is cut into shingles of 3 words, without digits and case, so that order numbers and dates make
no difference. The resemblance of two sessions is the Jaccard index J of their sets of shingles. MinHash estimates it: under
a random order of all shingles, two sets have the same least element with probability J. `N_BANDS` bands of `N_ROWS` such
least elements each are hashed; two sessions share a fingerprint with probability 1 - (1 - J^rows)^bands: .005 at J = .5,
.24 at .7, .76 at .8, .999 at .9.

Source: Broder, On the resemblance and containment of documents (1997); Leskovec, Rajaraman, Ullman, Mining of Massive
Datasets, chapter 3.4. Words are taken as runs of letters, so a language written without spaces has few, and hardly any
fingerprints. Not here: what follows for the split (`split.py`).
"""

import hashlib
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_BANDS = 20
N_ROWS = 12
SHINGLE_WORDS = 3
MIN_SHINGLES = 20
"""With fewer different shingles a session has no fingerprint: greetings and thanks are the same in any two."""

SEED = 20251
"""Like the constants above never to be changed: stored fingerprints would resemble no new ones."""

_SPEAKERS = ("user", "assistant")
_WORD = re.compile(r"[^\W\d_]+")
_CHUNK = 1024

Codes = NDArray[np.uint64]


def fingerprints(turns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the fingerprints of a session's `turns`: `text_fingerprints` of what user and assistant said, in order."""
    said = (turn.get("content") for turn in turns if turn.get("role") in _SPEAKERS)
    return text_fingerprints("\n".join(text for text in said if isinstance(text, str)))


def text_fingerprints(text: str) -> list[str]:
    """Return `N_BANDS` hashes of 16 hex digits, the same on every machine; none under `MIN_SHINGLES` different shingles."""
    shingles = _shingles(text)
    if len(shingles) < MIN_SHINGLES:
        return []
    bands = _least(shingles).astype("<u8").reshape(N_BANDS, N_ROWS)
    return [
        hashlib.blake2b(band.tobytes(), digest_size=8, salt=number.to_bytes(2, "big")).hexdigest()
        for number, band in enumerate(bands)
    ]


def _shingles(text: str) -> Codes:
    """Return the codes of the different shingles of `text`."""
    words = _WORD.findall(text.casefold())
    codes = np.fromiter((zlib.crc32(word.encode()) for word in words), np.uint64, len(words))
    n = len(codes) - SHINGLE_WORDS + 1
    if n < 1:
        return codes[:0]
    shingle = np.zeros(n, np.uint64)
    for place in range(SHINGLE_WORDS):
        shingle = _mixed(shingle + codes[place : place + n])
    return np.unique(shingle)


def _mixed(codes: Codes) -> Codes:
    """Return a one-to-one scrambling of 64 bit numbers (the finaliser of splitmix64)."""
    mixed = codes + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


_ORDERS: Codes = _mixed(np.arange(SEED, SEED + N_BANDS * N_ROWS, dtype=np.uint64)) | np.uint64(1)
"""Odd multipliers: each puts the scrambled shingles into another order (multiplication modulo 2^64 is one-to-one)."""


def _least(shingles: Codes) -> Codes:
    """Return the least element under each order; in pieces, so that memory stays small whatever the length."""
    pieces = (shingles[start : start + _CHUNK] for start in range(0, len(shingles), _CHUNK))
    least: Codes = np.min([(piece[:, None] * _ORDERS).min(axis=0) for piece in pieces], axis=0)
    return least
