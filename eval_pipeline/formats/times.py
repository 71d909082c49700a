"""Times as files write them: ISO 8601, epoch seconds to nanoseconds, leap seconds, naive ones with a named zone.

Not here: which field holds a time (`mapping.py`).
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from eval_pipeline.errors import RejectedRecord

FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)
"""A session's first possible start; an earlier one is nearly always a zero, or an epoch read in the wrong unit."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(2200, 1, 1, tzinfo=UTC)
_EPOCH_TEXT = re.compile(r"-?\d{9,19}(\.\d{1,9})?")
_LEAP_SECOND = re.compile(r"(:\d\d):60(?!\d)")


def parse_time(value: Any, zone: tzinfo, field: str) -> datetime:
    """Return `value` as a time in UTC; a naive one is read in `zone`.

    Numbers are epochs; their size tells seconds, milli-, micro- and nanoseconds apart. 23:59:60 is the next second.
    Raises `RejectedRecord` with reason `bad_time` when it is no time or lies outside 1970 to 2199.
    """
    try:
        moment = _moment(value)
        moment = moment.replace(tzinfo=zone).astimezone(UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, TypeError):
        raise RejectedRecord(
            "bad_time",
            f"`{field}` is not a time that can be read",
            "write times as ISO 8601 (2026-01-31T09:30:00Z) or as an epoch number",
            field,
        ) from None
    if not _EPOCH <= moment < _END:
        raise out_of_range(field, "lies before 1970 or after 2199")
    return moment


def checked_start(moment: datetime) -> datetime:
    """Return a session's start. Raises `RejectedRecord` (`bad_time`) when it lies before `FIRST_DAY`."""
    if moment < FIRST_DAY:
        raise out_of_range("started_at", f"lies before {FIRST_DAY:%Y-%m-%d}, the first day that is taken in")
    return moment


def out_of_range(field: str, detail: str) -> RejectedRecord:
    """Return the rejection of a time that cannot be meant."""
    mend = (
        "check the clock, the unit of epoch numbers and the zone of naive times (timezone=Europe/Berlin); for an old "
    )
    mend += "data set, map a day: started_at=const:2026-01-31"
    return RejectedRecord("bad_time", f"`{field}` {detail}", mend, field)


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        return _from_text(value.strip())
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_epoch(value)
    raise TypeError("not a time")


def _from_text(text: str) -> datetime:
    if _EPOCH_TEXT.fullmatch(text):
        return _from_epoch(float(text))
    usual, n_leap = _LEAP_SECOND.subn(r"\1:59", text, count=1)
    return datetime.fromisoformat(usual) + timedelta(seconds=n_leap)


def _from_epoch(number: float) -> datetime:
    for unit in (1.0, 1e3, 1e6, 1e9):
        if abs(number) < 1e11 * unit:
            return _EPOCH + timedelta(seconds=number / unit)
    raise ValueError("not an epoch")
