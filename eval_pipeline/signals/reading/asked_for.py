"""What a request asks for: a number of items, a thing of a certain form, or several matters at once.

Narrow on purpose: only plain wordings count, as everything found here is then missed when it does not come. Not here:
what an answer holds (`delivered.py`), what follows from the two (`partial_completion.py`).
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from eval_pipeline.signals.reading.delivered import Form
from eval_pipeline.signals.reading.lexicon import Phrases
from eval_pipeline.signals.reading.similarity import LONGEST_COMPARED, Wording
from eval_pipeline.signals.reading.texts import QUESTION_MARK, Mask, Texts

LONGEST_READ = 2000
"""Characters of a request that are read; what is longer is mostly pasted matter."""

FEWEST, MOST = 3, 50
"""Numbers outside are no count of items that a chat delivers, or name a size ("two bedrooms")."""

STEM = 4
"""Letters by which matters are compared: short, so that an answer in other words rather counts than not."""

MOST_MATTERS = 6
"""A request with more questions is a form or a pasted text."""

_DIGITS = r"(?<![\w.,$€£#/-])\d{1,2}(?![\w%/:-]|[.,]\d)"
SENTENCE = re.compile(r"[^.?!;\n\u3002\uff1f\uff01\u061f\u0964]+[.?!;\u3002\uff1f\uff01\u061f\u0964]*")
_NUMBERED_LINE = re.compile(r"^[ \t]*\(?\d{1,2}[.)][ \t]*\S|(?<=\s)\(?[1-6]\)[ \t]*\S", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")  # noqa: RUF001


class Count(NamedTuple):
    """A number of items, and where the request for it starts."""

    n: int
    start: int


class Wanted(NamedTuple):
    """A form that is asked for, and where the request for it starts."""

    form: Form
    start: int


class Matter(NamedTuple):
    """One of several things that a request asks about. `topics`: word beginnings that only this one has."""

    start: int
    end: int
    topics: frozenset[str]

    def is_touched_by(self, said: frozenset[str]) -> bool:
        """Return whether what was said (`beginnings`) shares a topic; "dog" and "dogs" are one."""
        endless = {topic[:-1] for topic in self.topics if len(topic) == STEM}
        return not said.isdisjoint(self.topics | endless) or not self.topics.isdisjoint({word[:-1] for word in said})


@dataclass(frozen=True)
class Counting:
    """Reads numbers of items.

    `number_words`: entries like `three = 3`. `things`: what is counted when an answer announces it. `units`: what makes
    a number a size, a time or an amount. `verbs` and `lead_ins`: "give me" and "the top", which may stand before it.
    """

    number_words: Phrases
    things: Phrases
    units: Phrases
    verbs: Phrases
    lead_ins: Phrases

    def asked(self, text: str) -> Count | None:
        """Return how many items a request asks for, by "give me", small words, a number, and what is counted."""
        text = text[:LONGEST_READ]
        for number in self._number.finditer(text):
            verb = self._verb_before(text, number.start())
            if verb is not None and self._counts_things(text[number.end() : number.end() + 60]):
                return Count(self._value(number.group()), verb)
        return None

    def announced(self, line: str) -> int | None:
        """Return how many items a line says will follow, by a number and what is counted within three words."""
        for number in self._number.finditer(line[:LONGEST_READ]):
            words = [word.group() for word in _WORD.finditer(line[number.end() : number.end() + 60])][:3]
            if FEWEST <= self._value(number.group()) <= MOST and self.things.search(" ".join(words)):
                return self._value(number.group())
        return None

    def _verb_before(self, text: str, at: int) -> int | None:
        """Return where the nearest asking verb before `at` starts, if only small words stand between."""
        first = max(0, at - 50)
        found = self._verb_at_end.search(text[first:at])
        return None if found is None else first + found.start()

    @cached_property
    def _verb_at_end(self) -> re.Pattern[str]:
        verbs, lead_ins = _alternatives(self.verbs), _alternatives(self.lead_ins)
        return re.compile(rf"(?<!\w)(?:{verbs})(?:\s+(?:{lead_ins})){{0,5}}\s+$", re.IGNORECASE)

    def _counts_things(self, after: str) -> bool:
        if re.match(r"\s+\w", after) is None:
            return False
        words = [word.group() for word in _WORD.finditer(re.split(r"[.?!\n]", after)[0])][:3]
        return bool(words) and self.units.search(" ".join(words)) is None

    @cached_property
    def _number(self) -> re.Pattern[str]:
        words = [re.escape(word) for word, value in sorted(self.number_words.values.items()) if FEWEST <= value <= MOST]
        return re.compile("|".join([_DIGITS, *(rf"(?<![\w-]){word}(?![\w-])" for word in words)]), re.IGNORECASE)

    def _value(self, number: str) -> int:
        return int(number) if number.isdecimal() else self.number_words.values[number.lower()]


class Request(NamedTuple):
    """How a form is asked for: "send me", then within `reach` words "a link"."""

    form: Form
    demands: Phrases
    things: Phrases
    reach: int


@dataclass(frozen=True)
class Forms:
    """Reads requests for a form. `negations`: "no code"."""

    requests: tuple[Request, ...]
    negations: Phrases

    def asked(self, text: str) -> Iterator[Wanted]:
        """Yield the forms that a request demands: in one sentence a demand and soon after it the name of the form."""
        for sentence in SENTENCE.finditer(text[:LONGEST_READ]):
            said = sentence.group()
            if self.negations.search(said) is None:
                for request in self.requests:
                    start = _demand(said, request)
                    if start is not None:
                        yield Wanted(request.form, sentence.start() + start)


def _demand(sentence: str, request: Request) -> int | None:
    """Return where the demand for the form starts in a sentence, None if there is none."""
    thing = request.things.search(sentence)
    if thing is None:
        return None
    at = 0
    while demand := request.demands.search(sentence[at : thing.start()]):
        if len(sentence[at + demand.end() : thing.start()].split()) <= request.reach:
            return at + demand.start()
        at += demand.end()
    return None


@dataclass(frozen=True)
class Matters:
    """Reads requests for several things. `joiners`: "and also", "second question"; `requests`: forms of a request."""

    joiners: Phrases
    requests: Phrases
    stop_words: Phrases

    def may_be_in(self, texts: Texts) -> Mask:
        """Return for each text whether it can say that it asks for several things."""
        return self.joiners.found_in(texts) | texts.matched(r"(?:^|\s)\(?2[.)]\s*\S")

    def asked(self, text: str) -> list[Matter]:
        """Return the matters of a request that says in words or by numbers that there are several; else none.

        What two of them share is a topic of neither; one with no topic of its own is left out.
        """
        if len(text) > LONGEST_READ or not self._is_several(text):
            return []
        asks = list(self._asks(text))
        if not 2 <= len(asks) <= MOST_MATTERS:
            return []
        return [matter for matter in matters(text, asks, self.ignored) if matter.topics]

    def _is_several(self, text: str) -> bool:
        return self.joiners.search(text) is not None or len(_NUMBERED_LINE.findall(text)) >= 2

    def _asks(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield start and end of each part that asks something: a question, a request, or a numbered line.

        Where "and also" joins two in one sentence, what makes it a question or request holds for both.
        """
        is_numbered = len(_NUMBERED_LINE.findall(text)) >= 2
        for sentence in SENTENCE.finditer(_with_plain_numbers(text)):
            start, end = sentence.span()
            part = text[start:end]
            is_line = is_numbered and _NUMBERED_LINE.match(part.lstrip()) is not None
            if not (is_line or re.search(QUESTION_MARK, part) or self.requests.search(part)):
                continue
            joint = self.joiners.search(part)
            if joint is not None and joint.start() > 0:
                yield start, start + joint.start()
                start += joint.start()
            yield start, end

    @cached_property
    def ignored(self) -> frozenset[str]:
        """Words that carry no topic."""
        return frozenset(self.stop_words.phrases)


