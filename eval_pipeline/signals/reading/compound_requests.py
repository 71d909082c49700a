"""Requests that ask several things in one breath, and which of them an answer leaves out: "when ..., and how much ...?"

A question after a time or a price is missed where no time or no price is said; any other where none of its words is, and
another one's are. Not here: requests that count their parts themselves (`asked_for.py`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from eval_pipeline.signals.reading.asked_for import LONGEST_READ, MOST_MATTERS, SENTENCE, Matter, beginnings, matters
from eval_pipeline.signals.reading.lexicon import Phrases
from eval_pipeline.signals.reading.texts import QUESTION_MARK, Mask, Texts

FEWEST_TOPICS = 2
"""Words of its own by which a question is recognised in an answer; with fewer, it may be answered in other words."""

RESTATED_WITHIN = 12
"""Characters at the start of a sentence in which a word that ties it to the one before stands."""

_TIME = re.compile(r"\d{1,2}[./:-]\d{1,2}|\d(?:st|nd|rd|th)\b|\b(?:19|20)\d\d\b")
_PRICE = re.compile(
    r"[$€£¥₹%]|\d[.,]\d\d\b|\b\d+ ?(?:usd|eur|gbp|euros?|dollars?|pounds?|cents?|percent|bucks)\b", re.IGNORECASE
)
_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_MARK = re.compile(QUESTION_MARK)
_ADDRESS = re.compile(r"\S*://\S+|[\w.+-]+@[\w.-]+")
_SHORTEST_STATEMENT = 4
_SEVERAL_SENTENCES = r"[.!?;\n]\s+\S"


class _Answered(NamedTuple):
    """A kind of question that has a kind of answer: the words that ask, and the words and the form that answer."""

    asks: Phrases
    answers: Phrases
    form: re.Pattern[str]

    def is_missed(self, part: str, said: str) -> bool:
        """Return whether `part` asks it, and nothing in `said` answers it."""
        is_asked = self.asks.search(part) is not None
        return is_asked and self.form.search(said) is None and self.answers.search(said) is None


def _is_statement(sentence: str) -> bool:
    return _MARK.search(sentence) is None and len(sentence.split()) >= _SHORTEST_STATEMENT


@dataclass(frozen=True)
class Compound:
    """Reads compound requests. `links`: "and"; `openers`: "when", "can you", what a further question begins with.

    `time_asks`, `price_asks`, and what answers them: `time_answers` ("tomorrow"), `price_answers` ("free").
    `wishes`: "I need", which in a sentence of its own introduces the others. `restatements`: "I mean", "or", "if so": the
    sentence goes on with the one before, or hangs on its answer. `courtesies`: what asks for nothing.
    `plain_answers`: a yes or no, which may answer any question but one after a time or a price.
    """

    links: Phrases
    openers: Phrases
    time_asks: Phrases
    time_answers: Phrases
    price_asks: Phrases
    price_answers: Phrases
    requests: Phrases
    stop_words: Phrases
    wishes: Phrases
    restatements: Phrases
    courtesies: Phrases
    plain_answers: Phrases

    def may_be_in(self, texts: Texts) -> Mask:
        """Return for each text whether it can ask several things."""
        n_marks = texts.counted(QUESTION_MARK)
        is_in: Mask = self._joints.found_in(texts) | (n_marks >= 2)
        is_in |= (n_marks == 1) & texts.matched(_SEVERAL_SENTENCES) & self.requests.found_in(texts)
        return is_in

    def missed(self, request: str, said: str) -> Matter | None:
        """Return the first part of `request` that `said`, all that came as an answer, leaves out; None for none."""
        request = _ADDRESS.sub(lambda address: " " * len(address.group()), request)
        asks = list(self._asks(request)) if len(request) <= LONGEST_READ else []
        if not 2 <= len(asks) <= MOST_MATTERS:
            return None
        # An answer with a statement for each part may well answer all of them, in words of its own.
        is_brief = sum(map(_is_statement, SENTENCE.findall(_POINT.sub(" ", said)))) < len(asks)
        is_brief = is_brief and self.plain_answers.search(said) is None
        missed = [kind for kind in self._kinds if kind.is_missed(request, said)]
        return (
            self._missed(request, beginnings(said, self._ignored), asks, missed, is_brief)
            if is_brief or missed
            else None
        )

    def _missed(
        self,
        request: str,
        answered: frozenset[str],
        asks: list[tuple[int, int]],
        kinds: list[_Answered],
        is_brief: bool,
    ) -> Matter | None:
        """Return the first part of one of the missed `kinds`, or, after a brief answer, that nothing touches."""
        own = matters(request, asks, self._ignored)
        is_touched = [matter.is_touched_by(answered) for matter in own]
        if not (any(is_touched) or self._is_on_topic(request, answered)):
            return None
        for matter, touched in zip(own, is_touched, strict=True):
            part = request[matter.start : matter.end]
            if any(kind.asks.search(part) for kind in kinds):
                return matter
            is_other = (
                is_brief
                and not self._only_introduces(part)
                and not touched
                and not any(kind.asks.search(part) for kind in self._kinds)
            )
            if is_other and any(is_touched) and len(matter.topics) >= FEWEST_TOPICS:
                return matter
        return None

    def _asks(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield start and end of each part that asks something: what makes a sentence ask holds for all its parts."""
        for sentence in SENTENCE.finditer(text):
            start, end = sentence.span()
            said = sentence.group()
            if _MARK.search(said) is None and self.requests.search(said) is None:
                continue
            if self.courtesies.search(said) or self.restatements.search(said[:RESTATED_WITHIN]):
                continue
            for joint in self._joints.every(said):
                if joint.start() > 0:
                    yield start, sentence.start() + joint.start()
                    start = sentence.start() + joint.start()
            yield start, end

    def _only_introduces(self, part: str) -> bool:
        """Return whether a part is a wish, as the sentence that comes before the question often is."""
        return _MARK.search(part) is None and self.wishes.search(part) is not None

    def _is_on_topic(self, request: str, answered: frozenset[str]) -> bool:
        return Matter(0, len(request), beginnings(request, self._ignored)).is_touched_by(answered)

    @cached_property
    def _kinds(self) -> tuple[_Answered, _Answered]:
        return (
            _Answered(self.time_asks, self.time_answers, _TIME),
            _Answered(self.price_asks, self.price_answers, _PRICE),
        )

    @cached_property
    def _joints(self) -> Phrases:
        return Phrases(tuple(f"{link} {opener}" for link in self.links.phrases for opener in self.openers.phrases))

    @cached_property
    def _ignored(self) -> frozenset[str]:
        return frozenset({*self.stop_words.phrases, *self.links.phrases})
