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
from eval_pipeline.signals.reactions import Kindness, Reactions
from eval_pipeline.signals.texts import Positions

_STRONG_MARKS = re.compile("[?\uff1f\u061f]{3,}|[!\uff01]+[?\uff1f\u061f]|[?\uff1f\u061f]+[!\uff01]")
_WEAK_MARKS = re.compile("[!\uff01]{2,}|[?\uff1f\u061f]{2}")
_HAS_MARKS = r"[?!\x{ff1f}\x{ff01}\x{061f}]{2}"
_CAPITALS = r"\p{Lu}{2,}"
_CODE = re.compile(r"[{}()\[\];=<>\\/#@_|`]")
_WORD = re.compile(r"[^\W\d_]{2,}")

_FEWEST_CAPITALS = 3
"""Words in capitals from which a turn can be shouted; an abbreviation or two is not."""
_PLAIN_SENTENCE = 5
"""Words in capitals that are a sentence even where none of them is a known word of a sentence ("the", "not")."""
_SHOUTED_SHARE = 0.7
_CALM_LETTERS = 8
"""Letters of a turn from which it shows how the user writes when he does not shout."""


class FrustrationParameters(Parameters):
    """Strengths by what was seen, and what changes them.

    `late`: added (noisy-or) from the third user turn on. `at_opening`: share left in the first user turn, where the
    anger is about the problem that he comes with. `made_good`: share left when a later turn of his is kind.
    """

    insults: Strength = 0.65
    exasperation: Strength = 0.6
    weariness: Strength = 0.55
    threats: Strength = 0.55
    strong_oaths: Strength = 0.45
    mild_oaths: Strength = 0.25
    sighs: Strength = 0.3
    cancellations: Strength = 0.25
    shouting: Strength = 0.35
    marks: Strength = 0.3
    late: float = Field(default=0.1, ge=0, lt=1)
    at_opening: Strength = 0.4
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


@dataclass(frozen=True)
class Frustration(Signal):
    """Fires on a user turn with angry words, shouting, or insistent punctuation, unless it is said in joy."""

    name: ClassVar[str] = "frustration"
    declared_version: ClassVar[str] = "1"
    sections: ClassVar[tuple[str, ...]] = (
        *Kindness.SECTIONS, *(section for section, _ in _IN_WORDS), *_OATHS, "harmless_oaths", "sighs", "cancellations",
        "complaints", "doubts", "misreadings", "stop_words",
    )  # fmt: skip

    parameters: FrustrationParameters

    @property
    def describe(self) -> str:
        """What it looks for, in words."""
        return (
            "The user is angry or at the end of his patience: insults, oaths, sighs, threats to leave, having to say it "
            "again, shouting in capitals, repeated question marks; weaker in the first turn."
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
            signs = sorted(self._signs(i), key=lambda sign: (-sign.strength, sign.start))
            if not signs:
                continue
            strength = self._weighed(i, [sign.strength for sign in signs])
            quote = cut(contents[i], signs[0].start)
            yield Evidence(int(said.owners[i]), strength, int(said.turn_index[i]), quote, signs[0].reason)

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
        in_form = originals.matched(_HAS_MARKS) | (originals.counted(_CAPITALS) >= _FEWEST_CAPITALS)
        in_words: Mask = np.any(list(self._hits.values()), axis=0)
        return in_form | in_words

    @cached_property
    def _hits(self) -> dict[str, Mask]:
        """For each section of angry words, the turns in which one of them stands."""
        sections = (*(section for section, _ in _IN_WORDS), *_OATHS, "sighs", "cancellations")
        return {section: self.signal.phrases(section).found_in(self.reactions.said.texts) for section in sections}

    def _search(self, section: str, i: int, text: str) -> re.Match[str] | None:
        return self.signal.phrases(section).search(text) if self._hits[section][i] else None

    def _signs(self, i: int) -> Iterator[_Sign]:
        text = self.reactions.said.texts.values[i]
        yield from self._in_words(i, text)
        if not self.kindness.is_kind(text):
            yield from self._in_oaths(i, text)
            yield from self._in_form(i, text)

    def _in_words(self, i: int, text: str) -> Iterator[_Sign]:
        for section, what in _IN_WORDS:
            words = self._search(section, i, text)
            if words is not None and not self.kindness.is_negated(text, words.start()):
                strength = getattr(self.signal.parameters, section)
                yield _Sign(strength, words.start(), f"the user {what}: “{self.reactions.quoted(i, words)}”")
        words = self._search("cancellations", i, text)
        if words is not None and self.reactions.has_heard[i] and not self._is_plain_cancellation(i):
            reason = f"the user threatens to leave: “{self.reactions.quoted(i, words)}”"
            yield _Sign(self.signal.parameters.cancellations, words.start(), reason)

    def _is_plain_cancellation(self, i: int) -> bool:
        """Return whether it answers a question, or is what the user came for."""
        first = self.reactions.said.texts.values[i - int(self.reactions.number[i])]
        return bool(self.reactions.was_asked[i]) or self.signal.phrases("cancellations").search(first) is not None

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

    def _in_form(self, i: int, text: str) -> Iterator[_Sign]:
        parameters, original = self.signal.parameters, self.reactions.originals.values[i]
        is_shouted = self._is_shouted(original) and self._writes_calmly_elsewhere(i)
        if is_shouted:
            yield _Sign(parameters.shouting, 0, "the user shouts (capitals)")
        marks = _STRONG_MARKS.search(original)
        if marks is None and (is_shouted or self._objects(text)):
            marks = _WEAK_MARKS.search(original)
        if marks is not None:
            yield _Sign(parameters.marks, marks.start(), f"the user insists: “{marks.group()[:10]}”")

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
