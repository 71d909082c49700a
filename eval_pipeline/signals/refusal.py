"""Signal: the assistant declines what it was asked, cannot do it, or answers without an answer.

Not here: a rejection of the answer by the user (`explicit_report.py`), a user who leaves after it (`abandonment.py`), a
tool that failed (`tool_error.py`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from eval_pipeline.signals.contract import Batch, Evidence, Mask, Parameters, Signal, Strength, cut
from eval_pipeline.signals.fading import faded
from eval_pipeline.signals.reading.asked_again import asks_the_same
from eval_pipeline.signals.reading.dialogue import Spoken
from eval_pipeline.signals.reading.leaving import PROTESTS
from eval_pipeline.signals.reading.lexicon import Phrases
from eval_pipeline.signals.reading.texts import Texts

KINDS = {
    "refusals": "the assistant declines",
    "inabilities": "the assistant says that it cannot",
    "evasions": "the assistant has no answer",
    "policy_refusals": "the assistant names a rule against it",
}
"""Sections of the lexicon by what their phrases mean, the surest first."""

_QUOTED = re.compile(r'(?<=\S\s)["\u201c][^"\u201c\u201d\n]+["\u201d]|^>.*$|```.*?(?:```|\Z)', re.MULTILINE | re.DOTALL)
_MAY_QUOTE = '["\u201c\u201d`]|(?m:^>)'

_Floats = npt.NDArray[np.float64]


class RefusalParameters(Parameters):
    """Strengths of an answer that is nothing but the refusal, by kind, and the share of it that other marks leave.

    `short_answer`: characters up to which an answer with a refusal in its first `opening` characters is all refusal.
    `at_opening`: share for a long answer that opens with it, or a short one that comes to it later; `within`: for one
    in the middle of a long answer. `way_forward`: something else is offered, or what is missing is asked for.
    `policy_reason`: a rule is named. `undisputed`: strength above which such an answer does not come unless the user
    objects or asks again, as the product is often right. `answer_after`: characters after a "but" from which an evasion
    ("nobody knows, but ...") is the beginning of an answer. `interim`: the assistant went on before the user spoke. `went_on`: other answers
    followed. `accepted`: the user's last word is thanks or consent. `repeated`: of each further refusal in the session, up to
    `most` of them. Below `faintest` it is quiet.
    """

    refusals: Strength = 0.65
    inabilities: Strength = 0.5
    evasions: Strength = 0.4
    policy_refusals: Strength = 0.25
    short_answer: int = Field(default=300, ge=1)
    opening: int = Field(default=100, ge=1)
    at_opening: Strength = 0.7
    within: Strength = 0.35
    way_forward: Strength = 0.6
    policy_reason: Strength = 0.6
    undisputed: Strength = 0.25
    answer_after: int = Field(default=60, ge=1)
    interim: Strength = 0.5
    went_on: Strength = 0.75
    accepted: Strength = 0.6
    repeated: Strength = 0.5
    most: int = Field(default=4, ge=1)
    faintest: float = Field(default=0.08, ge=0, lt=1)


@dataclass(frozen=True)
class _Circumstances:
    """What tells for each answer how much a refusal in it weighs."""

    offers_way: Mask
    names_rule: Mask
    is_interim: Mask
    is_followed: Mask
    is_accepted: Mask
    is_disputed: Mask


@dataclass(frozen=True)
class Refusal(Signal):
    """Fires on answers that refuse, say they cannot, evade or name a rule; weaker where help came with it or later."""

    name: ClassVar[str] = "refusal"
    declared_version: ClassVar[str] = "1"
    sections: ClassVar[tuple[str, ...]] = (
        *KINDS, "not_refusals", "ways_forward", "writing_requests", "praise", "acceptances", "contrasts", "repeats",
        "stop_words", *PROTESTS,
    )  # fmt: skip

    parameters: RefusalParameters

    @property
    def describe(self) -> str:
        """What it looks for, in words."""
        return (
            "The assistant declines, says it cannot, or gives no answer. Strongest where that is the whole answer; "
            "weaker where it names a rule that the user does not dispute, offers another way, went on to help, or the "
            "user thanked or consented in the end."
        )

    def applies(self, batch: Batch) -> tuple[Mask, str]:
        """Say nothing where the assistant said nothing."""
        return batch.sessions_with(batch.has_role("assistant") & batch.dialogue.has_text), "no answer in words"

    def find(self, batch: Batch) -> Sequence[Evidence]:
        """Return the strongest refusal of each answer, fading over the session."""
        assistant = batch.dialogue.assistant
        is_near = self._any_kind.found_in(assistant.texts) & _is_asked(batch)
        said = assistant.where(is_near)
        if not len(said):
            return []
        own_words = self._own_words(said.texts)
        by_kind = self._strengths(own_words, self._asks_for_text(batch, is_near))
        around = self._circumstances(batch, said, own_words, batch.dialogue.is_final_answer[is_near])
        strengths = self._weighed(by_kind.max(axis=0), around, by_kind.argmax(axis=0))
        pieces = self._evidence(said, own_words, by_kind.argmax(axis=0), strengths, around)
        return list(faded(pieces, share=self.parameters.repeated, most=self.parameters.most))

    @cached_property
    def _any_kind(self) -> Phrases:
        return Phrases(tuple(phrase for kind in KINDS for phrase in self.phrases(kind).phrases))

    def _own_words(self, answers: Texts) -> Texts:
        """Return the answers with quotations, code and turns of speech that only look like a refusal blanked out."""
        idioms = self.phrases("not_refusals")
        has_idiom, may_quote = idioms.found_in(answers), answers.matched(_MAY_QUOTE)
        values = answers.values.copy()
        for i in np.flatnonzero(may_quote):
            values[i] = _QUOTED.sub(_blank, values[i])
        for i in np.flatnonzero(has_idiom):
            values[i] = idioms.blanked(values[i])
        return Texts(values)

    def _strengths(self, answers: Texts, asks_for_text: Mask) -> _Floats:
        """Return one row per kind: the strength by where a phrase of that kind stands in each answer, 0 for none.

        In a letter or a story that the user ordered, words after the opening are not the assistant's own.
        """
        chosen, strengths = self.parameters, np.zeros((len(KINDS), len(answers)))
        opening = _openings(answers, chosen.opening)
        is_short = answers.lengths <= chosen.short_answer
        later = np.where(asks_for_text, 0.0, np.where(is_short, chosen.at_opening, chosen.within))
        for row, kind in enumerate(KINDS):
            phrases = self.phrases(kind)
            opens_with = phrases.found_in(opening)
            share = np.where(opens_with, np.where(is_short, 1.0, chosen.at_opening), later)
            strengths[row] = getattr(chosen, kind) * share * (opens_with | phrases.found_in(answers))
        names = list(KINDS)
        # "I couldn't find any" is the more telling reading of "I couldn't".
        strengths[names.index("inabilities"), strengths[names.index("evasions")] > 0] = 0
        evades = np.flatnonzero(strengths[names.index("evasions")] > 0)
        goes_on = [i for i in evades if self._goes_on_to_answer(answers.values[i])]
        strengths[names.index("evasions"), goes_on] = 0
        return strengths

    def _goes_on_to_answer(self, answer: str) -> bool:
        """Return whether an evasion is only how an answer begins: "nobody knows yet, but with so many planets ..."."""
        evasion = self.phrases("evasions").search(answer)
        after = answer[evasion.end() :] if evasion else ""
        turn = self.phrases("contrasts").search(after)
        rest = after[turn.start() :] if turn else ""
        sections = ("refusals", "inabilities", "evasions", "policy_refusals", "ways_forward")
        return len(rest) >= self.parameters.answer_after and not any(
            self.phrases(name).search(rest) for name in sections
        )

    def _asks_for_text(self, batch: Batch, is_near: Mask) -> Mask:
        """Return for each answer whether the user's turn before it asked for something to be written."""
        before = batch.dialogue.user_before[is_near]
        asked = np.where(before >= 0, batch.dialogue.contents[before], "")
        return self.phrases("writing_requests").found_in(Texts(asked))

    def _circumstances(self, batch: Batch, said: Spoken, own_words: Texts, is_final: Mask) -> _Circumstances:
        dialogue = batch.dialogue
        final = dialogue.assistant.where(dialogue.is_final_answer)
        last_answer, last_word = (_last_of_sessions(spoken, len(batch.sessions)) for spoken in (final, dialogue.user))
        return _Circumstances(
            offers_way=self.phrases("ways_forward").found_in(own_words),
            names_rule=self.phrases("policy_refusals").found_in(own_words),
            is_interim=~is_final,
            is_followed=is_final & (last_answer[said.owners] > said.positions),
            is_accepted=self._is_thanks(batch, last_word[said.owners], said.positions),
            is_disputed=self._is_disputed(batch, said),
        )

    def _is_disputed(self, batch: Batch, said: Spoken) -> Mask:
        """Return for each answer whether the user objects to it later, or asks the same again at once."""
        user = batch.dialogue.user
        near = user.where(np.isin(user.owners, said.owners))
        objects = self.phrases("contrasts").found_in(near.texts, at_start=True)
        for section in (*PROTESTS, "repeats"):
            objects |= self.phrases(section).found_in(near.texts)
        last_objection = _last_of_sessions(near.where(objects), len(batch.sessions))
        return (last_objection[said.owners] > said.positions) | self._asks_again(near, said)

    def _asks_again(self, user: Spoken, said: Spoken) -> Mask:
        """Return for each answer whether the user turns before and after it ask the same."""
        after = np.searchsorted(user.positions, said.positions)
        hits = np.zeros(len(said), dtype=bool)
        stop_words = frozenset(self.phrases("stop_words").phrases)
        for k, i in enumerate(after.tolist()):
            if 0 < i < len(user) and user.owners[i - 1] == user.owners[i] == said.owners[k]:
                hits[k] = asks_the_same(user.texts.values[i - 1], user.texts.values[i], stop_words)
        return hits

    def _is_thanks(self, batch: Batch, last_word: npt.NDArray[np.int64], answers: npt.NDArray[np.int64]) -> Mask:
        """Return whether the user's last word comes after the answer and is a kind or consenting one."""
        content = batch.dialogue.contents
        words = Texts(np.where(last_word > answers, content[last_word], ""))
        rejects = self.phrases("complaints").found_in(words) | self.phrases("doubts").found_in(words)
        return (self.phrases("praise").found_in(words) | self.phrases("acceptances").found_in(words)) & ~rejects

    def _weighed(self, strengths: _Floats, around: _Circumstances, kinds: npt.NDArray[np.int64]) -> _Floats:
        """Return the strengths with what surrounds each answer."""
        chosen = self.parameters
        weighed = strengths * self._weights(around, kinds)
        is_often_right = around.names_rule & ~around.is_disputed
        weighed = np.where(is_often_right, np.minimum(weighed, chosen.undisputed), weighed)
        return np.where(around.is_accepted, weighed * chosen.accepted, weighed)

    def _weights(self, around: _Circumstances, kinds: npt.NDArray[np.int64]) -> _Floats:
        chosen = self.parameters
        is_only_rule = kinds == list(KINDS).index("policy_refusals")
        marks = (
            (around.offers_way, chosen.way_forward),
            (around.names_rule & ~is_only_rule, chosen.policy_reason),
            (around.is_interim, chosen.interim),
            (around.is_followed, chosen.went_on),
        )
        return np.asarray(np.prod([np.where(is_so, share, 1.0) for is_so, share in marks], axis=0), dtype=np.float64)

    def _evidence(
        self, said: Spoken, own_words: Texts, kinds: npt.NDArray[np.int64], strengths: _Floats, around: _Circumstances
    ) -> Iterator[Evidence]:
        names = list(KINDS)
        for i in np.flatnonzero(strengths >= max(self.parameters.faintest, 1e-9)):
            kind = names[kinds[i]]
            found = self.phrases(kind).search(own_words.values[i])
            start, words = (found.start(), found.group()) if found else (0, said.texts.values[i])
            clauses = [f"{KINDS[kind]} (“{cut(words)}”)"]
            clauses += ["offers a way on"] if around.offers_way[i] else []
            clauses += ["the user accepts it in the end"] if around.is_accepted[i] else []
            quote = cut(said.texts.values[i], start)
            yield Evidence(int(said.owners[i]), float(strengths[i]), int(said.turn_index[i]), quote, ", ".join(clauses))


def _is_asked(batch: Batch) -> Mask:
    """Return for each assistant turn whether a user spoke before it, or never does: a greeting refuses nothing."""
    has_user = batch.sessions_with(batch.has_role("user"))
    return (batch.dialogue.user_before >= 0) | ~has_user[batch.dialogue.assistant.owners]


def _last_of_sessions(spoken: Spoken, n_sessions: int) -> npt.NDArray[np.int64]:
    """Return for each session the position of the last of these turns in it, or -1."""
    last = np.full(n_sessions, -1, dtype=np.int64)
    np.maximum.at(last, spoken.owners, spoken.positions)
    return last


def _openings(texts: Texts, n_characters: int) -> Texts:
    return Texts(np.array([text[:n_characters] for text in texts], dtype=object))


def _blank(match: re.Match[str]) -> str:
    return " " * (match.end() - match.start())
