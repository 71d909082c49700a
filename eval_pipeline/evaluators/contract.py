"""The contract of deterministic evaluators: Check, Finding, Selector, Evaluator.

A check is a frozen value that is asked about one subject and answers pass, fail or not_applicable. A leaf answers by
itself; operators (`operators.py`) combine checks. Nothing is explained until it has to be: a finding remembers which
check decided on which subject, and only the deciding one is put in words. Not here: the leaves (`*_checks.py`), how
an evaluator is run over many sessions (`run.py`).
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

from eval_pipeline.evaluators.views import SessionView, Subject
from eval_pipeline.versions import canonical_json, versioned

S_contra = TypeVar("S_contra", bound=Subject, contravariant=True)
T_co = TypeVar("T_co", bound=Subject, covariant=True)

Outcome = Literal["pass", "fail", "not_applicable"]
Per = Literal["session", "turn"]


class Finding(NamedTuple):
    """The answer of a check: `by` decided, on `subject`; `detail` is the part of it that is worth showing."""

    outcome: Outcome
    by: "Check[Any]"
    subject: Subject
    is_negated: bool = False
    detail: "Finding | None" = None

    @property
    def evidence(self) -> "Finding":
        """The innermost finding behind this one: where and what was found."""
        finding = self
        while finding.detail is not None:
            finding = finding.detail
        return finding

    @property
    def turn_index(self) -> int | None:
        """The turn that decided, or None when it was the session as a whole."""
        evidence = self.evidence
        return evidence.by.turn_of(evidence.subject)

    @property
    def pointer(self) -> str | None:
        """The JSON pointer of the value that decided, or None when no single value did."""
        evidence = self.evidence
        return evidence.by.pointer_of(evidence.subject)

    @property
    def _is_turned(self) -> bool:
        """Whether what the evidence asks is denied: by every second denial on the way to it, it is not."""
        finding, is_turned = self, self.is_negated
        while finding.detail is not None:
            finding = finding.detail
            is_turned ^= finding.is_negated
        return is_turned

    @property
    def expected(self) -> str:
        """What was expected: the value where the check knows it, else in words."""
        evidence = self.evidence
        known = evidence.by.expected_of(evidence.subject)
        if known is not None:
            return f"not {known}" if self._is_turned else known
        return f"not one that {self.by.told}" if self.is_negated else self.by.told

    def found(self) -> str | None:
        """Return what was found there, uncut."""
        evidence = self.evidence
        return evidence.by.found(evidence.subject)


class Check(ABC, Generic[S_contra]):
    """One question about a subject. Subclasses are frozen dataclasses; their public fields are all that decides."""

    semantics: ClassVar[int] = 1
    """Raised when the code of the class comes to decide otherwise for the same fields; part of the version."""

    constants: ClassVar[tuple[Any, ...]] = ()
    """What decides beside the fields: tables and patterns of the module; part of the version."""

    @abstractmethod
    def judge(self, subject: S_contra) -> Finding:
        """Return the finding for `subject`. Whatever it raises becomes an `error` verdict of the session."""

    @property
    @abstractmethod
    def words(self) -> str:
        """What holds when the check passes, said of the subject: "is valid JSON"."""

    @property
    def denied(self) -> str:
        """What holds when the check fails."""
        return f"is not one that {self.told}"

    @cached_property
    def told(self) -> str:
        """The `words`, put together once however many verdicts hold them."""
        return self.words

    @cached_property
    def name(self) -> str:
        """Name under which a verdict shows it as the one that decided."""
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in type(self).__name__).lstrip("_")

    def found(self, subject: Any) -> str | None:
        """Return what stood where something was expected; None when there is nothing to show."""
        return None

    def turn_of(self, subject: Any) -> int | None:
        """Return the turn that decides on `subject`; None when it is the session as a whole."""
        turn_index: int | None = subject.turn_index
        return turn_index

    def pointer_of(self, subject: Any) -> str | None:
        """Return the JSON pointer (RFC 6901) of the value that decides, within the text of its turn or call."""
        return None

    def expected_of(self, subject: Any) -> str | None:
        """Return the value that was expected, where `subject` itself holds it; None where `words` say all."""
        return None

    def why_not_applicable(self, subject: Any) -> str:
        """Return the reason, when the outcome is not_applicable."""
        return f"nothing of which to ask whether it {self.words}"

    def canonical(self) -> Any:
        """Return everything that decides, as JSON: equal exactly when the check is the same."""
        return _decisive(self)


class Leaf(Check[S_contra]):
    """A check that answers by itself."""

    @property
    def denied(self) -> str:
        """What holds when the check fails; what is so with "is" is denied by "is not"."""
        return f"is not {self.told[3:]}" if self.told.startswith("is ") else super().denied

    @abstractmethod
    def holds(self, subject: S_contra) -> bool | None:
        """Return whether it holds; None when it does not apply."""

    def judge(self, subject: S_contra) -> Finding:
        """Return the finding of this leaf on `subject`."""
        held = self.holds(subject)
        return Finding("not_applicable" if held is None else "pass" if held else "fail", self, subject)


class Selector(ABC, Generic[S_contra, T_co]):
    """Which pieces of a subject are looked at. Subclasses are frozen dataclasses."""

    semantics: ClassVar[int] = 1
    """Raised when other pieces come to be looked at for the same fields; part of the version."""

    constants: ClassVar[tuple[Any, ...]] = ()
    """What decides beside the fields: patterns by which pieces are found; part of the version."""

    @abstractmethod
    def pieces(self, subject: S_contra) -> Sequence[T_co]:
        """Return the pieces, in order of the session."""

    @property
    @abstractmethod
    def words(self) -> str:
        """One piece, in words: "tool call"."""

    def canonical(self) -> Any:
        """Return everything that decides which pieces are looked at, as JSON."""
        return _decisive(self)


@dataclass(frozen=True)
class Evaluator:
    """A named, versioned check of sessions.

    `looks_at` says of which pieces `check` is asked; the verdict fails when it fails of any of them. With
    `per="turn"` every turn that has such a piece gets a verdict of its own, else the session gets one.
    `description` is for people and decides nothing. Raise `declared_version` when a change that no field shows
    changes what is decided (a table behind a function of `satisfies`).
    """

    name: str
    looks_at: Selector[SessionView, Any]
    check: Check[Any]
    description: str
    declared_version: str = "1"
    per: Per = "session"

    @cached_property
    def version(self) -> str:
        """Declared version plus a hash of what decides: changes when and only when what it decides can change."""
        return versioned(self.declared_version, [self.looks_at.canonical(), self.check.canonical(), self.per])

    @cached_property
    def holding(self) -> str:
        """What a pass is explained by."""
        return f"Holds: {self.description}"

    @cached_property
    def words(self) -> str:
        """The evaluator in one sentence."""
        return f"each {self.looks_at.words}: {self.check.words}"


def unordered(parts: Sequence[Check[Any]]) -> list[Any]:
    """Return the canonical forms of `parts` for operators that care neither for order nor for repetition."""
    return sorted({canonical_json(part.canonical()).decode() for part in parts})


def _decisive(value: "Check[Any] | Selector[Any, Any]") -> list[Any]:
    public = (f.name for f in fields(value) if not f.name.startswith("_"))  # type: ignore[arg-type]
    fields_ = {name: _canonical(getattr(value, name)) for name in public}
    return [type(value).__name__, value.semantics, fields_, _canonical(value.constants)]


def _canonical(value: Any) -> Any:
    if hasattr(value, "canonical"):
        return value.canonical()
    if isinstance(value, re.Pattern):
        return [value.pattern, value.flags]
    return [_canonical(item) for item in value] if isinstance(value, tuple) else value
