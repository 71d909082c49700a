"""Limits of a session: how long answers and the whole take, what it cost, how many turns and calls it has.

Times are those of the turns (`at`). Costs and tokens are what the source says of them in the session's `meta`; only
the value at the pointer named is read. Not here: the length of a text (`text_checks.py`).
"""

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from eval_pipeline.evaluators.contract import Check, Leaf
from eval_pipeline.evaluators.leaves.parameters import require_finite, require_option
from eval_pipeline.evaluators.leaves.value_checks import NUMBER, as_number, at, values_at
from eval_pipeline.evaluators.views import Message, SessionView

Wait = Literal["first", "last"]
Count = Literal["turns", "user turns", "answers", "tool calls"]
_ROUNDING = 1e-9
"""What floating point may add to a sum."""


class _Wait(NamedTuple):
    answer: Message
    seconds: float


@dataclass(frozen=True)
class AnswersWithin(Leaf[SessionView]):
    """After the user's words, the first (or last) answer comes within so many seconds."""

    seconds: float
    until: Wait

    def holds(self, subject: SessionView) -> bool | None:
        """Return whether every one does; None where there is no answer or no time."""
        waits = [wait.seconds for wait in self._waits(subject)]
        return max(waits) <= self.seconds if waits else None

    def _waits(self, session: SessionView) -> Iterator[_Wait]:
        for asked, answers in _exchanges(session):
            answer = answers[0 if self.until == "first" else -1]
            seconds = _seconds_between(asked, answer)
            if seconds is not None:
                yield _Wait(answer, seconds)

    def _deciding(self, session: SessionView) -> _Wait | None:
        waits = list(self._waits(session))
        return next((wait for wait in waits if wait.seconds > self.seconds), waits[0] if waits else None)

    @property
    def words(self) -> str:
        """The limit."""
        return f"has its {self.until} answer to each of the user's turns within {self.seconds:.12g} seconds"

    def found(self, subject: SessionView) -> str | None:
        """Return the wait for the first late answer."""
        wait = self._deciding(subject)
        return None if wait is None else f"{wait.seconds:.12g} seconds"

    def turn_of(self, subject: SessionView) -> int | None:
        """Return the turn of that answer."""
        wait = self._deciding(subject)
        return None if wait is None else wait.answer.turn_index

    def why_not_applicable(self, subject: SessionView) -> str:
        """Return that there is nothing to time."""
        return "there is no answer with a time after a user's turn with a time"


@dataclass(frozen=True)
class _AtMost(Leaf[SessionView]):
    """Some measure of the session is at most so much."""

    limit: float

    @abstractmethod
    def measure(self, session: SessionView) -> float | None:
        """Return the measure, or None where there is none."""

    def holds(self, subject: SessionView) -> bool | None:
        """Return whether it is; None where the session has no such measure."""
        measure = self.measure(subject)
        return None if measure is None else measure <= self.limit


@dataclass(frozen=True)
class SessionWithin(_AtMost):
    """The session takes at most so many seconds, from its first turn with a time to its last."""

    def measure(self, session: SessionView) -> float | None:
        """Return the seconds between the earliest and the latest time; None for fewer than two."""
        times = [message.at for message in session.messages if message.at is not None]
        return (max(times) - min(times)).total_seconds() if len(times) > 1 else None

    @property
    def words(self) -> str:
        """The limit."""
        return f"takes at most {self.limit:.12g} seconds"

    def found(self, subject: SessionView) -> str:
        """Return how long it takes."""
        return f"{self.measure(subject):.12g} seconds"

    def why_not_applicable(self, subject: SessionView) -> str:
        """Return that there is nothing to time."""
        return "there are no two turns with a time"


