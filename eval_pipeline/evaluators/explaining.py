"""Puts what a check found in words: a finding becomes a verdict with its explanation.

Sessions are redacted at the door, and a verdict shows nothing but pieces of them, cut. Not here: the checks, how a
verdict becomes a row (`run.py`).
"""

from functools import lru_cache
from typing import NamedTuple

from eval_pipeline.evaluators.contract import Evaluator, Finding

MAX_CHARACTERS = 200
"""Length from which on what was expected and found is cut."""


class Verdict(NamedTuple):
    """One verdict: the columns of `evaluator_verdicts` that the check decides."""

    target: str
    verdict: str
    turn_index: int | None
    pointer: str | None
    leaf: str | None
    expected: str | None
    found: str | None
    explanation: str


def explained(evaluator: Evaluator, finding: Finding, turn_index: int | None) -> Verdict:
    """Return the verdict behind `finding`, on the turn at `turn_index` or, when that is None, on the session."""
    if finding.outcome == "pass":
        return _shared("pass", turn_index, finding.evidence.by.name, evaluator.holding)
    if finding.outcome == "fail":
        return _failure(_target(turn_index), finding)
    why = cut(finding.by.why_not_applicable(finding.subject))
    return _shared("not_applicable", turn_index, finding.evidence.by.name, f"Does not apply: {why}.")


@lru_cache(maxsize=4096)
def _shared(verdict: str, turn_index: int | None, leaf: str | None, explanation: str) -> Verdict:
    """Return a verdict that finds nothing: most are, and alike, so they are made once."""
    return Verdict(_target(turn_index), verdict, turn_index, None, leaf, None, None, explanation)


def _target(turn_index: int | None) -> str:
    return "session" if turn_index is None else f"turn:{turn_index}"


def not_asked(explanation: str) -> Verdict:
    """Return the verdict on a session that the check was not asked about, for the reason given."""
    return _shared("not_applicable", None, None, explanation)


def crashed(error: Exception) -> Verdict:
    """Return the verdict on a session over which the check, or the reading of the session, crashed."""
    what = cut(f"{type(error).__name__}: {error}")
    return Verdict("session", "error", None, None, None, None, what, f"The check crashed with {what}.")


def cut(text: str) -> str:
    """Return `text` on one line and cut, in characters that a database takes."""
    return _cut(text[: 4 * MAX_CHARACTERS])


@lru_cache(maxsize=1024)
def _cut(text: str) -> str:
    """Return the line; what is expected is mostly the same words, and several checks find the same text."""
    line = text[: MAX_CHARACTERS + 1]
    if not line.isprintable() or "  " in line or line.strip() != line:
        line = " ".join(text.split())
        line = line.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return line if len(line) <= MAX_CHARACTERS else f"{line[: MAX_CHARACTERS - 1]}\N{HORIZONTAL ELLIPSIS}"


def _failure(target: str, finding: Finding) -> Verdict:
    evidence = finding.evidence
    by, subject = evidence.by, evidence.subject
    turn_index, pointer, found = by.turn_of(subject), by.pointer_of(subject), by.found(subject)
    found = None if found is None else cut(found)
    where = "" if turn_index is None else f" at turn {turn_index}"
    words = cut(finding.by.told if finding.is_negated else finding.by.denied)
    showing = "." if found is None else f"; found: {found}"
    sentence = f"The {finding.subject.noun}{where} {words}{showing}"
    pointer = None if pointer is None else cut(pointer)
    return Verdict(target, "fail", turn_index, pointer, by.name, cut(finding.expected), found, sentence)
