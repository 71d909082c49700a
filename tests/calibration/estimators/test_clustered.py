"""Rates of clustered verdicts by hand, their laws, and how often they hold where plain intervals do not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from eval_pipeline.calibration.estimators.clustered import clustered_rate, clustered_rates, effective_n
from eval_pipeline.calibration.estimators.rates import Rate, rate, wilson

Clusters = list[tuple[int, int]]
clusters = st.lists(
    st.integers(1, 6).flatmap(lambda m: st.tuples(st.integers(0, m), st.just(m))), min_size=1, max_size=30
)


def test_by_hand() -> None:
    # 4 sessions of 2 verdicts, 2, 2, 1 and 1 of them events: p = 6/8, x - p m = .5, .5, -.5, -.5, squares 1 in sum.
    # v = 4/3 x 1 / 64 = 1/48, independent ones (3/4)(1/4) / 8 = 9/384: the effect is 8/9, taken as 1, so n stays 8.
    shrunk = (stats.t.ppf(0.975, 7) / stats.t.ppf(0.975, 3)) ** 2
    assert effective_n([2, 2, 1, 1], [2, 2, 2, 2]) == pytest.approx(8 * shrunk)
    # 2, 2, 2 and 0: x - p m = .5, .5, .5, -1.5, squares 3 in sum, v three times as large: the effect is 8/3, n = 3.
    assert effective_n([2, 2, 2, 0], [2, 2, 2, 2]) == pytest.approx(3 * shrunk)
    got = clustered_rate([2, 2, 2, 0], [2, 2, 2, 2])
    assert (got.n, got.value) == (8, 0.75)
    assert [got.low, got.high] == pytest.approx(np.array(wilson(0.75 * 3 * shrunk, 3 * shrunk)))


def test_where_all_are_alike_sessions_are_counted_and_not_verdicts() -> None:
    t = stats.t.ppf(0.975, [59, 19])
    assert effective_n([3] * 20, [3] * 20) == pytest.approx(20 * (t[0] / t[1]) ** 2)
    assert effective_n([5], [9]) == 1
    assert effective_n([], []) == effective_n([0], [0]) == 0


@given(clusters)
def test_one_verdict_a_session_is_the_plain_rate(found: Clusters) -> None:
    events = [min(1, x) for x, _ in found]
    assert clustered_rate(events, [1] * len(events)) == rate(sum(events), len(events))


@given(clusters)
def test_it_is_worth_no_more_than_the_verdicts_and_does_not_mind_what_is_an_event(found: Clusters) -> None:
    x, m = np.array(found).T
    assert 0 < effective_n(x, m) <= m.sum()
    assert effective_n(x, m) == pytest.approx(effective_n(m - x, m))
    assert effective_n(x, m) == effective_n([*x, 0], [*m, 0])


@settings(max_examples=30, deadline=None)
@given(st.lists(clusters, min_size=1, max_size=4))
def test_the_frame_holds_the_rate_of_each_group(groups: list[Clusters]) -> None:
    rows = [
        (f"group {g}", f"session {c}", place < x)
        for g, found in enumerate(groups)
        for c, (x, m) in enumerate(found)
        for place in range(m)
    ]
    frame = pd.DataFrame(rows, columns=["group", "session", "event"]).sample(frac=1, random_state=0)
    got = clustered_rates(frame, ["group"], "session", "event")
    for g, (found, row) in enumerate(zip(groups, got.itertuples(), strict=True)):
        x, m = np.array(found).T
        assert (row.group, row.x, row.n, row.n_clusters) == (f"group {g}", x.sum(), m.sum(), len(m))
        assert row.n_effective == pytest.approx(effective_n(x, m))
        alone = clustered_rate(x, m)
        assert (row.value, row.low, row.high) == pytest.approx((alone.value, alone.low, alone.high))


def test_what_is_missing_is_refused_and_no_rows_are_no_groups() -> None:
    frame = pd.DataFrame({"group": ["a", "a"], "session": ["s", None], "event": [1, 0]})
    with pytest.raises(ValueError, match="every row needs its session"):
        clustered_rates(frame, ["group"], "session", "event")
    with pytest.raises(ValueError, match="0 <= x <= m"):
        effective_n([3], [2])
    assert clustered_rates(frame.iloc[:0], ["group"], "session", "event").empty
    assert clustered_rate([2, 1], [3, 3], min_n=10) == Rate(6, None, None, None)


@pytest.mark.parametrize(
    ("p", "n_sessions", "correlation", "plain", "theirs"),
    [(0.8, 60, 0.2, 0.887, 0.947), (0.8, 60, 0.5, 0.790, 0.938), (0.95, 15, 0.5, 0.883, 0.955)],
)
def test_it_covers_where_a_plain_interval_does_not(
    p: float, n_sessions: int, correlation: float, plain: float, theirs: float
) -> None:
    """STATISTICS.md section 1: sessions of about 3 verdicts, which correlate."""
    rng, replicates = np.random.default_rng(3), 1500
    size = replicates * n_sessions
    chance = rng.beta(p * (1 / correlation - 1), (1 - p) * (1 / correlation - 1), size)
    session = np.repeat(np.arange(size), 1 + rng.poisson(2, size))
    frame = pd.DataFrame({"replicate": session // n_sessions, "session": session})
    frame["event"] = rng.random(len(frame)) < chance[session]
    got = clustered_rates(frame, ["replicate"], "session", "event")
    assert ((got["low"] <= p) & (p <= got["high"])).mean() == pytest.approx(theirs, abs=0.02)
    low, high = wilson(got["x"], got["n"])
    assert ((low <= p) & (p <= high)).mean() == pytest.approx(plain, abs=0.04)
