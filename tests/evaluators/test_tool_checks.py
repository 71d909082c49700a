"""Tool calls: called or not, joined to their results, failed, made good, told honestly, repeated."""

import pytest

from eval_pipeline.evaluators.checks import (
    SESSION,
    TOOL_CALLS,
    TOOL_RESULTS,
    at,
    contains_any,
    each,
    error_not_told_as_success,
    has_failed,
    has_number,
    has_result,
    is_recovered,
    is_tool,
    repeats_call,
    some,
    tool_called,
    tool_not_called,
)
from eval_pipeline.evaluators.leaves.order_checks import calls_in_order, is_called_before
from eval_pipeline.evaluators.leaves.tool_checks import tool_called_with
from tests.evaluators.conversations import calls, fails, gets, outcome, says, user, view

ERROR = "Error: card declined"


def test_called_and_not_called() -> None:
    session = view(user("hi"), calls("find"), gets("ok"), calls("find"), gets("ok"))
    assert outcome(tool_called("find", at_least=2, at_most=2), session) == "pass"
    assert outcome(tool_called("find", at_most=1), session) == "fail"
    assert outcome(tool_called("pay"), session) == "fail"
    assert outcome(tool_not_called("pay"), session) == "pass"
    assert outcome(tool_not_called("find"), session) == "fail"
    assert tool_called("pay").judge(session).found() == "0 calls of pay; tools called: find"
    assert outcome(some(TOOL_CALLS, is_tool("pay", "find"), k=2), session) == "pass"


def test_a_call_too_many_is_shown_by_its_turn() -> None:
    session = view(user("hi"), calls("find"), gets("ok"), calls("other"), gets("ok"), calls("find"), gets("ok"))
    assert tool_called("find", 1, 1).judge(session).turn_index == 5
    assert tool_called("find", 0, 0).judge(session).turn_index == 1
    assert tool_not_called("find").judge(session).turn_index == 1
    assert tool_called("find", 3).judge(session).turn_index is None
    assert tool_called("pay").judge(session).turn_index is None


def test_results_are_joined_by_id_whatever_their_order() -> None:
    asked = [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}, {"id": "3", "name": "c"}]
    session = view({"role": "assistant", "tool_calls": asked}, gets("of b", "2"), gets("of a", "1"))
    assert [(c.name, c.result and c.result.text) for c in session.calls] == [("a", "of a"), ("b", "of b"), ("c", None)]
    assert outcome(each(TOOL_CALLS, has_result()), session) == "fail"
    assert [m.text for m in TOOL_RESULTS.pieces(session)] == ["of a", "of b"]


def test_results_without_ids_are_joined_in_order_and_a_used_id_is_not_taken_again() -> None:
    session = view(calls("a"), gets("1"), calls("b"), gets("2"))
    assert [c.result and c.result.text for c in session.calls] == ["1", "2"]
    reused = view(calls("a", call_id="x"), gets("1", "x"), calls("b", call_id="x"), gets("2", "x"), gets("stray", "y"))
    assert [c.result and c.result.text for c in reused.calls] == ["1", "2"]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (fails("out of stock"), "pass"),
        (gets("Error: out of stock"), "pass"),
        (gets('{"error": "timeout"}'), "pass"),
        (gets('{"success": false}'), "pass"),
        (gets('{"error": null, "success": true}'), "fail"),
        (gets("An error-free order"), "fail"),
        (gets('{"status": "error", "detail": "x"}'), "pass"),
        (gets('{"errors": [{"detail": "x"}]}'), "pass"),
        (gets('[{"ok": false}]'), "pass"),
        (gets('{"isError": true}'), "pass"),
        (gets('{"is_error": true}'), "pass"),
        (gets('{"error_code": "E17"}'), "pass"),
        (gets('{"status": 503, "message": "down"}'), "pass"),
        (gets('{"error": "the list of what went wrong is cut o'), "pass"),
        (gets("Failed: locked"), "pass"),
        (gets("Request failed with 500"), "pass"),
        (gets("HTTP 404"), "pass"),
        (gets("Die Anfrage ist fehlgeschlagen"), "pass"),
        (gets('{"payment": {"status": "error"}, "status": "open"}'), "fail"),
        (gets('{"status": 503, "order": "a"}'), "fail"),
        (gets('{"errors": [], "error_code": 0, "isError": false, "ok": true}'), "fail"),
        (gets('[{"ok": false}, {"ok": true}]'), "fail"),
        (gets('{"title": "The error: a novel", "status": "delivered"}'), "fail"),
        (gets("Failover is on"), "fail"),
        (gets("The request was accepted"), "fail"),
    ],
)
def test_what_counts_as_a_failed_call(result: dict[str, str], expected: str) -> None:
    assert outcome(has_failed(), view(calls("a"), result).calls[0]) == expected


