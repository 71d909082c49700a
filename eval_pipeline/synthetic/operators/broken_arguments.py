"""Operator: a tool is called with arguments that are no JSON, as they came from the model."""

import json
from collections.abc import Sequence

from eval_pipeline.sessions import Session, Turn
from eval_pipeline.synthetic.operators.contract import Draw, Expectation, Operator, nothing_else
from eval_pipeline.synthetic.operators.places import with_turn


def _places(session: Session) -> list[int]:
    return [i for i, turn in enumerate(session.turns) if any(_has_some(call.arguments) for call in turn.tool_calls)]


def _has_some(arguments: object) -> bool:
    return isinstance(arguments, dict) and len(arguments) > 0


def _break(session: Session, place: int, draw: Draw) -> tuple[Sequence[Turn], str]:
    calls = list(session.turns[place].tool_calls)
    number = draw.pick([i for i, call in enumerate(calls) if _has_some(call.arguments)], "call")
    whole = json.dumps(calls[number].arguments, ensure_ascii=False)
    broken = draw.pick((whole[:-1], whole.replace(": ", " ", 1), f"{whole[:-1]},}}"), "fault")
    calls[number] = calls[number].model_copy(update={"arguments": broken})
    note = f"The call of {calls[number].name} in turn {place} has arguments that do not parse."
    return with_turn(session.turns, place, tool_calls=calls), note


BROKEN_ARGUMENTS = Operator(
    name="broken_arguments",
    declared_version="1",
    description="The arguments of one tool call are broken JSON, kept as text.",
    adversarial_kind="broken_json",
    expectations=(
        Expectation("evaluator", "tool_arguments_are_objects", "must_fail", "the arguments are text, not an object"),
        *nothing_else("evaluator", change="no_new_failure"),
        *nothing_else("signal", change="no_new_failure"),
    ),
    places=_places,
    change=_break,
)
