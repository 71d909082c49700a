"""Checks of values inside a text: allowed values, numeric limits. They stand at a JSON pointer or are captured.

Not here: the text as a whole (`text_checks.py`), relations between two places (`relation_checks.py`).
"""

import math
import re
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from eval_pipeline.evaluators.contract import Check, Leaf
from eval_pipeline.evaluators.leaves.json_checks import whole
from eval_pipeline.evaluators.leaves.parameters import require_finite
from eval_pipeline.evaluators.leaves.text_checks import shown_pattern
from eval_pipeline.evaluators.views import NOT_JSON, Text

NUMBER = re.compile(r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3}){1,9}|[0-9]{1,30})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
_LONGEST_INDEX = 10


class Value(NamedTuple):
    """A value of a text and the JSON pointer of where it stands; a captured one has none."""

    value: Any
    pointer: str | None


@dataclass(frozen=True)
class At:
    """The value at a JSON pointer (RFC 6901) of a text that is JSON; of a tool call: within its arguments.

    A step `*` stands for every element of a list, and for every value of an object that has no key `*`.
    """

    pointer: str

    def __post_init__(self) -> None:
        """Raise `ValueError` for what is not a pointer."""
        if self.pointer and not self.pointer.startswith("/"):
            raise ValueError(f"{self.pointer!r} is not a JSON pointer: it must start with /")

    @property
    def is_single(self) -> bool:
        """Whether there can be no more than one value."""
        return "*" not in self.pointer.split("/")

    def values(self, subject: Text) -> Sequence[Value] | None:
        """Return the values that are there, in order; None for none, unless that is all that an empty list or object holds."""
        return None if subject.json is NOT_JSON else values_at(self.pointer, subject.json)

    @property
    def words(self) -> str:
        """Where the value stands."""
        return f"the value at {self.pointer or 'the root'}"

    def canonical(self) -> Any:
        """Return what decides, as JSON."""
        return ["At", self.pointer] if self.is_single else ["At", 2, self.pointer]


