from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.review.transcript.turns import SIZE, WHOLE, Window, part_for, window
from eval_pipeline.review.transcript.views import TurnView
from tests.review.transcript.reading import read

Turn = dict[str, Any]


def said(role: str, content: str = "text", **more: Any) -> Turn:
    return {"role": role, "content": content, **more}


def calling(*calls: tuple[str | None, str]) -> Turn:
    return said(
        "assistant", "", tool_calls=[{"id": id_, "name": name, "arguments": {"for": name}} for id_, name in calls]
    )


def indexes(view: Window) -> list[int]:
    """All turns of a window, those inside calls as well, sorted."""
    nested = [call.result.index for turn in view.turns for call in turn.calls if call.result]
    return sorted([turn.index for turn in view.turns] + nested)


def only(*turns: Turn) -> TurnView:
    return window(turns).turns[0]


def test_results_stand_in_their_call_by_id() -> None:
    view = window(
        [
            calling(("a", "find"), ("b", "pay")),
            said("tool", "paid", tool_call_id="b"),
            said("tool", "found", tool_call_id="a"),
        ]
    )

    find, pay = view.turns[0].calls
    assert [turn.index for turn in view.turns] == [0]
    assert (find.name, find.result and find.result.index, pay.result and pay.result.index) == ("find", 2, 1)
    assert find.result and find.result.body and "found" in find.result.body and find.result.remark is None


def test_results_without_an_id_are_joined_by_order_and_say_so() -> None:
    view = window([calling((None, "find"), (None, "pay")), said("tool", "found"), said("tool", "paid")])

    assert [call.result and call.result.index for call in view.turns[0].calls] == [1, 2]
    assert all(call.result and "by order" in (call.result.remark or "") for call in view.turns[0].calls)


def test_an_id_that_comes_twice_belongs_to_the_nearest_call() -> None:
    first, second = calling(("x", "one")), calling(("x", "two"))
    view = window([first, said("tool", tool_call_id="x"), second, said("tool", tool_call_id="x")])

    assert [turn.calls[0].result and turn.calls[0].result.index for turn in view.turns] == [1, 3]


def test_a_result_that_comes_late_keeps_its_place_and_both_say_so() -> None:
    view = window([calling(("a", "find")), said("user", "well?"), said("tool", "found", tool_call_id="a")])

    assert [turn.index for turn in view.turns] == [0, 1, 2]
    assert view.turns[0].calls[0].remark == "Its result came at turn 2."
    assert view.turns[2].remark == "The result of find, called at turn 0."


def test_a_call_without_a_result_and_a_result_without_a_call_are_said() -> None:
    view = window([calling(("a", "find")), said("user"), said("tool", tool_call_id="nobody")])

    assert view.turns[0].calls[0].remark == "A call without a result."
    assert view.turns[2].remark == "A result without a call."


def test_errors_are_known_by_mark_and_by_form() -> None:
    assert only(said("tool", "no luck", is_error=True)).failure == "Error"
    assert only(said("tool", "Error: refused")).failure == "Reads like an error"
    assert only(said("tool", '{"error": "refused"}')).failure == "Reads like an error"
    assert only(said("tool", '{"error": null, "status": "shipped"}')).failure is None
    assert only(said("user", "Error: refused")).failure is None


def test_system_prompts_and_reasoning_are_folded_with_their_size() -> None:
    system, thinking = only(said("system", "be nice")), only(said("assistant", "yes", reasoning="**hm**"))

    assert system.body and system.body.startswith(
        '<details class="fold"><summary>System prompt <span class="size">7 characters'
    )
    assert thinking.reasoning and "Reasoning" in thinking.reasoning and "<strong>hm</strong>" in thinking.reasoning


def test_a_long_pause_is_said() -> None:
    times = [
        "2025-03-04T10:00:00Z",
        "2025-03-04T10:00:20Z",
        "2025-03-04T10:03:20+00:00",
        "2025-03-06T10:03:20",
        "not a time",
        None,
    ]
    view = window([said("user", at=at) for at in times])

    assert [turn.gap for turn in view.turns] == [None, None, "3 min", "2 days", None, None]


def test_marks_are_highlighted_and_labelled() -> None:
    turn = only(said("assistant", "I **refunded** it.")).with_marks(
        [{"label": "<b>signal</b>", "quote": "refunded it"}]
    )

    assert turn.body and "".join(read(turn.body).marked) == "refunded it"
    assert turn.labels == (("&lt;b&gt;signal&lt;/b&gt;", "refunded it"),)


def test_hostile_names_roles_and_shapes_are_text() -> None:
    odd = said(
        "<script>",
        tool_calls=[{"name": "<img src=x>", "arguments": "<svg onload=x>"}, "no call"],
        at=12,
        reasoning=None,
    )
    turn = only(odd)

    assert turn.role == "other" and turn.label == "&lt;script&gt;"
    assert turn.calls[0].name == "&lt;img src=x&gt;"
    assert turn.calls[0].arguments and read(turn.calls[0].arguments).text == "<svg onload=x>"


def test_an_ordinary_session_is_whole_and_a_longer_one_comes_in_windows() -> None:
    assert indexes(window([said("user")] * WHOLE)) == list(range(WHOLE))
    assert indexes(window([said("user")] * (WHOLE + 1), 150)) == list(range(SIZE, WHOLE))
    assert indexes(window([said("user")] * (WHOLE + 1), 10_000)) == [WHOLE]
    assert window([]).turns == ()


def test_a_window_of_long_texts_is_bounded() -> None:
    view = window([said("assistant", "word " * 40_000)] * 100)

    assert sum(len(turn.body or "") for turn in view.turns) < 1_000_000
    assert all(turn.is_cut for turn in view.turns)


_ROLE = st.sampled_from(["user", "tool", "tool", "call"])


@given(st.lists(_ROLE, min_size=1, max_size=60), st.integers(1, 9))
def test_windows_tile_the_transcript(roles: list[str], size: int) -> None:
    turns = [calling((None, "find")) if role == "call" else said(role) for role in roles]
    views = [window(turns, index, size) for index in range(len(turns))]
    windows = sorted({(view.first, view.end): view for view in views}.values(), key=lambda view: view.first)

    assert [index for view in windows for index in indexes(view)] == list(range(len(turns)))
    assert all(before.end == after.first for before, after in pairwise(windows))
    assert all(index in indexes(view) for index, view in enumerate(views))


@given(st.lists(st.tuples(_ROLE, st.integers(1, 70)), min_size=12, max_size=20), st.integers(0, 1400))
def test_a_part_of_the_turns_gives_the_same_window(runs: list[tuple[str, int]], index: int) -> None:
    roles = [role for role, length in runs for _ in range(length)]
    turns = [calling((None, "find")) if role == "call" else said(role) for role in roles]
    whole = window(turns, index)
    first, end = part_for(index, len(turns))
    part = window(turns[first:end], index, offset=first, n_total=len(turns))

    assert (part.first, part.end, indexes(part)) == (whole.first, whole.end, indexes(whole))
