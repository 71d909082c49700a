"""Checks of a turn's place in the conversation and of where the session happened; and any check written as a function.

Not here: what a turn says (`text_checks.py`).
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from eval_pipeline.evaluators.contract import Check, Leaf
from eval_pipeline.evaluators.leaves.parameters import require_option
from eval_pipeline.evaluators.views import Message, SessionView, Subject

S = TypeVar("S", bound=Subject)

ROLES = ("user", "assistant", "tool", "system")


@dataclass(frozen=True)
class IsFrom(Leaf[Message]):
    """The turn is of one role."""

    role: str

    def holds(self, subject: Message) -> bool:
        """Return whether it is."""
        return subject.role == self.role

    @property
    def words(self) -> str:
        """The role."""
        return f"comes from the {self.role}"

    def found(self, subject: Message) -> str:
        """Return who spoke, and what was said."""
        return f"{subject.role}: {subject.text}"


@dataclass(frozen=True)
class CallsTool(Leaf[Message]):
    """The turn calls a tool."""

    def holds(self, subject: Message) -> bool:
        """Return whether it does."""
        return subject.has_calls

    @property
    def words(self) -> str:
        """What is asked."""
        return "calls a tool"

    def found(self, subject: Message) -> str:
        """Return what the turn says."""
        return subject.text


@dataclass(frozen=True)
class OnSurface(Leaf[SessionView]):
    """The session happened on one of some surfaces."""

    surfaces: tuple[str, ...]

    def holds(self, subject: SessionView) -> bool:
        """Return whether it did."""
        return subject.surface in self.surfaces

    @property
    def words(self) -> str:
        """The surfaces."""
        return f"is on {' or '.join(self.surfaces)}"

    def found(self, subject: SessionView) -> str:
        """Return the surface."""
        return subject.surface


@dataclass(frozen=True)
class InSlice(Leaf[SessionView]):
    """The session belongs to a slice of traffic."""

    key: str
    value: str

    def holds(self, subject: SessionView) -> bool | None:
        """Return whether it does; None when the session says nothing about the key."""
        value = subject.slices.get(self.key)
        return None if value is None else value == self.value

    @property
    def words(self) -> str:
        """The slice."""
        return f"is in the slice {self.key}={self.value}"

    def found(self, subject: SessionView) -> str | None:
        """Return the value of the key."""
        return subject.slices.get(self.key)


@dataclass(frozen=True)
class Satisfies(Leaf[S]):
    """A function of the subject returns true; None from it is not_applicable."""

    source: str
    version: str
    _words: str
    _function: Callable[[Any], bool | None] = field(repr=False, compare=False)

    def holds(self, subject: S) -> bool | None:
        """Return what the function says."""
        return self._function(subject)

    @property
    def words(self) -> str:
        """What the function asks, as its author put it."""
        return self._words

    def found(self, subject: Any) -> str | None:
        """Return the text of the subject, where it has one."""
        return getattr(subject, "text", None)


def is_from(role: str) -> Check[Message]:
    """The turn comes from `role`: user, assistant, tool or system. Raises `ValueError` for another."""
    require_option("role", role, ROLES)
    return IsFrom(role)


def calls_tool() -> Check[Message]:
    """The turn calls a tool."""
    return CallsTool()


def on_surface(*surfaces: str) -> Check[SessionView]:
    """The session happened on one of `surfaces`."""
    return OnSurface(tuple(sorted(set(surfaces))))


def in_slice(key: str, value: str) -> Check[SessionView]:
    """The session belongs to the slice `key=value`; not applicable when it says nothing about `key`."""
    return InSlice(key, value)


def satisfies(function: Callable[[S], bool | None], *, words: str, version: str) -> Check[S]:
    """`function` returns true of the subject (None: not applicable). `words` says what holds then.

    The version of the check is `version` plus the function's source without its name, comments and docstring. What the source
    does not show (helpers, tables, libraries) must be covered by raising `version`. Raises `ValueError` for a lambda
    or for a function that closes over variables, whose values no version could show.
    """
    name = getattr(function, "__name__", "")
    if not inspect.isfunction(function) or name == "<lambda>" or function.__closure__ is not None:
        raise ValueError(f"satisfies() needs a function made by `def` at module level, not {name or function!r}")
    return Satisfies(function_source(function), version, words, function)


def function_source(function: Callable[..., Any]) -> str:
    """Return what a function does, for a version: its source without name, comments and docstring.

    Raises `ValueError` when the source cannot be read.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError) as error:
        raise ValueError(f"the source of {function.__name__} cannot be read, so it has no version") from error
    definition = tree.body[0]
    if isinstance(definition, ast.FunctionDef):
        definition.name = "check"
        if ast.get_docstring(definition) is not None:
            definition.body = definition.body[1:] or [ast.Pass()]
    return ast.unparse(definition)
