"""Many texts at a time, searched by Arrow's RE2: linear in their length, whatever a pattern or a text holds.

Not here: phrases of the lexicons (`lexicon.py`), who said a text (`dialogue.py`).
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]

QUESTION_MARK = "[?\uff1f\u061f\u037e\u055e]"
"""Of Latin, CJK, Arabic, Greek and Armenian script."""


class Texts:
    """Texts in order, none of them null. What many searches need is made once and kept.

    `values`: the texts as they are. Searches see typographic apostrophes as plain ones.
    """

    def __init__(self, values: npt.NDArray[Any]) -> None:
        """Take an array of `str` objects."""
        self.values = values

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.values)

    def __iter__(self) -> Iterator[str]:
        """Yield each text."""
        return iter(self.values)

    @cached_property
    def _searched(self) -> Any:
        array = pa.array(self.values, type=pa.large_string())
        return pc.replace_substring(array, "\u2019", "'")

    @cached_property
    def lengths(self) -> Positions:
        """Characters of each text."""
        return np.asarray(pc.utf8_length(self._searched).to_numpy(zero_copy_only=False), dtype=np.int64)

    @cached_property
    def is_blank(self) -> Mask:
        """Whether a text has nothing but white space."""
        return self.matched(r"^\s*$")

    @cached_property
    def ascii(self) -> "Part":
        """The texts that are ASCII throughout."""
        return self._part(self._is_ascii)

    @cached_property
    def not_ascii(self) -> "Part":
        """All other texts."""
        return self._part(~self._is_ascii)

    @cached_property
    def _is_ascii(self) -> Mask:
        return np.asarray(pc.string_is_ascii(self._searched).to_numpy(zero_copy_only=False), dtype=bool)

    def _part(self, is_in: Mask) -> "Part":
        at = np.flatnonzero(is_in)
        return Part(at, self if len(at) == len(self) else Texts(self.values[at]))

    def matched(self, pattern: str) -> Mask:
        """Return for each text whether the RE2 `pattern` is found in it, without regard to case.

        RE2 takes word borders, `\\w` and `\\d` as ASCII alone.
        """
        hits = pc.match_substring_regex(self._searched, pattern, ignore_case=True)
        return np.asarray(hits.to_numpy(zero_copy_only=False), dtype=bool)

    def matched_by_any(self, patterns: Iterable[str]) -> Mask:
        """Return for each text whether one of the RE2 `patterns` is found in it, without regard to case."""
        hits = np.zeros(len(self), dtype=bool)
        for pattern in patterns:
            hits |= self.matched(pattern)
        return hits

    def counted(self, pattern: str) -> Positions:
        """Return for each text how often the RE2 `pattern` is found in it, without overlap; case counts."""
        found = pc.count_substring_regex(self._searched, pattern)
        return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)


class Part(NamedTuple):
    """Some of the texts, and where they stand among all."""

    at: Positions
    texts: Texts
