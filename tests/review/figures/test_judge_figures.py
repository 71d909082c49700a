"""What the judges' pages are told: which figures count, and which disagreements a person may be led to."""

from datetime import timedelta

import pytest

from eval_pipeline.judges.definition import Judge
from eval_pipeline.review.figures.judge_figures import (
    by_category,
    disagreements,
    errors_by_reason,
    listed,
    verdicts_by_day,
    versions_seen,
)
from resources.warehouse import PostgresWarehouse
from tests.review.figures.stored_reviews import (
    label,
    measured,
    review,
    rollup,
    slot,
    store_decision,
    store_labels,
    store_measured,
    store_named,
    store_reviews,
    store_rollups,
    store_slots,
    store_verdicts,
    verdict,
)
from tests.stored_sessions import DAY

JUDGE = Judge.model_validate(
    {
        "name": "tone",
        "version": "1",
        "owner": "evaluation",
        "question": "Is the assistant courteous throughout?",
        "pass_when": ["It is."],
        "fail_when": ["It mocks the user."],
        "view": {"turns": "transcript"},
        "model": "m",
    }
)
NOW = JUDGE.version


def test_a_judge_that_was_never_measured_has_no_figures(warehouse: PostgresWarehouse) -> None:
    (found,) = listed(warehouse, [JUDGE])
    assert found.figures == ()


def test_the_figures_are_those_of_the_present_version_held_out_and_of_the_traffic(warehouse: PostgresWarehouse) -> None:
    weighted = {"tpr_weighted": 0.7, "tpr_weighted_low": 0.5, "tpr_weighted_high": 0.8, "tnr_weighted": 0.9}
    raw = {"tpr": 0.8, "tpr_low": 0.7, "tpr_high": 0.9, "tnr": 0.95}
    store_measured(
        warehouse,
        measured("tone", NOW, (32, 8, 2, 38), **raw, **weighted),
        measured("tone", NOW, (9, 1, 0, 20), label_set="calibration", tpr=0.99),
        measured("tone", "old", (5, 5, 5, 5), tpr=0.1),
        measured("tone", NOW, (1, 9, 0, 10), origin="simulated", status="too_few_to_gate", tpr=0.1),
    )
    (found,) = listed(warehouse, [JUDGE])
    real, demo = found.figures
    assert (real.origin, real.is_weighted, real.tpr.value, real.tpr.low, real.tpr.n, real.tnr.n) == (
        "production", True, 0.7, 0.5, 40, 40,
    )  # fmt: skip
    assert (demo.origin, demo.is_weighted, demo.tpr.value) == ("simulated", False, 0.1)


def test_what_is_promoted_is_proven_until_it_is_demoted_and_figures_alone_prove_nothing(
    warehouse: PostgresWarehouse,
) -> None:
    store_measured(warehouse, measured("tone", NOW, (40, 2, 2, 90)))
    store_rollups(warehouse, rollup("tone", NOW, 10, 2))
    standings = []
    for decision in ("refused", "promoted", "demoted"):
        store_decision(warehouse, JUDGE, decision, DAY + timedelta(days=len(standings)))
        (figures,) = listed(warehouse, [JUDGE])[0].figures
        assert figures.standing == versions_seen(warehouse, "tone")[0].standing
        standings.append((figures.standing, figures.is_proven))
    assert standings == [("unproven", False), ("proven", True), ("demoted", False)]


def test_calibration_figures_stand_in_until_something_is_held_out_and_prove_nothing(
    warehouse: PostgresWarehouse,
) -> None:
    store_measured(warehouse, measured("tone", NOW, (40, 0, 0, 40), label_set="calibration", tpr=1.0))
    (figures,) = listed(warehouse, [JUDGE])[0].figures
    assert (figures.label_set, figures.is_proven) == ("calibration", False)


