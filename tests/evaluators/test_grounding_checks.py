"""Grounding: codes and links come from the user or a tool before they are told or passed on, never from the assistant."""

from typing import Any

import pytest

from eval_pipeline.evaluators.checks import SESSION, Evaluator
from eval_pipeline.evaluators.leaves.grounding_checks import arguments_are_known, told_is_known
from eval_pipeline.evaluators.run import evaluate_session
from tests.evaluators.conversations import calls, gets, outcome, says, user, view

CODE = r"\b#?([A-Z]\d{4})\b"
TOLD = told_is_known(CODE)
PASSED = arguments_are_known(CODE)
SYSTEM = {"role": "system", "content": "Sell A1234."}


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([user("My order is a1234"), says("I see #A1234.")], "pass"),
        ([calls("list"), gets('["card_A1234"]'), says("It is A1234.")], "pass"),
        ([SYSTEM, says("Take A1234.")], "pass"),
        ([says("It is A1234.")], "fail"),
        ([says("It is A1234."), user("A1234?")], "fail"),
        ([calls("find", {"id": "A1234"}), gets("[]"), says("It is A1234.")], "fail"),
        ([says("Say it like this: A1234.")], "not_applicable"),
        ([says("Hello")], "not_applicable"),
    ],
)
def test_what_is_told_was_given_before(turns: Any, expected: str) -> None:
    assert outcome(TOLD, view(*turns)) == expected


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([user("My order is a1234"), calls("find", {"id": "#A1234"})], "pass"),
        ([calls("list", {}, "1"), gets('["A1234"]', "1"), calls("find", {"id": "A1234"})], "pass"),
        ([says("Is it A1234?"), calls("find", {"id": "A1234"})], "fail"),
        ([calls("find", {"id": "A1234"}), gets('["A1234"]')], "fail"),
        ([user("Hi"), calls("find", {"n": 1234, "ids": []})], "not_applicable"),
        ([user("Hi"), calls("find", "not JSON: A1234")], "not_applicable"),
    ],
)
def test_what_a_tool_is_called_with_was_given_before(turns: Any, expected: str) -> None:
    assert outcome(PASSED, view(*turns)) == expected


def test_of_calls_that_a_record_holds_as_one_turn_the_later_know_the_results_of_the_earlier() -> None:
    first = {"id": "1", "name": "list", "arguments": {}}
    second = {"id": "2", "name": "find", "arguments": {"id": "A1234"}}
    results = [gets('["A1234"]', "1"), gets("{}", "2")]
    chain = {"role": "assistant", "content": "", "tool_calls": [first, second]}
    assert outcome(PASSED, view(user("Hi"), chain, *results)) == "pass"
    assert outcome(PASSED, view(user("Hi"), {**chain, "tool_calls": [second, first]}, *results)) == "fail"


def test_the_evidence_is_the_value_with_its_place() -> None:
    session = view(user("Hi"), calls("find", {"any/of": ["x", "Z9999"]}), gets("[]"), says("No\norder Z9999 there.\n"))
    passed = evaluate_session(session, Evaluator("e", SESSION, PASSED, "E."))[0]
    assert (passed.turn_index, passed.pointer, passed.found) == (1, "/any~1of/1", "find: Z9999")
    told = evaluate_session(session, Evaluator("e", SESSION, TOLD, "E."))[0]
    assert (told.turn_index, told.found) == (3, "order Z9999 there.")


def test_arguments_may_be_nested_deeper_than_python_recurses() -> None:
    deep: Any = "Z9999"
    for _ in range(3000):
        deep = [deep]
    session = view(user("Hi"), calls("find", None))
    session.calls[0]._json = deep
    assert outcome(PASSED, session) == "fail"


def test_a_bad_pattern_is_refused_where_it_is_written() -> None:
    for make in (told_is_known, arguments_are_known):
        with pytest.raises(ValueError, match="regular expression"):
            make("(")


@pytest.mark.parametrize("given", [r'"https:\/\/x.example\/a?b=1&c=2"', r'"https://x.example/a?b=1\u0026c=2"'])
def test_what_json_writes_in_another_way_is_known(given: str) -> None:
    check = told_is_known(r"https://[^\s\"]+")
    told = [calls("find"), gets(given), says("See https://x.example/a?b=1&c=2")]
    assert outcome(check, view(*told)) == "pass"
    assert outcome(check, view(*told[:2], says("See https://x.example/a?b=1&c=3"))) == "fail"
