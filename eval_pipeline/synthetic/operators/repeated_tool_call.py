"""Operator: a tool call is made three times over, with the same result each time."""

from collections.abc import Sequence

from eval_pipeline.sessions import Session, Turn
from eval_pipeline.synthetic.operators.contract import Draw, Expectation, Operator, nothing_else
from eval_pipeline.synthetic.operators.places import calls_with_results

TIMES = 3


def _places(session: Session) -> list[int]:
    return [pair.call for pair in calls_with_results(session)]


def _again(turns: Sequence[Turn], place: int, number: int) -> list[Turn]:
    asked, came = turns[place], turns[place + 1]
    call = asked.tool_calls[0]
    new_id = None if call.id is None else f"{call.id}-again-{number}"
    repeated = call.model_copy(update={"id": new_id})
    return [
        asked.model_copy(update={"content": "", "tool_calls": [repeated], "at": came.at}),
        came.model_copy(update={"tool_call_id": None if came.tool_call_id is None else new_id}),
    ]


def _repeat(session: Session, place: int, draw: Draw) -> tuple[Sequence[Turn], str]:
    turns = session.turns
    copies = [turn for number in range(1, TIMES) for turn in _again(turns, place, number)]
    name = turns[place].tool_calls[0].name
    return [*turns[: place + 2], *copies, *turns[place + 2 :]], f"{name} in turn {place} is called {TIMES} times."


REPEATED_TOOL_CALL = Operator(
    name="repeated_tool_call",
    declared_version="1",
    description=f"One tool call is made {TIMES} times with the same arguments and the same result.",
    adversarial_kind="tool_loop",
    expectations=(
        Expectation("evaluator", "no_tool_call_loop", "must_fail", "the same call has the same result three times"),
        Expectation("evaluator", "actions_are_not_repeated", "may_change", "fails where the call acts and succeeds"),
        Expectation("evaluator", "few_failed_tool_calls", "may_change", "fails where the call is one that fails"),
        *nothing_else("evaluator"),
        Expectation("signal", "tool_loop", "must_fire", "the same call has the same result three times"),
        *nothing_else("signal"),
    ),
    places=_places,
    change=_repeat,
    deciding=(TIMES,),
)
