"""Refuses parameters of checks that no check could mean: a word that is no option, a limit that is no number.

An author's slip is so told where it is written, and does not decide in silence. Not here: how numbers within a session
are read (`value_checks.py`).
"""

import math
from collections.abc import Sequence


def require_option(name: str, value: str, allowed: Sequence[str]) -> None:
    """Raise `ValueError`, naming what is allowed, when `value` is not among it."""
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}: give {' or '.join(repr(option) for option in allowed)}")


def require_finite(*limits: float | None) -> None:
    """Raise `ValueError` when one of `limits` is not a finite number; None, for no limit, may stand."""
    for limit in limits:
        if limit is not None and not math.isfinite(limit):
            raise ValueError(f"{limit} is no limit: give a number, or leave it out")
