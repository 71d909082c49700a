"""How often a judge or classifier gave no usable answer lately, and how old the labels behind its figures are.

Not here: whether its answers are right (`fresh.py`).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

MOST_ERRORS = 0.05
"""Over a month. The nightly check on one day's verdicts is stricter."""

MOST_OFF_VOCABULARY = 0.02
NEWEST_LABELS = 30
STALE_DAYS = 90

NAMES_NO_VERDICT = [
    *("off_vocabulary", "no_verdict", "two_verdicts", "extra_text", "invalid_json", "not_an_object", "empty"),
]
"""Reasons of an error for which a whole reply came, with no verdict of the vocabulary in it."""


@dataclass(frozen=True)
class Asked:
    """Verdicts of the last 28 days: all, those that are errors (contested sessions apart), and those whose reply named none."""

    n: int
    n_error: int
    n_off_vocabulary: int

    @property
    def error_share(self) -> float | None:
        """n_error / n; None when nothing was asked."""
        return self.n_error / self.n if self.n else None

    @property
    def off_vocabulary_share(self) -> float | None:
        """n_off_vocabulary / n; None when nothing was asked."""
        return self.n_off_vocabulary / self.n if self.n else None

    @property
    def fails_to_answer(self) -> bool:
        """Whether either share is beyond what is put up with."""
        return (self.error_share or 0.0) > MOST_ERRORS or (self.off_vocabulary_share or 0.0) > MOST_OFF_VOCABULARY


def label_age(day: dt.date, newest: Sequence[dt.date]) -> int | None:
    """Return the age in days, on `day`, of the `NEWEST_LABELS`-th newest label by its session; None under so many.

    `newest`: days of the newest labels' sessions, at least `NEWEST_LABELS` of them where there are as many.
    """
    in_order = sorted(newest, reverse=True)
    return (day - in_order[NEWEST_LABELS - 1]).days if len(in_order) >= NEWEST_LABELS else None
