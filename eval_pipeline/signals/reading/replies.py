"""What assistants said after a user's turn: at once, and later in the session.

Not here: what a user turn asks (`asked_for.py`).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from eval_pipeline.signals.reading.dialogue import Dialogue
from eval_pipeline.signals.reading.texts import Positions


class Reply(NamedTuple):
    """What followed a user turn. `at_once`: before the user spoke again, as one text; `said`: this and all later."""

    at_once: str
    said: tuple[str, ...]


@dataclass(frozen=True)
class Replies:
    """The assistant turns that follow user turns; both are numbered as in `Dialogue.assistant` and `Dialogue.user`.

    `reach`: how many assistant turns after a user turn are looked at, so that a long session costs no more per turn.
    """

    dialogue: Dialogue
    reach: int

    def to(self, user: int) -> Reply | None:
        """Return what assistants said after a user turn within its session and the reach; None if nothing at once."""
        first, pause, end = self._first[user], self._first[user + 1], self._end[user]
        texts = self.dialogue.assistant.texts.values
        at_once = "\n".join(texts[first : min(pause, end, first + self.reach)])
        said = tuple(text for text in texts[first : min(end, first + self.reach)] if text.strip())
        return Reply(at_once, said) if at_once.strip() else None

    def next_user(self, assistant: int) -> int | None:
        """Return the user turn that follows an assistant turn in its session, or None."""
        spoken, answers = self.dialogue.user, self.dialogue.assistant
        user = int(np.searchsorted(spoken.positions, answers.positions[assistant]))
        is_same = user < len(spoken) and spoken.owners[user] == answers.owners[assistant]
        return user if is_same else None

    @cached_property
    def _first(self) -> Positions:
        """Return for each user turn the first assistant turn after it in the batch; one entry more for the end."""
        found = np.searchsorted(self.dialogue.assistant.positions, self.dialogue.user.positions)
        return np.append(found, len(self.dialogue.assistant))

    @cached_property
    def _end(self) -> Positions:
        """Return for each user turn the first assistant turn behind its session."""
        return np.searchsorted(self.dialogue.assistant.owners, self.dialogue.user.owners, side="right")
