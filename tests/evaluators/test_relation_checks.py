"""Relations between two places of a session: what is compared with what, how values compare, what the verdict shows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.evaluators.checks import (
    ANSWERS,
    LAST_ANSWER,
    SESSION,
    USER_TURNS,
    Check,
    Evaluator,
    any_of,
    captured,
    in_words,
    not_,
    tool_called,
)
from eval_pipeline.evaluators.leaves.relation_checks import (
    argument,
    equals,
    found_in,
    is_above,
    is_at_least,
    is_at_most,
    is_below,
    is_disjoint,
    is_same_set,
    is_subset,
    is_superset,
    result,
    told,
)
from eval_pipeline.evaluators.leaves.value_checks import every_captured
from eval_pipeline.evaluators.run import evaluate_session
from tests.evaluators.conversations import calls, fails, gets, outcome, says, user, view

REFUND_IS_TOTAL = equals(argument("refund", "/amount"), result("get_order", "/total"))
RETURNED = argument("return_items", "/ids/*")
BOUGHT = result("get_order", "/items/*/id")


def order(total: Any, order_id: str = "A1") -> list[dict[str, Any]]:
    return [calls("get_order", {"order_id": order_id}), gets(f'{{"order_id": "{order_id}", "total": {total}}}')]


def refund(amount: Any, order_id: str = "A1") -> list[dict[str, Any]]:
    return [calls("refund", {"order_id": order_id, "amount": amount}), gets('{"status": "done"}')]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([*order(50), *refund(50)], "pass"),
        ([*order(50), *refund(60)], "fail"),
        ([*order(50), *refund("$50.00")], "pass"),
        ([*order(50), *order(70), *refund(70)], "pass"),
        ([*order(50), *order(70), *refund(50)], "fail"),
        ([*order(70), calls("get_order"), fails('{"total": 50}'), *refund(70)], "pass"),
        ([*order(70), calls("get_order"), gets("Error: no such order"), *refund(70)], "pass"),
        ([*order(50), *refund(50), *order(70), *refund(50)], "fail"),
        ([*refund(50), *order(50)], "not_applicable"),
        (refund(50), "not_applicable"),
        (order(50), "not_applicable"),
    ],
)
def test_a_value_is_compared_with_the_last_one_before_it(turns: list[dict[str, Any]], expected: str) -> None:
    assert outcome(REFUND_IS_TOTAL, view(*turns)) == expected


def test_a_call_that_the_tool_refused_is_compared_only_where_it_is_asked() -> None:
    refused = [*order(50), calls("refund", {"amount": 60}), fails("Error: too much")]
    assert outcome(REFUND_IS_TOTAL, view(*refused)) == "not_applicable"
    assert outcome(REFUND_IS_TOTAL, view(*refused, *refund(50))) == "pass"
    tried = equals(argument("refund", "/amount", tried=True), result("get_order", "/total"))
    assert outcome(tried, view(*refused, *refund(50))) == "fail"
    assert outcome(REFUND_IS_TOTAL, view(*order(50), calls("refund", {"amount": 60}))) == "fail"


def test_what_is_expected_is_turned_by_every_second_denial() -> None:
    session = view(*order(50), *refund(50))
    denied = {
        "bare": not_(REFUND_IS_TOTAL),
        "in words": in_words("differs", not_(REFUND_IS_TOTAL)),
        "around words": not_(in_words("is the same", REFUND_IS_TOTAL)),
        "among others": any_of(not_(REFUND_IS_TOTAL), tool_called("cancel")),
    }
    for check in denied.values():
        assert check.judge(session).expected.startswith("not equal to 50")
    twice = not_(in_words("differs", not_(REFUND_IS_TOTAL))).judge(view(*order(50), *refund(60)))
    assert twice.outcome == "fail" and twice.expected.startswith("equal to 50")


def test_a_key_says_which_calls_belong_together() -> None:
    same_order = equals(
        argument("refund", "/amount"),
        result("get_order", "/total"),
        matching=(argument("refund", "/order_id"), result("get_order", "/order_id")),
    )
    both = [*order(50, "A1"), *order(70, "B2")]
    assert outcome(same_order, view(*both, *refund(50, "a1 "))) == "pass"
    assert outcome(same_order, view(*both, *refund(70, "A1"))) == "fail"
    assert outcome(same_order, view(*both, *refund(50, "C3"))) == "not_applicable"
    with pytest.raises(ValueError, match="give `matching` a key"):
        total = result("get_order", "/total")
        equals(argument("refund", "/amount"), total, matching=(total, total))


def test_two_places_of_one_tool_are_compared_within_one_call() -> None:
    echoed = equals(argument("pay", "/amount"), result("pay", "/paid"))
    good = [calls("pay", {"amount": 5}), gets('{"paid": 5}')]
    assert outcome(echoed, view(*good, calls("pay", {"amount": 7}), gets('{"paid": 7}'))) == "pass"
    assert outcome(echoed, view(*good, calls("pay", {"amount": 7}), gets('{"paid": 5}'))) == "fail"


def test_a_missing_side_fails_where_it_is_required() -> None:
    needed = equals(argument("refund", "/amount"), result("get_order", "/total"), is_required=True)
    assert [outcome(needed, view(*turns)) for turns in ([], refund(50), [*order(50), *refund(50)])] == [
        "fail",
        "fail",
        "pass",
    ]
    assert outcome(needed, view(*order(50), *refund(50), calls("refund", {"order_id": "A1"}))) == "fail"


def test_what_is_told_is_what_came_back() -> None:
    honest = equals(told(r"refund of \$([0-9.,]*[0-9])"), result("refund", "/amount"), tolerance=0.005)
    paid = [calls("refund", {}), gets('{"amount": "1234.50"}')]
    assert outcome(honest, view(*paid, says("A refund of $1,234.50 is on its way."))) == "pass"
    assert outcome(honest, view(*paid, says("A refund of $1,234.60 is on its way."))) == "fail"
    assert outcome(honest, view(*paid, says("It is done."))) == "not_applicable"
    asked = equals(found_in(LAST_ANSWER, captured("order ([0-9]+)")), found_in(USER_TURNS, captured("order ([0-9]+)")))
    assert outcome(asked, view(user("my order 12"), says("Your order 12 left."))) == "pass"
    assert outcome(asked, view(user("my order 12"), says("Your order 21 left."))) == "fail"


@pytest.mark.parametrize(
    ("returned", "check", "expected"),
    [
        (["a", "B "], is_subset(RETURNED, BOUGHT), "pass"),
        (["a", "x"], is_subset(RETURNED, BOUGHT), "fail"),
        ([], is_subset(RETURNED, BOUGHT), "pass"),
        (["a", "b", "3", "x"], is_superset(RETURNED, BOUGHT), "pass"),
        (["a"], is_superset(RETURNED, BOUGHT), "fail"),
        ([3, "b", "a", "a"], is_same_set(RETURNED, BOUGHT), "pass"),
        (["a", "b"], is_same_set(RETURNED, BOUGHT), "fail"),
        (["x", True], is_disjoint(RETURNED, BOUGHT), "pass"),
        (["x", "3"], is_disjoint(RETURNED, BOUGHT), "fail"),
        (None, is_subset(RETURNED, BOUGHT), "not_applicable"),
    ],
)
def test_sets(returned: Any, check: Check[Any], expected: str) -> None:
    bought = [calls("get_order"), gets('{"items": [{"id": "a"}, {"id": "b"}, {"id": 3}]}')]
    assert outcome(check, view(*bought, calls("return_items", {"ids": returned}))) == expected


@pytest.mark.parametrize(
    ("left", "right", "holding"),
    [
        (1, 2, {"below", "at most"}),
        ("2", 2.0, {"at most", "at least", "equal"}),
        ("1,000", 999, {"above", "at least"}),
        ("2026-03-01", "2026-03-02T00:00:00Z", {"below", "at most"}),
        ("soon", "later", set()),
        (True, 1, set()),
        (None, None, {"equal"}),
        ("007", "7", {"at most", "at least"}),
        (9007199254740993, 9007199254740992, {"above", "at least"}),
        ({"b": 1, "a": [2]}, {"a": [2], "b": 1}, {"equal"}),
    ],
)
def test_equality_and_order_of_values(left: Any, right: Any, holding: set[str]) -> None:
    relations = {"equal": equals, "at most": is_at_most, "at least": is_at_least, "below": is_below, "above": is_above}
    session = view(calls("pay", {"left": left, "right": right}))
    places = argument("pay", "/left"), argument("pay", "/right")
    assert {name for name, make in relations.items() if outcome(make(*places), session) == "pass"} == holding


values = st.lists(st.one_of(st.integers(-3, 3), st.sampled_from(["a", "A", "1", "x y", None, True, 1.5, "1.5"])))


@given(values, values)
def test_set_relations_agree_with_each_other(left: list[Any], right: list[Any]) -> None:
    session = view(calls("pay", {"left": left, "right": right}))
    a, b = argument("pay", "/left/*"), argument("pay", "/right/*")
    holds = {make: outcome(make(a, b), session) == "pass" for make in (is_subset, is_superset, is_same_set)}
    assert holds[is_subset] == (outcome(is_superset(b, a), session) == "pass")
    assert holds[is_same_set] == (holds[is_subset] and holds[is_superset])
    assert outcome(is_disjoint(a, b), session) == outcome(is_disjoint(b, a), session)
    assert outcome(is_same_set(a, a), session) == "pass"
    if left and holds[is_subset]:
        assert outcome(is_disjoint(a, b), session) == "fail"


def test_the_verdict_shows_both_values_and_where_the_first_stands() -> None:
    wrong = Evaluator("refund", SESSION, REFUND_IS_TOTAL, "The refund is the total.")
    (verdict,) = evaluate_session(view(user("hi"), *order(50), *refund(50), *refund(60)), wrong)
    assert (verdict.verdict, verdict.turn_index, verdict.pointer, verdict.found) == ("fail", 5, "/amount", "60")
    assert verdict.expected == "equal to 50: the value at /total in the result of get_order"
    bought = [calls("get_order"), gets('{"items": [{"id": "a"}, {"id": "b"}]}')]
    part = Evaluator("part", SESSION, is_subset(RETURNED, BOUGHT), "Only what was bought goes back.")
    (verdict,) = evaluate_session(view(*bought, calls("return_items", {"ids": ["a", "x"]})), part)
    assert (verdict.turn_index, verdict.pointer, verdict.found) == (2, "/ids/1", "'x'")
    lacking = is_superset(RETURNED, BOUGHT).judge(view(*bought, calls("return_items", {"ids": ["a", "x"]})))
    assert (lacking.found(), lacking.expected.split(":")[0]) == ("'a', 'x' without 'b'", "with all of 'a', 'b'")
    denied = not_(REFUND_IS_TOTAL).judge(view(*order(50), *refund(50)))
    assert (denied.outcome, denied.found(), denied.expected.split(":")[0]) == ("fail", "50", "not equal to 50")


def test_every_captured_value_counts_in_a_set_and_none_of_several_in_an_equality() -> None:
    cited = found_in(ANSWERS, every_captured(r"\[([0-9]+)\]"))
    known = is_subset(cited, result("search", "/hits/*/id"))
    hits = [calls("search"), gets('{"hits": [{"id": 1}, {"id": 2}]}')]
    assert outcome(known, view(*hits, says("See [1] and [2]."))) == "pass"
    assert outcome(known, view(*hits, says("See [1] and [3]."))) == "fail"
    with pytest.raises(ValueError, match="compare them as sets"):
        equals(argument("pay", "/amount"), cited)
    with pytest.raises(ValueError, match="tolerance"):
        equals(argument("pay", "/amount"), result("get_order", "/total"), tolerance=-1)
