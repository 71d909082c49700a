"""Reading a hand-over to a person from what an assistant says and from the tools that it calls.

Not here: the user's side, and what a hand-over means for the session (`handover.py`, `abandonment.py`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from eval_pipeline.signals.reading.lexicon import Phrases
from eval_pipeline.signals.reading.texts import QUESTION_MARK, Mask, Texts

LONGEST_ANNOUNCEMENT = 1000
"""Characters of the longest answer that is read: a longer one explains or drafts something, it does not hand over."""

_ARGUMENT_WORDS = 3
_LONGEST_NAME = 200
_LONGEST_PHRASE = 5
_NEAR = 60
_SENTENCE = re.compile(r"[^.!?\n\uff1f\u3002]+[.!?\uff1f\u3002]*")
_ASKS = re.compile(QUESTION_MARK)
_CAMEL_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Transfers:
    """How assistants hand over, by the phrases of `SECTIONS`."""

    SECTIONS: ClassVar[tuple[str, ...]] = (
        "transfers", "transfer_moves", "transfer_people", "transfer_arrivals", "transfer_offers", "transfer_doubts",
        "transfer_verbs", "not_transfer_offers", "handover_moves", "handover_people", "handover_tools",
    )  # fmt: skip

    lexicon: Mapping[str, Phrases]

    def _section(self, name: str) -> Phrases:
        return self.lexicon.get(name, Phrases())

    def announced_in(self, answers: Texts) -> dict[int, int]:
        """Return where the words start by which an answer hands over, by the number of the answer."""
        near = self._section("transfers").found_in(answers)
        moves = self._section("transfer_moves").found_in(answers) | self._section("transfer_arrivals").found_in(answers)
        near |= moves & self._section("transfer_people").found_in(answers)
        near &= answers.lengths <= LONGEST_ANNOUNCEMENT
        found = ((int(i), self._announcement(answers.values[i])) for i in np.flatnonzero(near))
        return {i: start for i, start in found if start is not None}

    def _announcement(self, text: str) -> int | None:
        for first, sentence in _sentences(text):
            for start in self._handing_over(sentence):
                if not self._is_offered(sentence, start):
                    return first + start
        return None

    def _handing_over(self, sentence: str) -> Iterator[int]:
        """Yield where a sentence hands over: outright, as a move to a person, or by a person who will come."""
        outright = self._section("transfers").search(sentence)
        if outright:
            yield outright.start()
        move = self._pair("transfer_moves", "transfer_people", sentence)
        if move is not None and not ends_with(sentence[:move], self._section("transfer_doubts")):
            yield move
        arrival = self._pair("transfer_people", "transfer_arrivals", sentence)
        if arrival is not None:
            yield arrival

    def _pair(self, first: str, second: str, sentence: str) -> int | None:
        """Return where a phrase of one section stands that has one of another after it."""
        one = self._section(first).search(sentence)
        two = self._section(second).search(sentence[one.end() :]) if one else None
        return one.start() if one and two else None

    def _is_offered(self, sentence: str, start: int) -> bool:
        return bool(_ASKS.search(sentence)) or self._section("transfer_offers").search(sentence[:start]) is not None

    def offered_in(self, answers: Texts) -> Mask:
        """Return for each answer whether it offers the user a person."""
        near = self._section("transfer_verbs").found_in(answers) & self._section("transfer_people").found_in(answers)
        near &= answers.lengths <= LONGEST_ANNOUNCEMENT
        near[near] = [self._offers(text) for text in answers.values[near]]
        return near

    def _offers(self, text: str) -> bool:
        for _, sentence in _sentences(text):
            if self._section("not_transfer_offers").search(sentence) is not None:
                continue
            start = self._pair("transfer_verbs", "transfer_people", sentence)
            if start is not None and self._is_offered(sentence, start):
                return True
        return False

    def called_in(self, turns: pd.DataFrame) -> dict[int, str]:
        """Return the name of the tool that hands over to a person, by the row of the turn that calls it."""
        found: dict[int, str] = {}
        readings: dict[str, tuple[bool, bool]] = {}
        for row, calls in enumerate(turns["tool_calls"]):
            for call in calls:
                name = str(call.get("name") or "")[:_LONGEST_NAME]
                if name not in readings:
                    readings[name] = self._reading(name)
                moves, is_handover = readings[name]
                if is_handover or (moves and self._names_people(call.get("arguments"))):
                    found.setdefault(row, name)
        return found

    def _reading(self, name: str) -> tuple[bool, bool]:
        """Return whether a tool's name moves something, and whether it hands over to a person for sure."""
        words = _words(name)
        moves = self._section("handover_moves").search(words) is not None
        to_people = self._section("handover_people").search(words) is not None
        return moves, (moves and to_people) or self._section("handover_tools").search(words) is not None

    def _names_people(self, arguments: Any) -> bool:
        """Return whether an argument as a whole names people; a sentence that speaks of them does not."""
        values = arguments.values() if isinstance(arguments, Mapping) else ()
        names = (_words(value) for value in values if isinstance(value, str) and len(value) <= _LONGEST_NAME)
        people = self._section("handover_people")
        return any(len(name.split()) <= _ARGUMENT_WORDS and people.search(name) is not None for name in names)


def _words(name: str) -> str:
    """Return an identifier as words: `transferToHuman`, `transfer_to_human` and `transfer-to-human` read alike."""
    return _NOT_ALPHANUMERIC.sub(" ", _CAMEL_HUMP.sub(" ", name)).strip()


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    for sentence in _SENTENCE.finditer(text):
        yield sentence.start(), sentence.group()


def ends_with(text: str, phrases: Phrases) -> bool:
    """Return whether one of `phrases`, of at most `_LONGEST_PHRASE` words, is the last thing that stands in `text`."""
    words = text[-_NEAR:].split()[-_LONGEST_PHRASE:]
    tails = (" ".join(words[i:]) for i in range(len(words)))
    return any(
        found is not None and found.span() == (0, len(tail)) for tail in tails for found in [phrases.search(tail)]
    )
