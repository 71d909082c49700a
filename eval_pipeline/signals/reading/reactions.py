"""What users say in reaction to an answer: their turns after one, as far as they can be a reaction, and what surrounds them.

A reaction stands in the first words of a turn; what follows further down is mostly pasted. Not here: what a reaction
means (the signals that read it).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from eval_pipeline.signals.reading.dialogue import Dialogue, Spoken
from eval_pipeline.signals.reading.lexicon import Phrases
from eval_pipeline.signals.reading.texts import QUESTION_MARK, Mask, Positions, Texts

OPENING = 400
"""Characters of a turn in which a reaction is looked for."""

NEGATION_REACH = 24
"""How many characters before a word a negation can stand and still turn it round."""

_PAUSES = str.maketrans(dict.fromkeys(',;:*_"()\u201c\u201d\u2013\u2014\u2026\uff0c\u3001', " "))
_ENDS_IN_QUESTION = rf"{QUESTION_MARK}[^\pL\pN]*$"
_CLAUSE_END = re.compile(r"[.,;:!?\n\u2026\u3002\uff01\uff1f\uff0c]")
_ENDS_CLAUSE = re.compile(r"(?:^|[.,;:!?\n\-(\u2013\u2014\u2026])[\s\"'*]*$")
_LAST_WORD = re.compile(r"([^\W\d_]+)\W*$")


@dataclass(frozen=True)
class Reactions:
    """The user turns of a batch, one array each.

    `said`: the turns, their texts cut to `OPENING` and with pauses (commas, brackets, quotes) as spaces, so that "no, I
    meant" is found as "no i meant". `was_asked`: the answer before ended with a question.
    """

    said: Spoken
    originals: Texts
    answers: Positions
    was_asked: Mask

    @classmethod
    def of(cls, dialogue: Dialogue) -> "Reactions":
        """Return the user turns of a batch."""
        user, assistant = dialogue.user, dialogue.assistant
        originals = np.array([text[:OPENING] for text in user.texts], dtype=object)
        flat = np.array([flattened(text) for text in originals], dtype=object)
        asks = np.zeros(len(dialogue.turns) + 1, dtype=bool)  # one more: the answer before is -1 where there is none
        asks[assistant.positions] = assistant.texts.matched(_ENDS_IN_QUESTION)
        said = Spoken(user.positions, user.owners, user.turn_index, Texts(flat))
        return cls(said, Texts(originals), dialogue.answer_before, asks[dialogue.answer_before])

    @cached_property
    def has_heard(self) -> Mask:
        """Whether an answer to an earlier turn came before; a greeting of the assistant's answers nothing."""
        return (self.answers >= 0) & ~self.said.is_first

    @cached_property
    def number(self) -> Positions:
        """How many user turns of the session came before."""
        starts = np.flatnonzero(self.said.is_first)
        return np.arange(len(self.said)) - np.repeat(starts, np.diff(np.append(starts, len(self.said))))

    def is_made_good(self, is_near: Mask, kindness: "Kindness") -> Mask:
        """Return for each turn whether a kind one comes later; looked for in the sessions of marked turns alone."""
        owners = self.said.owners
        last = np.full(int(owners.max(initial=-1)) + 1, -1, dtype=np.int64)
        rows = np.flatnonzero(np.isin(owners, owners[is_near]))
        rows = rows[kindness.found_in(Texts(self.said.texts.values[rows]))]
        last[owners[rows]] = rows  # rows rise, so the last one stays
        return np.arange(len(owners)) < last[owners]

    def starts_clause(self, i: int, start: int, openers: Phrases) -> bool:
        """Return whether a clause of turn `i` begins at `start`, or has only one of `openers` ("but") before it."""
        before = self.originals.values[i][:start]
        word = _LAST_WORD.search(before)
        return bool(_ENDS_CLAUSE.search(before)) or (word is not None and word[1].lower() in openers.phrases)

    def quoted(self, i: int, words: re.Match[str] | None) -> str:
        """Return the words of turn `i` as the user wrote them."""
        text: str = self.originals.values[i]
        return text[words.start() : words.end()] if words else text


def flattened(text: str) -> str:
    """Return `text`, of the same length, with pauses (commas, brackets, quotes) as spaces."""
    return text.translate(_PAUSES)


@dataclass(frozen=True)
class Kindness:
    """Tells kind words from words that only look so: "not helpful", "great, but it is wrong"."""

    praise: tuple[Phrases, ...]
    negations: tuple[Phrases, ...]
    contrasts: Phrases

    SECTIONS = ("praise", "kind_words", "negations", "hedges", "contrasts")

    @classmethod
    def of(cls, lexicon: Mapping[str, Phrases]) -> "Kindness":
        """Return it with the words of `SECTIONS`."""
        section = {name: lexicon.get(name, Phrases()) for name in cls.SECTIONS}
        return cls(
            (section["praise"], section["kind_words"]), (section["negations"], section["hedges"]), section["contrasts"]
        )

    def found_in(self, texts: Texts) -> Mask:
        """Return for each text whether it is kind."""
        hits = self.praise[0].found_in(texts) | self.praise[1].found_in(texts)
        hits[hits] = [self.is_kind(text) for text in texts.values[hits]]
        return hits

    def is_kind(self, text: str) -> bool:
        """Return whether `text` praises, without a negation before one of the words and a "but" after them."""
        words = [words for phrases in self.praise for words in phrases.every(text)]
        if not words or any(self.is_negated(text, word.start()) for word in words):
            return False
        return self.contrasts.search(text[max(word.end() for word in words) :]) is None

    def is_negated(self, text: str, start: int) -> bool:
        """Return whether a negation stands shortly before `start`, in the same clause."""
        before = _CLAUSE_END.split(text[max(0, start - NEGATION_REACH) : start])[-1]
        return any(phrases.search(before) is not None for phrases in self.negations)

    def has_plain(self, phrases: Phrases, text: str) -> bool:
        """Return whether one of `phrases` stands in `text` without a negation."""
        return any(not self.is_negated(text, words.start()) for words in phrases.every(text))
