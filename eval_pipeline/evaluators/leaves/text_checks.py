"""Checks of a text: patterns, phrases, how it starts, ends and breaks off, its length.

They take any `Text`: a turn, a code block, or a tool call, whose text is its arguments. Not here: JSON
(`json_checks.py`), other formats (`format_checks.py`), values inside a text (`value_checks.py`), secrets (`leak_checks.py`).
"""

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, get_args

from eval_pipeline.evaluators.contract import Check, Leaf
from eval_pipeline.evaluators.leaves.parameters import require_finite, require_option
from eval_pipeline.evaluators.operators import not_
from eval_pipeline.evaluators.views import Text
from eval_pipeline.tokens import TOKENS_VERSION, estimated_tokens

Quantifier = Literal["any", "all"]
LengthUnit = Literal["characters", "words", "tokens"]

_BULLET = re.compile(r"\s*(?:[-*•+|#>]|\d+[.)])")
_FENCE = re.compile(r"(?:^[ \t>*+\-\d.)]*```[^`\n]*|```[\w+-]*[ \t]*)$", re.MULTILINE)
_SAD_FACE = re.compile(r"(?:^|\s)[:;=]['-]?[(\[{]{1,9}$")
_MID_WORD_ENDS = ",;([{-\N{EN DASH}"
_CONNECTIVES = frozenset(
    {"and", "or", "but", "the", "a", "an", "to", "of", "with", "for", "because", "your"}
    | {"und", "oder", "aber", "weil", "dass", "der", "dem", "einen", "einer", "für", "ihre", "ihren"}
)
_LETTERS = "äöüßÄÖÜ"
"""Letters beside ASCII at which a text can break off. Scripts with end marks of their own are let be."""
_END_MARKS = (". ", "! ", "? ", ".\n", "!\n", "?\n")
_LONGEST_FACE = 12
_SHOWN_PATTERN = 60
_SHOWN_EDGE = 120
_PROSE_LINE = 60
"""Characters from which on a last line without an end mark is prose cut off, not a heading or a value."""


