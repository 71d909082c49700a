"""Checks of order: which tool is called after which, and what is done before something is said.

Not here: whether a tool is called at all (`tool_checks.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from eval_pipeline.evaluators.contract import Check, Leaf
from eval_pipeline.evaluators.views import Call, Message, SessionView

_SHOWN_CALLS = 20


@dataclass(frozen=True)
class CallsInOrder(Leaf[SessionView]):
    """Tools are called one after the other; strictly: with no other call in between."""

    tools: tuple[str, ...]
    is_strict: bool

    def holds(self, subject: SessionView) -> bool:
        """Return whether they are."""
        return len(self._reached(subject)) == len(self.tools)

    def _reached(self, subject: SessionView) -> list[Call]:
        """Return the first calls that follow the order, as far as any do."""
        calls = subject.calls
        if not self.is_strict:
            return self._follow(calls)
        starts = range(len(calls))
        return max((self._follow_strictly(calls, start) for start in starts), key=len, default=[])

    def _follow(self, calls: Sequence[Call]) -> list[Call]:
        reached: list[Call] = []
        for call in calls:
            if len(reached) < len(self.tools) and call.name == self.tools[len(reached)]:
                reached.append(call)
        return reached

    def _follow_strictly(self, calls: Sequence[Call], start: int) -> list[Call]:
        pairs = zip(self.tools, calls[start : start + len(self.tools)], strict=False)
        return [call for _, call in takewhile(lambda pair: pair[0] == pair[1].name, pairs)]

    @property
    def words(self) -> str:
        """The tools, in their order."""
        strictly = ", without another call in between" if self.is_strict else ""
        return f"calls {', then '.join(self.tools)}{strictly}"

    def found(self, subject: SessionView) -> str:
        """Return the tools called, in their order."""
        return ", then ".join(call.name for call in subject.calls[:_SHOWN_CALLS]) or "no call"

    def turn_of(self, subject: SessionView) -> int | None:
        """Return the turn of the last call that still follows the order."""
        reached = self._reached(subject)
        return reached[-1].turn_index if reached else None


@dataclass(frozen=True)
class CalledBefore(Leaf[SessionView]):
    """A tool is called in a turn before the first answer of which a check passes."""

    tool: str
    said: Check[Message]

    def holds(self, subject: SessionView) -> bool | None:
        """Return whether it is; None where no answer says so."""
        answer = self._answer(subject)
        if answer is None:
            return None
        return any(
            call.name == self.tool and (call.turn_index or 0) < (answer.turn_index or 0) for call in subject.calls
        )

    def _answer(self, subject: SessionView) -> Message | None:
        return next((answer for answer in subject.answers if self.said.judge(answer).outcome == "pass"), None)

    @property
    def words(self) -> str:
        """Tool and check."""
        return f"calls {self.tool} before an answer that {self.said.words}"

    def found(self, subject: SessionView) -> str | None:
        """Return the answer."""
        answer = self._answer(subject)
        return None if answer is None else answer.text

    def turn_of(self, subject: SessionView) -> int | None:
        """Return the turn of the answer."""
        answer = self._answer(subject)
        return None if answer is None else answer.turn_index

    def why_not_applicable(self, subject: SessionView) -> str:
        """Return that nothing of the kind was said."""
        return f"there is no answer that {self.said.words}"


def calls_in_order(*tools: str, strictly: bool = False) -> Check[SessionView]:
    """The session calls `tools` in this order; other calls may stand in between unless `strictly`.

    Fails where one is missing. Raises `ValueError` for fewer than two tools.
    """
    if len(tools) < 2:
        raise ValueError("an order takes two tools or more")
    return CallsInOrder(tools, strictly)


def is_called_before(tool: str, said: Check[Message]) -> Check[SessionView]:
    """`tool` is called in a turn before the first answer of which `said` passes; not applicable where none does."""
    return CalledBefore(tool, said)
