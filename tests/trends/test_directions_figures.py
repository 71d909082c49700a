"""The figures behind a direction, by hand and by their laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.trends.discoveries import q_values
from eval_pipeline.trends.levels import ALERT, NONE, WATCH, levels
from eval_pipeline.trends.overdispersion import Dispersed, dispersed
from eval_pipeline.trends.slope import theil_sen, turns
from eval_pipeline.trends.windows_tested import expected, p_of_both, tail_p, z_of
from tests.trends.daily import POLICY


def row(*values: float) -> np.ndarray:
    return np.array([values], dtype=float)


def one(value: float) -> np.ndarray:
    return np.array([value], dtype=float)


def base(n: float, n_fail: float, phi: float = 1.0) -> Dispersed:
    return Dispersed(one(60), one(n), one(n_fail), one(phi), one(0))


def test_overdispersion_by_hand() -> None:
    # p = 60/400 = .15; a day's variance is 100 x .15 x .85 = 12.75, its residual^2 = 5^2 / 12.75 = 1.961.
    found = dispersed(row(100, 100, 100, 100), row(10, 20, 10, 20), 0.3)
    assert found.phi == pytest.approx(4 * 25 / 12.75 / 3)
    # Each day goes against the one before it.
    assert found.autocorrelation == pytest.approx(-1)
    assert (found.days[0], found.n[0], found.n_fail[0], found.rate[0]) == (4, 400, 60, pytest.approx(0.15))


def test_days_that_follow_each_other_are_taken_by_weeks() -> None:
    # Of 13 pairs of days 12 go together: r = 11/13. Two weeks: 700 x .15 x .85 = 89.25, residual^2 = 35^2 / 89.25.
    found = dispersed(row(*[100] * 14), row(*[20] * 7, *[10] * 7), 0.3)
    assert found.autocorrelation == pytest.approx(11 / 13)
    assert found.phi == pytest.approx(2 * 35**2 / 89.25)


def test_days_without_data_are_none_and_nothing_to_differ_is_no_more_than_chance() -> None:
    gap = dispersed(row(100, 0, 100, 0, 100, 100), row(10, 0, 20, 0, 10, 20), 0.3)
    assert gap.days[0] == 4 and gap.phi == pytest.approx(4 * 25 / 12.75 / 3)
    never = dispersed(row(50, 50), row(0, 0), 0.3)
    assert never.phi[0] == 1 and never.rate[0] == 0
    assert never.chance[0] == pytest.approx(0.5 / 100), "half a failure stands for none"
    nothing = dispersed(row(0, 0), row(0, 0), 0.3)
    assert np.isnan(nothing.rate[0]) and nothing.phi[0] == 1
    assert dispersed(np.zeros((2, 0)), np.zeros((2, 0)), 0.3).n.tolist() == [0, 0]


def test_z_by_hand() -> None:
    # .15 - .08 = .07; sqrt(.08 x .92 x 1.5 x (1/280 + 1/2400)) = .020983.
    assert z_of(one(280), one(42), base(2400, 192, 1.5)) == pytest.approx(3.336, abs=1e-3)
    assert z_of(one(280), one(5), base(2400, 192, 1.5))[0] < 0
    assert np.isnan(z_of(one(0), one(0), base(2400, 192))[0])


def test_tail_by_hand() -> None:
    # 3 fails of 10, 1 of 10 in the baseline: phi (1 - 4/20) = 1 leaves the counts. Of 4 fails 3 or more fall into the one half by
    # (4 + 1) / 16; both sides: 10/16.
    held = base(10, 1, 1.25)
    assert tail_p(one(10), one(3), held) == pytest.approx(10 / 16)
    # 2 or fewer of 2 always: capped at 1. Nothing in the window of 4 in all: 2 / 16.
    assert tail_p(one(10), one(1), base(10, 1, 1 / 0.9)) == pytest.approx(1)
    assert tail_p(one(10), one(0), base(10, 4, 1.25)) == pytest.approx(2 / 16)
    # Passes are counted where most fail.
    assert tail_p(one(10), one(7), base(10, 9, 1.25)) == pytest.approx(10 / 16)
    assert p_of_both(one(0.01), one(0.04)) == pytest.approx(0.02)
    assert p_of_both(one(np.nan), one(0.04)) == pytest.approx(0.04)
    assert np.isnan(p_of_both(one(np.nan), one(np.nan))[0])


def test_what_a_window_lets_expect_by_hand() -> None:
    # 12 + 8 fails of 300 + 100: 5 %, of 100 sessions 5 failures and 95 passes.
    assert [float(part[0]) for part in expected(one(100), one(8), base(300, 12))] == pytest.approx([5, 95])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(20, 200), st.floats(0, 1)), min_size=3, max_size=40), st.integers(1, 150), st.data()
)
def test_of_days_that_differ_doubled_counts_say_no_more(
    days: list[tuple[int, float]], n: int, data: st.DataObject
) -> None:
    counts = row(*[size for size, _ in days])
    fails = np.rint(counts * row(*[share for _, share in days]))
    fails[0, 0], counts[0, 0] = 1, max(2, counts[0, 0])
    x = data.draw(st.integers(0, n))
    once, twice = (dispersed(k * counts, k * fails, 2.0) for k in (1, 2))
    z, z_twice = z_of(one(n), one(x), once)[0], z_of(one(2 * n), one(2 * x), twice)[0]
    # X^2 doubles, so phi does, and what is gained in sessions is lost; where phi is held at 1, z grows by sqrt(2) at most.
    if once.phi[0] > 1:
        assert twice.phi == pytest.approx(2 * once.phi) and z_twice == pytest.approx(z)
        p, p_twice = tail_p(one(n), one(x), once), tail_p(one(2 * n), one(2 * x), twice)
        assert p_twice == pytest.approx(p)
    assert abs(z) * (1 - 1e-9) <= abs(z_twice) <= abs(z) * 2**0.5 * (1 + 1e-9)


def test_false_discoveries_by_hand() -> None:
    # In order .01 .03 .04 .5 times 4/1 4/2 4/3 4/4: .04 .06 .0533 .5; none above one that is larger.
    assert q_values([0.01, 0.04, np.nan, 0.03, 0.5]) == pytest.approx(
        [0.04, 0.16 / 3, np.nan, 0.16 / 3, 0.5], nan_ok=True
    )
    assert q_values([]).size == 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.randoms())
def test_q_is_no_smaller_than_p_keeps_its_order_and_knows_no_order_of_rows(p: list[float], random: object) -> None:
    q = q_values(p)
    assert (q >= np.array(p) - 1e-12).all() and (np.diff(q[np.argsort(p, kind="stable")]) >= 0).all()
    order = list(range(len(p)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert q_values([p[i] for i in order]) == pytest.approx(q[order])


def test_levels_by_hand() -> None:
    # Shipped: alert 5.2 and 3.7 with q .07, watch 4.2 and 3.0 with q .20.
    cases = [
        (5.3, 0.0, 0.01, ALERT), (0.0, 3.8, 0.07, ALERT), (np.nan, 3.8, 0.05, ALERT),
        (5.3, 3.8, 0.08, WATCH), (5.3, 3.8, 0.21, NONE), (4.3, 0.0, 0.01, WATCH), (4.1, 2.9, 0.01, NONE),
        (-9.0, -9.0, 0.0, WATCH), (np.nan, np.nan, np.nan, NONE),
    ]  # fmt: skip
    z_7, z_28, q, wanted = (np.array(values) for values in zip(*cases, strict=True))
    assert levels(z_7, z_28, q, POLICY).tolist() == wanted.tolist()


def test_slope_by_hand() -> None:
    # 0, 1, .. 5 of 10 rise by .1 a day in all of their 15 pairs; a last day of 0 makes 6 others of 21: the median stays.
    assert theil_sen(row(*[10] * 7), row(0, 1, 2, 3, 4, 5, 0)) == pytest.approx(0.1)
    assert np.isnan(theil_sen(row(*[10] * 6), row(0, 1, 2, 3, 4, 5))[0]), "six days are too few"
    # A day without data is left out, and counts in the distance.
    assert theil_sen(row(*[10] * 4, 0, *[10] * 4), row(0, 1, 2, 3, 0, 5, 6, 7, 8)) == pytest.approx(0.1)


def test_the_turn_by_hand() -> None:
    n, fails = row(*[100] * 13), row(*[10] * 10, 30, 30, 30)

    def turned(fails: np.ndarray, sign: float, least: int = 3) -> int:
        return int(turns(n, fails, one(0.1), one(1.5), one(sign), least)[0])

    assert turned(fails, 1) == 10
    assert turned(fails, -1) == -1, "nothing got better"
    # With four days at least the step of three takes one day of before with it.
    assert turned(fails, 1, least=4) == 9
    assert turned(row(*[10] * 12, 90), 1) == 10, "one bad day is no turn of its own"
    assert turns(np.zeros((1, 0)), np.zeros((1, 0)), one(0.1), one(1), one(1), 3).tolist() == [-1]
