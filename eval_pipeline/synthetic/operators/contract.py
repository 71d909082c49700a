"""What an operator is: one stated, repeatable change to a session, and what must follow from it in which verdict.

An operator is a frozen value and a pure function of the session and a seed: the session is never changed, nothing else
is read, no clock and no shared source of chance. Not here: the operators (a file each), which there are
(`registry.py`), the comparison of what was expected with what came out (`expecting.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeVar

from eval_pipeline.sessions import Session, Turn
from eval_pipeline.versions import unit_hash, versioned

SubjectKind = Literal["evaluator", "judge", "signal"]
Change = Literal["must_fail", "must_pass", "must_fire", "unchanged", "no_new_failure", "may_change"]

EVERY_OTHER = "*"
"""As the subject of an expectation: every subject of that kind in the deployment that the operator does not name."""

Option = TypeVar("Option")


class Expectation(NamedTuple):
    """What must become of the verdict of one subject.

    `must_fail`, `must_pass`, `must_fire`: so it must be afterwards, where it was not so before. `unchanged`: the same
    as before. `no_new_failure`: it does not come to fail (a signal: to fire); what else it says may change.
    `may_change`: nothing is expected, as the change bears on the subject and does not decide it.
    """

    subject_kind: SubjectKind
    subject: str
    change: Change
    reason: str


class Made(NamedTuple):
    """What came of a session: its new turns, what must follow, and what was done in one sentence."""

    turns: tuple[Turn, ...]
    expectations: tuple[Expectation, ...]
    note: str


@dataclass(frozen=True)
class Draw:
    """Choices by hash: the same for the same key on every machine, and unrelated for other keys."""

    key: str

    def unit(self, *what: object) -> float:
        """Return a number in [0, 1) that stands for the choice named `what`."""
        return unit_hash(self.key, *map(str, what))

    def pick(self, options: Sequence[Option], *what: object) -> Option:
        """Return one of `options`, each as likely. Raises `IndexError` when there is none."""
        return options[int(self.unit(*what) * len(options))]


Edit = Callable[[Session, int, Draw], tuple[Sequence[Turn], str]]


@dataclass(frozen=True)
class Operator:
    """One change. `places`: the turns at which it can be made, none where it cannot be made at all.

    `change`: session, chosen place and draw in; the new turns and a note out. It makes new turns and leaves the given
    ones as they are. `adversarial_kind` is the word under which coverage counts what it makes. `deciding`: the tables
    and patterns behind the two functions, part of the version. Raise `declared_version` when the code comes to make
    something else of the same.
    """

    name: str
    declared_version: str
    description: str
    adversarial_kind: str
    expectations: tuple[Expectation, ...]
    places: Callable[[Session], Sequence[int]]
    change: Edit
    deciding: tuple[Any, ...] = ()

    @cached_property
    def version(self) -> str:
        """Declared version plus a hash of what decides: its tables and what it expects."""
        return versioned(self.declared_version, [self.name, self.deciding, [e[:3] for e in self.expectations]])

    @property
    def keeps_outcome(self) -> bool:
        """Return whether what was right or wrong about a session still is so: no evaluator must come to fail."""
        return all(expected.change != "must_fail" for expected in self.expectations)

    def applies(self, session: Session) -> bool:
        """Return whether the change can be made to `session`, whatever the seed."""
        return len(self.places(session)) > 0

    def apply(self, session: Session, seed: int | str) -> Made:
        """Return what comes of `session`; the same for the same session and seed.

        Raises `ValueError` where the operator does not apply.
        """
        places = self.places(session)
        if not places:
            raise ValueError(f"{self.name} does not apply to session {session.session_id}")
        draw = Draw(f"{self.name}|{session.session_id}|{seed}")
        turns, note = self.change(session, draw.pick(places, "place"), draw)
        return Made(tuple(turns), self.expectations, note)


def nothing_else(
    *kinds: SubjectKind, change: Change = "unchanged", reason: str = "it does not bear on what was changed"
) -> tuple[Expectation, ...]:
    """Return what every subject of these kinds must do that the operator does not name."""
    return tuple(Expectation(kind, EVERY_OTHER, change, reason) for kind in kinds)
