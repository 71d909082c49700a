"""Operator: the result of a tool call never arrives."""

from collections.abc import Sequence

from eval_pipeline.sessions import Session, Turn
from eval_pipeline.synthetic.operators.contract import Draw, Expectation, Operator, nothing_else
from eval_pipeline.synthetic.operators.places import calls_with_results

SOURCE_GONE = tuple(
    Expectation("evaluator", name, "may_change", "what it rests on can stand in the result that is gone")
    for name in (
        "tool_arguments_not_invented",
        "codes_not_invented",
        "amounts_not_invented",
        "addresses_not_invented",
        "claimed_actions_are_done",
        "announced_hand_over_is_done",
    )
)
"""What may change of the checks that look for the source of what is said, once the result of a call is no longer there."""


def _places(session: Session) -> list[int]:
    return [pair.result for pair in calls_with_results(session)]


def _leave_out(session: Session, place: int, draw: Draw) -> tuple[Sequence[Turn], str]:
    turns = [turn for i, turn in enumerate(session.turns) if i != place]
    name = session.turns[place - 1].tool_calls[0].name
    return turns, f"The result of {name} in turn {place} is left out."


MISSING_TOOL_RESULT = Operator(
    name="missing_tool_result",
    declared_version="1",
    description="The result of one tool call is left out; the conversation goes on as it did.",
    adversarial_kind="missing_tool_result",
    expectations=(
        Expectation("evaluator", "tool_calls_have_results", "must_fail", "nothing came back from one call"),
        *SOURCE_GONE,
        *nothing_else("evaluator", change="no_new_failure"),
        *nothing_else("signal", change="no_new_failure"),
    ),
    places=_places,
    change=_leave_out,
)
