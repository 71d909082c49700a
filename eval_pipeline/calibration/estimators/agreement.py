"""How far two people agree on pass and fail: raw agreement, Cohen's kappa and Gwet's AC1, with their intervals.

Kappa falls when failures get rarer though nobody reads worse (at the same care .71 with 30 % failures and .48 with 5 %),
while AC1 rises; so none is shown without raw agreement and the failing share beside it (STATISTICS.md section 1).
Each pair of answers is of another session: pairs are taken as independent. Not here: which answers make a pair
(`review/figures/agreement_reading.py`), more than two people on one session (`alpha.py`).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE, Rate, rate

MIN_FOR_KAPPA = 100
"""Under this many pairs the intervals of kappa and AC1 cover the truth too seldom to rest on (STATISTICS.md section 1)."""

_DRAWS = 4000
_SEED = 20_080_101
_SAME = 1e-9
_ANSWERS = {"pass", "fail"}


@dataclass(frozen=True)
class Pairs:
    """Pairs of answers, counted. Counts may be fractional where a pair counts half each way round."""

    both_fail: float = 0
    only_first_fails: float = 0
    only_second_fails: float = 0
    both_pass: float = 0

    @property
    def cells(self) -> tuple[float, float, float, float]:
        """The four counts, in the order of the fields."""
        return self.both_fail, self.only_first_fails, self.only_second_fails, self.both_pass

    @property
    def n(self) -> float:
        """How many pairs."""
        return sum(self.cells)

    @property
    def swapped(self) -> "Pairs":
        """The same pairs with first and second exchanged."""
        return Pairs(self.both_fail, self.only_second_fails, self.only_first_fails, self.both_pass)

    @property
    def either_way(self) -> "Pairs":
        """The pairs of many people, where who is first has no meaning: each counts half one way and half the other."""
        half = (self.only_first_fails + self.only_second_fails) / 2
        return Pairs(self.both_fail, half, half, self.both_pass)


@dataclass(frozen=True)
class Coefficient:
    """Kappa, AC1 or alpha, 1 at most. `value` is None where it is not defined; the ends are those of its 95 % interval."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Agreement:
    """What `agreement` finds. `raw` carries a Wilson interval; under `MIN_FOR_RATE` pairs there are counts alone.

    `failing_share`: share of fails among all answers of both.
    """

    n: int
    n_agree: int
    n_both_fail: int
    raw: Rate
    failing_share: float | None
    kappa: Coefficient
    ac1: Coefficient

    @property
    def is_rough(self) -> bool:
        """Whether there are too few pairs to rest on kappa and AC1."""
        return self.n < MIN_FOR_KAPPA


def coefficient(value: float | None, redrawn: np.ndarray) -> Coefficient:
    """Return `value` with the 2.5 % and 97.5 % points of `redrawn` as its ends (percentile bootstrap, Efron 1979).

    Redraws in which it is not defined (NaN) are left out. No ends where all others come to the same.
    """
    defined = redrawn[np.isfinite(redrawn)]
    if value is None or not len(defined) or np.ptp(defined) < _SAME:
        return Coefficient(value)
    low, high = np.percentile(defined, [2.5, 97.5])
    return Coefficient(value, float(low), float(high))


def count_pairs(answers: Iterable[tuple[str, str]]) -> Pairs:
    """Count pairs of answers (pass or fail). Raises `ValueError` for any other word: who is unsure agrees with nobody."""
    counted = Counter(answers)
    if strange := {word for pair in counted for word in pair} - _ANSWERS:
        raise ValueError(f"a pair is of pass and fail, not {', '.join(sorted(strange))}")
    kinds = [("fail", "fail"), ("fail", "pass"), ("pass", "fail"), ("pass", "pass")]
    return Pairs(*(counted[kind] for kind in kinds))


def kappa(pairs: Pairs) -> float | None:
    """Return Cohen's kappa (Cohen 1960): (po - pe) / (1 - pe).

    po is the share of pairs that agree; with f1 and f2 the shares of fails of first and second, pe = f1 f2 +
    (1 - f1)(1 - f2). None where nothing is left to agree on beyond chance: both said the same word always. Of
    `either_way` pairs it is Scott's pi, which takes both to fail equally often (Scott 1955).
    """
    return _finite(_kappa(np.array(pairs.cells, dtype=float)))


def ac1(pairs: Pairs) -> float | None:
    """Return Gwet's AC1 (Gwet 2008): (po - pe) / (1 - pe) with pe = 2 f (1 - f), f the mean share of fails of the two.

    None without pairs.
    """
    return _finite(_ac1(np.array(pairs.cells, dtype=float)))


def agreement(pairs: Pairs, are_of_many: bool = False) -> Agreement:
    """Return how far the two agree. `pairs`: whole counts. `are_of_many`: of many people, so that nobody is the first.

    The intervals of kappa and AC1 are the 2.5 % and 97.5 % points of 4,000 redraws of the pairs with replacement
    (percentile bootstrap, fixed seed). There is none where all redraws come to the same, as when all pairs agree: a redraw
    cannot show what was never seen.
    """
    n, n_agree = int(pairs.n), int(pairs.both_fail + pairs.both_pass)
    raw = rate(n_agree, n, MIN_FOR_RATE)
    if raw.value is None:
        return Agreement(n, n_agree, int(pairs.both_fail), raw, None, Coefficient(), Coefficient())
    _, first, second, _ = pairs.cells
    redrawn = _redrawn(pairs)
    if are_of_many:
        redrawn[:, 1:3] = redrawn[:, 1:3].mean(axis=1, keepdims=True)
    counted = pairs.either_way if are_of_many else pairs
    return Agreement(
        n,
        n_agree,
        int(pairs.both_fail),
        raw,
        (pairs.both_fail + (first + second) / 2) / n,
        coefficient(kappa(counted), _kappa(redrawn)),
        coefficient(ac1(counted), _ac1(redrawn)),
    )


def _kappa(cells: np.ndarray) -> np.ndarray:
    """Return kappa of each row of four counts; NaN where it is not defined."""
    both, first, second, neither = np.moveaxis(cells, -1, 0)
    n = cells.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        f1, f2 = (both + first) / n, (both + second) / n
        expected = f1 * f2 + (1 - f1) * (1 - f2)
        value: np.ndarray = np.where(expected < 1, ((both + neither) / n - expected) / (1 - expected), np.nan)
    return value


def _ac1(cells: np.ndarray) -> np.ndarray:
    """Return AC1 of each row of four counts; NaN without pairs."""
    both, first, second, neither = np.moveaxis(cells, -1, 0)
    n = cells.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        f = (both + (first + second) / 2) / n
        expected = 2 * f * (1 - f)
        value: np.ndarray = ((both + neither) / n - expected) / (1 - expected)
    return value


def _redrawn(pairs: Pairs) -> np.ndarray:
    shares = np.array(pairs.cells, dtype=float) / pairs.n
    return np.random.default_rng(_SEED).multinomial(int(pairs.n), shares, size=_DRAWS).astype(float)


def _finite(value: np.ndarray) -> float | None:
    return float(value) if np.isfinite(value) else None
