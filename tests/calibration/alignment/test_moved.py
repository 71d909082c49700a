"""What moved, by hand and by simulation: anchors, people's labels, the mix of the traffic; and how often nothing did."""

import datetime as dt
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.calibration.alignment.anchored import ANCHOR_Z, anchor_change
from eval_pipeline.calibration.alignment.fresh import FALL_Z, fall_z
from eval_pipeline.calibration.alignment.mix import MODEL, chi_square_z, mix_change, new_models
from eval_pipeline.calibration.alignment.people import LABEL_Z, label_change
from tests.calibration.alignment.evidence import DAY, LABELS, PROMOTED, anchors, drawn, mix, noisy_mix

COUNTS = st.lists(st.integers(0, 3), min_size=20, max_size=24)


def test_anchors_by_hand() -> None:
    # One anchor of 20 turned from pass, pass, pass to fail, fail, fail: b = 1, w = v = 0, so d = 1. Of the 20 ways to deal
    # three fails and three passes, 2 give d = 1, and 1 gives that change of fails: p = .05 on either side, z = 1.645. Two
    # such anchors: 1 of 400, z = 2.807; three: 1 of 8,000, z = 3.662.
    for n_turned, z in [(1, 1.6449), (2, 2.8070), (3, 3.6623)]:
        change = anchor_change(anchors([0] * 20), anchors([3] * n_turned + [0] * (20 - n_turned)))
        assert (change.n, change.excess, change.fails) == (20, n_turned / 20, n_turned / 20)
        assert change.z == pytest.approx(z, abs=1e-3)


def test_turns_in_either_direction_are_found_by_the_excess() -> None:
    # Three to fail and three to pass: the share of fails is the same, d = 1 for six anchors: p = .1^6, z = 4.75.
    change = anchor_change(anchors([3] * 3 + [0] * 17), anchors([0] * 3 + [3] * 3 + [0] * 14))
    assert (change.fails, change.has_moved) == (0, True)
    assert change.z == pytest.approx(4.753, abs=1e-3)


def test_two_anchors_of_fifty_are_too_few_to_say_that_the_judge_moved() -> None:
    change = anchor_change(anchors([0] * 50), anchors([3] * 2 + [0] * 48))
    assert change.z is not None and change.z > ANCHOR_Z and not change.has_moved


def test_an_anchor_that_always_wavered_is_no_change() -> None:
    # x = 1 of 3 before, 2 of 3 now: b = 1 - (2/9 + 2/9) = 5/9, w = v = 2/3, so d = -1/9.
    change = anchor_change(anchors([1] * 20), anchors([2] * 10 + [1] * 10))
    assert change.excess == pytest.approx((10 * -1 / 9 + 10 * (1 - 5 / 9 - 2 / 3)) / 20)
    assert change.z is not None and change.z < ANCHOR_Z


@settings(max_examples=20, deadline=None)
@given(COUNTS, COUNTS)
def test_the_order_of_time_makes_no_difference(one: list[int], other: list[int]) -> None:
    n = min(len(one), len(other))
    there, back = (anchor_change(anchors(a[:n]), anchors(b[:n])) for a, b in [(one, other), (other, one)])
    assert there.fails == pytest.approx(-(back.fails or 0)) and there.excess == pytest.approx(back.excess)
    assert there.z == pytest.approx(back.z, abs=1e-6)


def test_anchors_without_two_answers_in_both_periods_do_not_count() -> None:
    assert anchor_change(anchors([0] * 50), anchors([0] * 50, repeats=1)).z is None
    errors = anchors([0] * 50).assign(verdict="error")
    assert anchor_change(anchors([0] * 50), errors).n == 0


def test_labels_by_hand() -> None:
    # chat: quiet 50 * 4 = 200 sessions at 2/50, flagged 50 at 20/50: (200 * .04 + 50 * .4) / 250 = .112.
    change = label_change(drawn(LABELS), drawn(LABELS))
    assert (change.before, change.z) == (pytest.approx(0.112), 0.0)


def test_another_queue_is_not_taken_for_another_product() -> None:
    """The same traffic, of which the queue took far more flagged sessions: the labels fail twice as often, the product not."""
    now = {("chat", "quiet"): (20.0, 10, 10, 0), ("chat", "flagged"): (0.5, 100, 100, 40)}
    change = label_change(drawn(LABELS), drawn(now))
    assert change.z is not None and abs(change.z) < LABEL_Z


def test_more_of_a_worse_surface_is_not_another_product() -> None:
    before = {("chat", "quiet"): (10.0, 60, 60, 3), ("mail", "quiet"): (1.0, 60, 60, 30)}
    now = {("chat", "quiet"): (1.0, 60, 60, 3), ("mail", "quiet"): (10.0, 60, 60, 30)}
    assert label_change(drawn(before), drawn(now)).z == pytest.approx(0.0)


