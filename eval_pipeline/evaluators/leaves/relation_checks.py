"""Relations between two places of a session: the refund is the order's total, what goes back is part of the order.

The left place is what is checked, the right one what it must agree with. Every piece of the left (a call, a result, an
answer) is compared with one of the right: with itself where both places are of the same pieces, else with the last
one before it that holds a value; with `matching`, with the last such one that has the same key, say the order's id.
Not here: values within one text (`value_checks.py`), how two values compare (`comparing.py`).
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from eval_pipeline.evaluators.contract import Check, Leaf, Selector
from eval_pipeline.evaluators.leaves.comparing import (
    COMPARING_SEMANTICS,
    CONSTANTS,
    RELATION_WORDS,
    SET_RELATIONS,
    Faults,
    Relation,
    faults,
    key_of,
)
from eval_pipeline.evaluators.leaves.parameters import require_finite
from eval_pipeline.evaluators.leaves.tool_checks import has_failed, has_result, is_tool, reports_error
from eval_pipeline.evaluators.leaves.value_checks import Place, Value, at, captured
from eval_pipeline.evaluators.operators import all_of, not_
from eval_pipeline.evaluators.selectors import LAST_ANSWER, RESULT, TOOL_CALLS, Whole, where
from eval_pipeline.evaluators.views import Call, SessionView, Text

_SHOWN_VALUES = 10


class Reading(NamedTuple):
    """What a place holds in one piece of the session; `values` is None where it is not there."""

    owner: Text
    turn_index: int
    values: Sequence[Value] | None


@dataclass(frozen=True)
class SessionPlace:
    """A place in pieces of a session: `owners` are the calls or messages, `inside` says which text of theirs is read."""

    owners: Selector[SessionView, Any]
    inside: Selector[Any, Any]
    place: Place
    words: str

    def readings(self, session: SessionView) -> list[Reading]:
        """Return what the place holds in each piece, in order."""
        return [reading for owner in self.owners.pieces(session) for reading in self.of(owner)]

    def of(self, owner: Text) -> list[Reading]:
        """Return what the place holds in one piece: one reading, or none where it has no such text."""
        texts = self.inside.pieces(owner)
        return [Reading(owner, text.turn_index or 0, self.place.values(text)) for text in texts]

    def key(self, owner: Text) -> str | None:
        """Return the first value in one piece as a key."""
        values = [value for reading in self.of(owner) for value in reading.values or ()]
        return key_of(values[0].value) if values else None

    def canonical(self) -> Any:
        """Return what decides, as JSON."""
        return [self.owners.canonical(), self.inside.canonical(), self.place.canonical()]


class Compared(NamedTuple):
    """A piece of the left with what it was compared with (None: nothing), and the values at fault."""

    left: Reading
    right: Sequence[Value] | None
    faults: Faults | None

    @property
    def holds(self) -> bool:
        """Whether both sides are there and no value is at fault."""
        return self.faults is not None and not any(self.faults)

    @property
    def deciding(self) -> Value | None:
        """The value of the left that decides: the first at fault, else the first."""
        values = self.faults.left if self.faults is not None and self.faults.left else self.left.values
        return values[0] if values else None


@dataclass(frozen=True)
class Related(Leaf[SessionView]):
    """The values of one place are in a relation to those of another."""

    constants = (COMPARING_SEMANTICS, CONSTANTS)

    left: SessionPlace
    relation: Relation
    right: SessionPlace
    matching: tuple[SessionPlace, SessionPlace] | None
    tolerance: float
    is_required: bool

    def __post_init__(self) -> None:
        """Raise `ValueError` for a relation that could never be decided."""
        require_finite(self.tolerance)
        if self.tolerance < 0:
            raise ValueError(f"a tolerance of {self.tolerance} leaves nothing: give 0 or more")
        if self.relation not in SET_RELATIONS and not self.right.place.is_single:
            raise ValueError(f"{self.right.words} may be several values: compare them as sets")
        keys = self.matching or (self.left, self.right)
        if (keys[0].owners, keys[1].owners) != (self.left.owners, self.right.owners):
            raise ValueError("give `matching` a key in the calls of the left place, then one in those of the right")

    def holds(self, subject: SessionView) -> bool | None:
        """Return whether the relation holds of every piece; None where there is nothing to compare."""
        compared = [pair.holds for pair in self._compared(subject)]
        return all(compared) if compared else False if self.is_required else None

    def _compared(self, session: SessionView) -> Iterator[Compared]:
        rights = self._rights(session)
        for left in self.left.readings(session):
            right = self._partner(left, rights)
            if left.values is not None and right is not None and (left.values or self.relation in SET_RELATIONS):
                yield Compared(left, right, faults(self.relation, left.values, right, self.tolerance))
            elif self.is_required:
                yield Compared(left, right, None)

    def _rights(self, session: SessionView) -> dict[str | None, list[Reading]]:
        """Return the pieces of the right that hold a value, by key and in order of their turns."""
        by_key: dict[str | None, list[Reading]] = defaultdict(list)
        for reading in sorted(self.right.readings(session), key=lambda reading: reading.turn_index):
            if reading.values is not None:
                by_key[self.matching[1].key(reading.owner) if self.matching else ""].append(reading)
        return by_key

    def _partner(self, left: Reading, rights: dict[str | None, list[Reading]]) -> Sequence[Value] | None:
        if self.left.owners == self.right.owners:
            return next((reading.values for reading in self.right.of(left.owner)), None)
        key = self.matching[0].key(left.owner) if self.matching else ""
        candidates = [] if key is None else rights.get(key, [])
        n_before = bisect_left(candidates, left.turn_index, key=lambda reading: reading.turn_index)
        return candidates[n_before - 1].values if n_before else None

    def _deciding(self, session: SessionView) -> Compared | None:
        compared = list(self._compared(session))
        return next((pair for pair in compared if not pair.holds), compared[0] if compared else None)

    @property
    def words(self) -> str:
        """Both places and the relation."""
        near = f" (within {self.tolerance:.12g})" if self.tolerance else ""
        return f"has {self.left.words} {RELATION_WORDS[self.relation]} {self.right.words}{near}"

    def found(self, subject: SessionView) -> str:
        """Return the value of the left that decides, and what it lacks of the right."""
        pair = self._deciding(subject)
        if pair is None or not pair.left.values:
            return "nothing there"
        if pair.faults is None or pair.faults.left or not pair.faults.lacking:
            return repr(pair.deciding.value) if pair.deciding is not None else "nothing there"
        return f"{_shown(pair.left.values)} without {_shown(pair.faults.lacking)}"

    def expected_of(self, subject: SessionView) -> str | None:
        """Return the values of the right that the left was compared with."""
        pair = self._deciding(subject)
        if pair is None or pair.right is None:
            return None  # the place itself is missing: `words` say which
        return f"{RELATION_WORDS[self.relation]} {_shown(pair.right)}: {self.right.words}"

    def turn_of(self, subject: SessionView) -> int | None:
        """Return the turn of the left piece that decides."""
        pair = self._deciding(subject)
        return None if pair is None else pair.left.turn_index

    def pointer_of(self, subject: SessionView) -> str | None:
        """Return where the value of the left that decides stands."""
        pair = self._deciding(subject)
        return None if pair is None or pair.deciding is None else pair.deciding.pointer

    def why_not_applicable(self, subject: SessionView) -> str:
        """Return that a side is missing."""
        return f"there is nothing to compare: {self.left.words}, after {self.right.words}"


def argument(tool: str, pointer: str, *, tried: bool = False) -> SessionPlace:
    """The value at a JSON pointer in the arguments of each call of `tool`; `*` stands for every element of a list.

    A call that came back with an error changed nothing and is left out; `tried`: it counts, too. Give the key of such
    a place (`matching`) the same `tried`.
    """
    calls: Selector[SessionView, Call] = where(TOOL_CALLS, is_tool(tool))
    inside: Selector[Call, Call] = Whole()
    # The failed calls are left out inside, not among the owners: places of one tool are so compared within a call.
    read = inside if tried else where(inside, not_(all_of(has_result(), has_failed())))
    return SessionPlace(calls, read, at(pointer), f"{at(pointer).words} in the arguments of {tool}")


def result(tool: str, pointer: str) -> SessionPlace:
    """The value at a JSON pointer in the result of each call of `tool`; a result that reports an error holds none."""
    calls, good = where(TOOL_CALLS, is_tool(tool)), where(RESULT, not_(reports_error()))
    return SessionPlace(calls, good, at(pointer), f"{at(pointer).words} in the result of {tool}")


def told(pattern: str) -> SessionPlace:
    """What the first group of `pattern` captures in the session's last answer, at its first match."""
    return found_in(LAST_ANSWER, captured(pattern))


