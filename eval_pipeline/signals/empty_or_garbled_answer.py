"""Signal: an answer is empty, or is nothing that a person could use: garbled, stuck, an echo, or inner workings.

The kinds are in `answer_flaws.py` (a text by itself) and `answer_repeats.py` (against what was said before). Not here:
an answer that is cut off (`partial_completion.py`), and no turn of the assistant at all (`abandonment.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import Field

from eval_pipeline.signals.contract import Batch, Evidence, Mask, Parameters, Signal, Strength, cut
from eval_pipeline.signals.fading import faded
from eval_pipeline.signals.reading.answer_flaws import AnswerFlaws, Flaw
from eval_pipeline.signals.reading.answer_repeats import AnswerRepeats
from eval_pipeline.signals.reading.exchanges import Exchanges


class EmptyOrGarbledAnswerParameters(Parameters):
    """Strengths by kind; what each means stands beside it in `catalog/signals.yaml`.

    `went_on`: share left when another answer came later in the session. `repeated`: share by which each further piece
    of a session weighs less, up to `most` of them.
    """

    empty: Strength = 0.8
    placeholder: Strength = 0.75
    unfilled: Strength = 0.55
    broken_letter: Strength = 0.2
    broken_text: Strength = 0.7
    special_token: Strength = 0.6
    raw_call: Strength = 0.65
    notes_to_itself: Strength = 0.6
    stack_trace: Strength = 0.5
    stutter: Strength = 0.5
    stuck_words: Strength = 0.8
    long_word: Strength = 0.35
    closed_up: Strength = 0.7
    echo: Strength = 0.6
    said_before: Strength = 0.4
    said_again: Strength = 0.65
    other_script: Strength = 0.5
    went_on: Strength = 0.75
    repeated: Strength = 0.5
    most: int = Field(default=4, ge=1)

    def of_kind(self, kind: str) -> float:
        """Return the strength of a kind of flaw."""
        return float(getattr(self, kind))


@dataclass(frozen=True)
class EmptyOrGarbledAnswer(Signal):
    """Fires on an answer that is blank, a placeholder, garbled, or repeats itself, the user, or an earlier answer."""

    name: ClassVar[str] = "empty_or_garbled_answer"
    declared_version: ClassVar[str] = "1"
    sections: ClassVar[tuple[str, ...]] = (*AnswerFlaws.SECTIONS, *AnswerRepeats.SECTIONS)

    parameters: EmptyOrGarbledAnswerParameters

    @property
    def describe(self) -> str:
        """What it looks for, in words."""
        return (
            "An answer is blank, a placeholder, an unfilled template, broken text, words without spaces or again and "
            "again, a leak of tool calls or of errors, in another script, an echo, or an earlier answer over again."
        )

    def applies(self, batch: Batch) -> tuple[Mask, str]:
        """Say nothing where the assistant took no turn."""
        return batch.sessions_with(batch.has_role("assistant")), "no turn of the assistant"

    def find(self, batch: Batch) -> Sequence[Evidence]:
        """Return each blank answer and the strongest flaw of each other answer, fading over the session."""
        exchanges = Exchanges.of(batch)
        pieces = [*self._blank(exchanges), *self._flawed(exchanges)]
        return list(faded(pieces, share=self.parameters.repeated, most=self.parameters.most))

    def _blank(self, exchanges: Exchanges) -> Iterator[Evidence]:
        turn_index = exchanges.batch.turns["turn_index"].to_numpy(dtype=np.int64)
        for position in exchanges.blank_answers.tolist():
            strength = self.parameters.empty * self._weight(exchanges.is_answered_after(position))
            session = int(exchanges.batch.owner[position])
            yield Evidence(session, strength, int(turn_index[position]), None, "the answer is empty")

    def _flawed(self, exchanges: Exchanges) -> Iterator[Evidence]:
        answers = exchanges.answers
        for i, flaw in self._strongest(exchanges).items():
            strength = self.parameters.of_kind(flaw.kind) * self._weight(bool(exchanges.is_followed[i]))
            quote = cut(answers.texts.values[i], flaw.start)
            yield Evidence(int(answers.owners[i]), strength, int(answers.turn_index[i]), quote, flaw.reason)

    def _weight(self, is_followed: bool) -> float:
        return self.parameters.went_on if is_followed else 1.0

    def _strongest(self, exchanges: Exchanges) -> dict[int, Flaw]:
        """Return the strongest flaw of each answer that has one, the first among equals."""
        strongest: dict[int, Flaw] = {}
        for checks in (AnswerFlaws(self.lexicon, exchanges), AnswerRepeats(self.lexicon, exchanges)):
            for flaw in checks.all():
                known = strongest.get(flaw.answer)
                if known is None or self.parameters.of_kind(flaw.kind) > self.parameters.of_kind(known.kind):
                    strongest[flaw.answer] = flaw
        return strongest
