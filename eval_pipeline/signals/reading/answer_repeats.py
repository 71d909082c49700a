"""Answers that do not fit what was said: an echo of the request, an earlier answer over again, another script.

Not here: repetition within one answer (`answer_flaws.py`), a user who repeats himself (`rephrasing.py`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from eval_pipeline.signals.reading.answer_flaws import Flaw
from eval_pipeline.signals.reading.exchanges import Exchanges
from eval_pipeline.signals.reading.lexicon import Phrases
from eval_pipeline.signals.reading.scripts import SCRIPTS, letters_by_script, scripts_in
from eval_pipeline.signals.reading.texts import Positions

SHORTEST_REPEATED = 40
"""Characters of an answer that does not come twice by chance."""

_LONGEST_COURTESY = 200
_FEWEST_ECHOED = 4
_WORD = re.compile(r"[^\W_]+")
_ECHO_SLACK = 20
"""Characters by which an echo can differ in length from what it echoes: punctuation and space."""

_FEWEST_LETTERS = 12
"""Letters from which the script of a text can be told; a Chinese text says as much with half of them."""

_MAIN_SHARE = 0.8
"""Share of the letters of a text that its script has, beside names in another one."""


@dataclass(frozen=True)
class AnswerRepeats:
    """The checks of an answer against what was said before it. A kind is a name of a strength."""

    SECTIONS: ClassVar[tuple[str, ...]] = ("courtesies", "language_requests")

    lexicon: Mapping[str, Phrases]
    exchanges: Exchanges

    def all(self) -> Iterator[Flaw]:
        """Yield the flaws of every kind; an answer can have several."""
        yield from self._echoes()
        yield from self._said_before()
        yield from self._other_scripts()

    def _echoes(self) -> Iterator[Flaw]:
        answers, requests = self.exchanges.answers.texts, self.exchanges.requests
        near = np.flatnonzero((requests.lengths > 0) & (np.abs(answers.lengths - requests.lengths) <= _ECHO_SLACK))
        for i in near.tolist():
            said = _words(answers.values[i])
            if len(said) >= _FEWEST_ECHOED and said == _words(requests.values[i]) and not self._is_courtesy(i):
                yield Flaw(i, "echo", "the answer only gives the user's words back")

    def _is_courtesy(self, answer: int) -> bool:
        text = self.exchanges.answers.texts.values[answer]
        return len(text) <= _LONGEST_COURTESY and self.lexicon["courtesies"].search(text) is not None

    def _said_before(self) -> Iterator[Flaw]:
        """Yield answers that are word for word an earlier one, though the user said something else in between."""
        answers = self.exchanges.answers
        near = np.flatnonzero(answers.texts.lengths >= SHORTEST_REPEATED)
        frame = pd.DataFrame({"owner": answers.owners[near], "text": answers.texts.values[near], "answer": near})
        groups = frame.groupby(["owner", "text"], sort=False)["answer"]
        frame["before"], frame["times"] = groups.shift(fill_value=-1), groups.cumcount() + 1
        again = frame[frame["before"] >= 0]
        for i, before, times in zip(again["answer"], again["before"], again["times"], strict=True):
            if not self._is_asked_alike(int(i), int(before)) and not self._is_courtesy(int(i)):
                kind = "said_before" if times == 2 else "said_again"
                index = int(answers.turn_index[before])
                yield Flaw(int(i), kind, f"gives the same answer as in turn {index}, word for word")

    def _is_asked_alike(self, answer: int, before: int) -> bool:
        requests = self.exchanges.requests.values
        return _words(requests[answer]) == _words(requests[before])

    def _other_scripts(self) -> Iterator[Flaw]:
        """Yield answers in a script that the user did not write in, unless another language is the matter."""
        near = self._in_scripts_of_their_own()
        near = near[~self.exchanges.talks_of(self.lexicon["language_requests"], near)]
        for i, request in zip(near.tolist(), self.exchanges.requests_of(near), strict=True):
            theirs, script = _main_script(request), _main_script(self.exchanges.answers.texts.values[i])
            if theirs and script and theirs != script:
                yield Flaw(i, "other_script", f"answers in {script} letters, where the user writes in {theirs} ones")

    def _in_scripts_of_their_own(self) -> Positions:
        """Return the answers that share no script but Latin with the user of their session, and one of the two has one.

        A user who writes in Latin letters as well is not lost with an answer in them.
        """
        user, answers = self.exchanges.batch.dialogue.user, self.exchanges.answers
        of_users = np.zeros(len(self.exchanges.batch.sessions), dtype=np.int64)
        np.bitwise_or.at(of_users, user.owners, scripts_in(user.texts))
        theirs, ours = of_users[answers.owners], scripts_in(answers.texts)
        return np.flatnonzero((theirs | ours > 0) & (theirs & ours == 0) & (self.exchanges.asked_at >= 0))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _main_script(text: str) -> str | None:
    """Return the script that nearly all letters of a text are of, None for a short or a mixed one."""
    letters = letters_by_script(text)
    if not letters:
        return None
    script, count = max(letters.items(), key=lambda item: (item[1], item[0]))
    fewest = _FEWEST_LETTERS // 2 if script == "Chinese or Japanese" else _FEWEST_LETTERS
    is_known = script == "Latin" or script in SCRIPTS
    return script if is_known and count >= fewest and count >= _MAIN_SHARE * letters.total() else None
