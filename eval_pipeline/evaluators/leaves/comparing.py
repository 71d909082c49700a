"""How values of two places compare: equality, order, sets.

Two texts compare without difference of case and white space. A number and a text compare as numbers where the text is
one in digits, with or without a currency sign ("$1,234.50" is 1234.5); two texts in equality do not ("007" is not
"7"). Order is that of numbers, or of ISO 8601 dates and times (without a zone: UTC); what is neither has no order.
Not here: where the values stand (`relation_checks.py`).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from operator import ge, gt, le, lt
from typing import Any, Literal, NamedTuple

from eval_pipeline.evaluators.leaves.value_checks import NUMBER, Value, as_number
from eval_pipeline.versions import canonical_json

Relation = Literal[
    "equal", "at_most", "at_least", "below", "above", "subset", "superset", "same_set", "disjoint"
]  # fmt: skip
RELATION_WORDS: dict[Relation, str] = {
    "equal": "equal to",
    "at_most": "no greater than",
    "at_least": "no less than",
    "below": "less than",
    "above": "greater than",
    "subset": "all among",
    "superset": "with all of",
    "same_set": "the same set as",
    "disjoint": "none of them among",
}
SET_RELATIONS = ("subset", "superset", "same_set", "disjoint")
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {"at_most": le, "at_least": ge, "below": lt, "above": gt}
_CURRENCIES = "$\N{EURO SIGN}\N{POUND SIGN}\N{YEN SIGN} "
_ROUNDING = 1e-9
"""What floating point may add to a tolerance."""
CONSTANTS = (NUMBER, _CURRENCIES, _ROUNDING)
COMPARING_SEMANTICS = 1
"""Raised when the code here comes to compare otherwise: part of the version of every relation."""


class Faults(NamedTuple):
    """The values of the left that stand against a relation, and those of the right that the left lacks."""

    left: Sequence[Value]
    lacking: Sequence[Value]


class _Members:
    """The values of one side, for asking whether a value is among them."""

    def __init__(self, values: Iterable[Value]) -> None:
        self._values = [value for value, _ in values]

    @cached_property
    def _forms(self) -> set[Any]:
        return {_form(value) for value in self._values}

    @cached_property
    def _numbers_in_texts(self) -> set[float | None]:
        return {_amount(value) for value in self._values if isinstance(value, str)}

    def __contains__(self, value: Any) -> bool:
        if _form(value) in self._forms:
            return True
        number = _amount(value)
        return number is not None and (
            number in self._forms if isinstance(value, str) else number in self._numbers_in_texts
        )


def faults(relation: Relation, left: Sequence[Value], right: Sequence[Value], tolerance: float) -> Faults:
    """Return the values by which `relation` does not hold.

    Equality and order compare each value of the left with the one of the right.
    """
    if relation == "equal":
        return Faults([value for value in left if not _is_equal(value.value, right[0].value, tolerance)], [])
    if relation in _ORDERS:
        return Faults([value for value in left if not _is_ordered(_ORDERS[relation], value.value, right[0].value)], [])
    among_left, among_right = _Members(left), _Members(right)
    if relation == "disjoint":
        return Faults([value for value in left if value.value in among_right], [])
    excess = [] if relation == "superset" else [value for value in left if value.value not in among_right]
    lacking = [] if relation == "subset" else [value for value in right if value.value not in among_left]
    return Faults(excess, lacking)


def key_of(value: Any) -> str:
    """Return the form in which two values are the same key: 12 and "12" are, "A1" and "a1 " are."""
    return _folded(value) if isinstance(value, str) else canonical_json(value).decode()


def _is_equal(one: Any, other: Any, tolerance: float) -> bool:
    numbers = _amount(one), _amount(other)
    if tolerance and None not in numbers:
        return bool(abs(numbers[0] - numbers[1]) <= tolerance + _ROUNDING)  # type: ignore[operator]
    return one in _Members([Value(other, None)])


def _is_ordered(order: Callable[[Any, Any], bool], one: Any, other: Any) -> bool:
    for reading in (_amount, _moment):
        places = reading(one), reading(other)
        if None not in places:
            return order(*places)
    return False


def _form(value: Any) -> Any:
    """Return a hashable form, the same for values that are the same; a number's is the number."""
    if isinstance(value, str):
        return ("text", _folded(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ("json", canonical_json(value))
    return value


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _amount(value: Any) -> float | None:
    return as_number(value.strip(_CURRENCIES) if isinstance(value, str) else value)


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
