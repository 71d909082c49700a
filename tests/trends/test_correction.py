"""Corrected rates: arithmetic by hand, and coverage in a small simulation of many series at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.trends.correction import (
    Accuracy,
    Counts,
    accuracy,
    post_stratified,
    rogan_gladen,
    sums,
    unlabelled_share,
)


def counts(*cells: tuple[int, bool, int, float, int, int]) -> Counts:
    """Return cells as (series, says_fail, drawn, weight of each, labelled, of these failed)."""
    series, says_fail, drawn, weight, labelled, failed = (np.array(part) for part in zip(*cells, strict=True))
    sums = (drawn, drawn * weight, labelled * weight, labelled * weight**2, failed * weight)
    return Counts(series, says_fail, *(np.asarray(part, dtype=float) for part in sums))


def arrays(*values: float) -> list[np.ndarray]:
    return [np.array([value], dtype=float) for value in values]


def test_lang_and_reiczigel_by_hand() -> None:
    # z^2 = 3.8415, so that N' = 100, q' = (18.0793 + 1.9207)/100 = .2, Se' = (15 + 1)/20 = .8, Sp' = (89 + 1)/100 = .9:
    # J' = .7, P' = (.2 + .9 - 1)/.7 = .142857
    # shift = 2 * 3.8415 * (.142857 * .8 * .2/20 - .857143 * .9 * .1/100) = .002854
    # half = 1.96 sqrt(.2 * .8/100 + .142857^2 * .16/20 + .857143^2 * .09/100)/.7 = 1.96 * .049239/.7 = .137867
    tpr, tnr, n1, n0 = arrays(15 / 18, 89 / 98, 18, 98)
    n_fail, n = arrays(20 - 3.8414588 / 2, 100 - 3.8414588)
    found = rogan_gladen(n_fail, n, Accuracy(tpr, tnr, n1, n0))
    assert found.low == pytest.approx(0.142857 + 0.002854 - 0.137867, abs=1e-5)
    assert found.high == pytest.approx(0.142857 + 0.002854 + 0.137867, abs=1e-5)
    # (18.0793/96.1585 + 89/98 - 1) / (15/18 + 89/98 - 1) = .096178/.741497
    assert found.value == pytest.approx(0.129708, abs=1e-5)


def test_post_stratified_by_hand() -> None:
    # 100 sessions, 20 of them failed by the judge. Ten of those are read, 8 are failures; of the 80 it passes also ten,
    # 1 is a failure: .2 * 8/10 + .8 * 1/10 = .24, where the labels as they stand say 9/20 = .45.
    sample = counts((0, True, 10, 2.0, 10, 8), (0, False, 10, 8.0, 10, 1))
    found = post_stratified(sample, *arrays(100, 20))
    assert found.value == pytest.approx(0.24)
    # The ends are those of the posterior: p ~ Beta(8 + .5, 2 + .5) and Beta(1 + .5, 9 + .5), the split of 100 sessions.
    rng = np.random.default_rng(7)
    q = rng.beta(20, 80, 200_000)
    draws = q * rng.beta(8.5, 2.5, 200_000) + (1 - q) * rng.beta(1.5, 9.5, 200_000)
    assert [*found.low, *found.high] == pytest.approx(np.quantile(draws, [0.025, 0.975]).tolist(), abs=0.01)


def test_catch_rate_of_unequally_drawn_labels_by_hand() -> None:
    # Flagged: 10 of 20 read (weight 2); the judge fails 5, all failures, and passes 5, one a failure. Quiet: 10 of 80
    # (weight 8); it passes all, one is a failure. Failures: caught 5 * 2 = 10, missed 1 * 2 + 1 * 8 = 10: tpr 10/20,
    # where the labels as they stand say 5/7. Good sessions: all (4 * 2 + 9 * 8) passed.
    sample = counts((0, True, 5, 2.0, 5, 5), (0, False, 5, 2.0, 5, 1), (0, False, 10, 8.0, 10, 1))
    found = accuracy(sample, *arrays(7, 13))
    assert (found.tpr.item(), found.tnr.item()) == (0.5, 1.0)
    assert found.n_fail.item() < 7  # unequal weights tell less than as many equal ones


def test_where_a_verdict_has_no_label_nothing_is_said() -> None:
    sample = counts((0, True, 2, 1.0, 0, 0), (0, False, 12, 4.0, 12, 3))
    assert np.isnan(post_stratified(sample, *arrays(50, 2)).value).all()
    assert unlabelled_share(sample, 1).item() == pytest.approx(2 / 50)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=4), st.floats(1, 20))
def test_where_people_agree_with_every_verdict_the_corrected_rate_is_the_rate(
    strata: list[tuple[int, int]], weight: float
) -> None:
    cells = [(0, word, n, weight, n, n * word) for pair in strata for word, n in zip((True, False), pair, strict=True)]
    n_fail, n_pass = (float(sum(part)) for part in zip(*strata, strict=True))
    found = post_stratified(counts(*cells), *arrays(n_fail + n_pass, n_fail))
    assert found.value.item() == pytest.approx(n_fail / (n_fail + n_pass), abs=1e-6)
    assert found.low.item() <= found.value.item() <= found.high.item()


def simulated(prevalence: float, n: int, labels: int, replicates: int, rng: np.random.Generator) -> Counts:
    """Return a simple random sample of each of many series; the judge's catch rate is .8, its TNR .95."""
    failed = rng.random((replicates, labels)) < prevalence
    says_fail = rng.random((replicates, labels)) < np.where(failed, 0.8, 0.05)
    cells = [
        (i, word, int(hit.sum()), n / labels, int(hit.sum()), int((hit & failed[i]).sum()))
        for i in range(replicates)
        for word, hit in ((True, says_fail[i]), (False, ~says_fail[i]))
    ]
    return counts(*cells)


def covered(found: object, truth: float) -> float:
    low, high = found.low, found.high  # type: ignore[attr-defined]
    printed = ~np.isnan(low)
    return float(((low <= truth) & (truth <= high))[printed].mean())


def test_both_intervals_cover_the_truth_and_older_labels_only_one() -> None:
    rng, replicates = np.random.default_rng(11), 400
    sample = simulated(0.10, 2000, 200, replicates, rng)
    n = np.full(replicates, 2000.0)
    same_days = rng.binomial(2000, 0.1 * 0.8 + 0.9 * 0.05, replicates).astype(float)
    assert 0.92 <= covered(post_stratified(sample, n, same_days), 0.10) <= 0.98
    # Failures have doubled since: the catch rate still holds, what a verdict means does not.
    later = rng.binomial(2000, 0.2 * 0.8 + 0.8 * 0.05, replicates).astype(float)
    n_fail = sums(sample.series, sample.failed * 200 / 2000, replicates)
    found = accuracy(sample, n_fail, 200 - n_fail)
    assert 0.92 <= covered(rogan_gladen(later, n, found), 0.20) <= 0.98
    assert covered(post_stratified(sample, n, later), 0.20) < 0.6
