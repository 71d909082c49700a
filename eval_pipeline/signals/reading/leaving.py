"""What the last words of each side mean: the user takes leave, gives up or asks; the assistant promises, fails or asks.

Not here: where the words stand (`endings.py`), what their combination says of the session (`abandonment.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from eval_pipeline.signals.reading.asked_again import asks_the_same
from eval_pipeline.signals.reading.endings import SHORT_ANSWER, Endings, ends_in_question
from eval_pipeline.signals.reading.lexicon import Phrases
from eval_pipeline.signals.reading.material import Material
from eval_pipeline.signals.reading.reactions import OPENING
from eval_pipeline.signals.reading.texts import QUESTION_MARK, Mask, Texts
from eval_pipeline.signals.reading.transfers import Transfers

NEGATION_REACH = 24
"""How many characters before "fixed" or "perfect" a negation can stand and still turn it round."""

_LONGEST_GREETING = 120
LONGER_THAN_SMALL_TALK = 40
"""Characters from which a turn is more than small talk."""

_LONGEST_LEAD_IN = 60
_HAS_WORDS = r"[\pL\pN]"
_CLAUSE_END = re.compile(r"[.,;:!?\n]")
_WORDS = re.compile(r"[^\W_][\w']*")
_HAS_NOT_THIS = r"[.,;\x{2013}\x{2014}-]\s*not\s+\w"
_LONGEST_REPLACEMENT = 80

PROTESTS = (
    "complaints", "doubts", "misreadings", "contradictions", "exasperation", "weariness", "insults", "threats",
    "escalations", "cancellations", "strong_oaths",
)  # fmt: skip
"""Sections of what a user says who is displeased."""

_PARTINGS = ("escalations", "cancellations")
"""Those that mean nothing where the user came for just that."""


@dataclass(frozen=True)
class _Words:
    """Base: searches of sections, over the endings of a batch."""

    lexicon: Mapping[str, Phrases]
    endings: Endings

    def _section(self, name: str) -> Phrases:
        return self.lexicon.get(name, Phrases())

    def _found(self, texts: Texts, *sections: str, at_start: bool = False) -> Mask:
        hits = np.zeros(len(texts), dtype=bool)
        for section in sections:
            hits |= self._section(section).found_in(texts, at_start=at_start)
        return hits


@dataclass(frozen=True)
class LastWords(_Words):
    """What the last turn of each user means."""

    SECTIONS: ClassVar[tuple[str, ...]] = (
        "giving_up", "dropped_asks", "other_ways", "thanks", "delights", "goodbyes", "solved", "further_asks",
        "greetings", "requests", "acknowledgements", "negations", "complaints", "doubts", "misreadings", "contradictions",
        "exasperation", "weariness", "insults", "threats", "escalations", "cancellations", "strong_oaths",
        *Material.SECTIONS, "harmless_oaths", "sighs", "resignations", "joys", "stop_words",
    )  # fmt: skip

    @cached_property
    def gives_up(self) -> Mask:
        """He leaves without what he came for, and says so."""
        return self.endings.has_heard & self._found(self.endings.words, "giving_up")

    @cached_property
    def drops(self) -> Mask:
        """He drops what he asked for or turns elsewhere, neither content nor asking on."""
        hits = self._found(self.endings.words, "dropped_asks")
        hits[hits] = [self._asks_no_more(text) for text in self.endings.words.values[hits]]
        hits |= self._found(self.endings.words, "other_ways") & ~self.thanks
        return self.endings.has_heard & hits & ~self._is_solved

    def _asks_no_more(self, text: str) -> bool:
        after = Texts(np.array([self._after_dropping(text)], dtype=object))
        return not (after.matched(QUESTION_MARK) | self._found(after, "requests", "further_asks"))[0]

    def _after_dropping(self, text: str) -> str:
        dropped = self._section("dropped_asks").search(text)
        return text[dropped.end() :] if dropped else text

    @cached_property
    def takes_leave(self) -> Mask:
        """He says goodbye or that it is solved, after an answer."""
        is_leaving = self._found(self.endings.words, "goodbyes") | self._is_solved
        return self.endings.has_heard & is_leaving & ~self.objects

    @cached_property
    def thanks(self) -> Mask:
        """He thanks for an answer, or begins with praise."""
        is_kind = self._found(self.endings.words, "thanks")
        is_kind |= self._found(self.endings.words, "delights", at_start=True)
        return self.endings.has_heard & is_kind & ~self.objects

    @cached_property
    def is_content(self) -> Mask:
        """He takes leave or thanks."""
        return self.takes_leave | self.thanks

    @cached_property
    def _is_solved(self) -> Mask:
        hits = self._found(self.endings.words, "solved")
        hits[hits] = [self._is_affirmed(text) for text in self.endings.words.values[hits]]
        return hits

    def _is_affirmed(self, text: str) -> bool:
        """Return whether no negation stands before "fixed" in its clause; the "never" of "never mind" is none."""
        said = self._section("solved").search(text)
        before = text[max(0, said.start() - NEGATION_REACH) : said.start()] if said else ""
        clause = _CLAUSE_END.split(self._after_dropping(before))[-1]
        return self._section("negations").search(clause) is None

    @cached_property
    def objects(self) -> Mask:
        """He rejects or doubts the answer."""
        return self.endings.has_heard & self._found(self.endings.words, "complaints", "doubts")

    @cached_property
    def protests(self) -> Mask:
        """He complains, threatens, corrects or swears, in earnest."""
        hits = self.endings.has_heard & ~self._is_light & self._found(self.endings.words, *PROTESTS)
        hits[hits] = [self._is_protest(k) for k in np.flatnonzero(hits).tolist()]
        return hits | (self.replaces & self.endings.has_heard & ~self._is_light)

    def _is_protest(self, k: int) -> bool:
        """Return whether the words are the user's own, about the answer, and not what he came for."""
        user, material = self.endings.batch.dialogue.user, Material(self.lexicon)
        last = int(np.searchsorted(user.positions, self.endings.user[k]))
        is_reply = bool(self._was_asked[k]) and last > 0 and user.owners[last - 1] == user.owners[last]
        if is_reply and material.orders(user.texts.values[last - 1]):
            return False
        first = user.texts.values[np.searchsorted(user.owners, user.owners[last])]
        text = self._section("harmless_oaths").blanked(material.blanked(self.endings.words.values[k][:OPENING]))
        found = ((name, self._section(name).search(text)) for name in PROTESTS)
        return any(
            words is not None
            and not material.is_about_others(text, words.end())
            and not (name in _PARTINGS and self._section(name).search(first[:OPENING]))
            for name, words in found
        )

    @cached_property
    def _was_asked(self) -> Mask:
        return ends_in_question(self.endings.answer_heard)

    @cached_property
    def sighs(self) -> Mask:
        """He sighs, or says nothing but a word of resignation."""
        hits = self._found(self.endings.words, "resignations")
        phrases = self._section("resignations").phrases
        hits &= ~self._was_asked
        hits[hits] = [" ".join(_bare_words(text)) in phrases for text in self.endings.words.values[hits]]
        hits |= self._found(self.endings.words, "sighs")
        return self.endings.has_heard & hits & ~self._is_light

    @cached_property
    def _is_light(self) -> Mask:
        return self.is_content | self._found(self.endings.words, "joys")

    @cached_property
    def replaces(self) -> Mask:
        """He puts one thing in the place of another that the answer named: "oregon. not washington"."""
        hits = self.endings.words.matched(_HAS_NOT_THIS) & (self.endings.words.lengths <= _LONGEST_REPLACEMENT)
        answer = self.endings.answer_heard
        hits[hits] = [
            bool(set(_bare_words(text.lower().rsplit("not", 1)[1])) - self._stop_words & set(_bare_words(before)))
            for text, before in zip(self.endings.words.values[hits], answer.values[hits], strict=True)
        ]
        return hits

    @cached_property
    def _stop_words(self) -> frozenset[str]:
        return frozenset(self._section("stop_words").phrases)

    @cached_property
    def asks_again(self) -> Mask:
        """He asks once more what he had asked in the turn before."""
        user = self.endings.batch.dialogue.user
        last = np.searchsorted(user.positions, self.endings.user)
        is_later = ~user.is_first[last] & self.endings.has_heard
        hits = np.zeros(len(last), dtype=bool)
        for k in np.flatnonzero(is_later).tolist():
            earlier, later = user.texts.values[last[k] - 1 : last[k] + 1]
            hits[k] = asks_the_same(earlier, later, self._stop_words)
        return hits

    @cached_property
    def is_nod(self) -> Mask:
        """He begins with "ok", "yes" or the like."""
        return self._found(self.endings.words, "acknowledgements", at_start=True)

    @cached_property
    def asks(self) -> Mask:
        """He asks for something. In a polite turn only a question mark or a further request counts: "all I need"."""
        is_polite = self.endings.has_heard & (self.is_content | self.is_nod)
        plain = self._found(self.endings.words, "requests") & ~is_polite
        return self.has_mark | plain | self._found(self.endings.words, "further_asks")

    @cached_property
    def has_mark(self) -> Mask:
        """There is a question mark."""
        return self.endings.words.matched(QUESTION_MARK)

    @cached_property
    def has_words(self) -> Mask:
        """There is a letter or digit of any script."""
        return self.endings.words.matched(_HAS_WORDS)

    @cached_property
    def only_greets(self) -> Mask:
        """The turn is a greeting and no more."""
        greetings = {phrase.replace(" ", "") for phrase in self._section("greetings").phrases}
        bare = ("".join(filter(str.isalpha, text[:_LONGEST_GREETING].lower())) for text in self.endings.words)
        is_greeting = np.fromiter((text in greetings for text in bare), bool, len(self.endings.words))
        return is_greeting & (self.endings.words.lengths <= _LONGEST_GREETING)

    @cached_property
    def states_a_need(self) -> Mask:
        """The turn wants something, by its form or by its length; small talk is shorter."""
        is_long = self.endings.words.lengths >= LONGER_THAN_SMALL_TALK
        return self._found(self.endings.words, "requests") | is_long


