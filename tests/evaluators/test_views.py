"""Sessions as checks see them: which result belongs to which call, however many there are."""

from typing import Any

import pytest

from tests.evaluators.conversations import calls, fails, gets, says, user, view

MANY = 20_000


def results(*turns: dict[str, Any]) -> list[str | None]:
    return [call.result and call.result.text for call in view(*turns).calls]


def test_a_result_goes_to_the_call_with_its_id_before_any_without() -> None:
    assert results(calls("a"), calls("b", call_id="x"), gets("of b", "x")) == [None, "of b"]
    assert results(calls("a"), calls("b", call_id="x"), gets("of a", "y")) == ["of a", None]
    assert results(calls("a", call_id="x"), calls("b"), gets("of a")) == ["of a", None]
    assert results(calls("a", call_id="x"), calls("b", call_id="x"), gets("1"), gets("2", "x")) == ["1", "2"]


@pytest.mark.parametrize("call_id", ["other", None])
def test_many_calls_are_joined_to_their_results_in_passing(call_id: str | None) -> None:
    asked = [calls("a", call_id=str(number)) for number in range(MANY)]
    session = view(*asked, *[fails("no", call_id)] * MANY)
    assert sum(call.result is not None for call in session.calls) == (MANY if call_id is None else 0)


def test_many_failed_calls_are_known_as_made_good_in_passing() -> None:
    failed = [turn for _ in range(MANY) for turn in (calls("a"), fails("no"))]
    good = [calls("a"), gets("ok")]
    assert [call.is_recovered for call in view(*failed, *good, says("Done")).calls] == [True] * MANY + [False]
    assert not any(call.is_recovered for call in view(*failed, calls("b"), gets("ok")).calls)


def test_only_what_came_back_before_the_reply_makes_good() -> None:
    late = view(calls("a"), fails("no"), says("Sorry"), calls("a"), gets("ok"))
    early = view(calls("a"), fails("no"), calls("a"), gets("ok"), says("Done"), user("?"), calls("a"), gets("ok"))
    assert [call.is_recovered for call in (*late.calls, *early.calls)] == [False, False, True, False, False]
