"""Anchors on real tables with the simulated endpoint: drawn once, asked anew each day, paid once a day."""

import datetime as dt

import pandas as pd
import pytest

from eval_pipeline.calibration.anchors import anchor_flips, anchors_of, ask_anchors, first_repeat_of
from eval_pipeline.calibration.split import group_of, label_set
from eval_pipeline.simulation.judging import JudgeSkill
from eval_pipeline.tables import AnchorSessions, AnchorVerdicts
from resources.warehouse import PostgresWarehouse
from tests.calibration.promoted_judge import GOOD, NIGHT, ORIGIN, SHIPPED, NoModels, asked_at
from tests.calibration.reviewed_sessions import chosen_sessions, store_reviewed

CHECKED = dt.date(2025, 3, 1)
UNSTABLE = JudgeSkill(tpr=0.6, tnr=0.6, unstable_share=1.0)


@pytest.fixture
def stored(warehouse: PostgresWarehouse) -> PostgresWarehouse:
    """Sixty sessions of the calibration half, and fewer of the other."""
    store_reviewed(warehouse, chosen_sessions(10, 10, 60))
    return warehouse


def asked(warehouse: PostgresWarehouse, day: dt.date = CHECKED, skill: JudgeSkill = GOOD) -> tuple[pd.DataFrame, int]:
    with asked_at(warehouse, skill) as (asker, models, endpoint):
        rows = ask_anchors(SHIPPED, ORIGIN, day, warehouse, models, asker, {"code": "1"}, clock=lambda: NIGHT)
        return rows, endpoint.n_requests


def test_fifty_are_drawn_of_the_calibration_half_and_stay(stored: PostgresWarehouse) -> None:
    drawn = anchors_of(SHIPPED, ORIGIN, stored, NIGHT)
    assert len(drawn) == 50 and drawn == anchors_of(SHIPPED, ORIGIN, stored, NIGHT)
    assert {label_set(group_of(None, session)) for session in drawn} == {"calibration"}
    assert sorted(stored.read(AnchorSessions)["session_id"]) == drawn
    assert anchors_of(SHIPPED, "production", stored, NIGHT) == []


def test_a_set_that_was_too_small_is_filled_and_keeps_what_it_had(warehouse: PostgresWarehouse) -> None:
    store_reviewed(warehouse, chosen_sessions(1, 1, 20))
    few = anchors_of(SHIPPED, ORIGIN, warehouse, NIGHT)
    store_reviewed(warehouse, chosen_sessions(10, 10, 60))
    full = anchors_of(SHIPPED, ORIGIN, warehouse, NIGHT)
    assert 0 < len(few) < 50 == len(full) and set(few) < set(full)


def test_a_day_is_paid_once_and_another_day_anew(stored: PostgresWarehouse) -> None:
    anchors_of(SHIPPED, ORIGIN, stored, NIGHT)
    rows, n_requests = asked(stored)
    assert n_requests == 150 == stored.append(AnchorVerdicts, rows)
    assert sorted(rows["repeat"].unique()) == [0, 1, 2] and set(rows["asked_for_day"]) == {CHECKED}
    again, n_again = asked(stored)
    assert n_again == 0 == stored.append(AnchorVerdicts, again)
    _, n_next_day = asked(stored, CHECKED + dt.timedelta(days=1))
    assert n_next_day == 150


def test_flips_of_a_judge_that_wavers_and_of_one_that_does_not(stored: PostgresWarehouse) -> None:
    anchors_of(SHIPPED, ORIGIN, stored, NIGHT)
    steady = anchor_flips(asked(stored, skill=JudgeSkill(1, 1, 0))[0])
    assert (steady.rate.value, steady.rate.n_sessions, steady.rate.n_repeats) == (0, 50, 150)
    wavering = anchor_flips(asked(stored, CHECKED + dt.timedelta(days=1), UNSTABLE)[0])
    # Each repeat errs with probability .4, so two of them differ with 2 * .4 * .6 = .48. An anchor counts 2/3 unless its
    # three agree, .28: the standard error is (2/3) * sqrt(.72 * .28 / 50) = .042.
    assert wavering.rate.value == pytest.approx(0.48, abs=3 * 0.042)


def test_what_is_neither_pass_nor_fail_is_counted_apart() -> None:
    said = {"a": ["pass", "fail", "error"], "b": ["not_applicable", "not_applicable", "pass"]}
    rows = [(session, r, word) for session, words in said.items() for r, word in enumerate(words)]
    flips = anchor_flips(pd.DataFrame(rows, columns=["session_id", "repeat", "verdict"]))
    # Only a has two repeats of pass or fail, and they differ.
    assert (flips.rate.value, flips.rate.n_sessions, flips.n_not_applicable, flips.n_error) == (1, 1, 2, 1)


def test_without_an_endpoint_nothing_is_said(stored: PostgresWarehouse) -> None:
    anchors_of(SHIPPED, ORIGIN, stored, NIGHT)
    with asked_at(stored, GOOD) as (asker, _, _):
        rows = ask_anchors(SHIPPED, ORIGIN, CHECKED, stored, NoModels(), asker, {}, clock=lambda: NIGHT)
    assert rows.empty and anchor_flips(rows).rate.value is None


def test_the_repeats_of_two_days_never_meet() -> None:
    assert first_repeat_of(CHECKED + dt.timedelta(days=1)) - first_repeat_of(CHECKED) == 100
    with pytest.raises(ValueError, match="2000"):
        first_repeat_of(dt.date(2000, 1, 1))