def _bare_words(text: str) -> list[str]:
    return _WORDS.findall(text.lower().replace("\u2019", "'"))


@dataclass(frozen=True)
class LastAnswer(_Words):
    """What the last answer of each assistant comes to."""

    SECTIONS: ClassVar[tuple[str, ...]] = (
        "asks_back", "closing_offers", "openings", "promises", "failed_answers", "refusals", "alternatives",
    )  # fmt: skip

    @cached_property
    def is_short(self) -> Mask:
        """It is one message, not an exposition with a last sentence."""
        return self.endings.answers.lengths <= SHORT_ANSWER

    @cached_property
    def hands_over(self) -> Mask:
        """It hands the user over to a person: what follows is no longer its own."""
        hits = np.zeros(len(self.endings.answers), dtype=bool)
        hits[list(Transfers(self.lexicon).announced_in(self.endings.answers))] = True
        return hits

    @cached_property
    def promises(self) -> Mask:
        """It ends with the promise to come back at once."""
        return self._found(self.endings.last_sentence, "promises") & ~ends_in_question(self.endings.last_sentence)

    @cached_property
    def fails(self) -> Mask:
        """It refuses, fails, or apologises."""
        return self._found(self.endings.closing, "refusals", "failed_answers")

    @cached_property
    def has_alternative(self) -> Mask:
        """It shows another way."""
        return self._found(self.endings.closing, "alternatives")

    @cached_property
    def asks_back(self) -> Mask:
        """Its end asks for something that it needs to go on; an invitation ("if you ...") does not."""
        hits = np.zeros(len(self.endings.answers), dtype=bool)
        for sentence in (self.endings.sentence_before, self.endings.last_sentence):
            hits |= self._found(sentence, "asks_back") & ~self._found(sentence, "closing_offers", "openings")
        return hits

    @cached_property
    def questions(self) -> Mask:
        """It is short and ends with a question that is more than a way to close."""
        last = self.endings.last_sentence
        return self.is_short & ends_in_question(last) & ~self._found(last, "closing_offers", "openings")

    @cached_property
    def only_asks(self) -> Mask:
        """It has no more than a few words before the question that ends it: it cannot have answered anything."""
        asked = zip(self.endings.answers, self.endings.last_sentence, strict=True)
        lead_ins = np.fromiter((len(text) - len(last) for text, last in asked), np.int64, len(self.endings.answers))
        return self.questions & (lead_ins <= _LONGEST_LEAD_IN)

    @cached_property
    def only_opens(self) -> Mask:
        """It is nothing but the greeting of a session."""
        is_brief = self.endings.answers.lengths <= _LONGEST_GREETING
        return is_brief & self._found(self.endings.last_sentence, "openings")
