"""docs/analysts.md is true: every statement on it runs as it stands and finds the figure that was stored."""

from datetime import date, timedelta
from typing import Any

import pytest

from eval_pipeline.tables import (
    CoverageCells,
    HumanLabels,
    JudgeCalibrationReports,
    Promotions,
    Table,
    TaxonomyDecisions,
    TaxonomyProposals,
    TrendCandidates,
    TrendDirections,
    TrendVersions,
    TrendWindows,
)
from resources.warehouse import PostgresWarehouse
from tests.docs_pages import blocks, page
from tests.review.figures.stored_reviews import label, measured
from tests.stored_rows import store_rows

DAY = date(2026, 3, 31)
QUESTIONS = {block.name: block.text for block in blocks(page("analysts.md")) if block.language == "sql"}
CELL = {"model_version": "all", "surface": "all", "slice": "all", "origin": "production"}
JUDGE = {"subject_kind": "judge", "subject": "tone", "subject_version": "1"}
SERIES = CELL | {"subject_kind": "judge", "subject": "tone"}

ANSWERS = {
    "moved": {"points": 8.0, "to_version": "m-2", "onset_day": DAY - timedelta(days=10)},
    "parts": {"points": 8.0, "mix": 1.0, "within": 7.0, "judge": None},
    "true-rate": {"n": 100, "measured": 20.0, "corrected": 25.0, "low": 18.0, "high": 33.0},
    "categories": {"category": "loop", "labelled_now": 2, "labelled_before": 1},
    # 20 alarms of which a quarter is wrong; precision in [.6, .9].
    "wrong-alarms": {"alarms": 20, "wrong": 5.0, "wrong_low": 2.0, "wrong_high": 8.0},
    "surfaces": {"surface": "chat", "n": 100, "measured": 20.0},
    "label-age": {"n_labels": 120, "median_age_days": 12.0, "is_of_this_version": True},
    "changes": {"component": "model", "component_version": "m-2", "first_day": DAY - timedelta(days=9)},
    "missed": {"signal": "flagged", "found %": 43.0, "n_control": 200, "status": "measured"},
    "coverage": {"cell": "surface=chat", "n_sessions": 90, "n_labelled": 2},
    "proposals": {"n_sessions": 12, "share %": 3.0, "decision": "rejected"},
}
"""The first row of each answer, as far as it is looked at."""


def _store(warehouse: PostgresWarehouse, table: type[Table], *rows: dict[str, Any], day: date = DAY) -> None:
    store_rows(warehouse, table, day, *rows)


@pytest.fixture
def stored(warehouse: PostgresWarehouse) -> PostgresWarehouse:
    onset = DAY - timedelta(days=10)
    moved = {"level": "alert", "direction": "worse", "change": 0.08, "onset_day": onset, "window_days": 28}
    parts = {"mix_shift": 0.01, "within_change": 0.07}
    _store(warehouse, TrendDirections, SERIES | moved | parts, SERIES | {"surface": "chat", "level": "none"})
    _store(warehouse, TrendCandidates, SERIES | {"rank": 1, "component": "model", "to_version": "m-2"})
    new = {"component": "model", "component_version": "m-2", "n": 9, "n_fail": 3, "surface": "all"}
    came = onset + timedelta(days=1)
    seen = JUDGE | new | {"origin": "production", "session_day": came}
    # The new version of another subject changed nothing for this one.
    other = seen | {"subject": "another", "component": "judge_model", "component_version": "big-2"}
    _store(warehouse, TrendVersions, seen, other, day=came)
    _store(warehouse, TrendWindows, _window(), _window(surface="chat"))
    _store(warehouse, Promotions, JUDGE | {"origin": "production", "decision": "promoted"})
    _store_figures(warehouse)
    for back, names in {0: ("s1", "s2"), 40: ("s3",)}.items():
        day = DAY - timedelta(days=back)
        known = {"category": "loop", "session_day": day}
        _store(warehouse, HumanLabels, *(label(name, **known) for name in names), day=day)
    cell = {"grid": "surface", "cell": "surface=chat", "n_sessions": 90, "n_labelled": 2, "is_sparse": True}
    _store(warehouse, CoverageCells, cell | {"origin": "production"})
    kind = {"proposal_id": "p", "n_sessions": 12, "n_population": 400, "rate": 0.03, "n_before": 0}
    _store(warehouse, TaxonomyProposals, kind | {"origin": "production"})
    _store(warehouse, TaxonomyDecisions, {"proposal_id": "p", "decision": "rejected", "reason": "no kind"})
    return warehouse


def _window(**columns: Any) -> dict[str, Any]:
    counts = {"n": 100, "n_fail": 20, "fail_rate": 0.2, "fail_rate_low": 0.13, "fail_rate_high": 0.29}
    corrected = {"corrected_rate": 0.25, "corrected_rate_low": 0.18, "corrected_rate_high": 0.33}
    labels = {"correction": "post_stratified", "n_labels": 120, "label_age_days": 12.0, "labels_version": "1"}
    return SERIES | JUDGE | {"window_days": 28, "n_days": 28} | counts | corrected | labels | columns


def _store_figures(warehouse: PostgresWarehouse) -> None:
    precision = {"precision_weighted": 0.75, "precision_weighted_low": 0.6, "precision_weighted_high": 0.9}
    recall = {"recall_weighted": 0.43, "recall_weighted_low": 0.3, "recall_weighted_high": 0.6, "n_control": 200}
    flagged = {"subject_kind": "signal", "label_set": "all", "n_control_needed": 0, "as_of_day": DAY}
    judge = measured("tone", "1", (30, 10, 10, 90), **precision)
    signal = measured("flagged", "1", (30, 10, 10, 90), **recall, **flagged)
    # What an older version of the signals found counts no more.
    was = {"as_of_day": DAY - timedelta(days=9), "recall_weighted": 0.9}
    older = measured("flagged", "0", (30, 10, 10, 90), **recall | flagged | was)
    _store(warehouse, JudgeCalibrationReports, judge, signal, older)


def test_there_are_ten_questions_and_a_known_answer_to_every_statement() -> None:
    assert page("analysts.md").count("\n## ") == 10
    assert set(QUESTIONS) == set(ANSWERS)


def test_every_statement_finds_what_was_stored(stored: PostgresWarehouse) -> None:
    found = {name: stored.query(statement) for name, statement in QUESTIONS.items()}
    assert {name for name, rows in found.items() if rows.empty} == set()
    first = {name: rows.astype("object").where(rows.notna(), None).iloc[0].to_dict() for name, rows in found.items()}
    assert {name: {key: first[name][key] for key in ANSWERS[name]} for name in ANSWERS} == ANSWERS
