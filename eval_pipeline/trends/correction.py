"""Corrected failure rates: what share of sessions people would fail, from verdicts on all of them and labels of some.

Positive is a FAILURE. Two estimators, both of STATISTICS.md section 2, computed for many series at once:

*post-stratified*, from labels of the same days: cells h are a sampling stratum crossed with the verdict,
rate = sum of W_h p_h. *Rogan-Gladen*, from older labels: the verdicts' own share of fails put right by the catch rate and
the TNR that those labels gave; only these carry over to days with more or fewer failures.

Intervals are of the Jeffreys posterior in closed form: mean, variance and skewness of the weighted sum of beta variables
are exact, and a shifted gamma distribution with all three (Pearson's type III) stands in for 2,000 draws of it
(benchmarks/statistics/corrected.py holds both together). Every cell of every day is corrected, and draws would take a
hundred times as long.
Not here: which sessions and labels enter (`evidence.py`), which estimator a row gets (`corrected.py`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from eval_pipeline.calibration.estimators.weighted import LEAST_PRIOR, MOST_MADE_UP
from eval_pipeline.trends.ratios import Array, ratio

Z = 1.959963984540054
"""The .975 quantile of the normal distribution."""

MOST_UNLABELLED = 0.05
"""Cells without a label may hold this share of the sessions; the others with the same verdict then speak for them."""


@dataclass(frozen=True)
class Estimate:
    """Point and 95 % interval, a place a series."""

    value: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Counts:
    """Sums of drawn sessions, a place a cell h of a series: number and weight of all, and of the labelled their weight, its
    squares and that of failures. `series` numbers the series from 0, `says_fail` is the verdict. Weights are 1/probability.
    """

    series: NDArray[np.int64]
    says_fail: NDArray[np.bool_]
    n: Array
    weight: Array
    labelled: Array
    squares: Array
    failed: Array

    @property
    def verdict(self) -> NDArray[np.int64]:
        """The series and verdict of each cell as one number: 2 series + verdict."""
        return 2 * self.series + self.says_fail

    def labelled_only(self) -> "Counts":
        """Return the cells that have a label."""
        kept = self.labelled > 0
        return Counts(*(part[kept] for part in vars(self).values()))


def unlabelled_share(counts: Counts, n_series: int) -> Array:
    """Return for each series the share of the weight that stands in cells without a label; NaN where nothing was drawn."""
    of_series = sums(counts.series, counts.weight, n_series)
    blank = sums(counts.series, np.where(counts.labelled > 0, 0.0, counts.weight), n_series)
    return ratio(blank, of_series)


def post_stratified(counts: Counts, n: Array, n_fail: Array) -> Estimate:
    """Return the failure rate of each series, of which `n` sessions have a verdict and `n_fail` of them a fail.

    With Q_v = n_v / n the share of a verdict, which is known of all sessions, w_h the weight of cell h among the labelled
    cells of its verdict and p_h the weighted share of failures among its labels, the point is
    sum over v of Q_v sum over h of w_h p_h: the Horvitz-Thompson ratio, raked to the verdicts. p_h ~ Beta(x_h + a_h,
    m_h - x_h + a_h), m_h the effective number of labels (Kish), x_h = p_h m_h, a_h = max(w_h / 2, least prior). The
    variance adds that of the p_h, of the w_h (Dirichlet, n_v drawn sessions) and of the Q_v (n sessions of a longer
    series). NaN where a verdict that sessions have has no label.
    """
    cells = counts.labelled_only()
    n_series = len(n)
    q = np.stack([1 - ratio(n_fail, n), ratio(n_fail, n)], axis=1)
    share = _share_of_verdict(cells, n_series)
    mean, variance, third = _posterior(cells, share, n_series)
    point_of, mean_of = (_by_verdict(cells, share * p, n_series) for p in (ratio(cells.failed, cells.labelled), mean))
    spread = _by_verdict(cells, share * (mean - mean_of[cells.series, cells.says_fail.astype(int)]) ** 2, n_series)
    drawn = _by_verdict(cells, cells.n, n_series)
    of_verdict = _by_verdict(cells, share**2 * variance, n_series) + spread / (drawn + 1)
    total = (q**2 * of_verdict).sum(axis=1) + np.ptp(mean_of, axis=1) ** 2 * q[:, 0] * q[:, 1] / (n + 1)
    is_missing = ((q > 0) & (drawn == 0)).any(axis=1)
    value = np.where(is_missing, np.nan, (q * point_of).sum(axis=1))
    skewed = (q**3 * _by_verdict(cells, share**3 * third, n_series)).sum(axis=1)
    return _with_ends(value, (q * mean_of).sum(axis=1), total, skewed)


@dataclass(frozen=True)
class Accuracy:
    """Catch rate (tpr) and TNR of each series, and the number of independent labels that are as precise."""

    tpr: Array
    tnr: Array
    n_fail: Array
    n_pass: Array

    @property
    def j(self) -> Array:
        """Youden's J = TPR + TNR - 1: 0 where verdicts tell nothing."""
        return self.tpr + self.tnr - 1


