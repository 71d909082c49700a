"""Signal: the user asks for the same thing again. The words changed, the ask did not, so the answer was no help.

Not here: a correction of what was understood, or annoyance about it (signals of their own).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from eval_pipeline.signals.contract import Batch, Evidence, Mask, Parameters, Signal, Strength, combined_strength, cut
from eval_pipeline.signals.reading.similarity import Wording, by_letters, repeats_words, similarity
from eval_pipeline.signals.reading.texts import QUESTION_MARK

LONGEST_FRAGMENT = 120
"""Characters of a turn that may be a fragment of an earlier one."""

_IS_BRIEF = 3
"""A repeated turn of fewer words (yes, no, ok thanks) asks for nothing."""


class RephrasingParameters(Parameters):
    """What counts as the same request again.

    `window`: how many user turns back. `threshold`: similarity from which it fires, at `at_threshold`, rising to
    `at_identity` at 1. `slow_gap`: time between the two after which the strength has fallen to `slow_share`; with no
    usable times half that fall is taken. `said_again`: added (noisy-or) when the user says himself that he repeats.
    `fragment`: strength where a turn of at most `fragment_words` has only words of the user's earlier turn, at least
    `min_shared` that carry a topic, or one with "I said"; `fragment_ask` where it has the form of a request as well.
    """

    window: int = Field(default=3, ge=1, le=10)
    threshold: float = Field(default=0.5, gt=0, lt=1)
    min_shared: int = Field(default=2, ge=1)
    at_threshold: Strength = 0.4
    at_identity: Strength = 0.85
    slow_gap: timedelta = Field(default=timedelta(hours=1), gt=timedelta(0))
    slow_share: Strength = 0.6
    said_again: float = Field(default=0.3, ge=0, lt=1)
    fragment_words: int = Field(default=10, ge=1, le=30)
    fragment: Strength = 0.35
    fragment_ask: Strength = 0.45

    @model_validator(mode="after")
    def _strength_rises(self) -> "RephrasingParameters":
        if self.at_identity < self.at_threshold:
            raise ValueError("at_identity must not be below at_threshold")
        return self

    def strength(self, similar: float, gap_s: float | None, is_said: bool) -> float:
        """Return the strength of one repetition: grows with similarity, falls with the gap in seconds."""
        if similar < self.threshold:
            return 0.0
        rise = (similar - self.threshold) / (1 - self.threshold)
        base = self.at_threshold + (self.at_identity - self.at_threshold) * rise
        slow = 0.5 if gap_s is None else min(1.0, gap_s / self.slow_gap.total_seconds())
        timed = base * (1 - (1 - self.slow_share) * slow)
        return combined_strength([timed, self.said_again]) if is_said else timed


class _Asks(NamedTuple):
    """The user turns of a batch, one array each: what decides whether one may repeat another."""

    positions: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]
    is_ask: Mask
    may_be_fragment: Mask
    insists: Mask
    says_again: Mask
    was_asked: Mask
    previous_answer: npt.NDArray[np.int64]
    seconds: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rephrasing(Signal):
    """Fires on a request that is similar to one of the user's last few, with an answer in between."""

    name: ClassVar[str] = "rephrasing"
    declared_version: ClassVar[str] = "2"
    sections: ClassVar[tuple[str, ...]] = (
        "requests", "repeats", "repeats_of_a_word", "acknowledgements", "thanks", "stop_words",
    )  # fmt: skip

    parameters: RephrasingParameters

    @property
    def describe(self) -> str:
        """What it looks for, in words."""
        return (
            f"The user asks for the same thing again within {self.parameters.window} turns "
            f"(similarity {self.parameters.threshold:g} or more), though the assistant had answered."
        )

    def applies(self, batch: Batch) -> tuple[Mask, str]:
        """Say nothing of sessions with fewer than two user turns."""
        n_user_turns = np.bincount(batch.dialogue.user.owners, minlength=len(batch.sessions))
        return n_user_turns >= 2, "fewer than two user turns"

    def find(self, batch: Batch) -> Sequence[Evidence]:
        """Return each request that repeats an earlier one, by the one that it repeats most closely."""
        asks = self._asks(batch)
        content = batch.dialogue.contents
        turn_index = batch.turns["turn_index"].to_numpy()
        return [
            Evidence(
                session=int(asks.owners[later]),
                strength=strength,
                turn_index=int(turn_index[asks.positions[later]]),
                quote=cut(content[asks.positions[later]]),
                reason=f"asks again what turn {turn_index[asks.positions[earlier]]} asked (similarity {similar:.2f})",
            )
            for later, earlier, similar, strength in self._closest(asks, content)
        ]

    def _asks(self, batch: Batch) -> _Asks:
        dialogue = batch.dialogue
        user, answer = dialogue.user, dialogue.answer_before
        has_mark = user.texts.matched(QUESTION_MARK)
        says_again = self.phrases("repeats").found_in(user.texts)
        asks_back = np.zeros(len(batch.turns), dtype=bool)
        asks_back[dialogue.assistant.positions] = dialogue.assistant.texts.matched(QUESTION_MARK)
        asked_back = asks_back[answer] & (answer >= 0)
        # "Yes, ..." after a question answers it; "Thanks, ..." with a question of its own may still ask.
        is_acknowledging = self.phrases("acknowledgements").found_in(user.texts, at_start=True)
        is_nod = is_acknowledging & (~has_mark | asked_back)
        is_ask = (has_mark | says_again | self.phrases("requests").found_in(user.texts)) & ~is_nod
        seconds = dialogue.seconds[user.positions]
        insists = says_again | self.phrases("repeats_of_a_word").found_in(user.texts)
        is_short = user.texts.lengths <= LONGEST_FRAGMENT
        may_be_fragment = is_short & ~asked_back & ~is_acknowledging & ~self.phrases("thanks").found_in(user.texts)
        return _Asks(
            user.positions, user.owners, is_ask, may_be_fragment, insists, says_again, asked_back, answer, seconds
        )

    def _closest(self, asks: _Asks, content: npt.NDArray[Any]) -> Iterator[tuple[int, int, float, float]]:
        """Yield (later, earlier, similarity, strength) for each request that repeats one, numbered among user turns."""
        stop_words = frozenset(self.phrases("stop_words").phrases)
        wordings: dict[int, Wording] = {}
        best: dict[int, tuple[float, float, int]] = {}
        for later, earlier in _pairs(asks, self.parameters.window):
            for i in (later, earlier):
                if i not in wordings:
                    wordings[i] = Wording.of(content[asks.positions[i]], stop_words)
            found = self._compared(asks, later, earlier, wordings[later], wordings[earlier])
            best[later] = max(best.get(later, (0.0, 0.0, -1)), (*found, earlier))
        yield from (
            (later, earlier, similar, strength) for later, (strength, similar, earlier) in best.items() if strength > 0
        )

    def _compared(
        self, asks: _Asks, later: int, earlier: int, said: Wording, said_before: Wording
    ) -> tuple[float, float]:
        """Return the strength with which one turn repeats another, and their similarity."""
        is_pair = asks.is_ask[later] and asks.is_ask[earlier]
        similar = self._sameness(said_before, said, bool(asks.was_asked[later])) if is_pair else 0.0
        gap = asks.seconds[later] - asks.seconds[earlier]
        strength = self.parameters.strength(similar, float(gap) if gap >= 0 else None, bool(asks.says_again[later]))
        if strength == 0 and asks.may_be_fragment[later] and self._is_fragment(asks, later, said_before, said):
            is_ask = bool(asks.is_ask[later])
            return self.parameters.fragment_ask if is_ask else self.parameters.fragment, similarity(
                said_before, said, 1
            )
        return strength, similar

    def _is_fragment(self, asks: _Asks, later: int, earlier: Wording, said: Wording) -> bool:
        """Return whether a short turn has only words of an earlier one: "three bullets please"."""
        least = 1 if asks.insists[later] else self.parameters.min_shared
        return (
            len(said.words) <= self.parameters.fragment_words
            and len(said.stems) >= least
            and repeats_words(earlier, said)
            and said.numbers <= earlier.numbers
        )

    def _sameness(self, earlier: Wording, later: Wording, was_asked: bool) -> float:
        if was_asked and later.numbers - earlier.numbers:
            return 0.0  # The assistant asked something back, and this gives it.
        if earlier.words == later.words:
            return 1.0 if len(later.words) >= _IS_BRIEF else 0.0
        similar = similarity(earlier, later, self.parameters.min_shared)
        if len(later.stems - earlier.stems) > len(later.stems & earlier.stems):  # Mostly new, unless it is misspelt.
            return by_letters(earlier, later) if similar > 0 else 0.0
        return similar


def _pairs(asks: _Asks, window: int) -> Iterator[tuple[int, int]]:
    """Yield (later, earlier) for requests of one session at most `window` user turns apart, with an answer between."""
    for lag in range(1, window + 1):
        later = np.arange(lag, len(asks.positions))
        earlier = later - lag
        is_pair = (
            (asks.owners[later] == asks.owners[earlier])
            & ((asks.is_ask[later] & asks.is_ask[earlier]) | asks.may_be_fragment[later])
            & (asks.previous_answer[later] > asks.positions[earlier])
        )
        yield from zip(later[is_pair].tolist(), earlier[is_pair].tolist(), strict=True)
