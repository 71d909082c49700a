"""Words and sentences that come again and again within one text, found in bulk.

Texts are split by Arrow, words become numbers, and a phrase of p words that repeats is a stretch in which every word
equals the one p places before it; linear in the words for each p. Not here: which repetitions are meant
(`empty_or_garbled_answer.py`).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from eval_pipeline.signals.reading.texts import Positions, Texts

LONGEST_PHRASE = 8
"""Words of the longest phrase that is looked for; longer ones are sentences."""

FEWEST_TIMES = 3
"""A phrase or sentence that stands twice is no repetition."""

SHORTEST_SENTENCE = 25
"""Characters of a sentence that is not repeated by chance, as "Yes" is."""

_WORD_BORDERS = r"[^\p{L}\p{M}\p{N}']+"
_SENTENCE_ENDS = "[.!?\u3002\uff01\uff1f\u061f\u0964\n]+"
_CHUNK = 20_000
"""Texts that are split at a time, which bounds the memory."""


class Recurrence(NamedTuple):
    """A phrase or sentence that stands `times` times in a text (number `text`); `n_words` is 0 for a sentence."""

    text: int
    words: str
    n_words: int
    times: int


def recurrences(texts: Texts) -> Iterator[Recurrence]:
    """Yield the phrases that follow on themselves, and the sentences that are repeated anywhere, in each of `texts`.

    Of each text and length of phrase the one that comes most often. Words are compared in lower case.
    """
    for first in range(0, len(texts), _CHUNK):
        chunk = pc.utf8_lower(pa.array(texts.values[first : first + _CHUNK], type=pa.large_string()))
        for found in (*_of_phrases(chunk), *_of_sentences(chunk)):
            yield found._replace(text=found.text + first)


class _Parts(NamedTuple):
    """The parts of texts in order: their text, and a number that is the same for equal parts."""

    owners: Positions
    codes: Positions
    words: Any

    @classmethod
    def of(cls, texts: Any, borders: str, shortest: int) -> "_Parts":
        split = pc.split_pattern_regex(texts, borders)
        parts, owners = split.flatten(), pc.list_parent_indices(split)
        parts = pc.utf8_trim_whitespace(parts)
        is_in = pc.greater_equal(pc.utf8_length(parts), shortest)
        encoded = parts.filter(is_in).dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return cls(owners.filter(is_in).to_numpy(zero_copy_only=False).astype(np.int64), codes, encoded.dictionary)


def _of_phrases(texts: Any) -> Iterator[Recurrence]:
    parts = _Parts.of(texts, _WORD_BORDERS, 1)
    for length in range(1, LONGEST_PHRASE + 1):
        is_same = parts.codes[length:] == parts.codes[:-length]
        is_same &= parts.owners[length:] == parts.owners[:-length]
        runs = _run_lengths(is_same)
        is_end = np.append(~is_same[1:], True)[: len(is_same)]
        ends = np.flatnonzero(is_end & (runs >= length * (FEWEST_TIMES - 1)))
        longest: dict[int, tuple[int, int]] = {}
        for end in ends.tolist():
            text = int(parts.owners[end])
            longest[text] = max(longest.get(text, (0, 0)), (int(runs[end]), -end))
        for text, (run, end) in longest.items():
            first = -end - run + 1
            words = [parts.words[int(code)].as_py() for code in parts.codes[first : first + length]]
            yield Recurrence(text, " ".join(words), length, 1 + run // length)


def _run_lengths(is_so: npt.NDArray[np.bool_]) -> Positions:
    """Return for each place how many in a row, up to it, are so."""
    places = np.arange(1, len(is_so) + 1)
    return places - np.maximum.accumulate(np.where(is_so, 0, places))


def _of_sentences(texts: Any) -> Iterator[Recurrence]:
    parts = _Parts.of(texts, _SENTENCE_ENDS, SHORTEST_SENTENCE)
    pairs, times = np.unique(np.stack([parts.owners, parts.codes], axis=1), axis=0, return_counts=True)
    for (text, code), count in zip(pairs[times >= FEWEST_TIMES], times[times >= FEWEST_TIMES], strict=True):
        yield Recurrence(int(text), parts.words[int(code)].as_py(), 0, int(count))