def test_too_few_labels_say_nothing_of_the_product() -> None:
    few = drawn({("chat", "quiet"): (4.0, 50, 19, 5)})
    assert label_change(drawn(LABELS), few).z is None
    assert label_change(drawn(LABELS), drawn({("voice", "quiet"): (4.0, 50, 50, 5)})).z is None


def test_chi_square_as_z() -> None:
    # The upper tail of 9.0 at df 1 is .0027, of 11.83 at df 2 it is .0027 too: z = 2.78.
    assert chi_square_z(9.0, 1) == pytest.approx(2.78, abs=0.03)
    assert chi_square_z(11.83, 2) == pytest.approx(2.78, abs=0.03)


def test_a_small_change_of_much_traffic_is_no_alarm() -> None:
    # 5 points of 56,000 sessions: beyond any chance, and of no weight.
    change = mix_change(mix(PROMOTED, chat=1000, mail=1000), mix(DAY, chat=1100, mail=900))
    assert change.moved_share == pytest.approx(0.05)
    assert change.z is not None and change.z > 10 and not change.has_moved


def test_under_a_week_the_mix_is_not_known() -> None:
    assert mix_change(mix(PROMOTED, chat=40, mail=40), mix(DAY, 6, chat=80, mail=1)).z is None


def test_a_released_product_model_is_no_change_of_traffic() -> None:
    before, now = mix(PROMOTED, dimension=MODEL, w1=60), mix(DAY, dimension=MODEL, w1=20, w2=40)
    assert not mix_change(before, now).has_moved
    assert new_models(before, now) == ["w2"]


def test_days_that_differ_among_themselves_are_no_change() -> None:
    """Every day is of one surface alone: two such periods differ by chance as much as two draws of 28, not of 1,680."""
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(40):
        periods = [
            pd.concat(
                [
                    mix(last - dt.timedelta(days=d), 1, **{"chat" if rng.random() < 0.5 else "mail": 60})
                    for d in range(28)
                ]
            )
            for last in (PROMOTED, DAY)
        ]
        alarms += mix_change(*periods).has_moved
    assert alarms <= 1


def test_a_judge_made_worse_is_found_on_its_anchors() -> None:
    """tpr .9 to .7 and tnr .95 to .85, errors tied to sessions: found by anchors in most checks."""
    rng = np.random.default_rng(6)
    found = 0
    for _ in range(30):
        is_failed, draw = rng.random(50) < 0.2, rng.random(50)
        old, new = ((draw < np.where(is_failed, tpr, 1 - tnr)) * 3 for tpr, tnr in [(0.9, 0.95), (0.7, 0.85)])
        found += anchor_change(anchors(list(old)), anchors(list(new))).has_moved
    assert found >= 24


@pytest.mark.slow
def test_false_alarms_of_a_whole_check_are_under_one_a_year() -> None:
    """A judge-year of weekly checks where nothing changes; over 8 years `alarms_of_a_year` gave 0.12 a year."""
    assert sum(alarms_of_a_year(np.random.default_rng(7)).values()) <= 1


def alarms_of_a_year(rng: np.random.Generator) -> Counter[str]:
    """25 labels a week, 60 sessions a day, a third of the anchors unstable, and baselines drawn like all else."""
    alarms: Counter[str] = Counter()
    theta = np.where(rng.random(50) < 0.3, rng.random(50), rng.random(50) < 0.15)
    then, mix_then = anchors(list(rng.binomial(3, theta))), noisy_mix(rng, PROMOTED)
    n_right, labels_then = int(rng.binomial(150, 0.92)), sampled(rng)
    right = rng.random(100 + 25 * 52) < 0.92
    for week in range(52):
        last = right[25 * week : 25 * week + 100]
        alarms["agreement"] += fall_z(n_right, 150, int(last.sum()), 100) > FALL_Z
        alarms["judge"] += anchor_change(then, anchors(list(rng.binomial(3, theta)))).has_moved
        alarms["product"] += abs(label_change(labels_then, sampled(rng)).z or 0) > LABEL_Z
        alarms["traffic"] += mix_change(mix_then, noisy_mix(rng, DAY)).has_moved
    return alarms


def sampled(rng: np.random.Generator) -> pd.DataFrame:
    """A month's labels: 70 quiet sessions of which 4 % fail, 30 flagged ones of which 40 % do."""
    quiet, flagged = int(rng.binomial(70, 0.04)), int(rng.binomial(30, 0.4))
    return drawn({("chat", "quiet"): (20.0, 70, 70, quiet), ("chat", "flagged"): (1.5, 30, 30, flagged)})
