"""The check that amounts of money in answers have a source, or follow from numbers that have.

Numbers are exact decimals. Sums are tried in a bounded number of ways: a session with many numbers explains nearly any
amount, so the check errs towards silence. Not here: ids, links and other values (`grounding_checks.py`).
"""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from eval_pipeline.evaluators.contract import Check
from eval_pipeline.evaluators.leaves.occasions import Faultless, Occasion, around, leaves
from eval_pipeline.evaluators.views import NOT_JSON, Message, SessionView

_DIGITS = r"\d(?:[\d.,]{0,16}\d)?"
MONEY = re.compile(
    rf"(?:[$€£]|\b(?:USD|EUR|GBP)\b)\s?(?P<before>{_DIGITS})"
    rf"|(?<![\d.,])(?P<after>{_DIGITS})\s?(?:[€£]|(?:USD|EUR|GBP|dollars?|euros?|pounds?)\b)"
)
NUMBER = re.compile(rf"(?<![\w.,]){_DIGITS}(?!\w)")
_DECIMALS = re.compile(r"[.,](\d{1,2})$")
_RATE = re.compile(r"\*{0,2}\s?(?:/|per\b|each\b|for each\b|an? (?!total)|pro\b|je\b)", re.IGNORECASE)
_SCALE = re.compile(
    r"\s?(?:k|m|mn|bn|thousand|million|billion|tsd|mio|mrd)\b|\s(?:tausend|millionen|milliarden)\b", re.IGNORECASE
)
_LABEL = re.compile(r"[^\w\n]{0,20}(\w{1,40})")
_TIMES = (1, 2, 3, 4, 5)
_LONGEST_ROW = 6
_MAX_NUMBERS = 2000
"""Known numbers that differences are formed of: the latest; of more, nearly every amount could be formed."""
_MAX_LISTED = 60
"""Amounts of one answer that a later one may be made of: the latest."""
_MAX_JUDGED = 1000
"""Amounts of a session that are judged: the first."""
_NEAR = 200
_TOO_LARGE = 10**15
"""Beside a number of this size, adding an amount of money makes no difference."""


class _Amount(NamedTuple):
    value: Decimal
    match: re.Match[str]
    is_rate: bool
    line: int
    """Where its line starts, or what of the line is near."""
    label: str
    """The first word of that line: "Savings"."""


@dataclass(frozen=True)
class AmountsAreKnown(Faultless):
    """An amount of money in an answer is known, or follows from known numbers.

    Known are the numbers that the user, a tool or the instructions gave before. A sum of some in a row follows, taken up
    to 5 times (two legs, three passengers), and the difference or sum of two. So does what the answer itself adds up:
    amounts in a row, two of them, or all that lines with the same first word end in. What followed is known from then on.
    A rate ("$30 per passenger") comes from instructions that few records hold, and is let be; so is "$2 million", which
    nobody means to the cent.
    """

    semantics = 2
    constants = (
        MONEY,
        NUMBER,
        _DECIMALS,
        _RATE,
        _SCALE,
        _LABEL,
        _TIMES,
        _LONGEST_ROW,
        _MAX_NUMBERS,
        _MAX_LISTED,
        _MAX_JUDGED,
        _TOO_LARGE,
        _NEAR,
    )
    occasion = "amount of money in an answer, in a session with tool calls"

    def occasions(self, subject: SessionView) -> Iterator[Occasion]:
        """Yield the amounts told, rates aside."""
        return itertools.islice(self._told(subject), _MAX_JUDGED if subject.calls else 0)

    def _told(self, subject: SessionView) -> Iterator[Occasion]:
        known = _Numbers()
        for message in subject.messages:
            if message.role != "assistant":
                known.learn(_given(message))
                continue
            told, listed = list(_amounts(message.text)), list[_Amount]()
            known.learn([amount.value for amount in told if amount.is_rate])
            for amount in told:
                is_known = known.explain(amount.value) or _adds_up(amount.value, listed)
                if is_known:
                    known.learn([amount.value])
                listed.append(amount)
                if not amount.is_rate:
                    yield Occasion(not is_known, message.turn_index, around(message.text, amount.match))

    @property
    def words(self) -> str:
        """What is asked."""
        return "tells only amounts of money that were given before or follow from numbers that were"