def matters(text: str, asks: Sequence[tuple[int, int]], stop_words: Collection[str]) -> list[Matter]:
    """Return the matters of the parts of a request, given by start and end: what several share is a topic of none."""
    topics = [beginnings(text[start:end], stop_words) for start, end in asks]
    times_seen = Counter(topic for own in topics for topic in own)
    return [
        Matter(start, end, frozenset(topic for topic in own if times_seen[topic] == 1))
        for (start, end), own in zip(asks, topics, strict=True)
    ]


def beginnings(text: str, stop_words: Collection[str]) -> frozenset[str]:
    """Return the first `STEM` letters of the words of a text that carry a topic."""
    parts = range(0, len(text), LONGEST_COMPARED)
    stems = (stem for i in parts for stem in Wording.of(text[i : i + LONGEST_COMPARED], stop_words).stems)
    return frozenset(stem[:STEM] for stem in stems)


def _with_plain_numbers(text: str) -> str:
    """Return the text, of the same length, so that no sentence ends at "1." or "3.5" and each "2)" begins a line."""
    return re.sub(r"\s(?=\(?[1-6]\)[ \t]*\S)", "\n", re.sub(r"(?<=\d)\.(?=\s?\S)", " ", text))


def _alternatives(phrases: Phrases) -> str:
    ordered = sorted(phrases.phrases, key=lambda phrase: (-len(phrase), phrase))
    return (
        "|".join(r"\s+".join(map(re.escape, phrase.split())).replace("'", "['\u2019]?") for phrase in ordered) or "(?!)"
    )
