"""The alignment check on real tables: a judge in production, its labels, and an endpoint that answers worse one day."""

import datetime as dt
from typing import Any

import pytest

from eval_pipeline.calibration.alignment.check import alignment_rows
from eval_pipeline.calibration.alignment.reading import evidence_of
from eval_pipeline.calibration.alignment.subjects import checked_judges
from eval_pipeline.simulation.judging import JudgeSkill
from eval_pipeline.tables import HumanLabels
from resources.warehouse import PostgresWarehouse
from tests.calibration.promoted_judge import GOOD, PROMOTED, SHIPPED, WORSE, ask, store_promotion, store_verdicts
from tests.calibration.reviewed_sessions import chosen_sessions, store_reviewed
from tests.stored_sessions import DAY

CHECKED = DAY + dt.timedelta(days=6)


@pytest.fixture
def stored(warehouse: PostgresWarehouse) -> PostgresWarehouse:
    """A labelled day after the promotion, which the judge was asked about when it was still good."""
    store_reviewed(warehouse, chosen_sessions(30, 60, 60))
    store_verdicts(warehouse)
    return warehouse


def check(warehouse: PostgresWarehouse, day: dt.date = CHECKED) -> dict[Any, Any]:
    subjects = checked_judges([SHIPPED], warehouse)
    [row] = alignment_rows(day, [(subject, evidence_of(subject, day, warehouse)) for subject in subjects]).to_dict(
        "records"
    )
    return row


@pytest.mark.parametrize(("skill", "moved"), [(GOOD, "no"), (WORSE, "yes")])
def test_a_judge_made_worse_moves_on_its_anchors_before_labels_tell(
    stored: PostgresWarehouse, skill: JudgeSkill, moved: str
) -> None:
    store_promotion(stored)
    ask(stored, PROMOTED, GOOD)
    assert ask(stored, CHECKED, skill) == 150
    row = check(stored)
    assert (row["judge_moved"], row["status"]) == (moved, "aligned"), row["sentence"]
    assert (row["n_fresh_labels"], row["n_baseline_labels"], row["n_baseline_agree"]) == (100, 150, 145)
    assert (row["n_anchors"], row["n_asked"], row["error_share"]) == (50, 150, 0.0)
    assert row["baseline_flip_rate"] < 0.1 and row["subject_version"] == SHIPPED.version


def test_labels_that_disagree_are_a_drift(warehouse: PostgresWarehouse) -> None:
    store_reviewed(warehouse, chosen_sessions(30, 60, 60))
    store_verdicts(warehouse, WORSE)
    store_promotion(warehouse)
    row = check(warehouse)
    assert (row["status"], row["severity"], row["judge_moved"]) == ("drifted", "error", "unknown"), row["sentence"]


def test_without_an_endpoint_the_anchors_are_unknown(stored: PostgresWarehouse) -> None:
    store_promotion(stored)
    ask(stored, PROMOTED, GOOD)
    assert ask(stored, CHECKED, None) == 0
    row = check(stored)
    assert (row["judge_moved"], row["n_anchors"], row["status"]) == ("unknown", 0, "aligned")


def test_the_promoted_file_is_asked_when_the_catalog_has_another(stored: PostgresWarehouse) -> None:
    older = SHIPPED.model_copy(update={"declared_version": "0"})
    store_promotion(stored, older)
    ask(stored, PROMOTED, GOOD)
    assert set(stored.query("SELECT DISTINCT judge_version FROM evals.anchor_verdicts")["judge_version"]) == {
        older.version
    }
    [subject] = [subject for subject in checked_judges([SHIPPED], stored) if subject.baseline]
    assert subject.version == older.version


def test_labels_of_the_day_before_the_promotion_are_not_fresh(stored: PostgresWarehouse) -> None:
    store_promotion(stored)
    row = check(stored, PROMOTED)
    assert (row["status"], row["n_fresh_labels"], row["n_asked"]) == ("unmeasured", 0, 0)


def test_labels_that_no_design_drew_are_not_fresh_as_the_look_counted_none(stored: PostgresWarehouse) -> None:
    store_promotion(stored)
    assert check(stored)["n_fresh_labels"] == 100
    labels = stored.read(HumanLabels, [DAY])
    half = labels.index % 2 == 0
    chance = labels["inclusion_probability"].mask(half)
    stored.replace_day(HumanLabels, DAY, [labels.assign(inclusion_probability=chance)])
    assert check(stored)["n_fresh_labels"] == len(labels) - half.sum() < 100


def test_before_any_promotion_the_judge_is_unproven_and_no_model_is_asked(stored: PostgresWarehouse) -> None:
    stored.query("SELECT 1")
    assert checked_judges([SHIPPED], stored) == []
    assert ask(stored, CHECKED, GOOD) == 0
