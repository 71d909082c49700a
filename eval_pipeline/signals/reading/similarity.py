"""How similar two requests are: shared words and shared letters. Language-neutral but for the stop words.

Not here: which turns are compared, and what follows from it (`rephrasing.py`).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

STEM_LENGTH = 6
"""Words are compared by their first letters: `cancel` and `cancelled` are one. Crude, and the same in any language."""

LONGEST_COMPARED = 2000
"""Characters of a turn that are compared."""

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Wording:
    """The words of one turn, as they are compared. `words`: in order, lower case; `stems`: those that carry a topic."""

    words: tuple[str, ...]
    stems: frozenset[str]

    @classmethod
    def of(cls, text: str, stop_words: Collection[str]) -> "Wording":
        """Return the wording of `text`."""
        words = _WORD.findall(text[:LONGEST_COMPARED].lower())
        if not text.isascii():
            words = [part for word in words for part in _parts(word)]
        return cls(tuple(words), frozenset([word[:STEM_LENGTH] for word in words if word not in stop_words]))

    @cached_property
    def trigrams(self) -> frozenset[str]:
        """Runs of three letters over word borders."""
        text = f" {' '.join(self.words)} "
        return frozenset(text[i : i + 3] for i in range(len(text) - 2))

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Words with a digit: numbers, dates, ids."""
        return frozenset(word for word in self.words if not word.isalpha())


def _parts(word: str) -> list[str]:
    """Return pairs of characters for a script that writes no spaces between words, else the word itself."""
    if len(word) < 3 or not any("\u0e00" <= letter <= "\u0eff" or "\u3040" <= letter <= "\u9fff" for letter in word):
        return [word]
    return [word[i : i + 2] for i in range(len(word) - 1)]


def similarity(earlier: Wording, later: Wording, min_shared: int = 2) -> float:
    """Return how much two requests ask the same, in [0, 1].

    The larger of two readings. Words: the mean of Dice's coefficient (1945) and the overlap coefficient
    (Szymkiewicz-Simpson) over stems, as a second try is often a shorter one. Letters: Dice over trigrams, for misspelt
    words. 0 where fewer than `min_shared` stems are shared, and where each names a number that the other does not:
    then something else is asked.
    """
    shared = len(earlier.stems & later.stems)
    if shared < min_shared or (earlier.numbers - later.numbers and later.numbers - earlier.numbers):
        return 0.0
    smaller, larger = sorted((len(earlier.stems), len(later.stems)))
    by_words = (2 * shared / (smaller + larger) + shared / smaller) / 2
    return max(by_words, by_letters(earlier, later))


def by_letters(earlier: Wording, later: Wording) -> float:
    """Return Dice's coefficient over trigrams, in [0, 1]: near 1 for the same words with other spelling."""
    common = len(earlier.trigrams & later.trigrams)
    return 2 * common / (len(earlier.trigrams) + len(later.trigrams) or 1)


def repeats_words(earlier: Wording, later: Wording) -> bool:
    """Return whether all words of `later` that carry a topic stood in `earlier`; one in six may be new."""
    return bool(later.stems) and len(later.stems - earlier.stems) <= len(later.stems) // 6
