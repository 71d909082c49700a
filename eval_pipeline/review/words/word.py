"""A machine word as a reviewer meets it, and all of a session's in the order he wants them.

Not here: reading them (`machine_words.py`), what an answer to one means (`answers.py`).
"""

from dataclasses import dataclass
from typing import Literal

from eval_pipeline.review.words.trust import Trust

Kind = Literal["evaluator", "judge", "signal", "classifier"]
Said = Literal["pass", "fail", "not_applicable", "error"]
Response = Literal["agreed", "overridden"]

_OPPOSITE = {"pass": "fail", "fail": "pass"}
_FOLD_PARTS = (
    ("evaluator", "pass", "check passes", "checks pass"),
    ("signal", "pass", "signal quiet", "signals quiet"),
    ("evaluator", "not_applicable", "check does not apply", "checks do not apply"),
    ("signal", "not_applicable", "signal does not apply", "signals do not apply"),
)


@dataclass(frozen=True)
class Word:
    """What one machine says of a session. Of a signal, fired is fail; a predicted category is fail too.

    `turn_index`: the turn it rests on, from 0; `turns`: all turns that fail. `said_in_words`: as it is shown.
    `repeats`: what the other repeats of a judge say. `is_confirmable`: whether "agree with the rest" means it too.
    """

    target: str
    kind: Kind
    name: str
    version: str
    said: Said
    said_in_words: str
    category: str | None = None
    explanation: str | None = None
    turn_index: int | None = None
    turns: tuple[int, ...] = ()
    quote: str | None = None
    expected: str | None = None
    found: str | None = None
    pointer: str | None = None
    error_reason: str | None = None
    repeats: str | None = None
    decided_by: str | None = None
    is_contested: bool = False
    strength: float = 0.0
    trust: Trust | None = None

    @property
    def is_answerable(self) -> bool:
        """Whether a person may agree with it or override it: it says pass or fail."""
        return self.said in _OPPOSITE

    @property
    def is_folded(self) -> bool:
        """Whether it stands in the fold: an evaluator or signal that finds nothing, or does not apply."""
        return self.kind in ("evaluator", "signal") and self.said in ("pass", "not_applicable")

    @property
    def is_confirmable(self) -> bool:
        """Whether it is answered with what is on screen: answerable, and not in the fold."""
        return self.is_answerable and not self.is_folded

    @property
    def override_means(self) -> str:
        """What a person says who overrides it."""
        if self.kind == "classifier":
            return "then: not this"
        if self.kind == "signal":
            return "then: false alarm" if self.said == "fail" else "then: it missed"
        return f"then it is: {_OPPOSITE.get(self.said, self.said)}"


@dataclass(frozen=True)
class MachineWords:
    """All words on a session: `shown` in the order a reviewer wants (what fails, then judges, what crashed, predictions), and
    `folded`."""

    shown: tuple[Word, ...]
    folded: tuple[Word, ...]

    @property
    def confirmable(self) -> tuple[Word, ...]:
        """What "agree with the rest" means."""
        return tuple(word for word in self.shown if word.is_confirmable)

    @property
    def answerable(self) -> dict[str, Word]:
        """Every word that may be answered, by target: those in the fold as well."""
        return {word.target: word for word in (*self.shown, *self.folded) if word.is_answerable}

    @property
    def fold_title(self) -> str:
        """What the fold holds, e.g. "23 checks pass, 9 signals quiet"."""
        counts = [
            (sum(word.kind == kind and word.said == said for word in self.folded), one, many)
            for kind, said, one, many in _FOLD_PARTS
        ]
        return ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in counts if n)