def accuracy(counts: Counts, n_fail: Array, n_pass: Array) -> Accuracy:
    """Return tpr and tnr in the traffic from labels drawn with unequal probability; `n_fail`, `n_pass` count the labels.

    With W_h the weight of cell h, tpr = sum over fail cells of W_h p_h / sum over all of W_h p_h, tnr likewise of
    W_h (1 - p_h) over pass cells (Begg and Greenes 1983). Its variance, by the delta method from the posterior of the p_h
    and from W_h being the sum of n_h drawn sessions (relative variance 1/n_h), gives the effective number p(1 - p) / variance,
    which is at most the number of labels. NaN without a label of a class.
    """
    cells = counts.labelled_only()
    n_series = len(n_fail)
    mean, variance, _ = _posterior(cells, _share_of_verdict(cells, n_series), n_series)
    observed = ratio(cells.failed, cells.labelled)
    tpr, n_of_fail = _of_class(cells, True, observed, mean, variance, n_fail)
    tnr, n_of_pass = _of_class(cells, False, 1 - observed, 1 - mean, variance, n_pass)
    return Accuracy(tpr, tnr, n_of_fail, n_of_pass)


def _of_class(
    cells: Counts, verdict: bool, observed: Array, mean: Array, variance: Array, n: Array
) -> tuple[Array, Array]:
    """Return the share of a class that has its `verdict`, and the effective number of labels it rests on, `n` at most.

    `observed`, `mean` and `variance` are of the share of the class in each cell.
    """
    n_series = len(n)
    value, middle = (_found(cells, verdict, cells.weight * share, n_series) for share in (observed, mean))
    slope = np.where(cells.says_fail == verdict, 1 - middle[cells.series], -middle[cells.series])
    uncertain = (cells.weight * slope) ** 2 * (variance + mean**2 / cells.n)
    whole = sums(cells.series, cells.weight * mean, n_series)
    spread = ratio(sums(cells.series, uncertain, n_series), whole**2)
    return value, np.fmin(ratio(middle * (1 - middle), spread), n)


def rogan_gladen(n_fail: Array, n: Array, found: Accuracy) -> Estimate:
    """Return the failure rate of each series from `n_fail` fails among `n` verdicts and what the labels found of them.

    Point: (q + TNR - 1) / J with q = n_fail / n, cut to [0, 1] (Rogan and Gladen 1978). Interval of Lang and Reiczigel
    (2014): with N' = n + z^2, q' = (n_fail + z^2/2) / N', Se' = (n1 Se + 1)/(n1 + 2), Sp' = (n0 Sp + 1)/(n0 + 2),
    J' = Se' + Sp' - 1 and P' = (q' + Sp' - 1) / J', the centre is
    P' + 2 z^2 [P' Se'(1 - Se')/(n1 + 2) - (1 - P') Sp'(1 - Sp')/(n0 + 2)], the half width
    z sqrt(q'(1 - q')/N' + P'^2 Se'(1 - Se')/(n1 + 2) + (1 - P')^2 Sp'(1 - Sp')/(n0 + 2)) / J', cut to [0, 1].
    """
    q = (n_fail + Z**2 / 2) / (n + Z**2)
    of_fail, of_pass = found.n_fail + 2, found.n_pass + 2
    se, sp = (found.n_fail * found.tpr + 1) / of_fail, (found.n_pass * found.tnr + 1) / of_pass
    j = se + sp - 1
    middle = (q + sp - 1) / j
    of_se, of_sp = se * (1 - se) / of_fail, sp * (1 - sp) / of_pass
    centre = middle + 2 * Z**2 * (middle * of_se - (1 - middle) * of_sp)
    variance = q * (1 - q) / (n + Z**2) + middle**2 * of_se + (1 - middle) ** 2 * of_sp
    half = Z * np.sqrt(variance) / j
    value = np.clip((ratio(n_fail, n) + found.tnr - 1) / found.j, 0, 1)
    return _containing(value, np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1))