def found_in(pieces: Selector[SessionView, Any], place: Place) -> SessionPlace:
    """The value at `place` in each of `pieces`, e.g. `found_in(ANSWERS, every_captured(r"order ([0-9]+)"))`."""
    return SessionPlace(pieces, Whole(), place, f"{place.words} in the {pieces.words}")


Matching = tuple[SessionPlace, SessionPlace] | None


def equals(
    left: SessionPlace,
    right: SessionPlace,
    *,
    matching: Matching = None,
    tolerance: float = 0.0,
    is_required: bool = False,
) -> Check[SessionView]:
    """Each value at `left` equals the one at `right`; numbers may differ by `tolerance` (texts in digits count then).

    `right` is read in the same piece where both places are of the same calls, else in the last piece before that of
    `left`; `matching=(key of left, key of right)` narrows these to those with the same key. Not applicable where a
    side is missing, unless it is required. Raises `ValueError` for a right place of several values.
    """
    return Related(left, "equal", right, matching, float(tolerance), is_required)


def is_at_most(
    left: SessionPlace, right: SessionPlace, *, matching: Matching = None, is_required: bool = False
) -> Check[SessionView]:
    """Each value at `left` is no greater than the one at `right`: numbers, or ISO 8601 dates. See `equals`."""
    return Related(left, "at_most", right, matching, 0.0, is_required)