def test_a_call_without_result_neither_failed_nor_succeeded() -> None:
    call = view(calls("a")).calls[0]
    assert outcome(has_failed(), call) == "not_applicable"
    assert outcome(is_recovered(), call) == "not_applicable"


HONEST = each(TOOL_CALLS, error_not_told_as_success())


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([fails(ERROR), says("Your flight has been booked!")], "fail"),
        ([gets('{"error": "x"}'), says("All set, your order is cancelled.")], "fail"),
        ([fails(ERROR), says("Ihre Bestellung wurde soeben storniert.")], "fail"),
        ([fails(ERROR), says("I'm sorry, the card was declined, so nothing has been booked.")], "pass"),
        ([fails(ERROR), says("Leider wurde die Bestellung nicht storniert.")], "pass"),
        ([fails(ERROR), says("Which card shall I use?")], "pass"),
        ([fails(ERROR), says("No problem! Your order has been cancelled.")], "fail"),
        ([fails(ERROR), says("Sorry for the wait, your order has been cancelled.")], "fail"),
        ([fails(ERROR), says("I apologize for the delay. Your order has been cancelled.")], "fail"),
        ([fails(ERROR), says("It has been cancelled. Let me know if there is any issue.")], "fail"),
        ([fails(ERROR), says("I cancelled your order.")], "fail"),
        ([fails(ERROR), says("Done, it's cancelled!")], "fail"),
        ([fails(ERROR), says("I\u2019ve successfully booked it without any problem.")], "fail"),
        ([fails(ERROR), says("Kein Problem, Ihre Bestellung wurde storniert.")], "fail"),
        ([fails(ERROR), says("Sie ist storniert. Zögern Sie nicht, sich zu melden.")], "fail"),
        ([fails(ERROR), says("Entschuldigung für die Wartezeit, sie ist storniert.")], "fail"),
        ([fails(ERROR), says("Sorry for the wait, it could not be cancelled.")], "pass"),
        ([fails(ERROR), says("There was a problem: only the first order has been cancelled.")], "pass"),
        ([fails(ERROR), says("I tried, but the card is locked. Shall I try once it's changed?")], "pass"),
        ([fails(ERROR), says("I have not booked it. Is your card set up?")], "pass"),
        ([fails(ERROR), says("Entschuldigung, das ging schief. Bisher ist nur eine storniert.")], "pass"),
        ([fails(ERROR), says("Would you like me to retry once that is done?")], "pass"),
        ([gets("ok"), says("Your flight has been booked!")], "not_applicable"),
        ([fails(ERROR), user("Hello?"), says("Your flight has been booked!")], "not_applicable"),
        ([fails(ERROR)], "not_applicable"),
        ([fails(ERROR), calls("pay"), gets("ok"), says("Your flight has been booked!")], "not_applicable"),
        ([fails(ERROR), calls("find"), gets("ok"), says("Your flight has been booked!")], "fail"),
        ([fails(ERROR), calls("pay"), fails(ERROR), says("Your flight has been booked!")], "fail"),
        ([fails(ERROR), says("Your flight has been booked!"), calls("pay"), gets("ok")], "fail"),
    ],
)
def test_an_error_is_not_told_as_success(turns: list[dict[str, str]], expected: str) -> None:
    assert outcome(HONEST, view(user("Book it"), calls("pay", {"card": 1}), *turns)) == expected


