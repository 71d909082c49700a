"""Whether a kind of failure is new or grows: its sessions in a period against those in the weeks before.

Not here: how kinds are found (`kinds.py`): without a look at days, or this test would find what it was given.
"""

from dataclasses import dataclass

SIGNIFICANCE = 0.02
"""Of growth, over all kinds that are compared in a run (Bonferroni)."""

NEW_RATIO = 0.1
"""A kind is new when before its rate was at most this share of what it is now."""

GROWTH_RATIO = 2.0

MIN_OTHERS = 20
"""Misfits of other kinds from which their growth is a measure; fewer are noise."""


@dataclass(frozen=True)
class Counts:
    """Sessions of a kind, misfits in all, and all closed sessions: now and before."""

    kind_now: int
    kind_before: int
    misfits_now: int
    misfits_before: int
    all_now: int
    all_before: int


def p_growth(counts: Counts) -> float:
    """Return the probability of so many of the kind's sessions in the period, or more, if it had not grown.

    Given m sessions of the kind in both periods together, those of the present one are Binomial(m, p) when the rate has not
    changed (Przyborowski and Wilenski 1940). p is the present period's share of all sessions, or of the other misfits if that
    is larger and there are `MIN_OTHERS`: when every failure grows, as in a bad week, or more is read, no kind has grown. The
    kind itself does not count there, or one that is most of what fails could never grow. Without a reference p is 1.
    """
    from scipy.stats import binom

    p = _share(counts.all_now, counts.all_before)
    others = (counts.misfits_now - counts.kind_now, counts.misfits_before - counts.kind_before)
    if sum(others) >= MIN_OTHERS:
        p = max(p, _share(*others))
    return float(binom.sf(counts.kind_now - 1, counts.kind_now + counts.kind_before, p))


def trend(counts: Counts, p_value: float) -> str:
    """Return new, growing, shrinking or steady; `p_value` of growth, corrected for the number of kinds.

    Shrinking by the same test the other way round, for this kind alone.
    """
    now, before = _rate(counts.kind_now, counts.all_now), _rate(counts.kind_before, counts.all_before)
    if p_value <= SIGNIFICANCE and before <= NEW_RATIO * now:
        return "new"
    if p_value <= SIGNIFICANCE and now >= GROWTH_RATIO * before:
        return "growing"
    turned = Counts(*(getattr(counts, name) for name in _TURNED))
    return "shrinking" if p_growth(turned) <= SIGNIFICANCE else "steady"


_TURNED = ("kind_before", "kind_now", "misfits_before", "misfits_now", "all_before", "all_now")


def _share(now: int, before: int) -> float:
    return now / (now + before) if now + before else 1.0


def _rate(n: int, population: int) -> float:
    return n / population if population else 0.0
