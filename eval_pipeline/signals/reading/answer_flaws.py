"""What is wrong with the final answers of a batch: one check for each kind of flaw, all of them in bulk first.

Not here: blank answers (`exchanges.py`), the forms themselves (`garbled_text.py`), what becomes of several flaws
(`empty_or_garbled_answer.py`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from eval_pipeline.signals.contract import cut
from eval_pipeline.signals.reading.exchanges import Exchanges
from eval_pipeline.signals.reading.garbled_text import (
    CONTROLS,
    LONG_RUN,
    MOJIBAKE,
    PLACEHOLDER,
    RAW_CALL,
    REASONING_AND_ACTION,
    SPECIAL_TOKENS,
    STACK_TRACE,
    UNFILLED,
    is_closed_up,
    is_placeholder,
    prose_of,
    run_of_letters,
    without_code,
)
from eval_pipeline.signals.reading.lexicon import Phrases
from eval_pipeline.signals.reading.recurrence import Recurrence, recurrences
from eval_pipeline.signals.reading.texts import Mask, Positions, Texts

_FEWEST_OF_A_FORM = 3
"""From so many answers on, a form that most of them have is how the session was written down, not a leak."""


_SHORT = 80
"""Characters of a text or a run of letters that is over in a line."""


class Flaw(NamedTuple):
    """What is wrong with an answer (by number), of which kind, why, and where in the answer that stands."""

    answer: int
    kind: str
    reason: str
    start: int = 0


@dataclass(frozen=True)
class AnswerFlaws:
    """The checks of a text by itself, over the final answers of a batch. A kind is a name of a strength."""

    SECTIONS: ClassVar[tuple[str, ...]] = (
        "technical_talk", "repetition_requests", "writing_requests", "emphatic_words", "never_doubled",
    )  # fmt: skip

    lexicon: Mapping[str, Phrases]
    exchanges: Exchanges

    def all(self) -> Iterator[Flaw]:
        """Yield the flaws of every kind; an answer can have several."""
        yield from self._placeholders()
        yield from self._unfilled()
        yield from self._broken(MOJIBAKE, "broken letters")
        yield from self._broken(CONTROLS, "control characters")
        yield from self._special_tokens()
        yield from self._of_form(RAW_CALL, "raw_call", "shows the user a raw tool call")
        yield from self._of_form(REASONING_AND_ACTION, "notes_to_itself", "shows the user its notes to itself")
        yield from self._stack_traces()
        yield from self._stutters()
        yield from self._runs()

    @property
    def _texts(self) -> Texts:
        return self.exchanges.answers.texts

    def _near(self, pattern: str) -> Positions:
        return np.flatnonzero(self._texts.matched(pattern))

    def _is_technical(self, near: Positions) -> Mask:
        return self.exchanges.talks_of(self.lexicon["technical_talk"], near)

    def _placeholders(self) -> Iterator[Flaw]:
        for i in self._near(PLACEHOLDER):
            if is_placeholder(self._texts.values[i]):
                said = self._texts.values[i].strip()
                yield Flaw(int(i), "placeholder", f"the answer is only “{cut(said)}”")

    def _unfilled(self) -> Iterator[Flaw]:
        """Yield templates with a field left open, unless texts or programs are what the user came for."""
        near = self._near(UNFILLED)
        near = near[~self._is_technical(near)]
        near = near[~self.exchanges.asks_for(self.lexicon["writing_requests"], near)]
        for i, found in self._outside_code(near, re.compile(UNFILLED, re.IGNORECASE)):
            yield Flaw(i, "unfilled", f"a template was left unfilled (“{found.group()}”)", found.start())

    def _special_tokens(self) -> Iterator[Flaw]:
        for i, found in self._outside_code(self._near(SPECIAL_TOKENS), re.compile(SPECIAL_TOKENS, re.IGNORECASE)):
            yield Flaw(i, "special_token", f"shows the user inner marks (“{found.group()}”)", found.start())

    def _outside_code(self, near: Positions, pattern: re.Pattern[str]) -> Iterator[tuple[int, re.Match[str]]]:
        """Yield what `pattern` finds first in each answer outside code, where the user did not write it himself."""
        for i, request in zip(near.tolist(), self.exchanges.requests_of(near), strict=True):
            found = pattern.search(without_code(self._texts.values[i]))
            if found and found.group() not in request:
                yield i, found

    def _broken(self, pattern: str, what: str) -> Iterator[Flaw]:
        """Yield texts with letters of no text: one is a slip, several spoil it."""
        near = self._near(pattern)
        counts = Texts(self._texts.values[near]).counted(pattern)  # in the right case, other than the search above
        for i, count in zip(near[counts > 0].tolist(), counts[counts > 0].tolist(), strict=True):
            is_spoilt = count >= 3 or (count == 2 and len(self._texts.values[i]) < _SHORT)
            yield Flaw(i, "broken_text" if is_spoilt else "broken_letter", f"the answer has {what} ({count})")

    def _of_form(self, pattern: str, kind: str, reason: str) -> Iterator[Flaw]:
        """Yield leaks in a form that a session can also be written down in: then most of its answers have it."""
        near = self._near(pattern)
        owners, n_sessions = self.exchanges.answers.owners, len(self.exchanges.batch.sessions)
        n_of_form, n_answers = (
            np.bincount(owners[near], minlength=n_sessions),
            np.bincount(owners, minlength=n_sessions),
        )
        is_usual = (n_of_form >= _FEWEST_OF_A_FORM) & (2 * n_of_form > n_answers)
        near = near[~is_usual[owners[near]]]
        for i in near[~self._is_technical(near)]:
            yield Flaw(int(i), kind, f"the answer {reason}")

    def _stack_traces(self) -> Iterator[Flaw]:
        near = self._near(STACK_TRACE)
        near = near[~self._is_technical(near)]
        for i in near[Texts(_without_code(self._texts.values[near])).matched(STACK_TRACE)]:
            yield Flaw(int(i), "stack_trace", "the answer shows the user an error of the program")

    def _stutters(self) -> Iterator[Flaw]:
        near = np.unique(np.fromiter((found.text for found in recurrences(self._texts)), np.int64))
        near = near[~self.exchanges.asks_for(self.lexicon["repetition_requests"], near)]
        prose = Texts(np.array([prose_of(text) for text in self._texts.values[near]], dtype=object))
        for found in recurrences(prose):
            kind = self._kind_of(found)
            if kind:
                reason = f"says “{cut(found.words)}” {found.times} times"
                yield Flaw(int(near[found.text]), kind, reason + (" in a row" if found.n_words else ""))

    def _kind_of(self, found: Recurrence) -> str | None:
        """Return whether a repetition spoils the text, is odd, or is a manner of speaking (None).

        A single word takes more times than a phrase, a word of emphasis or a sound more than others, and a word that
        is never doubled fewer.
        """
        if not any(letter.isalpha() for letter in found.words):
            return None
        fewest = {0: 3, 1: 4, 2: 4}.get(found.n_words, 3)
        if found.n_words == 1 and found.words in self.lexicon["emphatic_words"].phrases:
            fewest = 6
        elif found.n_words == 1 and found.words in self.lexicon["never_doubled"].phrases:
            fewest = 3
        if found.times < fewest:
            return None
        return "stuck_words" if found.times >= 2 * fewest else "stutter"

    def _runs(self) -> Iterator[Flaw]:
        """Yield texts whose words are not set apart, or with letters again and again, unless keys are the matter."""
        near = self._near(LONG_RUN)
        for i, is_technical in zip(near.tolist(), self._is_technical(near).tolist(), strict=True):
            run = None if is_technical else run_of_letters(self._texts.values[i])
            if run is None or run.words in self.exchanges.requests.values[i]:
                continue
            if run.is_periodic:
                kind = "stuck_words" if len(run.words) >= _SHORT else "stutter"
                yield Flaw(i, kind, f"says “{cut(run.words)}” without an end")
            else:
                is_all = is_closed_up(self._texts.values[i])
                yield Flaw(i, "closed_up" if is_all else "long_word", "words run together without spaces")


def _without_code(values: np.ndarray) -> np.ndarray:
    return np.array([without_code(text) for text in values], dtype=object)
