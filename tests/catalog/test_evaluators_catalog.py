"""Each shipped evaluator: a good session passes all of them, and one change fails exactly the one that it is for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval_pipeline.evaluators.loading import load_evaluators
from eval_pipeline.evaluators.run import evaluate
from tests.evaluators.conversations import calls, fails, gets, says, session_frame, session_row, user

EVALUATORS = load_evaluators(Path(__file__).parents[2] / "catalog" / "evaluators.py")
NAMES = [evaluator.name for evaluator in EVALUATORS]
Turns = list[dict[str, Any]]


def good() -> Turns:
    return [
        says("Hi! How can I help you?"),
        user("Can you cancel order A-1?"),
        calls("cancel_order", {"order_id": "A-1"}, "1", text="One moment."),
        fails("Error: order is locked", "1"),
        calls("find_order", {"order_id": "A-1"}, "2"),
        gets('{"status": "shipped"}', "2"),
        says("I am sorry, order A-1 could not be cancelled: it has been shipped already."),
        user("Please never mind then. Thank you!"),
    ]


def verdicts(turns: Turns) -> dict[str, str]:
    frame = evaluate(session_frame(session_row("s", turns)), EVALUATORS, {})
    return dict(zip(frame["evaluator"], frame["verdict"], strict=True))


def with_turn(index: int, turn: dict[str, Any]) -> Callable[[], Turns]:
    return lambda: [turn if i == index else old for i, old in enumerate(good())]


def and_then(*turns: dict[str, Any]) -> Callable[[], Turns]:
    return lambda: [*good(), *turns]


def lookup() -> Turns:
    return [calls("find_order", {"order_id": "A-1"}), gets('{"status": "shipped"}')]


BAD: list[tuple[str, Callable[[], Turns]]] = [
    ("tool_arguments_are_objects", with_turn(4, calls("find_order", '{"order_id": ', "2"))),
    ("tool_arguments_are_objects", with_turn(4, calls("find_order", ["A-1"], "2"))),
    ("no_unanswered_user", with_turn(7, user("And what about my refund?"))),
    ("no_unanswered_user", with_turn(7, user("Then please send it back to me"))),
    ("no_unanswered_user", with_turn(7, user("Thanks. Which address do you have?"))),
    ("no_unanswered_user", lambda: good()[:2]),
    ("tool_errors_not_told_as_success", with_turn(6, says("Order A-1 has been cancelled."))),
    ("no_tool_call_loop", lambda: good()[:4] + lookup() * 3 + good()[6:]),
    ("answer_not_empty_or_cut", and_then(says("  "))),
    ("answer_not_empty_or_cut", and_then(says("It is shipped. You will get an e-mail with the"))),
    ("no_machinery_or_secret_in_answer", and_then(says('{"tool": "cancel_order", "arguments": {}}'))),
    ("no_machinery_or_secret_in_answer", and_then(says("Your token is [KEY_0123456789]."))),
    ("no_machinery_or_secret_in_answer", and_then(says("<think>He is angry.</think> You are welcome."))),
]


def test_a_good_session_passes_everything() -> None:
    assert verdicts(good()) == dict.fromkeys(NAMES, "pass")


@pytest.mark.parametrize(("name", "make"), BAD, ids=[f"{i}-{name}" for i, (name, _) in enumerate(BAD)])
def test_one_change_fails_the_evaluator_that_it_is_for_and_no_other(name: str, make: Callable[[], Turns]) -> None:
    found = verdicts(make())
    assert [evaluator for evaluator, verdict in found.items() if verdict == "fail"] == [name]
    assert "error" not in found.values()


def test_every_shipped_evaluator_is_seen_to_fail_and_says_what_it_means() -> None:
    assert {name for name, _ in BAD} == set(NAMES)
    assert all(evaluator.description.endswith(".") for evaluator in EVALUATORS)


def test_a_session_without_tools_and_answers_is_not_judged_by_what_it_lacks() -> None:
    found = verdicts([user("hello")])
    assert {name for name, verdict in found.items() if verdict == "not_applicable"} == set(NAMES) - {
        "no_unanswered_user"
    }
