"""The operators that combine checks: all_of, any_of, none_of, not_, at_least, when, in_words, each, first, last, some.

The logic has three values. What does not apply is left out: `all_of` and `any_of` answer from the parts that apply,
and do not apply themselves when none does; `not_` of not_applicable is not_applicable. Every part is asked, so the
outcome depends neither on the order of the parts nor on which of them would have settled it; a crash of any part is
a crash of the whole. Not here: checks that look at a subject (`*_checks.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from eval_pipeline.evaluators.contract import Check, Finding, Outcome, Selector, unordered
from eval_pipeline.evaluators.selectors import First, Last
from eval_pipeline.evaluators.views import Subject

S = TypeVar("S", bound=Subject)
T = TypeVar("T", bound=Subject)


def _first(findings: Sequence[Finding], outcome: str) -> Finding | None:
    for finding in findings:
        if finding.outcome == outcome:
            return finding
    return None


@dataclass(frozen=True)
class Not(Check[S]):
    """Passes when its part fails."""

    part: Check[S]

    def judge(self, subject: S) -> Finding:
        """Return the finding of the part, turned round."""
        finding = self.part.judge(subject)
        if finding.outcome == "not_applicable":
            return finding
        outcome: Outcome = "fail" if finding.outcome == "pass" else "pass"
        return Finding(outcome, finding.by, finding.subject, not finding.is_negated, finding.detail)

    @property
    def words(self) -> str:
        """The part, denied."""
        return self.part.denied

    @property
    def denied(self) -> str:
        """The part itself."""
        return self.part.words


@dataclass(frozen=True)
class AllOf(Check[S]):
    """Fails when any part fails; the first that does decides."""

    parts: tuple[Check[S], ...]

    def judge(self, subject: S) -> Finding:
        """Return the first failure, or the pass of the whole, or why nothing applies."""
        finding = _settled([part.judge(subject) for part in self.parts])
        return Finding("pass", self, subject, False, finding) if finding.outcome == "pass" else finding

    @property
    def words(self) -> str:
        """The parts, joined."""
        return " and ".join(part.words for part in self.parts)

    def canonical(self) -> Any:
        """Return the parts without their order."""
        return ["AllOf", self.semantics, unordered(self.parts)]


@dataclass(frozen=True)
class AnyOf(Check[S]):
    """Passes when any part passes; the first that does decides."""

    parts: tuple[Check[S], ...]

    def judge(self, subject: S) -> Finding:
        """Return the first pass, or the failure of the whole, or why nothing applies."""
        findings = [part.judge(subject) for part in self.parts]
        passed = _first(findings, "pass")
        if passed is not None:
            return passed
        failed = _first(findings, "fail")
        return findings[0] if failed is None else Finding("fail", self, subject, detail=failed)

    @property
    def words(self) -> str:
        """The parts, as alternatives."""
        return "either " + " or ".join(part.words for part in self.parts)

    @property
    def denied(self) -> str:
        """Each part, denied."""
        return " and ".join(part.denied for part in self.parts)

    def canonical(self) -> Any:
        """Return the parts without their order."""
        return ["AnyOf", self.semantics, unordered(self.parts)]


@dataclass(frozen=True)
class AtLeast(Check[S]):
    """Passes when `k` parts or more pass."""

    k: int
    parts: tuple[Check[S], ...]

    def judge(self, subject: S) -> Finding:
        """Return the outcome of the count."""
        return counted(self, subject, [part.judge(subject) for part in self.parts], self.k)

    @property
    def words(self) -> str:
        """The parts, with the number of them that must hold."""
        return f"meets at least {self.k} of: " + "; ".join(part.words for part in self.parts)

    def canonical(self) -> Any:
        """Return the number and the parts without their order; a repeated part counts twice and stays."""
        return ["AtLeast", self.semantics, self.k, sorted(unordered([part])[0] for part in self.parts)]


@dataclass(frozen=True)
class When(Check[S]):
    """Asks `then` where `condition` passes, and does not apply elsewhere."""

    condition: Check[S]
    then: Check[S]

    def judge(self, subject: S) -> Finding:
        """Return the finding of `then`, or that the condition is not met."""
        condition = self.condition.judge(subject)
        if condition.outcome == "pass":
            return self.then.judge(subject)
        return Finding("not_applicable", self, subject)

    @property
    def words(self) -> str:
        """Condition and consequence."""
        return f"{self.then.words}, when it {self.condition.words}"

    def why_not_applicable(self, subject: Any) -> str:
        """Return that the condition is not met."""
        return f"only asked when the {subject.noun} {self.condition.words}"


@dataclass(frozen=True)
class Each(Check[S]):
    """Asks `check` of every selected piece and fails when it fails of any; does not apply when there is no piece."""

    selector: Selector[S, Any]
    check: Check[Any]

    def judge(self, subject: S) -> Finding:
        """Return the first failing piece's finding, or the pass of all, or why nothing applies."""
        pieces = self.selector.pieces(subject)
        if not pieces:
            return Finding("not_applicable", self, subject)
        finding = of_each(self.check, pieces)
        return Finding("pass", self, subject, False, finding) if finding.outcome == "pass" else finding

    @property
    def words(self) -> str:
        """Pieces and check."""
        if isinstance(self.selector, First | Last):
            return f"has a {self.selector.words} that {self.check.words}"
        return f"has each {self.selector.words} such that it {self.check.words}"

    def why_not_applicable(self, subject: Any) -> str:
        """Return that there is no such piece."""
        return f"there is no {self.selector.words}"