def _share_of_verdict(cells: Counts, n_series: int) -> Array:
    """Return the weight of each cell as a share of that of its series and verdict."""
    return ratio(cells.weight, sums(cells.verdict, cells.weight, 2 * n_series)[cells.verdict])


def _posterior(cells: Counts, share: Array, n_series: int) -> tuple[Array, Array, Array]:
    """Return mean, variance and third central moment of the failure share of each (labelled) cell."""
    m = cells.labelled**2 / cells.squares
    of_verdict = [sums(cells.verdict, part, 2 * n_series)[cells.verdict] for part in (m, np.ones(len(m)))]
    prior = np.fmax(share / 2, np.fmin(LEAST_PRIOR, MOST_MADE_UP * of_verdict[0] / of_verdict[1]))
    size = m + 2 * prior
    mean = (ratio(cells.failed, cells.labelled) * m + prior) / size
    variance = mean * (1 - mean) / (size + 1)
    return mean, variance, 2 * (1 - 2 * mean) * variance / (size + 2)


def _by_verdict(cells: Counts, values: Array, n_series: int) -> Array:
    """Return the sums of `values` over the cells of each series (rows) that pass and that fail (columns)."""
    return sums(cells.verdict, values, 2 * n_series).reshape(n_series, 2)


def _found(cells: Counts, at: bool, values: Array, n_series: int) -> Array:
    """Return the share of the `values` of each series that stands in the cells with that verdict."""
    inside = sums(cells.series, np.where(cells.says_fail == at, values, 0.0), n_series)
    return ratio(inside, sums(cells.series, values, n_series))


def _with_ends(value: Array, mean: Array, variance: Array, third: Array) -> Estimate:
    """Return the .025 and .975 quantiles of the shifted gamma distribution with that mean, variance and third moment.

    With skewness g = third / variance^1.5 and shape k = 4 / g^2 these are mean + sd (G - k) / sqrt(k), G the quantile of the
    gamma distribution of that shape; for a negative g mirrored.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.sqrt(variance)
        skewness = third / sd**3
        # Under this the shape is so large that the distribution is a normal one to every digit kept.
        shape = 4 / np.fmax(np.abs(skewness), 1e-3) ** 2
        down, up = ((gammaincinv(shape, end) - shape) / np.sqrt(shape) for end in (0.025, 0.975))
    low, high = np.where(skewness >= 0, down, -up), np.where(skewness >= 0, up, -down)
    return _containing(value, np.clip(mean + sd * low, 0, 1), np.clip(mean + sd * high, 0, 1))


def _containing(value: Array, low: Array, high: Array) -> Estimate:
    """Return the interval widened to its point, rounded, so that no figure depends on the machine's last bit."""
    missing = np.isnan(value)
    ends = (np.where(missing, np.nan, end) for end in (np.fmin(low, value), np.fmax(high, value)))
    return Estimate(value.round(6), *(end.round(6) for end in ends))


def sums(at: NDArray[np.int64], values: Array, size: int) -> Array:
    """Return the sum of `values` at each of the places 0 to `size` - 1."""
    return np.bincount(at, values, size).astype(np.float64)