def is_at_least(
    left: SessionPlace, right: SessionPlace, *, matching: Matching = None, is_required: bool = False
) -> Check[SessionView]:
    """Each value at `left` is no less than the one at `right`: numbers, or ISO 8601 dates. See `equals`."""
    return Related(left, "at_least", right, matching, 0.0, is_required)


def is_below(
    left: SessionPlace, right: SessionPlace, *, matching: Matching = None, is_required: bool = False
) -> Check[SessionView]:
    """Each value at `left` is less than the one at `right`: numbers, or ISO 8601 dates. See `equals`."""
    return Related(left, "below", right, matching, 0.0, is_required)


def is_above(
    left: SessionPlace, right: SessionPlace, *, matching: Matching = None, is_required: bool = False
) -> Check[SessionView]:
    """Each value at `left` is greater than the one at `right`: numbers, or ISO 8601 dates. See `equals`."""
    return Related(left, "above", right, matching, 0.0, is_required)


def is_subset(
    left: SessionPlace, right: SessionPlace, *, matching: Matching = None, is_required: bool = False
) -> Check[SessionView]:
    """Every value at `left` is among those at `right`. See `equals` for what is compared with what."""
    return Related(left, "subset", right, matching, 0.0, is_required)


def is_superset(
    left: SessionPlace, right: SessionPlace, *, matching: Matching = None, is_required: bool = False
) -> Check[SessionView]:
    """Every value at `right` is among those at `left`. See `equals` for what is compared with what."""
    return Related(left, "superset", right, matching, 0.0, is_required)


def is_same_set(
    left: SessionPlace, right: SessionPlace, *, matching: Matching = None, is_required: bool = False
) -> Check[SessionView]:
    """The values at `left` and at `right` are the same, whatever their order and number. See `equals`."""
    return Related(left, "same_set", right, matching, 0.0, is_required)


def is_disjoint(
    left: SessionPlace, right: SessionPlace, *, matching: Matching = None, is_required: bool = False
) -> Check[SessionView]:
    """No value at `left` is among those at `right`. See `equals` for what is compared with what."""
    return Related(left, "disjoint", right, matching, 0.0, is_required)


def _shown(values: Sequence[Value]) -> str:
    shown = ", ".join(repr(value) for value, _ in values[:_SHOWN_VALUES])
    return f"{shown} and {len(values) - _SHOWN_VALUES} more" if len(values) > _SHOWN_VALUES else shown or "nothing"
