"""Whether a judge says otherwise of its anchor sessions than it did when it was promoted.

The sessions are the same, so only the judge can have moved. An exact test, as few anchors change: nothing is assumed of
how often a judge contradicts itself. Not here: how anchors are drawn and asked (`calibration/anchors.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb, lcm
from statistics import NormalDist

import numpy as np
import pandas as pd

WORDS = ["fail", "not_applicable", "pass"]
MIN_ANCHORS = 20
"""Under this many anchors with repeats in both periods, nothing is concluded."""

ANCHOR_Z = 2.5
ANCHOR_FLOOR = 0.05
"""Size that a change must have too: between two days an endpoint may turn one or two borderline sessions of fifty."""

_SURE = 1e-12

Law = Mapping[Fraction, float]
Counts = tuple[int, int, int]


@dataclass(frozen=True)
class AnchorChange:
    """How the anchors changed: over `n` of them, `excess` is the mean of d (below), `fails` the change in the share of
    fails (positive: more), `z` the larger of the two tests' z, None under `MIN_ANCHORS`."""

    n: int
    excess: float | None
    fails: float | None
    z: float | None

    @property
    def has_moved(self) -> bool:
        """Whether the change is both beyond chance and of a size that matters."""
        if self.z is None or self.excess is None or self.fails is None:
            return False
        return self.z > ANCHOR_Z and max(self.excess, abs(self.fails)) >= ANCHOR_FLOOR


def anchor_change(before: pd.DataFrame, now: pd.DataFrame) -> AnchorChange:
    """Return how verdicts changed between two periods; frames are rows of `anchor_verdicts` of one judge version.

    Of each anchor with two or more answers in either period, with p and q the shares of each word before and now, k and l
    the numbers of answers and x and y their counts:
    b = 1 - sum p q                                     how often an answer of before and one of now differ,
    w = 1 - sum x (x - 1) / (k (k - 1)), v likewise     how often two answers of the same period do,
    d = b - (w + v) / 2.
    Its expectation is half the sum of (p - q)^2 over true shares: 0 if nothing changed (the energy distance of Szekely and
    Rizzo 2013 for the discrete metric). If nothing changed, the answers of an anchor may be dealt to the two periods in any way: over
    all deals, alike likely, the law of the mean of d is exact (a permutation test within items; Fisher 1935), and so is
    that of the change in the share of fails. z is that of the tail: one-sided for d, two-sided for the fails, which
    finds a small change in one direction of many anchors; never under 0. Errors are no answers.
    """
    counts = _counts(before).join(_counts(now), how="inner", lsuffix="", rsuffix="_now")
    items = [
        (old, new)
        for row in counts.itertuples(index=False, name=None)
        if sum(old := row[:3]) >= 2 and sum(new := row[3:]) >= 2
    ]
    if len(items) < MIN_ANCHORS:
        return AnchorChange(len(items), None, None, None)
    laws = [_laws((old[0] + new[0], old[1] + new[1], old[2] + new[2]), sum(old)) for old, new in items]
    excess = sum((_excess(old, new) for old, new in items), Fraction(0))
    fails = sum((_fails(old, new) for old, new in items), Fraction(0))
    p_excess = _chance([law for law, _ in laws], lambda value: value >= excess)
    p_fails = _chance([law for _, law in laws], lambda value: abs(value) >= abs(fails))
    z = max(_z(p_excess), _z(p_fails / 2))
    return AnchorChange(len(items), float(excess) / len(items), float(fails) / len(items), z)


def _counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how often each of `WORDS` was said, by anchor."""
    said = rows[rows["verdict"].isin(WORDS)]
    table = pd.crosstab(said["session_id"], said["verdict"]).reindex(columns=WORDS, fill_value=0)
    return table.astype("int64").map(int)


def _excess(old: Counts, new: Counts) -> Fraction:
    between = 1 - Fraction(sum(x * y for x, y in zip(old, new, strict=True)), sum(old) * sum(new))
    return between - (_within(old) + _within(new)) / 2


def _within(counts: Counts) -> Fraction:
    n = sum(counts)
    return 1 - Fraction(sum(x * (x - 1) for x in counts), n * (n - 1))


def _fails(old: Counts, new: Counts) -> Fraction:
    return Fraction(new[0], sum(new)) - Fraction(old[0], sum(old))


@lru_cache(maxsize=4096)
def _laws(pooled: Counts, n_old: int) -> tuple[Law, Law]:
    """Return the laws of d and of the change in fails when the answers `pooled` are dealt at random, `n_old` to before."""
    excess: dict[Fraction, float] = {}
    fails: dict[Fraction, float] = {}
    deals = comb(sum(pooled), n_old)
    for first in range(pooled[0] + 1):
        for second in range(pooled[1] + 1):
            old = (first, second, n_old - first - second)
            if not 0 <= old[2] <= pooled[2]:
                continue
            ways = comb(pooled[0], old[0]) * comb(pooled[1], old[1]) * comb(pooled[2], old[2])
            new = (pooled[0] - old[0], pooled[1] - old[1], pooled[2] - old[2])
            for law, value in ((excess, _excess(old, new)), (fails, _fails(old, new))):
                law[value] = law.get(value, 0.0) + ways / deals
    return excess, fails


def _chance(laws: Sequence[Law], is_beyond: Callable[[Fraction], bool]) -> float:
    """Return the chance that a sum of independent values, one a law, is beyond: all laws folded on one exact grid."""
    step = lcm(*(value.denominator for law in laws for value in law))
    lowest, folded = 0, np.ones(1)
    for law in laws:
        places = {int(value * step): p for value, p in law.items()}
        first = min(places)
        row = np.zeros(max(places) - first + 1)
        row[[place - first for place in places]] = list(places.values())
        lowest, folded = lowest + first, np.convolve(folded, row)
    return float(sum(p for place, p in enumerate(folded) if is_beyond(Fraction(lowest + place, step))))


def _z(p: float) -> float:
    return max(0.0, NormalDist().inv_cdf(1 - max(p, _SURE)) if p < 0.5 else 0.0)
