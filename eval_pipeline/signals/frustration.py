"""Signal: the user is angry or at the end of his patience, by words or by form.

Not here: asking for a person (`handover.py`), a report that the product failed (`explicit_report.py`), giving up
(`abandonment.py`).
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
from eval_pipeline.signals.reading.reactions import Kindness, Reactions
from eval_pipeline.signals.reading.texts import Positions

_STRONG_MARKS = re.compile("[?\uff1f\u061f]{3,}|[!\uff01]+[?\uff1f\u061f]|[?\uff1f\u061f]+[!\uff01]")
_WEAK_MARKS = re.compile("[!\uff01]{2,}|[?\uff1f\u061f]{2}")
_HAS_MARKS = r"[?!\x{ff1f}\x{ff01}\x{061f}]{2}"
_CAPITALS = r"\p{Lu}{2,}"
_CODE = re.compile(r"[{}()\[\];=<>\\/#@_|`]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_BARE_WORD = re.compile(r"[^\W_][\w']*")
_LOWER = r"\b[a-z][a-z']+"
_CLAUSE_END = re.compile(r"[.,;:!?\n]")

_LONGEST_ECHO = 8
"""Words of an exclamation that can repeat an answer, of which so many characters are read."""
_LONGEST_ANSWER = 2000

_FEWEST_CAPITALS = 3
"""Words in capitals from which a turn can be shouted; an abbreviation or two is not."""
_PLAIN_SENTENCE = 5
"""Words in capitals that are a sentence even where none of them is a known word of a sentence ("the", "not")."""
_SHOUTED_SHARE = 0.7
_CALM_LETTERS = 8
"""Letters of a turn from which it shows how the user writes when he does not shout."""


class FrustrationParameters(Parameters):
    """Strengths by what was seen, and what changes them.

    `late`: added (noisy-or) from the third user turn on. `at_opening`: share left before the first answer, where the
    anger is about the problem that he comes with. `about_others`: share left of angry words about somebody else.
    `surprise`: share left of marks after words of the answer. `made_good`: share left when a later turn of his is kind.
    """

    insults: Strength = 0.65
    exasperation: Strength = 0.6
    weariness: Strength = 0.55
    threats: Strength = 0.55
    strong_oaths: Strength = 0.45
    mild_oaths: Strength = 0.25
    sighs: Strength = 0.3
    resignations: Strength = 0.25
    escalations: Strength = 0.5
    cancellations: Strength = 0.25
    shouting: Strength = 0.35
    marks: Strength = 0.3
    late: float = Field(default=0.1, ge=0, lt=1)
    surprise: Strength = 0.5
    at_opening: Strength = 0.2
    about_others: Strength = 0.3
    made_good: Strength = 0.75


class _Sign(NamedTuple):
    """One sign of anger in a turn. `start`: where it stands."""

    strength: float
    start: int
    reason: str


_IN_WORDS = (
    ("insults", "insults the assistant"),
    ("exasperation", "is at the end of his patience"),
    ("weariness", "is tired of saying it again"),
    ("threats", "threatens to leave"),
)
_OATHS = ("strong_oaths", "mild_oaths")
_PARTINGS = (("escalations", "will turn elsewhere"), ("cancellations", "threatens to leave"))


@dataclass(frozen=True)
class Frustration(Signal):
    """Fires on a user turn with angry words, shouting, or insistent punctuation, unless it is said in joy."""

    name: ClassVar[str] = "frustration"
    declared_version: ClassVar[str] = "1"
    sections: ClassVar[tuple[str, ...]] = (
        *Kindness.SECTIONS, *Material.SECTIONS, *(section for section, _ in (*_IN_WORDS, *_PARTINGS)), *_OATHS,
        "harmless_oaths", "sighs", "resignations", "joys", "complaints", "doubts",
        "misreadings", "stop_words",
    )  # fmt: skip

    parameters: FrustrationParameters

    @property
    def describe(self) -> str:
        """What it looks for, in words."""
        return (
            "The user is angry or at the end of his patience: insults, oaths, sighs, threats to leave or to complain, "
            "having to say it again, shouting in capitals, repeated question marks; weaker before the first answer and "
            "about others, quiet in quoted or ordered text and in laughter."
        )

    def applies(self, batch: Batch) -> tuple[Mask, str]:
        """Say nothing of sessions in which the user says nothing."""
        return batch.sessions_with(batch.has_role("user") & batch.dialogue.has_text), "no user turn"

    def find(self, batch: Batch) -> Sequence[Evidence]:
        """Return one piece for each turn that shows anger."""
        return list(_Anger(self, batch).evidence())


@dataclass(frozen=True)
class _Anger:
    """The search in one batch. Bulk searches choose the turns; each chosen one is then read on its own."""

    signal: Frustration
    batch: Batch

    @cached_property
    def reactions(self) -> Reactions:
        return self.batch.reactions

    @cached_property
    def kindness(self) -> Kindness:
        return Kindness.of(self.signal.lexicon)

    def evidence(self) -> Iterator[Evidence]:
        said, contents = self.reactions.said, self.batch.dialogue.user.texts.values
        for i in np.flatnonzero(self._is_near).tolist():
            if self._is_handed_in(i):
                continue
            signs = sorted(self._signs(i), key=lambda sign: (-sign.strength, sign.start))
            if not signs:
                continue
            strength = self._weighed(i, [sign.strength for sign in signs])
            quote = cut(contents[i], signs[0].start)
            yield Evidence(int(said.owners[i]), strength, int(said.turn_index[i]), quote, signs[0].reason)

    def _is_handed_in(self, i: int) -> bool:
        """Return whether the turn is the text that the assistant asked for, to work on."""
        was_asked = self.reactions.was_asked[i] and self.reactions.number[i] > 0
        return bool(was_asked) and self._material.orders(self.reactions.said.texts.values[i - 1])

    def _weighed(self, i: int, strengths: list[float]) -> float:
        parameters = self.signal.parameters
        late = [parameters.late] if self.reactions.number[i] >= 2 else []
        strength = combined_strength([*strengths, *late])
        strength *= 1.0 if self.reactions.has_heard[i] else parameters.at_opening
        return strength * (parameters.made_good if self._is_made_good[i] else 1.0)

    @cached_property
    def _is_made_good(self) -> Mask:
        return self.reactions.is_made_good(self._is_near, self.kindness)

    @cached_property
    def _is_near(self) -> Mask:
        originals = self.reactions.originals
        n_capitals = originals.counted(_CAPITALS)
        # Order codes and pseudonyms in an ordinary sentence are no shouting.
        may_shout = (n_capitals >= _FEWEST_CAPITALS) & (n_capitals > originals.counted(_LOWER))
        in_form = originals.matched(_HAS_MARKS) | may_shout
        in_words: Mask = np.any(list(self._hits.values()), axis=0)
        return in_form | in_words

    @cached_property
    def _hits(self) -> dict[str, Mask]:
        """For each section of angry words, the turns in which one of them stands."""
        sections = (*(section for section, _ in (*_IN_WORDS, *_PARTINGS)), *_OATHS, "sighs", "resignations")
        return {section: self.signal.phrases(section).found_in(self.reactions.said.texts) for section in sections}

    def _search(self, section: str, i: int, text: str) -> re.Match[str] | None:
        return self.signal.phrases(section).search(text) if self._hits[section][i] else None

    def _signs(self, i: int) -> Iterator[_Sign]:
        said = self.reactions.said.texts.values[i]
        original = self._material.blanked(self.reactions.originals.values[i])
        text = "".join(" " if own == " " else letter for own, letter in zip(original, said, strict=True))
        if self.kindness.has_plain(self.signal.phrases("joys"), said) and not self._objects(text):
            return
        yield from self._in_words(i, text)
        if not self.kindness.is_kind(text):
            yield from self._in_oaths(i, text)
            yield from self._in_form(i, text, original)

    @cached_property
    def _material(self) -> Material:
        return Material(self.signal.lexicon)

    def _in_words(self, i: int, text: str) -> Iterator[_Sign]:
        for section, what in _IN_WORDS:
            words = self._search(section, i, text)
            if words is not None and not self.kindness.is_negated(text, words.start()):
                strength = getattr(self.signal.parameters, section) * self._share_of_subject(i, words)
                yield _Sign(strength, words.start(), f"the user {what}: “{self.reactions.quoted(i, words)}”")
        for section, what in _PARTINGS if self.reactions.has_heard[i] else ():
            words = self._search(section, i, text)
            if words is not None and not self._came_for(section, i):
                reason = f"the user {what}: “{self.reactions.quoted(i, words)}”"
                yield _Sign(getattr(self.signal.parameters, section), words.start(), reason)
        if self.reactions.has_heard[i] and self._only_resigns(i, text):
            yield _Sign(self.signal.parameters.resignations, 0, f"the user resigns: “{text.strip()}”")

    def _share_of_subject(self, i: int, words: re.Match[str]) -> float:
        """Return the share left to angry words: less where the sentence up to them speaks of others, and to nobody."""
        is_of_others = self._material.is_about_others(self.reactions.originals.values[i], words.end())
        return self.signal.parameters.about_others if is_of_others else 1.0

    def _came_for(self, section: str, i: int) -> bool:
        """Return whether a parting answers a question, or is what the user came for."""
        first = self.reactions.said.texts.values[i - int(self.reactions.number[i])]
        return bool(self.reactions.was_asked[i]) or self.signal.phrases(section).search(first) is not None

    def _only_resigns(self, i: int, text: str) -> bool:
        """Return whether the turn is nothing but a word of resignation; it may answer a question ("whatever")."""
        if not self._hits["resignations"][i] or self.reactions.was_asked[i]:
            return False
        bare = " ".join(_BARE_WORD.findall(text.lower().replace("\u2019", "'")))
        return bare in self.signal.phrases("resignations").phrases

    def _in_oaths(self, i: int, text: str) -> Iterator[_Sign]:
        swearing = self.signal.phrases("harmless_oaths").blanked(text)
        for section in _OATHS:
            words = self._search(section, i, swearing)
            if words is not None:
                reason = f"the user swears: “{self.reactions.quoted(i, words)}”"
                yield _Sign(getattr(self.signal.parameters, section), words.start(), reason)
                return
        words = self._search("sighs", i, text)
        if words is not None:
            reason = f"the user sighs: “{self.reactions.quoted(i, words)}”"
            yield _Sign(self.signal.parameters.sighs, words.start(), reason)

    def _in_form(self, i: int, text: str, original: str) -> Iterator[_Sign]:
        parameters = self.signal.parameters
        is_shouted = self._is_shouted(original) and self._writes_calmly_elsewhere(i)
        if is_shouted:
            yield _Sign(parameters.shouting, 0, "the user shouts (capitals)")
        marks = _STRONG_MARKS.search(original)
        if marks is None and (is_shouted or self._objects(text)):
            marks = _WEAK_MARKS.search(original)
        if marks is not None:
            strength = parameters.marks * (parameters.surprise if self._echoes_answer(i, original, marks) else 1.0)
            yield _Sign(strength, marks.start(), f"the user insists: “{marks.group()[:10]}”")

    def _echoes_answer(self, i: int, original: str, marks: re.Match[str]) -> bool:
        """Return whether the few words before the marks stood in the answer: the user marvels at what he is told."""
        words = _WORD.findall(_CLAUSE_END.split(original[: marks.start()])[-1].lower())
        if not 2 <= len(words) <= _LONGEST_ECHO or self.reactions.answers[i] < 0:
            return False
        answer = str(self.batch.dialogue.contents[self.reactions.answers[i]])[:_LONGEST_ANSWER].lower()
        return set(words) <= set(_WORD.findall(answer))

    def _objects(self, text: str) -> bool:
        sections = ("complaints", "doubts", "misreadings")
        return any(self.signal.phrases(section).search(text) is not None for section in sections)

    def _is_shouted(self, text: str) -> bool:
        """Return whether `text` is a sentence in capitals: not code, not a list of abbreviations or order codes."""
        words = _WORD.findall(text)
        capitals = [word for word in words if word.isupper()]
        if len(capitals) < max(_FEWEST_CAPITALS, _SHOUTED_SHARE * len(words)) or len(_CODE.findall(text)) > 2:
            return False
        return len(capitals) >= _PLAIN_SENTENCE or any(word.lower() in self._common_words for word in capitals)

    @cached_property
    def _common_words(self) -> frozenset[str]:
        return frozenset(self.signal.phrases("stop_words").phrases)

    def _writes_calmly_elsewhere(self, i: int) -> bool:
        """Return whether another turn of the session has small letters; who always writes in capitals says nothing."""
        return bool(self._n_calm[self.reactions.said.owners[i]] > 0)

    @cached_property
    def _n_calm(self) -> Positions:
        said, originals = self.reactions.said, self.reactions.originals
        is_calm = originals.counted(r"\p{Ll}") >= _CALM_LETTERS
        return np.bincount(said.owners[is_calm], minlength=len(self.batch.sessions))
