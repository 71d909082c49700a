"""Who says what to whom: the turns of a batch by role, and which answer a user had before him.

Made once per batch and shared by all signals. Not here: what any signal makes of it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from eval_pipeline.signals.reading.texts import Mask, Positions, Texts


@dataclass(frozen=True)
class Spoken:
    """Some of the turns of a batch, in order, one array each.

    `positions`: their rows in the batch's turns. `owners`: number of the session. `turn_index`: index in the session.
    `texts`: what was said ("" for nothing).
    """

    positions: Positions
    owners: Positions
    turn_index: Positions
    texts: Texts

    def __len__(self) -> int:
        """Return how many turns there are."""
        return len(self.positions)

    @cached_property
    def is_first(self) -> Mask:
        """Whether a turn is the first of these in its session."""
        first = np.ones(len(self.owners), dtype=bool)
        first[1:] = self.owners[1:] != self.owners[:-1]
        return first

    def where(self, is_in: Mask) -> "Spoken":
        """Return those turns of these that `is_in` marks."""
        texts = Texts(self.texts.values[is_in])
        return Spoken(self.positions[is_in], self.owners[is_in], self.turn_index[is_in], texts)


@dataclass(frozen=True)
class Dialogue:
    """The turns of a batch by role. `turns`: `sessions.turn_frame`; `owner`: number of each turn's session."""

    turns: pd.DataFrame
    owner: Positions

    def has_role(self, role: str) -> Mask:
        """Return for each turn whether `role` spoke it."""
        return np.asarray(self._roles == role, dtype=bool)

    @cached_property
    def _roles(self) -> npt.NDArray[np.object_]:
        return self.turns["role"].to_numpy(dtype=object)

    @cached_property
    def contents(self) -> npt.NDArray[np.object_]:
        """What each turn of the batch says, "" for nothing."""
        return self.turns["content"].to_numpy(dtype=object)

    @cached_property
    def user(self) -> Spoken:
        """What users said."""
        return self._spoken("user")

    @cached_property
    def assistant(self) -> Spoken:
        """What assistants said, turns that only call tools among them (with text "")."""
        return self._spoken("assistant")

    @cached_property
    def tool(self) -> Spoken:
        """What tools returned."""
        return self._spoken("tool")

    def _spoken(self, role: str) -> Spoken:
        positions = np.flatnonzero(self.has_role(role))
        index = self.turns["turn_index"].to_numpy(dtype=np.int64)
        return Spoken(positions, self.owner[positions], index[positions], Texts(self.contents[positions]))

    @cached_property
    def seconds(self) -> npt.NDArray[np.float64]:
        """Time of each turn of the batch in seconds since 1970, NaN where it has none."""
        at = self.turns["at"].dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
        return np.where(np.isnat(at), np.nan, at.astype("int64") / 1e6)

    @cached_property
    def has_text(self) -> Mask:
        """Whether a turn of the batch says anything but white space."""
        return ~Texts(self.contents).is_blank

    @cached_property
    def answer_before(self) -> Positions:
        """For each user turn (as in `user`) the position of the last assistant turn with text before it, or -1."""
        is_answer = self.has_role("assistant") & self.has_text
        return self._last_before(is_answer, self.user.positions)

    @cached_property
    def user_before(self) -> Positions:
        """For each assistant turn (as in `assistant`) the position of the last user turn before it, or -1."""
        return self._last_before(self.has_role("user"), self.assistant.positions)

    def _last_before(self, is_candidate: Mask, positions: Positions) -> Positions:
        """Return the last candidate before each of `positions` in the same session, or -1.

        No candidate may be among `positions`.
        """
        if not len(is_candidate):
            return np.full(len(positions), -1, dtype=np.int64)
        last = np.maximum.accumulate(np.where(is_candidate, np.arange(len(is_candidate)), -1))[positions]
        return np.where((last >= 0) & (self.owner[last] == self.owner[positions]), last, -1)

    @cached_property
    def is_final_answer(self) -> Mask:
        """For each assistant turn (as in `assistant`): whether the user sees it as the answer.

        It has text, and no further assistant turn with text comes before the user speaks again or the session ends.
        """
        speaks = (self.has_role("assistant") & self.has_text) | self.has_role("user")
        rows = np.flatnonzero(speaks)
        is_user = self.has_role("user")[rows]
        is_last = np.ones(len(rows), dtype=bool)
        is_last[:-1] = (self.owner[rows][1:] != self.owner[rows][:-1]) | is_user[1:]
        final = np.zeros(len(self.owner), dtype=bool)
        final[rows[is_last & ~is_user]] = True
        return final[self.assistant.positions]
