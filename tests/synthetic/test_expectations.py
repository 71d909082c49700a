"""Expectations are held against what evaluators, signals and judges say; who does not notice is reported."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eval_pipeline.evaluators.checks import ANSWERS, SESSION, Evaluator, contains_any, has_at_most, not_, satisfies
from eval_pipeline.evaluators.loading import load_evaluators
from eval_pipeline.evaluators.views import Text
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.signals.contract import Batch, Evidence, Signal
from eval_pipeline.signals.registry import load_signals
from eval_pipeline.synthetic.expecting import expectations, outcome
from eval_pipeline.synthetic.noticing import evaluators_notice, noticing
from eval_pipeline.synthetic.operators.contract import EVERY_OTHER, Expectation, Operator
from eval_pipeline.synthetic.operators.registry import OPERATORS
from tests.signals.conversations import session
from tests.synthetic.operators.talks import ORDER

DAY = date(2026, 3, 2)
CATALOG = PROJECT_ROOT / "catalog"
EVALUATORS = load_evaluators(CATALOG / "evaluators.py")
SIGNALS = load_signals(CATALOG)
SEED_TURNS = [turn.model_dump(mode="json") for turn in ORDER.turns]


def seeds(turns: Sequence[dict[str, Any]] = tuple(SEED_TURNS)) -> pd.DataFrame:
    row = session(turns, "s-1", model_version="m", versions={}, redaction_version="1", meta={})
    return pd.DataFrame([row])


def synthetic(turns: Sequence[dict[str, Any]], *expected: Expectation, **more: Any) -> pd.DataFrame:
    row = {
        "synthetic_id": "synthetic/1",
        "operator": "an_operator",
        "seed_session_ids": ["s-1"],
        "turns": list(turns),
        "expectations": [one._asdict() for one in expected],
        "is_valid": True,
    }
    return pd.DataFrame([{**row, **more}])


def made_by(operator: Operator, seed: int = 1) -> pd.DataFrame:
    made = operator.apply(ORDER, seed)
    turns = [turn.model_dump(mode="json") for turn in made.turns]
    return synthetic(turns, *made.expectations, operator=operator.name)


def says(*answers: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": "Where is it?"}, *({"role": "assistant", "content": a} for a in answers)]


NO_LAMP = Evaluator("no_lamp", ANSWERS, not_(contains_any("lamp")), "No answer speaks of a lamp.")


def of(change: Any, subject: str = "no_lamp", kind: Any = "evaluator") -> Expectation:
    return Expectation(kind, subject, change, "the test says so")


SEEDS = range(6)

LIMITS = {"truncation": "answer_not_empty_or_cut", "injection": "judge_manipulation"}
"""What the shipped ones do not always notice: a paragraph cut after few words, demands on a judge in words of their own."""


@pytest.fixture(scope="module")
def found_on_the_order() -> pd.DataFrame:
    """What every operator comes to on the order, over some seeds, read in one go."""
    made = [
        made_by(operator, seed).assign(synthetic_id=f"synthetic/{operator.name}/{seed}")
        for operator in OPERATORS
        for seed in SEEDS
    ]
    return expectations(DAY, pd.concat(made, ignore_index=True), seeds(), EVALUATORS, SIGNALS)


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_the_shipped_evaluators_and_signals_take_an_order_as_each_operator_says(
    operator: Operator, found_on_the_order: pd.DataFrame
) -> None:
    found = found_on_the_order[found_on_the_order["operator"] == operator.name]
    is_limit = (found["outcome"] == "missed") & (found["subject"] == LIMITS.get(operator.name))
    wrong = found["outcome"].isin(["missed", "wrongly_changed", "error"]) & ~is_limit
    assert found.loc[wrong, "explanation"].tolist() == []
    noticed = found[found["expected"].str.startswith("must") & (found["outcome"] == "noticed")]
    assert set(noticed["subject"]) == {e.subject for e in operator.expectations if e.change.startswith("must")}


def test_every_subject_that_an_operator_names_is_shipped() -> None:
    shipped = {*(("evaluator", e.name) for e in EVALUATORS), *(("signal", s.name) for s in SIGNALS)}
    named = {(e.subject_kind, e.subject) for operator in OPERATORS for e in operator.expectations}
    assert {(kind, name) for kind, name in named if name != EVERY_OTHER} <= shipped


def test_an_operator_names_a_subject_once() -> None:
    for operator in OPERATORS:
        subjects = [(e.subject_kind, e.subject) for e in operator.expectations]
        assert len(subjects) == len(set(subjects)), operator.name


def test_an_evaluator_that_notices_nothing_is_reported() -> None:
    blind = replace(NO_LAMP, check=not_(contains_any("never said")))
    for evaluator, came_to in ((NO_LAMP, "noticed"), (blind, "missed")):
        found = expectations(DAY, synthetic(says("A lamp."), of("must_fail")), seeds(says("A rug.")), [evaluator], [])
        assert found["outcome"].tolist() == [came_to]
    assert found["explanation"].tolist() == [
        "evaluator no_lamp: pass before, pass after, and did not notice (must fail: the test says so)."
    ]
    notice = evaluators_notice(found)
    assert not notice.is_good
    assert (
        notice.sentence
        == "1 of 1 do not notice what they must; evaluator no_lamp missed 1 of 1, most after an_operator"
    )


def test_an_evaluator_that_is_not_there_is_left_out_and_said_so() -> None:
    found = expectations(DAY, synthetic(says("A lamp."), of("must_fail", "no_rug")), seeds(), [NO_LAMP], [])
    assert found["outcome"].tolist() == ["not_applicable"]
    assert found["explanation"].tolist() == ["Left out: this deployment has no evaluator no_rug."]


def test_every_other_subject_is_held_to_what_the_named_ones_are_not() -> None:
    more = Evaluator("few_turns", SESSION, has_at_most(1, "answers"), "One answer.")
    changed = synthetic(says("A lamp.", "Yes."), of("may_change"), of("unchanged", EVERY_OTHER))
    found = expectations(DAY, changed, seeds(says("A rug.")), [NO_LAMP, more], [])
    assert found[["subject", "outcome"]].to_numpy().tolist() == [["few_turns", "wrongly_changed"]]


def test_a_crash_is_an_error_and_no_miss() -> None:
    def is_calm(answer: Text) -> bool:
        if "lamp" in answer.text:
            raise RuntimeError
        return True

    shaky = Evaluator("shaky", ANSWERS, satisfies(is_calm, words="is calm", version="1"), "Is calm.")
    found = expectations(DAY, synthetic(says("A lamp."), of("must_fail", "shaky")), seeds(says("A rug.")), [shaky], [])
    assert found[["before", "after", "outcome"]].to_numpy().tolist() == [["pass", "error", "error"]]


class Raising(Signal):
    """A signal that raises on a session with more than one user turn."""

    name = "raising"
    declared_version = "1"

    @property
    def describe(self) -> str:
        return "Raises."

    def applies(self, batch: Batch) -> tuple[Any, str]:
        return np.ones(len(batch.sessions), dtype=bool), ""

    def find(self, batch: Batch) -> Sequence[Evidence]:
        if np.bincount(batch.owner[batch.has_role("user")]).max() > 1:
            raise RuntimeError
        return []


def test_a_signal_that_raises_is_an_error() -> None:
    signal = Raising(SIGNALS[0].parameters)
    twice = synthetic([*says("A rug."), *says("A rug.")], of("unchanged", "raising", "signal"))
    found = expectations(DAY, twice, seeds(says("A rug.")), [], [signal])
    assert found[["before", "after", "outcome"]].to_numpy().tolist() == [["quiet", "error", "error"]]


def test_invalid_sessions_are_left_out_and_lost_seeds_say_nothing() -> None:
    made = pd.concat(
        [
            synthetic(says("A lamp."), of("must_fail"), is_valid=False),
            synthetic(says("A lamp."), of("must_fail"), synthetic_id="synthetic/2", seed_session_ids=["gone"]),
        ],
        ignore_index=True,
    )
    found = expectations(DAY, made, seeds(), [NO_LAMP], [])
    assert found[["synthetic_id", "outcome"]].to_numpy().tolist() == [["synthetic/2", "not_applicable"]]
    assert found["before"].isna().all() and found["after"].isna().all()


def test_the_order_of_rows_makes_no_difference() -> None:
    made = [made_by(operator).assign(synthetic_id=f"synthetic/{n}") for n, operator in enumerate(OPERATORS[:2])]
    one = expectations(DAY, pd.concat(made, ignore_index=True), seeds(), EVALUATORS, [])
    other = expectations(DAY, pd.concat(made[::-1], ignore_index=True), seeds(), EVALUATORS[::-1], [])
    pd.testing.assert_frame_equal(one, other)


def judged(verdicts: dict[str, tuple[str, str | None]]) -> Any:
    """A judge that gives the real session the first verdict and the synthetic one the second."""

    def ask(sessions: pd.DataFrame) -> pd.DataFrame:
        rows = []
        for session_id in sessions["session_id"]:
            verdict, reason = verdicts[session_id.partition("/")[0]]
            rows.append((session_id, "task_done", "1", 0, verdict, reason))
        return pd.DataFrame(
            rows, columns=["session_id", "judge", "judge_version", "repeat", "verdict", "error_reason"]
        ).astype({"error_reason": "str"})

    return ask


@pytest.mark.parametrize(
    ("before", "after", "came_to"),
    [
        (("pass", None), ("pass", None), "noticed"),
        (("fail", None), ("pass", None), "wrongly_changed"),
        (("pass", None), ("error", "contested"), "noticed"),
        (("fail", None), ("error", "contested"), "wrongly_changed"),
        (("pass", None), ("error", "timeout"), "error"),
    ],
)
def test_judges_are_asked_where_that_is_wanted(before: Any, after: Any, came_to: str) -> None:
    made = synthetic(says("A lamp."), of("unchanged", EVERY_OTHER, "judge"))
    assert len(expectations(DAY, made, seeds(), [], [])) == 0
    found = expectations(DAY, made, seeds(), [], [], judged({"before": before, "after": after}))
    assert found[["subject", "subject_version", "outcome"]].to_numpy().tolist() == [["task_done", "1", came_to]]


@pytest.mark.parametrize(
    ("change", "before", "after", "came_to"),
    [
        ("must_fail", "not_applicable", "fail", "noticed"),
        ("must_fail", "fail", "fail", "not_applicable"),
        ("must_fail", "fail", "pass", "missed"),
        ("must_pass", "fail", "pass", "noticed"),
        ("must_fire", "quiet", "quiet", "missed"),
        ("unchanged", "pass", "not_applicable", "wrongly_changed"),
        ("no_new_failure", "pass", "not_applicable", "noticed"),
        ("no_new_failure", "fail", "pass", "noticed"),
        ("no_new_failure", "quiet", "fired", "wrongly_changed"),
        ("unchanged", None, "pass", "not_applicable"),
        ("unchanged", "error", "error", "error"),
    ],
)
def test_what_an_expectation_comes_to(change: str, before: str | None, after: str | None, came_to: str) -> None:
    assert outcome(change, before, after) == came_to


def rows(subject: str, *told: tuple[str, str, str]) -> list[dict[str, str]]:
    known = {"subject_kind": "evaluator", "subject": subject, "subject_version": "1"}
    return [{**known, "expected": e, "outcome": o, "operator": by} for e, o, by in told]


def test_the_report_counts_by_hand() -> None:
    # good: 1 of 1 noticed. poor: misses 1 of 2 that must show, changes 1 of 4 that must stay (the one that does not
    # apply counts nowhere), and crashes once.
    kept = ("unchanged", "noticed", "a")
    found = pd.DataFrame(
        rows("good", ("must_fail", "noticed", "a"))
        + rows(
            "poor", ("must_fail", "noticed", "a"), ("must_fire", "missed", "b"), kept, kept, kept,
            ("unchanged", "wrongly_changed", "b"), ("must_fail", "not_applicable", "c"), ("unchanged", "error", "c"),
        )
    )  # fmt: skip
    told = noticing(found).set_index("subject")
    assert told.index.tolist() == ["poor", "good"]
    poor = told.loc["poor", ["n_must_change", "n_missed", "missed_share", "n_must_stay", "n_wrongly_changed", "wrongly_changed_share", "n_errors", "worst_operator"]]  # fmt: skip
    assert poor.tolist() == [2, 1, 0.5, 4, 1, 0.25, 1, "b"]
    assert told.loc["good", ["n_must_stay"]].tolist() == [0]
    assert pd.isna(told.loc["good", "wrongly_changed_share"])


def test_the_check_passes_when_all_is_noticed_and_says_when_there_is_nothing() -> None:
    good = pd.DataFrame(rows("good", ("must_fail", "noticed", "a")))
    assert evaluators_notice(good)[:2] == (True, "1 evaluators, judges and signals noticed what they must")
    assert evaluators_notice(good[:0]).sentence == "no synthetic session was held against an expectation"
