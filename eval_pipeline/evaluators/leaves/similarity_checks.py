"""Checks of how alike a text is to a reference, by its letters. rapidfuzz measures, from 0 (nothing) to 1 (the same).

Case and runs of white space make no difference, and nothing past the first `_MAX_CHARACTERS` of either does. Not here:
likeness of meaning (a judge's question).
"""

import re
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

from rapidfuzz import fuzz

from eval_pipeline.evaluators.contract import Check, Leaf
from eval_pipeline.evaluators.leaves.value_checks import At, Captured, Place
from eval_pipeline.evaluators.views import Text

Measure = Literal["ratio", "token_set", "partial"]

_MEASURES = {"ratio": fuzz.ratio, "token_set": fuzz.token_set_ratio, "partial": fuzz.partial_ratio}
_MAX_CHARACTERS = 5_000
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class IsSimilarTo(Leaf[Text]):
    """A text is so much alike a reference.

    `ratio` compares the whole of both, letter by letter; `token_set` their words, whatever their order, number and punctuation
    (and finds all alike when the words of one are all in the other); `partial` the shorter with the part of the longer
    that is most like it.
    """

    reference: str | Place
    of: Place | None
    at_least: float
    measure: Measure

    constants = (version("rapidfuzz"), _MAX_CHARACTERS, _WORD)

    def holds(self, subject: Text) -> bool | None:
        """Return whether they are alike enough; None when either is not there."""
        score = self._score(subject)
        return None if score is None else score >= self.at_least

    def _score(self, subject: Text) -> float | None:
        text, reference = self._text(subject), self._reference(subject)
        if text is None or reference is None:
            return None
        prepared = (_comparable(each, self.measure == "token_set") for each in (text, reference))
        return float(_MEASURES[self.measure](*prepared)) / 100

    def _text(self, subject: Text) -> str | None:
        return subject.text if self.of is None else _text_at(self.of, subject)

    def _reference(self, subject: Text) -> str | None:
        return self.reference if isinstance(self.reference, str) else _text_at(self.reference, subject)

    def pointer_of(self, subject: Text) -> str | None:
        """Return where the text stands."""
        values = () if self.of is None else self.of.values(subject) or ()
        return values[0].pointer if values else None

    @property
    def words(self) -> str:
        """Reference and limit."""
        reference = repr(self.reference) if isinstance(self.reference, str) else self.reference.words
        what = "is" if self.of is None else f"holds {self.of.words}"
        return f"{what} alike to {reference} by {self.at_least} or more ({self.measure})"

    def found(self, subject: Text) -> str | None:
        """Return how alike they are, and the text."""
        score = self._score(subject)
        return None if score is None else f"alike by {score:.2f}: {self._text(subject)}"

    def why_not_applicable(self, subject: Text) -> str:
        """Return that there is nothing to compare."""
        return "a text to compare is missing"


def is_similar_to(
    reference: str | Place, *, at_least: float = 0.8, measure: Measure = "ratio", of: Place | None = None
) -> Check[Text]:
    """The text (or the one at `of` in it) is alike to `reference`, by `at_least` on a scale from 0 to 1.

    `reference` and `of` may be places in the text: `is_similar_to(at("/title"), of=at("/subject"))`. Not applicable
    where no text stands there. Raises `ValueError` for an empty reference, a place of several values, an unknown measure or a limit off the scale.
    """
    if any(isinstance(place, At | Captured) and not place.is_single for place in (reference, of)):
        raise ValueError("is_similar_to compares one text with one: give places of a single value")
    if isinstance(reference, str) and not reference.strip():
        raise ValueError("an empty reference is like nothing")
    if measure not in _MEASURES:
        raise ValueError(f"{measure!r} is no measure; there are {', '.join(_MEASURES)}")
    if not 0 < at_least <= 1:
        raise ValueError(f"at_least lies above 0 and is at most 1, {at_least} is not")
    return IsSimilarTo(reference, of, at_least, measure)


def _text_at(place: Place, subject: Text) -> str | None:
    values = place.values(subject) or ()
    return values[0].value if values and isinstance(values[0].value, str) else None


def _comparable(text: str, words_only: bool) -> str:
    folded = text[:_MAX_CHARACTERS].casefold()
    return " ".join(_WORD.findall(folded) if words_only else folded.split())
