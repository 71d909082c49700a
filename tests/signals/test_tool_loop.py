"""tool_loop: the same call again without progress, rows of failures, and the repetitions that are no loop."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.signals.tool_loop import ToolLoopParameters
from tests.signals.conversations import only, talk

ORDER = '{"order": "A1", "state": "pending"}'
BREAKS = "Error: upstream timed out"


def call(
    name: str = "get_order", result: str | None = ORDER, arguments: Any = None, **more: Any
) -> list[dict[str, Any]]:
    """A call and its result, joined by order."""
    asked = {
        "role": "assistant",
        "tool_calls": [{"name": name, "arguments": {"id": 1} if arguments is None else arguments}],
    }
    return [asked] if result is None else [asked, {"role": "tool", "content": result, **more}]


def strength(*turns: list[dict[str, Any]]) -> float:
    return float(
        only("tool_loop", [turn for part in (talk("user: Where is it?"), *turns) for turn in part])["strength"]
    )


def test_the_same_call_again_is_stronger_the_more_often_it_comes() -> None:
    once, twice, thrice, often = (strength(call(), *[call()] * n) for n in (0, 1, 2, 5))
    assert once == 0 < twice < 0.4 < 0.5 < thrice < often <= 0.9


def test_the_evidence_is_the_last_repetition_and_counts_the_calls() -> None:
    row = only("tool_loop", [*call(), *call("get_user", "{}"), *call(), *call(), *talk("assistant: Sorry!")])
    assert (row["outcome"], row["turn_index"], row["quote"]) == ("fired", 6, 'get_order({"id":1})')
    assert row["reason"] == "called get_order 3 times with the same arguments"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}),
        ('{"a": 1,\n "b": 2}', {"b": 2, "a": 1}),
        ("ls  -la\n", "ls -la"),
        ({}, "{}"),
        ({"n": 10**30, "m": 1}, {"m": 1, "n": 10**30}),
    ],
)
def test_arguments_are_compared_by_what_they_say(one: Any, other: Any) -> None:
    assert strength(*[call(arguments=arguments) for arguments in (one, other, one)]) >= 0.6


@pytest.mark.parametrize(
    ("one", "other"),
    [({"id": 1}, {"id": 2}), ("ls a", "ls b"), ({"ids": [1, 2]}, {"ids": [2, 1]}), ({"a": 1}, {"a": "1"})],
)
def test_other_arguments_make_another_call(one: Any, other: Any) -> None:
    assert strength(call(arguments=one), call(arguments=other)) == 0


def test_arguments_nested_too_deep_to_compare_are_no_repetition() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert strength(call(arguments=deep), call(arguments=deep)) == 0


def test_a_result_that_changed_is_progress() -> None:
    assert strength(*[call("next_page", f"page {n}", {}) for n in range(9)]) == 0


def test_one_retry_after_an_error_is_at_most_a_hint_and_none_when_it_works() -> None:
    again = strength(call(result=BREAKS), call(result=BREAKS))
    assert 0 < again <= 0.1 < strength(call(), call())
    assert strength(call(result=BREAKS), call()) == 0
    assert strength(*[call(result=BREAKS)] * 3) >= 0.5


def test_errors_are_the_same_whatever_ids_they_carry() -> None:
    row = only("tool_loop", [turn for n in range(3) for turn in call(result=f"failed at {n}", is_error=True)])
    assert row["reason"] == "called get_order 3 times with the same arguments, and it failed each time"


def test_a_cycle_of_calls_is_a_loop_even_when_one_of_them_changes_things() -> None:
    cycle = [call("edit_file", "written, 3 lines replaced"), call("run_tests", "2 failed, 8 passed", {})]
    once, thrice = strength(*cycle), strength(*cycle * 3)
    assert once == 0 < 0.6 <= thrice


def test_a_look_after_a_change_is_weaker() -> None:
    changes = [call("update_order", "updated the address", {"id": 1, "to": to}) for to in "abc"]
    looks = [call("search", "none", {"q": to}) for to in "abc"]
    after_changes = strength(call(), *[turn for part in zip(changes, [call()] * 3, strict=True) for turn in part])
    after_looks = strength(call(), *[turn for part in zip(looks, [call()] * 3, strict=True) for turn in part])
    assert after_changes < 0.3 < 0.6 < after_looks


def test_calling_again_because_the_user_asked_again_is_a_hint_at_most() -> None:
    asked = [talk("assistant: It is on its way.", "user: And now?"), call()]
    assert 0 < strength(call(), *asked) == strength(call(), *asked * 50) < 0.2


def test_actions_that_say_only_ok_and_calls_made_at_once_count_less() -> None:
    clicks, looks = (strength(*[call(name, "ok", {"x": 3})] * 3) for name in ("click", "get_click"))
    assert 0 < clicks < looks
    both = [{"role": "assistant", "tool_calls": [{"name": "get_order", "arguments": {}}] * 3}]
    assert strength(both) < strength(*[call(result=None, arguments={})] * 3) < strength(*[call(arguments={})] * 3)


def test_getting_further_later_weakens_it() -> None:
    stuck = [call()] * 4
    assert strength(*stuck, call(result='{"state": "sent"}')) < strength(*stuck)
    assert strength(*stuck, call(arguments={"id": 2})) < strength(*stuck)
    assert strength(*stuck, call("send_mail", "sent")) == strength(*stuck)


def test_results_are_joined_by_id_before_order() -> None:
    asked = [{"id": key, "name": "get", "arguments": {"id": n}} for key, n in (("a", 1), ("b", 2), ("c", 1))]
    results = [{"role": "tool", "content": text, "tool_call_id": key} for key, text in (("b", "two"), ("a", "one"))]
    both, again = ({"role": "assistant", "tool_calls": calls} for calls in (asked[:2], asked[2:]))
    assert strength([both, *results, again, {"role": "tool", "content": "one"}]) > 0
    assert strength([both, *results, again, {"role": "tool", "content": "two"}]) == 0


def test_the_same_failure_again_is_a_loop_and_no_row_of_failures() -> None:
    again = strength(*[call(result=BREAKS)] * 4)
    assert again == pytest.approx(ToolLoopParameters().of_repetitions(3))


def test_different_calls_that_fail_in_a_row_fire() -> None:
    failures = [call(f"tool_{n}", "Traceback (most recent call last): ...") for n in range(8)]
    assert strength(*failures[:3]) == 0 < strength(*failures[:4]) < strength(*failures)
    row = only("tool_loop", [turn for part in failures[:5] for turn in part])
    assert (row["turn_index"], row["reason"]) == (8, "5 calls in a row failed")
    assert 0 < strength(*failures, call()) < strength(*failures)
    assert strength(*failures[:3], talk("user: try the rest"), *failures[3:5]) == 0


@given(st.lists(st.floats(0, 50), min_size=2, max_size=2))
def test_more_repetitions_are_never_weaker(counts: list[float]) -> None:
    low, high = (ToolLoopParameters().of_repetitions(count) for count in sorted(counts))
    assert 0 <= low <= high <= 0.9


def test_many_small_repetitions_stay_a_hint() -> None:
    twice = [call(arguments={"path": str(n)}) for n in range(300) for _ in range(2)]
    assert strength(*twice) < 0.5


@pytest.mark.parametrize("turns", [[], talk("user: hello"), call(), [{"role": "tool", "content": "x"}] * 3])
def test_fewer_than_two_calls_cannot_repeat(turns: list[dict[str, Any]]) -> None:
    row = only("tool_loop", turns)
    assert (row["outcome"], row["reason"]) == ("not_applicable", "fewer than two tool calls")


def test_a_session_of_tools_alone_is_read() -> None:
    assert only("tool_loop", call() * 5000)["strength"] == pytest.approx(0.9)