@dataclass(frozen=True)
class MetaAtMost(_AtMost):
    """A number in the session's `meta` (the sum of several) is at most so much."""

    semantics = 2
    constants = (NUMBER, _ROUNDING)

    pointer: str
    unit: str

    def measure(self, session: SessionView) -> float | None:
        """Return the number; None where there is none."""
        numbers = [as_number(value) for value, _ in values_at(self.pointer, session.meta) or ()]
        known = [number for number in numbers if number is not None]
        return math.fsum(known) if known else None

    def holds(self, subject: SessionView) -> bool | None:
        """Return whether the number is within the limit, but for what floating point adds."""
        measure = self.measure(subject)
        return None if measure is None else measure <= self.limit + _ROUNDING

    @property
    def words(self) -> str:
        """Limit and place."""
        return f"has at most {self.limit:.12g} {self.unit} at {self.pointer} of its meta"

    def found(self, subject: SessionView) -> str:
        """Return the number."""
        return f"{self.measure(subject):.12g} {self.unit}"

    def pointer_of(self, subject: SessionView) -> str:
        """Return where in `meta` the number stands."""
        return self.pointer

    def why_not_applicable(self, subject: SessionView) -> str:
        """Return that the source says nothing of it."""
        return f"there is no number at {self.pointer} of its meta"


@dataclass(frozen=True)
class CountAtMost(_AtMost):
    """The session has at most so many of something."""

    what: Count

    def measure(self, session: SessionView) -> float:
        """Return how many there are."""
        return len(self._counted(session))

    def _counted(self, session: SessionView) -> Sequence[Message] | Sequence[object]:
        if self.what == "tool calls":
            return session.calls
        kinds = {"turns": session.messages, "user turns": session.user_turns, "answers": session.answers}
        return kinds[self.what]

    @property
    def words(self) -> str:
        """The limit."""
        return f"has at most {self.limit:.12g} {self.what}"

    def found(self, subject: SessionView) -> str:
        """Return how many there are."""
        return f"{self.measure(subject):.12g} {self.what}"


def answers_within(seconds: float, *, until: Wait = "first") -> Check[SessionView]:
    """Each time the user has spoken, the first answer comes within `seconds` (until="last": the last one before the
    user's next words). Not applicable without times; a time that runs backwards is none. Raises `ValueError` for another
    `until`, or a limit that is no number."""
    require_option("until", until, get_args(Wait))
    require_finite(seconds)
    return AnswersWithin(float(seconds), until)


def session_within(seconds: float) -> Check[SessionView]:
    """The session takes at most `seconds` from its first to its last turn; not applicable without times."""
    require_finite(seconds)
    return SessionWithin(float(seconds))


def costs_at_most(usd: float, pointer: str = "/cost_usd") -> Check[SessionView]:
    """The cost at `pointer` of the session's meta is at most `usd`; several (`/spans/*/cost`) are added up.

    Not applicable where there is none. Raises `ValueError` for what is not a pointer.
    """
    require_finite(usd)
    return MetaAtMost(float(usd), at(pointer).pointer, "USD")


def uses_at_most(tokens: int, pointer: str = "/usage/total_tokens") -> Check[SessionView]:
    """The tokens at `pointer` of the session's meta are at most `tokens`; several are added up. See `costs_at_most`."""
    require_finite(tokens)
    return MetaAtMost(float(tokens), at(pointer).pointer, "tokens")


def has_at_most(limit: int, what: Count) -> Check[SessionView]:
    """The session has at most `limit` turns, user turns, answers or tool calls: `has_at_most(20, "turns")`.

    Raises `ValueError` for anything else to count.
    """
    require_option("what", what, get_args(Count))
    require_finite(limit)
    return CountAtMost(float(limit), what)


def _exchanges(session: SessionView) -> Iterator[tuple[Message, list[Message]]]:
    """Yield each last turn of the user before an answer, with the answers up to the user's next turn."""
    asked: Message | None = None
    answers: list[Message] = []
    for message in session.conversation:
        if message.role != "user":
            answers.append(message)
            continue
        if asked is not None and answers:
            yield asked, answers
        asked, answers = message, []
    if asked is not None and answers:
        yield asked, answers


def _seconds_between(asked: Message, answer: Message) -> float | None:
    if asked.at is None or answer.at is None or answer.at < asked.at:
        return None
    return (answer.at - asked.at).total_seconds()