@dataclass(frozen=True)
class Captured:
    """What the first group of a regular expression captures (the whole match without a group), at one or every match."""

    pattern: str
    is_every: bool = False
    _compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the pattern. Raises `ValueError` when it is none."""
        try:
            object.__setattr__(self, "_compiled", re.compile(self.pattern))
        except re.error as error:
            raise ValueError(f"{self.pattern!r} is not a regular expression: {error}") from error

    @property
    def is_single(self) -> bool:
        """Whether there can be no more than one value."""
        return not self.is_every

    def values(self, subject: Text) -> Sequence[Value] | None:
        """Return what is captured, in order; None for nothing."""
        matches = self._compiled.finditer(subject.text)
        group = min(self._compiled.groups, 1)
        found = [Value(match[group], None) for match in (matches if self.is_every else islice(matches, 1))]
        return [value for value in found if value.value is not None] or None

    @property
    def words(self) -> str:
        """Where the value stands."""
        return f"what {shown_pattern(self.pattern)} captures"

    def canonical(self) -> Any:
        """Return what decides, as JSON."""
        return ["Captured", self.pattern, self.is_every]


Place = At | Captured


@dataclass(frozen=True)
class _ValueLeaf(Leaf[Text]):
    """A check of every value at a place; a missing one fails where it is required, else the check does not apply."""

    place: Place
    is_required: bool

    def holds(self, subject: Text) -> bool | None:
        """Return whether all values are as they should be."""
        values = self.place.values(subject)
        if not values:
            return False if self.is_required else None
        return all(self.accepts(value.value) for value in values)

    @abstractmethod
    def accepts(self, value: Any) -> bool:
        """Return whether a value that is there is as it should be."""

    def _deciding(self, subject: Text) -> Value | None:
        values = self.place.values(subject) or ()
        refused = (value for value in values if not self.accepts(value.value))
        return next(refused, values[0] if values else None)

    def found(self, subject: Text) -> str:
        """Return the first value that is not as it should be, else the first."""
        value = self._deciding(subject)
        return "nothing there" if value is None else repr(value.value)

    def pointer_of(self, subject: Text) -> str | None:
        """Return where that value stands, or where it should."""
        value = self._deciding(subject)
        if value is not None:
            return value.pointer
        return self.place.pointer if isinstance(self.place, At) else None

    def why_not_applicable(self, subject: Text) -> str:
        """Return that there is no such value."""
        return f"there is no value: {self.place.words}"


@dataclass(frozen=True)
class Number(_ValueLeaf):
    """The value is a number within limits."""

    constants = (NUMBER,)

    at_least: float | None
    at_most: float | None

    def accepts(self, value: Any) -> bool:
        """Return whether it is a number, as such or in digits, within the limits (included)."""
        number = as_number(value)
        if number is None:
            return False
        above = self.at_least is None or number >= self.at_least
        return above and (self.at_most is None or number <= self.at_most)

    @property
    def words(self) -> str:
        """Place and limits."""
        low = "" if self.at_least is None else f" of at least {self.at_least:.12g}"
        high = "" if self.at_most is None else f" of at most {self.at_most:.12g}"
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
    """The value at a JSON pointer, e.g. `at("/payment/amount")` or, for every item, `at("/items/*/price")`.

    Raises `ValueError` for what is not a pointer.
    """
    return At(pointer)


def captured(pattern: str) -> Captured:
    """What the first group of `pattern` captures at its first match. Raises `ValueError` for a bad pattern."""
    return Captured(pattern)


def every_captured(pattern: str) -> Captured:
    """What the first group of `pattern` captures at each match. Raises `ValueError` for a bad pattern."""
    return Captured(pattern, is_every=True)


def has_number(
    place: Place, *, at_least: float | None = None, at_most: float | None = None, is_required: bool = False
) -> Check[Text]:
    """The value at `place` (each of several) is a number within the limits (included).

    Digits in a text count, with a comma before thousands and a point before decimals: "1,234.50" is 1234.5. Not applicable where there is no value, unless it is required.
    """
    require_finite(at_least, at_most)
    if at_least is not None and at_most is not None and at_most < at_least:
        raise ValueError(f"no number lies between {at_least} and {at_most}")
    return Number(place, is_required, _as_float(at_least), _as_float(at_most))


def has_allowed(
    place: Place, values: Iterable[str | int | float | bool | None], *, is_required: bool = False
) -> Check[Text]:
    """The value at `place` (each of several) is one of `values`. Not applicable where there is no value, unless it is required."""
    listed = tuple(values)
    require_finite(*(value for value in listed if isinstance(value, float)))
    distinct = {(isinstance(value, bool), value): value for value in map(whole, listed)}
    ordered = sorted(distinct.values(), key=lambda value: (type(value).__name__, repr(value)))
    return Allowed(place, is_required, tuple(ordered))


def values_at(pointer: str, document: Any) -> Sequence[Value] | None:
    """Return the values at `pointer` within parsed JSON, see `At.values`."""
    here = [Value(document, "")]
    for part, key in _steps_of(pointer):
        if part == "*" and here and all(value in ([], {}) for value, _ in here):
            return []
        here = [step for value in here for step in _steps(value, part, key)]
    return here or None


@lru_cache(maxsize=1024)
def _steps_of(pointer: str) -> tuple[tuple[str, str], ...]:
    """Return the steps of a pointer, each as it is written and as the key that it stands for."""
    return tuple((part, part.replace("~1", "/").replace("~0", "~")) for part in pointer.split("/")[1:])


def as_number(value: Any) -> float | None:
    """Return `value` as a finite number when it is one, or is one in digits; integers stay exact."""
    if isinstance(value, str):
        text = value.strip()
        if NUMBER.fullmatch(text) is None:
            return None
        digits = text.replace(",", "")
        value = int(digits) if digits.lstrip("+-").isdigit() else float(digits)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def _steps(value: Value, part: str, key: str) -> Sequence[Value]:
    inside, pointer = value
    if isinstance(inside, dict):
        if key in inside:
            return [Value(inside[key], f"{pointer}/{part}")]
        return [Value(item, f"{pointer}/{_escaped(name)}") for name, item in inside.items()] if part == "*" else ()
    if not isinstance(inside, list):
        return ()
    if part == "*":
        return [Value(item, f"{pointer}/{position}") for position, item in enumerate(inside)]
    is_index = part.isascii() and part.isdigit() and len(part) < _LONGEST_INDEX
    return [Value(inside[int(part)], f"{pointer}/{part}")] if is_index and int(part) < len(inside) else ()


def _escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def _as_float(limit: float | None) -> float | None:
    return None if limit is None else float(limit)