def amounts_are_known() -> Check[SessionView]:
    """Amounts of money in answers have a source, see `AmountsAreKnown`."""
    return AmountsAreKnown()


class _Numbers:
    """The numbers that a session has given so far, with the sums of those that stood in a row."""

    def __init__(self) -> None:
        self._numbers: dict[Decimal, None] = {}
        self._sums: set[Decimal] = set()

    def learn(self, given: Sequence[Decimal]) -> None:
        """Add the numbers of one turn."""
        self._numbers |= dict.fromkeys(given)
        self._sums |= _sums_of_rows(given[-_MAX_NUMBERS:])

    def explain(self, amount: Decimal) -> bool:
        """Return whether `amount` is one of them, a sum of some in a row, either a few times, or a difference of two."""
        if any(amount / times in self._numbers or amount / times in self._sums for times in _TIMES):
            return True
        near = set(itertools.islice(reversed(self._numbers), _MAX_NUMBERS))
        return _is_pair(amount, near)


def _given(message: Message) -> list[Decimal]:
    """Return the numbers that a turn gives: of JSON its values, not the digits of its dates and codes."""
    if message.json is NOT_JSON:
        return [number for match in NUMBER.finditer(message.text) if (number := _decimal(match[0])) is not None]
    return [number for _, leaf in leaves(message.json) for number in _numbers(leaf)]


def _numbers(leaf: Any) -> list[Decimal]:
    """Return the number that a value is, or the amounts of money in a text."""
    if isinstance(leaf, str):
        digits = (
            [leaf] if NUMBER.fullmatch(leaf) else [match["before"] or match["after"] for match in MONEY.finditer(leaf)]
        )
        return [number for spelled in digits if (number := _decimal(spelled)) is not None]
    is_number = isinstance(leaf, int | float) and not isinstance(leaf, bool) and abs(leaf) < _TOO_LARGE
    return [Decimal(str(leaf)).normalize()] if is_number else []


def _adds_up(value: Decimal, listed: Sequence[_Amount]) -> bool:
    """Return whether `value` is made of the amounts that its answer lists before it."""
    latest = listed[-_MAX_LISTED:]
    last_of_line = {(amount.label, amount.line): amount for amount in latest}
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for amount in last_of_line.values():
        totals[amount.label] += amount.value
    numbers = [amount.value for amount in latest]
    sums = _sums_of_rows(numbers) | set(totals.values())
    return any(value / times in sums or _is_pair(value / times, set(numbers)) for times in _TIMES)


def _sums_of_rows(numbers: Sequence[Decimal]) -> set[Decimal]:
    """Return the sums of all rows of 2 to `_LONGEST_ROW` of the numbers, as they stand."""
    sums = [Decimal(0), *itertools.accumulate(numbers)]
    return {
        (later - sums[start]).normalize()
        for start in range(len(numbers))
        for later in sums[start + 2 : start + 1 + _LONGEST_ROW]
    }


def _is_pair(amount: Decimal, numbers: set[Decimal]) -> bool:
    return any(amount - number in numbers or amount + number in numbers for number in numbers)


def _amounts(text: str) -> Iterator[_Amount]:
    for match in MONEY.finditer(text):
        value = _decimal(match["before"] or match["after"])
        if value is not None and _SCALE.match(text, match.end()) is None:
            near = max(0, match.start() - _NEAR)
            line = max(near, text.rfind("\n", near, match.start()) + 1)
            label = _LABEL.match(text, line)
            is_rate = _RATE.match(text, match.end()) is not None
            yield _Amount(value, match, is_rate, line, label[1].casefold() if label else "")


def _decimal(digits: str) -> Decimal | None:
    """Return the number that `digits` spell, in English (1,234.50) or German (1.234,50)."""
    decimals = _DECIMALS.search(digits)
    whole = (digits[: decimals.start()] if decimals else digits).replace(",", "").replace(".", "")
    try:
        return Decimal(f"{whole or 0}.{decimals[1] if decimals else 0}").normalize()
    except InvalidOperation:
        return None