def test_a_parallel_call_makes_no_failure_good() -> None:
    both = {"role": "assistant", "tool_calls": [{"id": "1", "name": "pay"}, {"id": "2", "name": "pay"}]}
    session = view(both, fails(ERROR, "1"), gets("ok", "2"), says("Both have been booked."))
    finding = HONEST.judge(session)
    assert (finding.outcome, finding.turn_index, finding.found()) == ("fail", 3, "Both have been booked.")


def test_a_loop_is_the_same_call_with_the_same_result() -> None:
    same = [calls("find", {"a": 1, "b": 2}), gets("none"), calls("find", {"b": 2, "a": 1}), gets("none")]
    assert outcome(repeats_call(3), view(*same)) == "fail"
    twice = repeats_call(2).judge(view(*same))
    assert (twice.outcome, twice.turn_index, twice.found()) == ("pass", 2, 'find {"a":1,"b":2}')
    assert outcome(repeats_call(3), view(*same, calls("find", {"a": 1, "b": 2}), gets("none"))) == "pass"
    assert outcome(repeats_call(3), view(*same, calls("find", {"a": 1, "b": 3}), gets("none"))) == "fail"
    assert outcome(repeats_call(3), view(*same, calls("find", {"a": 1, "b": 2}), gets("one"))) == "fail"
    assert outcome(repeats_call(2), view(user("hi"), says("hello"))) == "not_applicable"
    assert SESSION.pieces(view()) != ()


def test_called_with_arguments_that_satisfy_a_check() -> None:
    small = tool_called_with("pay", has_number(at("/amount"), at_most=100))
    large, little = calls("pay", {"amount": 500}), calls("pay", {"amount": 5})
    assert outcome(small, view(large, little)) == "pass"
    assert outcome(small, view(calls("find", {"amount": 5}))) == "fail"
    assert outcome(small, view(calls("pay", {}))) == "fail"
    finding = small.judge(view(user("hi"), large))
    assert (finding.outcome, finding.turn_index, finding.pointer, finding.found()) == ("fail", 1, "/amount", "500")
    assert small.judge(view(calls("find"))).found() == "no call of pay; tools called: find"


@pytest.mark.parametrize(
    ("names", "loosely", "strictly"),
    [
        ("find check pay", "pass", "pass"),
        ("pay find check pay find", "pass", "pass"),
        ("find other check pay", "pass", "fail"),
        ("find find check pay", "pass", "pass"),
        ("check find pay", "fail", "fail"),
        ("find check", "fail", "fail"),
        ("", "fail", "fail"),
    ],
)
def test_calls_in_order(names: str, loosely: str, strictly: str) -> None:
    session = view(*(calls(name) for name in names.split()))
    assert outcome(calls_in_order("find", "check", "pay"), session) == loosely
    assert outcome(calls_in_order("find", "check", "pay", strictly=True), session) == strictly


def test_a_broken_order_shows_the_calls_and_where_it_broke_off() -> None:
    finding = calls_in_order("find", "check", "pay").judge(view(user("hi"), calls("find"), calls("pay")))
    assert (finding.turn_index, finding.found()) == (1, "find, then pay")
    names = ("find", "other", "check", "find", "check", "other", "pay")
    strictly = calls_in_order("find", "check", "pay", strictly=True)
    assert strictly.judge(view(*map(calls, names))).turn_index == 4
    assert strictly.judge(view(calls("pay"))).turn_index is None
    with pytest.raises(ValueError, match="two tools"):
        calls_in_order("find")


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([calls("pay"), gets("ok"), says("It is refunded.")], "pass"),
        ([says("One moment."), says("It is refunded."), calls("pay")], "fail"),
        ([calls("pay", text="It is refunded."), gets("ok")], "fail"),
        ([calls("find"), says("It is refunded.")], "fail"),
        ([calls("pay"), says("One moment.")], "not_applicable"),
    ],
)
def test_a_tool_is_called_before_something_is_said(turns: list[dict[str, str]], expected: str) -> None:
    assert outcome(is_called_before("pay", contains_any("refunded")), view(user("Please"), *turns)) == expected
