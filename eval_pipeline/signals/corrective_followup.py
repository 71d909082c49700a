"""Signal: the user corrects the answer that he got: it is wrong, it is not what he meant, it is not what was said before.

Not here: a report that the product failed, which ends the matter (`explicit_report.py`); the same request in other words
(`rephrasing.py`); anger (`frustration.py`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from eval_pipeline.signals.contract import Batch, Evidence, Mask, Parameters, Signal, Strength, combined_strength, cut
from eval_pipeline.signals.reading.material import Material
from eval_pipeline.signals.reading.reactions import Kindness, Reactions, flattened
from eval_pipeline.signals.reading.similarity import Wording
from eval_pipeline.signals.reading.texts import Texts

LONGEST_BLANK_LOOK = 40
"""Characters of a turn that is nothing but "what?"."""

EARLIER_TURNS = 10
"""User turns back in which words that come again are looked for."""

LONGEST_NEGATION = 100
"""Characters of a turn that negates words of the answer; a longer one tells more than that."""

LONGEST_FAILURE = 40
"""Characters of a turn that says no more than that it still fails."""

MOST_COUNTED = 20
"""A larger number in a request is a price or a size, not how many of something are wanted."""

_NOT_THIS = re.compile(
    r"[,;\u2013\u2014-]\s*not\s+(?:the\s+|in\s+|on\s+|at\s+|for\s+|a\s+|an\s+)?([^.!?\n]{2,60})", re.IGNORECASE
)
_HAS_NOT_THIS = r"[,;\x{2013}\x{2014}-]\s*not\s"
_NUMBER_ENDS_CLAUSE = re.compile(r"\s+([^\W_]{1,9})\s*(?:$|[.,;!\n])")
_NUMBER = re.compile(r"(?<![\w.,])(?:\d{1,4}|[^\W\d_]+)(?![\w.,]\d)")
_SYMBOLS_ALONE = r"^[\s?!\x{ff1f}\x{ff01}\x{061f}]*[?\x{ff1f}\x{061f}][\s?!\x{ff1f}\x{ff01}\x{061f}]*$"


_NEAR = ("doubts", "misreadings", "contradictions", "incomprehension", "restatements", "insistence")
_ANYWHERE = (*_NEAR, "own_errors", "inner_negations", "short_counts")
_AT_START = ("denials", "blank_looks", "negated_answers", "brief_failures")


class CorrectiveFollowupParameters(Parameters):
    """Strengths by how the user corrects, and the shares by which what surrounds it weakens one.

    `restated`: he says what he had said or meant; `repeated`: and words of an earlier turn come again. `made_good`: a
    later turn of his is kind. `answered`: a correction of an answer that ended with a question, which may only answer it.
    `negated`: he says in a sentence that something of the answer is not so. `still_failing`: nothing but "still 1".
    `several`: added (noisy-or) for each further way in which one turn corrects.
    """

    misread: Strength = 0.6
    rejected: Strength = 0.5
    denied: Strength = 0.4
    contradicted: Strength = 0.5
    replaced: Strength = 0.5
    negated: Strength = 0.35
    still_failing: Strength = 0.4
    restated: Strength = 0.4
    repeated: Strength = 0.55
    not_understood: Strength = 0.35
    own_error: Strength = 0.2
    several: float = Field(default=0.15, ge=0, lt=1)
    made_good: Strength = 0.5
    answered: Strength = 0.8


class _Mark(NamedTuple):
    """One way in which a turn corrects. `words`: where it says so, if at one place."""

    strength: float
    words: re.Match[str] | None
    reason: str


@dataclass(frozen=True)
class CorrectiveFollowup(Signal):
    """Fires on a user turn after an answer that rejects it, restates what was asked, or cannot make sense of it."""

    name: ClassVar[str] = "corrective_followup"
    declared_version: ClassVar[str] = "2"
    sections: ClassVar[tuple[str, ...]] = (
        *Kindness.SECTIONS, *Material.SECTIONS, "not_corrections", "leading_particles", "negated_answers", "inner_negations",
        "harmless_negations", "brief_failures", "late_apologies", "short_counts", "number_words", "doubts", "misreadings", "contradictions", "restatements", "insistence", "clause_openers",
        "own_errors", "denials", "harmless_denials", "incomprehension", "blank_looks", "closing_offers", "stop_words",
    )  # fmt: skip

    parameters: CorrectiveFollowupParameters

    @property
    def describe(self) -> str:
        """What it looks for, in words."""
        return (
            "The user corrects the answer before: says that it is wrong or not what was meant, holds it against what "
            "was said, repeats what he had asked for, or does not understand it."
        )

    def applies(self, batch: Batch) -> tuple[Mask, str]:
        """Say nothing of sessions in which no user turn follows an answer to an earlier one."""
        reactions = batch.reactions
        heard = reactions.said.owners[reactions.has_heard]
        return np.bincount(heard, minlength=len(batch.sessions)) > 0, "no user turn follows an answer"

    def find(self, batch: Batch) -> Sequence[Evidence]:
        """Return one piece for each turn that corrects."""
        return list(_Corrections(self, batch).evidence())


@dataclass(frozen=True)
class _Corrections:
    """The search in one batch. Bulk searches choose the turns; each chosen one is then read on its own."""

    signal: CorrectiveFollowup
    batch: Batch

    @cached_property
    def reactions(self) -> Reactions:
        return self.batch.reactions

    @cached_property
    def _kindness(self) -> Kindness:
        return Kindness.of(self.signal.lexicon)

    def evidence(self) -> Iterator[Evidence]:
        parameters, said = self.signal.parameters, self.reactions.said
        contents = self.batch.dialogue.user.texts.values
        for i in np.flatnonzero(self._is_near & self.reactions.has_heard).tolist():
            marks = sorted(self._marks(i), key=lambda mark: -mark.strength)
            if not marks:
                continue
            more = [parameters.several] * (len(marks) - 1)
            strength = combined_strength([marks[0].strength, *more])
            strength *= parameters.made_good if self._is_made_good[i] else 1.0
            strength *= parameters.answered if self.reactions.was_asked[i] else 1.0
            quote = cut(contents[i], marks[0].words.start() if marks[0].words else 0)
            yield Evidence(int(said.owners[i]), strength, int(said.turn_index[i]), quote, marks[0].reason)

    @cached_property
    def _hits(self) -> dict[str, Mask]:
        """For each section, the turns in which one of its phrases stands, or which it begins."""
        texts = self.reactions.said.texts
        anywhere = {name: self.signal.phrases(name).found_in(texts) for name in _ANYWHERE}
        at_start = {name: self.signal.phrases(name).found_in(texts, at_start=True) for name in _AT_START}
        led_in = self.signal.phrases("leading_particles").found_in(texts, at_start=True)
        led_in[led_in] = self.signal.phrases("denials").found_in(Texts(texts.values[led_in]))
        return anywhere | at_start | {"denials": at_start["denials"] | led_in}

    @cached_property
    def _is_near(self) -> Mask:
        originals = self.reactions.originals
        sections = (*_NEAR, *_AT_START, "inner_negations", "short_counts")
        in_words: Mask = np.any([self._hits[section] for section in sections], axis=0)
        return in_words | originals.matched(_HAS_NOT_THIS) | originals.matched(_SYMBOLS_ALONE)

    @cached_property
    def _is_made_good(self) -> Mask:
        return self.reactions.is_made_good(self._is_near, self._kindness)

    def _marks(self, i: int) -> Iterator[_Mark]:
        parameters, text = self.signal.parameters, self._text(i)
        if self._hits["own_errors"][i] or self._apologises_late(text):
            if (words := self.signal.phrases("restatements").search(text)) is not None:
                yield _Mark(parameters.own_error, words, "the user mends his own words")
            return
        for section, strength, what in (
            ("misreadings", parameters.misread, "was misunderstood"),
            ("doubts", parameters.rejected, "rejects the answer"),
            ("contradictions", parameters.contradicted, "holds the answer against what was said or asked"),
            ("incomprehension", parameters.not_understood, "does not understand the answer"),
        ):
            if self._hits[section][i] and (words := self.signal.phrases(section).search(text)):
                yield _Mark(strength, words, f"the user {what}: “{self.reactions.quoted(i, words)}”")
        if self._kindness.is_kind(self._from_denial(i, text)):  # "Actually, that's perfect"
            return
        yield from self._restated(i)
        yield from self._denied(i)
        yield from self._replaced(i)
        yield from self._negated(i)
        yield from self._still_failing(i)
        yield from self._too_few(i)
        if self._is_blank_look(i):
            yield _Mark(parameters.not_understood, None, "the user does not understand the answer")

    def _text(self, i: int) -> str:
        """Return turn `i`, spaces in the place of text that is worked on and of phrases that only look like corrections."""
        own = flattened(self._material.blanked(self.reactions.originals.values[i]))
        return self.signal.phrases("not_corrections").blanked(own)

    @cached_property
    def _material(self) -> Material:
        return Material(self.signal.lexicon)

    def _apologises_late(self, text: str) -> bool:
        """Return whether the turn ends with an apology, and so mends the user's own words: "I meant soccer, sorry"."""
        apologies = self.signal.phrases("late_apologies").every(text)
        return bool(apologies) and apologies[-1].start() > 0 and not any(map(str.isalnum, text[apologies[-1].end() :]))

    def _negated(self, i: int) -> Iterator[_Mark]:
        """Yield a short sentence that negates, or insists on, words of the answer: "Nemo is not a cat"."""
        text, phrases = self._text(i), self.signal.phrases
        if len(text) > LONGEST_NEGATION or "?" in text or self.reactions.was_asked[i]:
            return
        words = phrases("negated_answers" if self._hits["negated_answers"][i] else "inner_negations").search(text)
        if words is None or phrases("harmless_negations").search(text) is not None or self._is_offer(self._answer(i)):
            return
        if again := sorted(self._stems(text) & self._stems(self._answer(i))):
            reason = f"the user says that it is not so: “{self.reactions.quoted(i, words)} …” (“{' '.join(again[:5])}”)"
            yield _Mark(self.signal.parameters.negated, words, reason)

    def _still_failing(self, i: int) -> Iterator[_Mark]:
        """Yield a turn that says no more than that it fails as before: "still 1"."""
        text = self._text(i)
        words = self.signal.phrases("brief_failures").search(text) if self._hits["brief_failures"][i] else None
        if words is None or len(text) > LONGEST_FAILURE or "?" in text or self.reactions.was_asked[i]:
            return
        if self.signal.phrases("harmless_negations").search(text) is None:
            yield _Mark(self.signal.parameters.still_failing, words, "the user says that it still fails")

    def _too_few(self, i: int) -> Iterator[_Mark]:
        """Yield "that's three" where the turn before it had a larger number."""
        text = self._text(i)
        if (
            len(text) > LONGEST_NEGATION
            or "?" in text
            or not self._hits["short_counts"][i]
            or self.reactions.was_asked[i]
        ):
            return
        asked_for = self.reactions.originals.values[i - 1]
        asked = [count for word in _NUMBER.findall(asked_for) if (count := self._count(word)) is not None]
        for words in self.signal.phrases("short_counts").every(text):
            number = _NUMBER_ENDS_CLAUSE.match(self.reactions.originals.values[i], words.end())
            count = self._count(number[1]) if number else None
            if count is not None and count < max((n for n in asked if n <= MOST_COUNTED), default=0):
                yield _Mark(
                    self.signal.parameters.contradicted, words, f"the user counts {count} where more were asked for"
                )
                return

    def _count(self, word: str) -> int | None:
        return int(word) if word.isdecimal() else self.signal.phrases("number_words").values.get(word.lower())

    def _from_denial(self, i: int, text: str) -> str:
        """Return `text` without what only leads to a "no": a laugh there is not kind."""
        words = self.signal.phrases("denials").search(text) if self._hits["denials"][i] else None
        if words is None or any(
            map(str.isalnum, self.signal.phrases("leading_particles").blanked(text[: words.start()]))
        ):
            return text
        return text[words.start() :]

    def _restated(self, i: int) -> Iterator[_Mark]:
        parameters, text = self.signal.parameters, self._text(i)
        openers = self.signal.phrases("clause_openers")
        for section, least in (("restatements", 1), ("insistence", 2)):
            for words in self.signal.phrases(section).every(text) if self._hits[section][i] else ():
                if not self.reactions.starts_clause(i, words.start(), openers):
                    continue
                again = self._words_again(i, text[words.end() :])
                quoted = self.reactions.quoted(i, words)
                if len(again) >= least:
                    reason = f"the user says again “{' '.join(again)}” (“{quoted} …”)"
                    yield _Mark(parameters.repeated, words, reason)
                elif section == "restatements":
                    yield _Mark(parameters.restated, words, f"the user restates what he wants: “{quoted} …”")
                else:
                    continue
                return

    def _words_again(self, i: int, restated: str) -> list[str]:
        """Return the words of `restated` that carry a topic and stood in an earlier turn of the user, by the alphabet."""
        said = self.reactions.said
        first = max(i - EARLIER_TURNS, i - int(self.reactions.number[i]))
        earlier: set[str] = set().union(*(self._stems(text) for text in said.texts.values[first:i]))
        return sorted(self._stems(restated) & earlier)[:5]

    def _stems(self, text: str) -> frozenset[str]:
        return Wording.of(text, self._stop_words).stems

    @cached_property
    def _stop_words(self) -> frozenset[str]:
        return frozenset(self.signal.phrases("stop_words").phrases)

    def _denied(self, i: int) -> Iterator[_Mark]:
        """Yield a "no" to an answer that asked nothing and offered nothing."""
        text = self._text(i)
        words = self.signal.phrases("denials").search(text) if self._hits["denials"][i] else None
        if words is None or self.reactions.was_asked[i]:
            return
        if any(map(str.isalnum, self.signal.phrases("leading_particles").blanked(text[: words.start()]))):
            return
        harmless = self.signal.phrases("harmless_denials").search(text)
        answer = self._answer(i)
        if (harmless is not None and harmless.start() <= words.start()) or self._is_offer(answer):
            return
        yield _Mark(
            self.signal.parameters.denied, words, f"the user says “{self.reactions.quoted(i, words)}” to the answer"
        )

    def _is_offer(self, answer: str) -> bool:
        return "?" in answer[-300:] or self.signal.phrases("closing_offers").search(answer[-300:]) is not None

    def _answer(self, i: int) -> str:
        return str(self.batch.dialogue.contents[self.reactions.answers[i]])

    def _replaced(self, i: int) -> Iterator[_Mark]:
        """Yield "X, not Y" where Y stood in the answer."""
        words = _NOT_THIS.search(self.reactions.originals.values[i])
        if words is not None and self._stems(words[1]) & self._stems(self._answer(i)):
            yield _Mark(self.signal.parameters.replaced, words, f"the user wants it “{words[0].strip(' ,;-')}”")

    def _is_blank_look(self, i: int) -> bool:
        text = self._text(i).strip()
        if len(text) > LONGEST_BLANK_LOOK:
            return False
        words = self.signal.phrases("blank_looks").search(text)
        if words is not None and words.start() == 0 and re.match(r"\?\s.*\?$", text[words.end() :]):
            return True  # "What? He's a cat?"
        rest = text if words is None else text[: words.start()] + text[words.end() :]
        return not any(map(str.isalnum, rest)) and (words is not None or "?" in text or "\uff1f" in text)
