"""What a signal is: a versioned, deterministic detector of one reason to look at a session, with its evidence.

A signal finds pieces of evidence over a batch; how pieces become a result per session is the same for all, and here.
Not here: the signals (a file each), which of them are in force (`registry.py`), the table (`run.py`).
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from eval_pipeline.sessions import turn_frame
from eval_pipeline.signals.reading.dialogue import Dialogue
from eval_pipeline.signals.reading.lexicon import Phrases
from eval_pipeline.signals.reading.reactions import Reactions
from eval_pipeline.signals.reading.texts import Mask as Mask
from eval_pipeline.versions import versioned

QUOTE_LENGTH = 200
VISIBLE_COLUMNS = ("session_id", "started_at", "ended_at", "surface", "slices", "feedback")
"""All that a signal sees of a session besides its turns. What the source claims to know of the outcome, its labels and
its metadata are not among them: a detector that could read them would be measured against itself."""

RESULT_COLUMNS = ("session_id", "outcome", "strength", "turn_index", "quote", "reason")

Strength = Annotated[float, Field(gt=0, le=1)]


class Parameters(BaseModel):
    """Base of the parameters of a signal, as they stand in `catalog/signals.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Batch:
    """Closed sessions and their turns, as signals see them.

    `sessions`: `VISIBLE_COLUMNS`, numbered from 0. `turns`: `sessions.turn_frame`. `owner`: for each row of `turns`, the
    number of its session.
    """

    sessions: pd.DataFrame
    turns: pd.DataFrame
    owner: npt.NDArray[np.int64]

    @classmethod
    def of(cls, raw_sessions: pd.DataFrame) -> "Batch":
        """Return the batch of the closed among `raw_sessions` (rows of that table)."""
        closed = raw_sessions[raw_sessions["is_closed"].to_numpy(dtype=bool)].reset_index(drop=True)
        n_turns = [len(turns) for turns in closed["turns"]]
        owner = np.repeat(np.arange(len(closed), dtype=np.int64), np.asarray(n_turns, dtype=np.int64))
        return cls(closed[list(VISIBLE_COLUMNS)], turn_frame(closed[["session_id", "turns"]]), owner)

    @cached_property
    def dialogue(self) -> Dialogue:
        """The turns by role."""
        return Dialogue(self.turns, self.owner)

    @cached_property
    def reactions(self) -> Reactions:
        """The user turns, as far as they can be reactions to an answer."""
        return Reactions.of(self.dialogue)

    def has_role(self, role: str) -> Mask:
        """Return for each turn whether `role` spoke it."""
        return self.dialogue.has_role(role)

    def sessions_with(self, is_turn: Mask) -> Mask:
        """Return for each session whether it has one of the marked turns."""
        return np.bincount(self.owner[is_turn], minlength=len(self.sessions)) > 0


class Evidence(NamedTuple):
    """One piece of evidence. `session` is its number in the batch; `quote` the words it rests on."""

    session: int
    strength: float
    turn_index: int | None
    quote: str | None
    reason: str


@dataclass(frozen=True)
class Signal(ABC):
    """A detector with its parameters and word lists; a pure function of the batch.

    `counts`: whether it puts a session into the queue; one that does not is only recorded.
    """

    name: ClassVar[str]
    declared_version: ClassVar[str]
    sections: ClassVar[tuple[str, ...]] = ()

    parameters: Parameters
    lexicon: Mapping[str, Phrases] = field(default_factory=dict)
    counts: bool = True

    @property
    def version(self) -> str:
        """The declared version plus a hash of what decides: the parameters and the word lists that it reads."""
        words = {section: self.phrases(section).phrases for section in self.sections}
        return versioned(self.declared_version, [self.name, self.parameters.model_dump(mode="json"), words])

    @property
    @abstractmethod
    def describe(self) -> str:
        """What it looks for, in words."""

    @abstractmethod
    def applies(self, batch: Batch) -> tuple[Mask, str]:
        """Return for each session whether the signal can say anything of it, and the reason where it cannot."""

    @abstractmethod
    def find(self, batch: Batch) -> Sequence[Evidence]:
        """Return all evidence in the batch, in any order."""

    def phrases(self, section: str) -> Phrases:
        """Return the phrases of a section of the lexicons."""
        return self.lexicon.get(section, Phrases())

    def detect(self, batch: Batch) -> pd.DataFrame:
        """Return one row per session of the batch, in its order: `RESULT_COLUMNS`.

        A session's strength is 1 - prod(1 - s) over its evidence, so more evidence never lowers it; turn, quote and
        reason are those of its strongest piece, the earliest among equals.
        """
        is_usable, why_not = self.applies(batch)
        found = self.find(batch)
        by_session: dict[int, list[Evidence]] = defaultdict(list)
        for piece in found:
            if is_usable[piece.session] and piece.strength > 0:
                by_session[piece.session].append(piece)
        rows = [
            _fired(by_session[i]) if i in by_session else _QUIET if is_usable[i] else ("not_applicable", 0.0, None, None, why_not)
            for i in range(len(batch.sessions))
        ]  # fmt: skip
        result = pd.DataFrame(rows, columns=list(RESULT_COLUMNS[1:]))
        result.insert(0, "session_id", batch.sessions["session_id"])
        types = {"session_id": "str", "outcome": "str", "strength": "float64"}
        return result.astype({**types, "turn_index": "Int64", "quote": "str", "reason": "str"})


_Row = tuple[str, float, int | None, str | None, str | None]
_QUIET: _Row = ("quiet", 0.0, None, None, None)


def _fired(pieces: Sequence[Evidence]) -> _Row:
    ordered = sorted(pieces, key=strongest_first)
    best = ordered[0]
    return ("fired", combined_strength([piece.strength for piece in ordered]), best.turn_index, best.quote, best.reason)


def strongest_first(piece: Evidence) -> tuple[float, int, str, str]:
    """Return the key that sorts pieces by strength, the earliest among equals."""
    turn = -1 if piece.turn_index is None else piece.turn_index
    return (-piece.strength, turn, piece.quote or "", piece.reason)


def combined_strength(strengths: Sequence[float]) -> float:
    """Return 1 - prod(1 - s): 0 for none, never below the strongest, grows with each one, stays in [0, 1].

    The noisy-or of independent causes (Pearl 1988). Rounded to 9 digits, so that it is the same in any order.
    """
    doubt = float(np.prod([1.0 - s for s in sorted(strengths)]))
    return round(min(1.0, max([*strengths, 1.0 - doubt], default=0.0)), 9)


def cut(text: str, start: int = 0) -> str:
    """Return about `QUOTE_LENGTH` characters of `text` around `start`, with an ellipsis where it was cut."""
    first = max(0, min(start - QUOTE_LENGTH // 3, len(text) - QUOTE_LENGTH))
    last = first + QUOTE_LENGTH
    return ("…" if first else "") + text[first:last] + ("…" if last < len(text) else "")