def test_versions_stand_oldest_first_with_their_figures(warehouse: PostgresWarehouse) -> None:
    store_rollups(
        warehouse,
        rollup("tone", NOW, 10, 2),
        rollup("tone", "old", 20, 1, session_day=DAY - timedelta(days=40), n_error=3),
        rollup("other", "x", 5, 5),
    )
    store_measured(warehouse, measured("tone", "old", (30, 10, 5, 35), tpr=0.75))
    old, now = versions_seen(warehouse, "tone")
    assert (old.version, old.n, old.figures and old.figures.tpr.value) == ("old", 23, 0.75)
    assert (now.version, now.figures) == (NOW, None)
    assert [(row["version"], row["n_fail"]) for row in verdicts_by_day(warehouse, "tone")] == [(NOW, 2)]


def test_categories_and_errors_are_counted(warehouse: PostgresWarehouse) -> None:
    store_named(warehouse, ["a", "b"])
    store_measured(
        warehouse,
        measured("tone", NOW, (2, 1, 0, 0), category="rude"),
        measured("tone", "old", (0, 1, 0, 0), category="rude"),
    )
    assert [(c.category, c.n_caught, c.n) for c in by_category(warehouse, JUDGE)] == [("rude", 2, 3)]
    store_verdicts(
        warehouse,
        verdict("a", "tone", NOW, "error", error_reason="timeout"),
        verdict("b", "tone", NOW, "pass"),
    )
    assert errors_by_reason(warehouse, "tone") == [{"reason": "timeout", "origin": "production", "n": 1}]


def test_disagreements_are_of_the_calibration_set_and_the_present_version(warehouse: PostgresWarehouse) -> None:
    store_named(warehouse, ["agrees", "held out", "old version", "other question", "mine", "one", "unsettled"])
    target = "judge:tone"
    store_labels(
        warehouse,
        label("agrees", target, "pass"),
        label("held out", target, "fail", label_set="held_out"),
        label("old version", target, "fail"),
        label("other question", "session", "fail"),
        label("mine", target, "fail"),
        # Answered after the reveal, of a user whose other sessions measure the judge.
        label("one", target, "fail"),
        label("unsettled", target, "fail", label=None, status="disputed"),
    )
    said = {
        name: verdict(name, "tone", NOW, "pass") for name in ("agrees", "held out", "other question", "mine", "one")
    }
    said["unsettled"] = verdict("unsettled", "tone", NOW, "pass")
    store_verdicts(warehouse, *said.values(), verdict("old version", "tone", "old", "pass"))
    (found,) = disagreements(warehouse, JUDGE, "ann")
    assert (found.session_id, found.label, found.verdict) == ("mine", "fail", "pass")


@pytest.mark.parametrize(
    ("slots", "own", "is_shown"),
    [
        ([("done", {})], [], True),
        ([("done", {}), ("waiting", {"slot": 2})], [], False),
        ([("done", {}), ("waiting", {"slot": 2})], ["ann"], True),
        ([("done", {}), ("waiting", {"slot": 2})], ["ben"], False),
        # It waits for him once more, and he is not to know the answer then.
        ([("done", {}), ("waiting", {"slot": 101, "reviewer": "ann", "is_repeat": True})], ["ann"], False),
    ],
    ids=["all read", "one reading waits", "he has answered", "another has answered", "his own repeat waits"],
)
def test_nobody_is_led_to_a_session_that_waits_and_that_he_has_not_answered(
    warehouse: PostgresWarehouse, slots: list[tuple[str, dict[str, object]]], own: list[str], is_shown: bool
) -> None:
    store_named(warehouse, ["mine"])
    store_labels(warehouse, label("mine", "judge:tone", "fail"))
    store_verdicts(warehouse, verdict("mine", "tone", NOW, "pass"))
    store_slots(warehouse, *[slot("mine", state, **columns) for state, columns in slots])
    store_reviews(warehouse, *[review("mine", who, "fail") for who in own])
    assert bool(disagreements(warehouse, JUDGE, "ann")) == is_shown