@dataclass(frozen=True)
class Some(Check[S]):
    """Asks `check` of every selected piece and passes when it passes of `k` or more."""

    selector: Selector[S, Any]
    check: Check[Any]
    k: int

    def judge(self, subject: S) -> Finding:
        """Return the outcome of the count; no piece at all does not apply."""
        return counted(self, subject, [self.check.judge(piece) for piece in self.selector.pieces(subject)], self.k)

    @property
    def words(self) -> str:
        """Pieces, check and number."""
        return f"has at least {self.k} {self.selector.words} that {self.check.words}"

    def why_not_applicable(self, subject: Any) -> str:
        """Return that there is no such piece."""
        return f"there is no {self.selector.words}"


@dataclass(frozen=True)
class InWords(Check[S]):
    """A check under words of its author's; decides what the check decides."""

    _words: str
    check: Check[S]

    def judge(self, subject: S) -> Finding:
        """Return the finding of the check, told in the author's words."""
        finding = self.check.judge(subject)
        if finding.outcome == "not_applicable":
            return finding
        return Finding(finding.outcome, self, subject, detail=finding)

    @property
    def words(self) -> str:
        """The author's words."""
        return self._words

    def canonical(self) -> Any:
        """Return the check without the words."""
        return self.check.canonical()


def of_each(check: Check[Any], pieces: Sequence[Any]) -> Finding:
    """Return the finding that settles whether `check` holds of all `pieces` (one or more): a fail, else a pass."""
    return check.judge(pieces[0]) if len(pieces) == 1 else _settled([check.judge(piece) for piece in pieces])


def _settled(findings: Sequence[Finding]) -> Finding:
    return _first(findings, "fail") or _first(findings, "pass") or findings[0]


def counted(by: Check[Any], subject: Subject, findings: Sequence[Finding], k: int) -> Finding:
    """Return whether `k` or more of `findings` pass, in the name of `by`; not_applicable when none of them applies."""
    n_passed = sum(finding.outcome == "pass" for finding in findings)
    if n_passed >= k:
        return Finding("pass", by, subject, detail=_first(findings, "pass"))
    failed = _first(findings, "fail")
    if n_passed == 0 and failed is None:
        return findings[0] if findings else Finding("not_applicable", by, subject)
    return Finding("fail", by, subject, detail=failed)


def not_(part: Check[S]) -> Check[S]:
    """Return the check that passes when `part` fails; twice is `part` itself."""
    _checked(part)
    return part.part if isinstance(part, Not) else Not(part)


def all_of(*parts: Check[S]) -> Check[S]:
    """Return the check that fails when any of `parts` fails."""
    return parts[0] if len(_some(parts)) == 1 else AllOf(parts)


def any_of(*parts: Check[S]) -> Check[S]:
    """Return the check that passes when any of `parts` passes."""
    return parts[0] if len(_some(parts)) == 1 else AnyOf(parts)


def none_of(*parts: Check[S]) -> Check[S]:
    """Return the check that fails when any of `parts` passes."""
    return all_of(*(not_(part) for part in parts))


def at_least(k: int, *parts: Check[S]) -> Check[S]:
    """Return the check that passes when `k` or more of `parts` pass. Raises `ValueError` unless 1 <= k <= parts."""
    if not 1 <= k <= len(parts):
        raise ValueError(f"at_least({k}, ...) needs 1 to {len(parts)} for its {len(parts)} checks")
    return AtLeast(k, _checked(*parts))


def in_words(words: str, check: Check[S]) -> Check[S]:
    """Return `check`, explained by `words`: what holds of the subject when it passes ("admits the failure")."""
    return InWords(words, *_checked(check))


def when(condition: Check[S], then: Check[S]) -> Check[S]:
    """Return the check that asks `then` only where `condition` passes."""
    return When(*_checked(condition, then))


def each(selector: Selector[S, T], check: Check[T]) -> Check[S]:
    """Return the check that `check` holds of every piece that `selector` gives."""
    return Each(_selecting(selector), *_checked(check))


def first(selector: Selector[S, T], check: Check[T]) -> Check[S]:
    """Return the check that `check` holds of the first piece."""
    return Each(First(_selecting(selector)), *_checked(check))


def last(selector: Selector[S, T], check: Check[T]) -> Check[S]:
    """Return the check that `check` holds of the last piece."""
    return Each(Last(_selecting(selector)), *_checked(check))


def some(selector: Selector[S, T], check: Check[T], k: int = 1) -> Check[S]:
    """Return the check that `check` holds of `k` pieces or more. Raises `ValueError` when k < 1."""
    if k < 1:
        raise ValueError("some(..., k) needs k of 1 or more")
    _checked(check)
    return Some(_selecting(selector), check, k)


def _some(parts: tuple[Check[S], ...]) -> tuple[Check[S], ...]:
    if not parts:
        raise ValueError("give at least one check")
    return _checked(*parts)


def _checked(*parts: Check[S]) -> tuple[Check[S], ...]:
    """Return `parts`. Raises `ValueError` for what is no check: a list, or a function that was not called."""
    for part in parts:
        if isinstance(part, list | tuple):
            raise ValueError("give the checks one by one, without brackets around them: all_of(one, other)")
        if not isinstance(part, Check):
            name = getattr(part, "__name__", None)
            raise ValueError(f"{name} is not a check: call it, {name}()" if name else f"{part!r} is not a check")
    return parts


def _selecting(selector: Selector[S, T]) -> Selector[S, T]:
    if not isinstance(selector, Selector):
        raise ValueError(f"{selector!r} does not say what to look at: give ANSWERS, TOOL_CALLS, ... first")
    return selector
