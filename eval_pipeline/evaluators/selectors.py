"""Which pieces of a session a check looks at: turns, answers, tool calls with their results, code blocks.

Not here: the pieces themselves (`views.py`), what is asked of them (`*_checks.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from eval_pipeline.evaluators.contract import Check, Selector
from eval_pipeline.evaluators.fences import FENCE
from eval_pipeline.evaluators.views import Block, Call, Message, SessionView, Subject, Text

S = TypeVar("S", bound=Subject)
M = TypeVar("M", bound=Subject)
T = TypeVar("T", bound=Subject)


@dataclass(frozen=True)
class Pieces(Selector[S, T]):
    """The pieces that stand in an attribute of the subject: a list, or one that may be None."""

    attribute: str
    _words: str

    def pieces(self, subject: S) -> Sequence[T]:
        """Return what stands in the attribute."""
        value = getattr(subject, self.attribute)
        if isinstance(value, list):
            return value
        return () if value is None else (value,)

    @property
    def words(self) -> str:
        """One piece, in words."""
        return self._words


@dataclass(frozen=True)
class Whole(Selector[S, S], Generic[S]):
    """The subject itself."""

    def pieces(self, subject: S) -> Sequence[S]:
        """Return the subject."""
        return (subject,)

    @property
    def words(self) -> str:
        """The subject of an evaluator is a session."""
        return "session"


@dataclass(frozen=True)
class First(Selector[S, T]):
    """The first piece of another selector."""

    of: Selector[S, T]

    def pieces(self, subject: S) -> Sequence[T]:
        """Return the first piece, if there is one."""
        return self.of.pieces(subject)[:1]

    @property
    def words(self) -> str:
        """The first of the pieces."""
        return f"first {self.of.words}"


@dataclass(frozen=True)
class Last(Selector[S, T]):
    """The last piece of another selector."""

    of: Selector[S, T]

    def pieces(self, subject: S) -> Sequence[T]:
        """Return the last piece, if there is one."""
        return self.of.pieces(subject)[-1:]

    @property
    def words(self) -> str:
        """The last of the pieces."""
        return f"last {self.of.words}"


@dataclass(frozen=True)
class Where(Selector[S, T]):
    """The pieces of another selector of which a check passes."""

    of: Selector[S, T]
    condition: Check[Any]

    def pieces(self, subject: S) -> Sequence[T]:
        """Return the pieces that pass, in order."""
        return [piece for piece in self.of.pieces(subject) if self.condition.judge(piece).outcome == "pass"]

    @property
    def words(self) -> str:
        """The pieces with their condition."""
        return f"{self.of.words} that {self.condition.words}"


@dataclass(frozen=True)
class Within(Selector[S, T]):
    """The pieces of pieces: every `inner` of every `outer`."""

    outer: Selector[S, Any]
    inner: Selector[Any, T]

    def pieces(self, subject: S) -> Sequence[T]:
        """Return the inner pieces, in order."""
        return [piece for whole in self.outer.pieces(subject) for piece in self.inner.pieces(whole)]

    @property
    def words(self) -> str:
        """Inner and outer piece."""
        outer = self.outer.words
        return f"{self.inner.words} of {'an' if outer[:1] in 'aeio' else 'a'} {outer}"


@dataclass(frozen=True)
class Blocks(Selector[Text, Block]):
    """Fenced code blocks of a text, of one language or of any."""

    constants = (FENCE,)

    language: str | None

    def pieces(self, subject: Text) -> Sequence[Block]:
        """Return the blocks, in order."""
        return [block for block in subject.blocks() if self.language in (None, block.language)]

    @property
    def words(self) -> str:
        """The kind of block."""
        return f"{self.language or 'code'} block"


SESSION: Selector[SessionView, SessionView] = Whole()
MESSAGES: Selector[SessionView, Message] = Pieces("messages", "turn")
CONVERSATION: Selector[SessionView, Message] = Pieces("conversation", "message between user and assistant")
USER_TURNS: Selector[SessionView, Message] = Pieces("user_turns", "user turn")
ASSISTANT_TURNS: Selector[SessionView, Message] = Pieces("assistant_turns", "assistant turn")
ANSWERS: Selector[SessionView, Message] = Pieces("answers", "answer")
LAST_ANSWER: Selector[SessionView, Message] = Last(ANSWERS)
TOOL_CALLS: Selector[SessionView, Call] = Pieces("calls", "tool call")
RESULT: Selector[Call, Message] = Pieces("result", "result")
REPLY: Selector[Call, Message] = Pieces("reply", "reply")
TOOL_RESULTS: Selector[SessionView, Message] = Within(TOOL_CALLS, RESULT)
"""Results of known calls; a tool turn that answers no call is none."""


def where(of: Selector[S, T], condition: Check[T]) -> Selector[S, T]:
    """Return the pieces of `of` for which `condition` passes."""
    return Where(of, condition)


def within(outer: Selector[S, M], inner: Selector[M, T]) -> Selector[S, T]:
    """Return every `inner` piece of every `outer` one, as in `within(ANSWERS, blocks("json"))`."""
    return Within(outer, inner)


def blocks(language: str | None = None) -> Selector[Text, Block]:
    """Return the fenced code blocks of a text; `language` as behind the fence, None for any."""
    return Blocks(language.lower() if language else None)
