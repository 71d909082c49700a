"""Times and durations as people read them. Not here: where they are drawn (`timeline.py`)."""

from datetime import UTC, datetime, timedelta
from typing import Any


def moment_of(value: Any) -> datetime | None:
    """Return a stored time (ISO 8601 text or a datetime; without a zone it is UTC) in UTC, None for none or a damaged one."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:  # a time at the very end of the calendar
        return None


def gap_words(gap: timedelta) -> str:
    """Return a duration in words with one unit, or two where the second matters: 1.4 s, 3 min, 2 h 5 min, 3 days."""
    seconds = max(gap.total_seconds(), 0)
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{round(hours / 24)} days"
