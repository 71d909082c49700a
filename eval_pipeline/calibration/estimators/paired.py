"""Whether a new judge is worse than the one in production, on the same sessions: the difference of balanced accuracies.

"Not significantly worse" is no evidence: of judges 10 points worse, 69 % pass that test with 50 sessions. The bound of
the difference must lie above minus the margin. Not here: the margin (`gate_policy.py`), one judge (`balanced.py`).
"""

from dataclasses import dataclass
from math import sqrt

from eval_pipeline.calibration.estimators.rates import lower_bound, upper_bound


@dataclass(frozen=True)
class PairedCounts:
    """How two judges do on the same sessions of one class, counted; right is to say what people say.

    Counts may be fractional: weighted ones, scaled to an effective n.
    """

    both_right: float
    only_new: float
    only_old: float
    both_wrong: float

    @property
    def n(self) -> float:
        """How many sessions."""
        return self.both_right + self.only_new + self.only_old + self.both_wrong


@dataclass(frozen=True)
class Difference:
    """New minus old, with the one-sided lower bound; both are None where there is nothing to compare."""

    value: float | None
    low: float | None


def balanced_difference(fails: PairedCounts, passes: PairedCounts, alpha: float = 0.05) -> Difference:
    """Return the balanced accuracy of the new judge minus that of the old one, on sessions that people fail and pass.

    Half the sum of the two differences of `paired_difference`; with d their values and l their bounds, its bound is
    value - 1/2 sqrt((d_fail - l_fail)^2 + (d_pass - l_pass)^2) (MOVER, Zou and Donner 2008). None where a class is empty.
    """
    fail, good = paired_difference(fails, alpha), paired_difference(passes, alpha)
    if fail.value is None or fail.low is None or good.value is None or good.low is None:
        return Difference(None, None)
    value = (fail.value + good.value) / 2
    return Difference(value, value - sqrt((fail.value - fail.low) ** 2 + (good.value - good.low) ** 2) / 2)


def paired_difference(counts: PairedCounts, alpha: float = 0.05) -> Difference:
    """Return the share that the new judge gets right minus that of the old one, on the same sessions.

    With p and q the shares of new and old, l_p the lower and u_q the upper one-sided Wilson bound, and r the correlation
    of the two, low = p - q - sqrt((p - l_p)^2 - 2 r (p - l_p)(u_q - q) + (u_q - q)^2): method 10 of Newcombe (Statistics
    in Medicine 17, 1998, 2635-2650). r is phi of the four cells, whose numerator, where positive, is less by n/2 but
    never under 0, for continuity; r = 0 where a margin is empty. None without sessions.
    """
    if not counts.n:
        return Difference(None, None)
    new, old = counts.both_right + counts.only_new, counts.both_right + counts.only_old
    p, q = new / counts.n, old / counts.n
    below, above = p - lower_bound(new, counts.n, alpha), upper_bound(old, counts.n, alpha) - q
    square = below**2 - 2 * _correlation(counts) * below * above + above**2
    return Difference(p - q, p - q - sqrt(max(0.0, square)))


def _correlation(counts: PairedCounts) -> float:
    a, b, c, d = counts.both_right, counts.only_new, counts.only_old, counts.both_wrong
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if not margins:
        return 0.0
    above = a * d - b * c
    return (max(above - counts.n / 2, 0.0) if above > 0 else above) / sqrt(margins)
