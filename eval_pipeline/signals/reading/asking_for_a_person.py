"""Reading a request for a person from what a user says.

Not here: whether he got one, and what that says of the session (`handover.py`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np

from eval_pipeline.signals.reading.lexicon import Phrases
from eval_pipeline.signals.reading.texts import Texts
from eval_pipeline.signals.reading.transfers import ends_with

LONGEST_ASK = 1000
"""Characters up to which a turn is read as a whole; of a longer one, mostly pasted, the last `LONGEST_TAIL` are."""
LONGEST_TAIL = 500

_COMPOSITIONS = (("person_asks", "persons"), ("person_asks", "sure_persons"), ("person_wants", "sure_persons"))
_LONGEST_BARE = 120
_MOST_BARE_WORDS = 8
_REACH = 60
_WORD = re.compile(r"[\w']+")
_CLAUSE_END = re.compile(r"[.!?;:\n]")


class Ask(NamedTuple):
    """Where in a text the words stand that ask for a person, and whether the text says nothing else."""

    start: int
    is_bare: bool


@dataclass(frozen=True)
class PersonAsks:
    """How users ask for a person, by the phrases of `SECTIONS`."""

    SECTIONS: ClassVar[tuple[str, ...]] = (
        "person_asks", "person_wants", "sure_persons", "persons", "person_words", "not_person_asks", "after_persons",
        "not_persons", "complete_person_asks", "bare_persons", "bare_words",
    )  # fmt: skip

    lexicon: Mapping[str, Phrases]

    def _section(self, name: str) -> Phrases:
        return self.lexicon.get(name, Phrases())

    def found_in(self, texts: Texts) -> dict[int, Ask]:
        """Return the asks for a person among `texts`, by the number of the text."""
        near = self._section("complete_person_asks").found_in(texts)
        near |= self._section("bare_persons").found_in(texts) & (texts.lengths <= _LONGEST_BARE)
        for verbs, persons in _COMPOSITIONS:
            near |= self._section(persons).found_in(texts) & self._section(verbs).found_in(texts)
        found = ((int(i), self._ask(texts.values[i])) for i in np.flatnonzero(near))
        return {i: ask for i, ask in found if ask is not None}

    def _ask(self, text: str) -> Ask | None:
        first = 0 if len(text) <= LONGEST_ASK else len(text) - LONGEST_TAIL
        read = text[first:].replace("\u2019", "'")
        if self._is_bare(read):
            return Ask(first, True)
        starts = [*self._complete(read), *self._composed(read)]
        return Ask(first + min(starts), False) if starts else None

    def _is_bare(self, text: str) -> bool:
        """Return whether a text only names a person: "AGENT!!", "real person please"."""
        persons = self._section("bare_persons")
        words = " ".join(_WORD.findall(text.lower())[: _MOST_BARE_WORDS + 1])
        if len(words.split()) > _MOST_BARE_WORDS or persons.search(words) is None:
            return False
        return set(words.split()) <= self._bare_vocabulary

    @cached_property
    def _bare_vocabulary(self) -> frozenset[str]:
        phrases = (phrase for name in ("bare_persons", "bare_words") for phrase in self._section(name).phrases)
        return frozenset(word for phrase in phrases for word in phrase.split())

    def _complete(self, text: str) -> Iterator[int]:
        found = self._section("complete_person_asks").search(text)
        if found:
            yield found.start()

    def _composed(self, text: str) -> Iterator[int]:
        """Yield where a verb of asking stands with a person after it, and nothing that turns it round before it."""
        for verbs, persons in _COMPOSITIONS:
            for start, end in _occurrences(self._section(verbs), text):
                if self._is_person(text[end : end + _REACH], persons) and not self._is_turned_round(text[:start]):
                    yield start

    def _is_person(self, after: str, persons: str) -> bool:
        """Return whether a clause goes on with a person whom the product could provide."""
        clause = _CLAUSE_END.split(after, maxsplit=1)[0]
        person = self._section(persons).search(clause)
        if person is None:
            return False
        between = set(_WORD.findall(clause[: person.start()].lower()))
        following = _WORD.match(clause[person.end() :].lstrip(' ,-()"'))
        return (
            between <= set(self._section("person_words").phrases)
            and (following is None or following.group().lower() in self._section("after_persons").phrases)
            and self._section("not_persons").search(clause[person.start() :]) is None
        )

    def _is_turned_round(self, before: str) -> bool:
        return ends_with(_CLAUSE_END.split(before)[-1], self._section("not_person_asks"))


def _occurrences(phrases: Phrases, text: str) -> Iterator[tuple[int, int]]:
    """Yield where phrases stand in a short text, without overlap."""
    at = 0
    while (found := phrases.search(text[at:])) is not None:
        yield at + found.start(), at + found.end()
        at += found.end()
