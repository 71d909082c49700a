"""Case numbers such as `SIM-K7Q2X9B4`: what ties a simulated transcript to its known truth.

A case number holds the day and the place within the day, scrambled, so that whoever reads it in a transcript (the
judge's endpoint, the reviewers, the report) can recompute the truth. Letters and digits alternate: no part of it looks
like a phone number, an identity number or a word, so that redaction leaves it alone.
Not here: the truth itself (`truth.py`).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

FIRST_DAY = date(2020, 1, 1)
N_DAYS = 8_000
PER_DAY = 414_720
"""Sessions that one day can hold."""

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_PAIRS = 4
_SPACE = (len(_LETTERS) * 10) ** _PAIRS
_FACTOR = 1_873_905_811
_INVERSE = pow(_FACTOR, -1, _SPACE)
_PATTERN = re.compile(r"(?<![A-Z0-9])SIM-((?:[A-HJ-NP-Z][0-9]){4})(?![A-Z0-9])")


def case_number(day: date, index: int) -> str:
    """Return the case number of the `index`-th session of `day`; different (day, index) give different numbers.

    Raises `ValueError` for a day before 2020-01-01 or more than `N_DAYS` after it, or an index not in [0, `PER_DAY`).
    """
    day_number = (day - FIRST_DAY).days
    if not (0 <= day_number < N_DAYS and 0 <= index < PER_DAY):
        raise ValueError(f"no case number for session {index} of {day}: {N_DAYS} days from {FIRST_DAY}, {PER_DAY} each")
    value = (day_number * PER_DAY + index) * _FACTOR % _SPACE
    pairs = []
    for _ in range(_PAIRS):
        value, rest = divmod(value, len(_LETTERS) * 10)
        pairs.append(f"{_LETTERS[rest // 10]}{rest % 10}")
    return "SIM-" + "".join(pairs)


def case_day(case: str) -> date:
    """Return the day that `case` was opened on. Raises `ValueError` if it is no case number."""
    return FIRST_DAY + timedelta(days=_number(case) // PER_DAY)


def case_index(case: str) -> int:
    """Return the place of `case` within its day, from 0. Raises `ValueError` if it is no case number."""
    return _number(case) % PER_DAY


def _number(case: str) -> int:
    match = _PATTERN.fullmatch(case)
    if match is None:
        raise ValueError(f"{case!r} is no case number of the simulation")
    body = match.group(1)
    value = 0
    for start in reversed(range(0, 2 * _PAIRS, 2)):
        value = value * len(_LETTERS) * 10 + _LETTERS.index(body[start]) * 10 + int(body[start + 1])
    return int(value * _INVERSE % _SPACE)


def last_case(text: str) -> str | None:
    """Return the last case number in `text`: a prompt puts the session to judge after any examples."""
    found = None
    for match in _PATTERN.finditer(text):
        found = match.group(0)
    return found


def case_of_turns(turns: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the case number that the assistant gave first in `turns`, or None."""
    for turn in turns:
        match = _PATTERN.search(turn.get("content") or "") if turn["role"] == "assistant" else None
        if match is not None:
            return match.group(0)
    return None
