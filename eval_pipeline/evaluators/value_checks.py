"""Checks of one value inside a text: allowed values, numeric limits. The value stands at a JSON pointer or is captured.

Not here: the text as a whole (`text_checks.py`), relations between two values.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from eval_pipeline.evaluators.contract import Check, Leaf
from eval_pipeline.evaluators.text_checks import shown_pattern
from eval_pipeline.evaluators.views import NOT_JSON, Text

_MISSING = object()


@dataclass(frozen=True)
class At:
    """The value at a JSON pointer (RFC 6901) of a text that is JSON; of a tool call: within its arguments."""

    pointer: str

    def __post_init__(self) -> None:
        """Raise `ValueError` for what is not a pointer."""
        if self.pointer and not self.pointer.startswith("/"):
            raise ValueError(f"{self.pointer!r} is not a JSON pointer: it must start with /")

    def value(self, subject: Text) -> Any:
        """Return the value, or `_MISSING`."""
        value = subject.json
        if value is NOT_JSON:
            return _MISSING
        for part in self.pointer.split("/")[1:]:
            value = _step(value, part.replace("~1", "/").replace("~0", "~"))
        return value

    @property
    def words(self) -> str:
        """Where the value stands."""
        return f"the value at {self.pointer or 'the root'}"

    def canonical(self) -> Any:
        """Return what decides, as JSON."""
        return ["At", self.pointer]


@dataclass(frozen=True)
class Captured:
    """What the first group of a regular expression captures at its first match (the whole match without a group)."""

    pattern: str
    _compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the pattern. Raises `ValueError` when it is none."""
        try:
            object.__setattr__(self, "_compiled", re.compile(self.pattern))
        except re.error as error:
            raise ValueError(f"{self.pattern!r} is not a regular expression: {error}") from error

    def value(self, subject: Text) -> Any:
        """Return the captured text, or `_MISSING`."""
        match = self._compiled.search(subject.text)
        if match is None:
            return _MISSING
        captured = match[1] if self._compiled.groups else match[0]
        return _MISSING if captured is None else captured

    @property
    def words(self) -> str:
        """Where the value stands."""
        return f"what {shown_pattern(self.pattern)} captures"

    def canonical(self) -> Any:
        """Return what decides, as JSON."""
        return ["Captured", self.pattern]


Place = At | Captured


@dataclass(frozen=True)
class _ValueLeaf(Leaf[Text]):
    """A check of the value at a place; a missing one fails where it is required, else the check does not apply."""

    place: Place
    is_required: bool

    def holds(self, subject: Text) -> bool | None:
        """Return whether the value is as it should be."""
        value = self.place.value(subject)
        if value is _MISSING:
            return False if self.is_required else None
        return self.accepts(value)

    def accepts(self, value: Any) -> bool:
        """Return whether a value that is there is as it should be."""
        raise AssertionError("every value check says what it accepts")

    def found(self, subject: Text) -> str:
        """Return the value."""
        value = self.place.value(subject)
        return "nothing there" if value is _MISSING else repr(value)

    def why_not_applicable(self, subject: Text) -> str:
        """Return that there is no such value."""
        return f"there is no value: {self.place.words}"


@dataclass(frozen=True)
class Number(_ValueLeaf):
    """The value is a number within limits."""

    at_least: float | None
    at_most: float | None

    def accepts(self, value: Any) -> bool:
        """Return whether it is a number, as such or in digits, within the limits (included)."""
        number = _number(value)
        if number is None:
            return False
        above = self.at_least is None or number >= self.at_least
        return above and (self.at_most is None or number <= self.at_most)

    @property
    def words(self) -> str:
        """Place and limits."""
        low = "" if self.at_least is None else f" of at least {self.at_least:g}"
        high = "" if self.at_most is None else f" of at most {self.at_most:g}"
        return f"has a number{low}{' and' if low and high else ''}{high} as {self.place.words}"


@dataclass(frozen=True)
class Allowed(_ValueLeaf):
    """The value is one of a closed list; 1, 1.0 and true are not the same as "1"."""

    values: tuple[str | int | float | bool | None, ...]

    def accepts(self, value: Any) -> bool:
        """Return whether it is in the list, with the same type."""
        return any(value == allowed and isinstance(value, bool) == isinstance(allowed, bool) for allowed in self.values)

    @property
    def words(self) -> str:
        """Place and list."""
        return f"has one of {', '.join(repr(value) for value in self.values)} as {self.place.words}"


def at(pointer: str) -> At:
    """The value at a JSON pointer, e.g. `at("/payment/amount")`. Raises `ValueError` for what is not one."""
    return At(pointer)


def captured(pattern: str) -> Captured:
    """What the first group of `pattern` captures. Raises `ValueError` for a bad pattern."""
    return Captured(pattern)


def has_number(
    place: Place, *, at_least: float | None = None, at_most: float | None = None, is_required: bool = False
) -> Check[Text]:
    """The value at `place` is a number within the limits (included).

    Digits in a text count ("1,234.50" is 1234.5). Not applicable where there is no value, unless it is required.
    """
    if at_least is not None and at_most is not None and at_most < at_least:
        raise ValueError(f"no number lies between {at_least} and {at_most}")
    return Number(place, is_required, _as_float(at_least), _as_float(at_most))


def has_allowed(
    place: Place, values: Iterable[str | int | float | bool | None], *, is_required: bool = False
) -> Check[Text]:
    """The value at `place` is one of `values`. Not applicable where there is no value, unless it is required."""
    return Allowed(
        place, is_required, tuple(sorted(set(values), key=lambda value: (type(value).__name__, repr(value))))
    )


def _step(value: Any, part: str) -> Any:
    if isinstance(value, dict):
        return value.get(part, _MISSING)
    if isinstance(value, list) and part.isascii() and part.isdigit():
        return value[int(part)] if int(part) < len(value) else _MISSING
    return _MISSING


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value.replace(",", "") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _as_float(limit: float | None) -> float | None:
    return None if limit is None else float(limit)