@dataclass(frozen=True)
class Matches(Leaf[Text]):
    """A regular expression matches, a given number of times."""

    pattern: str
    ignore_case: bool
    at_least: int
    at_most: int | None
    _compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the pattern. Raises `ValueError` when it is none or the counts leave nothing."""
        if self.at_least < 0 or (self.at_most is not None and self.at_most < self.at_least):
            raise ValueError(f"no count lies between {self.at_least} and {self.at_most}")
        try:
            compiled = re.compile(self.pattern, re.IGNORECASE if self.ignore_case else 0)
        except re.error as error:
            raise ValueError(f"{self.pattern!r} is not a regular expression: {error}") from error
        object.__setattr__(self, "_compiled", compiled)

    def holds(self, subject: Text) -> bool:
        """Return whether the number of matches is within the limits."""
        if self.at_most is None and self.at_least == 1:
            return self._compiled.search(subject.text) is not None
        # No more matches are looked for than settle the question.
        enough = self.at_least if self.at_most is None else self.at_most + 1
        count = sum(1 for _ in islice(self._compiled.finditer(subject.text), enough))
        return self.at_least <= count and (self.at_most is None or count <= self.at_most)

    @property
    def words(self) -> str:
        """Pattern and counts."""
        counts = (
            "" if (self.at_least, self.at_most) == (1, None) else f" {between(self.at_least, self.at_most, 'time')}"
        )
        return f"matches {shown_pattern(self.pattern)}{counts}"

    def found(self, subject: Text) -> str:
        """Return the matches, or the text where there is none."""
        matches = [found[0] for found in self._compiled.finditer(subject.text)]
        if not matches:
            return subject.text
        return matches[0] if len(matches) == 1 else f"{len(matches)} matches: " + ", ".join(matches[:5])


@dataclass(frozen=True)
class Contains(Leaf[Text]):
    """Any, or all, of some phrases stand in the text."""

    phrases: tuple[str, ...]
    quantifier: Quantifier
    ignore_case: bool
    whole_words: bool

    def __post_init__(self) -> None:
        """Raise `ValueError` for no phrase, or for an empty one, which is in every text."""
        if not self.phrases or "" in self.phrases:
            raise ValueError("give at least one phrase, and no empty one")

    def holds(self, subject: Text) -> bool:
        """Return whether any or all of the phrases are there."""
        text = subject.folded if self.ignore_case else subject.text
        is_any = self.quantifier == "any"
        # A plain loop: it is run on every text, and one pattern of all phrases would be an order of magnitude slower.
        for phrase in self.phrases:
            is_there = phrase in text and (not self.whole_words or _stands_alone(phrase, text))
            if is_there is is_any:
                return is_any
        return not is_any

    @property
    def words(self) -> str:
        """The phrases."""
        return f"contains {self.quantifier} of " + ", ".join(repr(phrase) for phrase in self.phrases)

    @property
    def denied(self) -> str:
        """The phrases, of which none or not all are there."""
        phrases = ", ".join(repr(phrase) for phrase in self.phrases)
        return f"contains none of {phrases}" if self.quantifier == "any" else f"does not contain all of {phrases}"

    def found(self, subject: Text) -> str:
        """Return the phrases that are there, or the text where none is."""
        text = subject.folded if self.ignore_case else subject.text
        return ", ".join(repr(phrase) for phrase in self.phrases if self._is_in(phrase, text)) or subject.text

    def _is_in(self, phrase: str, text: str) -> bool:
        return phrase in text and (not self.whole_words or _stands_alone(phrase, text))


@dataclass(frozen=True)
class Edge(Leaf[Text]):
    """The text, without white space around it, starts or ends with any of some phrases."""

    phrases: tuple[str, ...]
    at_end: bool
    ignore_case: bool

    def __post_init__(self) -> None:
        """Raise `ValueError` for no phrase, or for one that no text or every text has at its edge."""
        edges = [phrase[-1:] if self.at_end else phrase[:1] for phrase in self.phrases]
        if not edges or any(not edge.strip() for edge in edges):
            raise ValueError("give at least one phrase, none empty and none with white space at the edge of the text")

    def holds(self, subject: Text) -> bool:
        """Return whether it does."""
        text = subject.folded if self.ignore_case else subject.text
        return text.rstrip().endswith(self.phrases) if self.at_end else text.lstrip().startswith(self.phrases)

    @property
    def words(self) -> str:
        """The phrases."""
        return f"{'ends' if self.at_end else 'starts'} with {' or '.join(repr(phrase) for phrase in self.phrases)}"

    def found(self, subject: Text) -> str:
        """Return that edge of the text."""
        text = subject.text.strip()
        return f"...{text[-_SHOWN_EDGE:]}" if self.at_end and len(text) > _SHOWN_EDGE else text


@dataclass(frozen=True)
class Length(Leaf[Text]):
    """The text, without white space around it, is so long."""

    at_least: int
    at_most: int | None
    unit: LengthUnit

    def holds(self, subject: Text) -> bool:
        """Return whether the length is within the limits."""
        length = self._measure(subject)
        return self.at_least <= length and (self.at_most is None or length <= self.at_most)

    def _measure(self, subject: Text) -> int:
        if self.unit == "characters":
            return len(subject.text.strip())
        return len(subject.text.split()) if self.unit == "words" else estimated_tokens(subject.text.strip())

    def canonical(self) -> Any:
        """Return what decides; how tokens are estimated does for a length in tokens only."""
        canonical = super().canonical()
        return [*canonical, TOKENS_VERSION] if self.unit == "tokens" else canonical

    @property
    def words(self) -> str:
        """The limits."""
        return f"has {between(self.at_least, self.at_most, self.unit[:-1])}"

    def found(self, subject: Text) -> str:
        """Return the length and the text."""
        length = self._measure(subject)
        return f"{length} {self.unit[:-1] if length == 1 else self.unit}: {subject.text}"


@dataclass(frozen=True)
class BreaksOff(Leaf[Text]):
    """The text ends in the middle: an open code fence, a comma or a connective, a sentence without its end mark.

    Lists, tables, headings, addresses and texts that never use an end mark are let be, so that it errs towards
    silence. The connectives are those of English and German; of languages without these end marks and letters it sees
    the first two cases.
    """

    semantics = 3
    constants = (
        *(_BULLET, _FENCE, _SAD_FACE, _MID_WORD_ENDS),
        *(tuple(sorted(_CONNECTIVES)), _LETTERS, _PROSE_LINE, _END_MARKS),
    )

    def holds(self, subject: Text) -> bool | None:
        """Return whether it breaks off; None for an empty text."""
        text = subject.text.rstrip()
        if not text:
            return None
        if _is_fence_open(text):
            return True
        if text[-1] in _MID_WORD_ENDS:
            return _SAD_FACE.search(text[-_LONGEST_FACE:]) is None
        if not (text[-1].isalnum() and (text[-1].isascii() or text[-1] in _LETTERS)):
            return False
        last_line = text.rsplit("\n", 1)[-1]
        return self._is_prose(last_line) and self._uses_end_marks(text)

    def _is_prose(self, line: str) -> bool:
        if _BULLET.match(line) or "://" in line.rsplit(" ", 1)[-1]:
            return False
        return len(line) >= _PROSE_LINE or line.rsplit(" ", 1)[-1].lower() in _CONNECTIVES

    def _uses_end_marks(self, text: str) -> bool:
        return any(mark in text for mark in _END_MARKS)

    @property
    def words(self) -> str:
        """What is asked."""
        return "breaks off in the middle"

    def found(self, subject: Text) -> str:
        """Return the end of the text."""
        return f"...{subject.text.rstrip()[-120:]}"


def matches(pattern: str, *, ignore_case: bool = False, at_least: int = 1, at_most: int | None = None) -> Check[Text]:
    """The regular expression is found between `at_least` and `at_most` times. Raises `ValueError` for a bad one."""
    return Matches(pattern, ignore_case, at_least, at_most)


def matches_none(pattern: str, *, ignore_case: bool = False) -> Check[Text]:
    """The regular expression is found nowhere."""
    return not_(matches(pattern, ignore_case=ignore_case))


def contains_any(*phrases: str, ignore_case: bool = True, whole_words: bool = False) -> Check[Text]:
    """At least one of `phrases` stands in the text.

    With `whole_words`, no letter, digit or underscore may stand right before or behind it, whatever its own first and
    last characters are: "C++" is in "in C++." but not in "C++11", "$5" not in "US$5".
    """
    return Contains(_prepared(phrases, ignore_case), "any", ignore_case, whole_words)


def contains_all(*phrases: str, ignore_case: bool = True, whole_words: bool = False) -> Check[Text]:
    """Every one of `phrases` stands in the text."""
    return Contains(_prepared(phrases, ignore_case), "all", ignore_case, whole_words)


def contains_none(*phrases: str, ignore_case: bool = True, whole_words: bool = False) -> Check[Text]:
    """None of `phrases` stands in the text."""
    return not_(contains_any(*phrases, ignore_case=ignore_case, whole_words=whole_words))


def starts_with(*phrases: str, ignore_case: bool = True) -> Check[Text]:
    """The text, without white space before it, starts with one of `phrases`."""
    return Edge(_prepared(phrases, ignore_case), at_end=False, ignore_case=ignore_case)


def ends_with(*phrases: str, ignore_case: bool = True) -> Check[Text]:
    """The text, without white space behind it, ends with one of `phrases`."""
    return Edge(_prepared(phrases, ignore_case), at_end=True, ignore_case=ignore_case)


def has_length(at_least: int = 0, at_most: int | None = None, unit: LengthUnit = "characters") -> Check[Text]:
    """The text, without white space around it, has between `at_least` and `at_most` characters, words or tokens.

    Tokens are estimated, see `tokens.estimated_tokens`. Raises `ValueError` when no length lies between the two, or for
    another unit.
    """
    require_option("unit", unit, get_args(LengthUnit))
    require_finite(at_least, at_most)
    if at_least < 0 or (at_most is not None and at_most < at_least):
        raise ValueError(f"no length lies between {at_least} and {at_most}")
    return Length(at_least, at_most, unit)


def breaks_off() -> Check[Text]:
    """The text ends in the middle, see `BreaksOff`; not applicable to an empty one."""
    return BreaksOff()


def _is_fence_open(text: str) -> bool:
    """Return whether a code fence is open at the end; marks within a sentence or within one line are none."""
    return text.count("```") % 2 == 1 and len(_FENCE.findall(text)) % 2 == 1


def shown_pattern(pattern: str) -> str:
    """Return a pattern for people, cut when it is long."""
    return f"/{pattern}/" if len(pattern) <= _SHOWN_PATTERN else f"/{pattern[:_SHOWN_PATTERN]}.../"


def _prepared(phrases: tuple[str, ...], ignore_case: bool) -> tuple[str, ...]:
    return tuple(sorted({phrase.casefold() if ignore_case else phrase for phrase in phrases}))


def _stands_alone(phrase: str, text: str) -> bool:
    """Return whether `phrase` is somewhere in `text` without a word character on either side of it."""
    start = text.find(phrase)
    while start >= 0:
        end = start + len(phrase)
        if not (_is_word(text[max(start - 1, 0) : start]) or _is_word(text[end : end + 1])):
            return True
        start = text.find(phrase, start + 1)
    return False


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def between(at_least: int, at_most: int | None, unit: str) -> str:
    """Return both limits with their unit, given as one: "at least 2 words", "exactly 1 word"."""
    units = unit if (at_least if at_most is None else at_most) == 1 else f"{unit}s"
    if at_most is None:
        return f"at least {at_least} {units}"
    if at_least == at_most:
        return f"exactly {at_least} {units}"
    return f"{at_least} to {at_most} {units}" if at_least else f"at most {at_most} {units}"
