"""The present time, as a value that a test can replace."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present time in UTC. A resource, so that a test can stand still."""


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)
