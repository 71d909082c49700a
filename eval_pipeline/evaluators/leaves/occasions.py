"""The base of checks that look for one fault among the occasions that a session gives for it.

A claim is an occasion to have done what is claimed; a tool call, to have been agreed to. A session without an occasion
is not judged; the first fault is the evidence. Not here: the checks (`conduct_checks.py`, `grounding_checks.py`).
"""

import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from eval_pipeline.evaluators.contract import Leaf
from eval_pipeline.evaluators.views import NOT_JSON, Call, SessionView

_NEAR = 80
"""Characters before and after a match that are shown with it."""


class Occasion(NamedTuple):
    """One place where the session could go wrong, and whether it did; `found` and `pointer` say what stood there."""

    is_fault: bool
    turn_index: int | None
    found: str
    pointer: str | None = None


class Faultless(Leaf[SessionView]):
    """No occasion is a fault. Subclasses are frozen dataclasses that say what an occasion is."""

    occasion = "occasion"
    """One occasion, in words; for the reason when there is none."""

    @abstractmethod
    def occasions(self, subject: SessionView) -> Iterator[Occasion]:
        """Yield the occasions in order of the session."""

    def holds(self, subject: SessionView) -> bool | None:
        """Return whether no occasion is a fault; None without any."""
        held = None
        for occasion in self.occasions(subject):
            if occasion.is_fault:
                return False
            held = True
        return held

    def found(self, subject: SessionView) -> str | None:
        """Return what stood at the first fault."""
        fault = self._fault(subject)
        return None if fault is None else fault.found

    def turn_of(self, subject: SessionView) -> int | None:
        """Return the turn of the first fault."""
        fault = self._fault(subject)
        return None if fault is None else fault.turn_index

    def pointer_of(self, subject: SessionView) -> str | None:
        """Return the place of the first fault within its turn or call, where it has one."""
        fault = self._fault(subject)
        return None if fault is None else fault.pointer

    def _fault(self, subject: SessionView) -> Occasion | None:
        return next((occasion for occasion in self.occasions(subject) if occasion.is_fault), None)

    def why_not_applicable(self, subject: SessionView) -> str:
        """Return that there is no occasion."""
        return f"there is no {self.occasion}"


@cache
def any_case(pattern: str) -> re.Pattern[str]:
    """Return the pattern, matching in any case. Raises `ValueError` when it is none."""
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error


def around(text: str, match: re.Match[str]) -> str:
    """Return the match with the line that it stands in, or what of the line is near."""
    start, end = max(0, match.start() - _NEAR), min(len(text), match.end() + _NEAR)
    line_end = text.find("\n", match.end(), end)
    return text[max(start, text.rfind("\n", start, match.start()) + 1) : end if line_end < 0 else line_end]


def calls_by_turn(subject: SessionView) -> dict[int, list[Call]]:
    """Return the calls of each turn that makes any, in order."""
    calls: dict[int, list[Call]] = {}
    for call in subject.calls:
        calls.setdefault(call.turn_index or 0, []).append(call)
    return calls


def leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the texts, numbers and so on in a JSON value with their pointers, in order and however deep."""
    waiting: list[tuple[str, Any]] = [] if value is NOT_JSON else [("", value)]
    while waiting:
        pointer, item = waiting.pop()
        if isinstance(item, dict | list):
            pairs: Sequence[tuple[Any, Any]] = list(item.items() if isinstance(item, dict) else enumerate(item))
            waiting += [(f"{pointer}/{_escaped(key)}", inner) for key, inner in reversed(pairs)]
        else:
            yield pointer, item


def _escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")
