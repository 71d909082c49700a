"""Limits of a session: times, costs and tokens as its source tells them, turns and calls."""

from typing import Any

import pytest

from eval_pipeline.evaluators.checks import SESSION, Check, Evaluator
from eval_pipeline.evaluators.leaves.limit_checks import (
    answers_within,
    costs_at_most,
    has_at_most,
    session_within,
    uses_at_most,
)
from eval_pipeline.evaluators.run import evaluate
from eval_pipeline.evaluators.views import SessionView
from tests.evaluators.conversations import calls, gets, outcome, says, session_frame, session_row, user, view


def at(seconds: float, turn: dict[str, Any]) -> dict[str, Any]:
    return {**turn, "at": f"2026-03-02T10:{int(seconds // 60):02}:{seconds % 60:06.3f}+00:00"}


def with_meta(**meta: Any) -> SessionView:
    return SessionView("s", "chat", {}, [], meta)


TIMED = view(
    at(0, says("Welcome")),
    at(40, user("hi")),
    at(41, user("where is it?")),
    at(43, calls("find", text="One moment.")),
    at(50, gets("{}")),
    at(53.5, says("It is on its way.")),
    at(90, user("thanks")),
)


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (answers_within(2), "pass"),
        (answers_within(1.9), "fail"),
        (answers_within(12.5, until="last"), "pass"),
        (answers_within(12.4, until="last"), "fail"),
        (session_within(90), "pass"),
        (session_within(89), "fail"),
    ],
)
def test_times(check: Check[SessionView], expected: str) -> None:
    assert outcome(check, TIMED) == expected


def test_a_late_answer_is_named_with_its_turn() -> None:
    late = answers_within(10, until="last").judge(TIMED)
    assert (late.turn_index, late.found()) == (5, "12.5 seconds")


@pytest.mark.parametrize("time", [None, "yesterday", 7, "2020-01-01T00:00:00"])
def test_without_a_usable_time_limits_of_time_do_not_apply(time: Any) -> None:
    session = view(at(5, user("hi")), {**says("hello"), "at": time})
    assert outcome(answers_within(1), session) == "not_applicable"
    assert outcome(answers_within(1), view(at(5, says("hello")))) == "not_applicable"
    assert outcome(session_within(1), view(user("hi"), at(5, says("hello")))) == "not_applicable"


@pytest.mark.parametrize(
    ("check", "meta", "expected"),
    [
        (costs_at_most(0.5), {"cost_usd": 0.5}, "pass"),
        (costs_at_most(0.5), {"cost_usd": "0.51"}, "fail"),
        (costs_at_most(0.5), {"cost_usd": "cheap"}, "not_applicable"),
        (costs_at_most(0.5), {}, "not_applicable"),
        (costs_at_most(0.5, "/spans/*/cost"), {"spans": [{"cost": 0.3}, {"cost": 0.3}, {}]}, "fail"),
        (costs_at_most(0.3, "/spans/*"), {"spans": [0.1, 0.2]}, "pass"),
        (costs_at_most(0.3, "/spans/*"), {"spans": [0.1, 0.20001]}, "fail"),
        (costs_at_most(0.3, "/spans/*/cost"), {"spans": {"a": {"cost": 0.5}}}, "fail"),
        (uses_at_most(100), {"usage": {"total_tokens": 100}}, "pass"),
        (uses_at_most(100), {"usage": {"total_tokens": 101}}, "fail"),
        (uses_at_most(100, "/tokens"), {"usage": {"total_tokens": 101}}, "not_applicable"),
    ],
)
def test_costs_and_tokens_are_what_the_source_says(
    check: Check[SessionView], meta: dict[str, Any], expected: str
) -> None:
    assert outcome(check, with_meta(**meta)) == expected


def test_meta_reaches_the_checks_of_a_run() -> None:
    cheap = Evaluator("cheap", SESSION, costs_at_most(1), "It costs little.")
    row = session_row("a", [says("hi")], meta={"cost_usd": 2.5})
    (verdict,) = evaluate(session_frame(row), [cheap], {}).to_dict("records")
    assert (verdict["verdict"], verdict["found"], verdict["pointer"]) == ("fail", "2.5 USD", "/cost_usd")


def test_counts_of_turns_and_calls() -> None:
    limits = {"turns": 7, "user turns": 3, "answers": 3, "tool calls": 1}
    for what, limit in limits.items():
        assert outcome(has_at_most(limit, what), TIMED) == "pass"  # type: ignore[arg-type]
        assert outcome(has_at_most(limit - 1, what), TIMED) == "fail"  # type: ignore[arg-type]


def test_a_pointer_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="must start with /"):
        costs_at_most(1, "cost_usd")


def test_the_figure_that_decides_is_shown() -> None:
    finding = costs_at_most(1).judge(with_meta(cost_usd=1.0000004))
    assert (finding.outcome, finding.found()) == ("fail", "1.0000004 USD")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: answers_within(1, until="frist"), "'first' or 'last'"),  # type: ignore[arg-type]
        (lambda: has_at_most(5, "turn"), "'turns' or 'user turns'"),  # type: ignore[arg-type]
        (lambda: answers_within(float("nan")), "nan is no limit"),
        (lambda: session_within(float("inf")), "inf is no limit"),
        (lambda: costs_at_most(float("nan")), "nan is no limit"),
        (lambda: uses_at_most(float("nan")), "nan is no limit"),  # type: ignore[arg-type]
        (lambda: has_at_most(float("nan"), "turns"), "nan is no limit"),  # type: ignore[arg-type]
    ],
)
def test_a_slip_in_a_limit_is_refused_with_what_is_allowed(make: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make()
