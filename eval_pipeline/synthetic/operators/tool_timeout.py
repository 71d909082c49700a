"""Operator: a tool times out, and the reply claims success all the same."""

from collections.abc import Sequence

from eval_pipeline.sessions import Session, Turn
from eval_pipeline.synthetic.operators.contract import Draw, Expectation, Operator, nothing_else
from eval_pipeline.synthetic.operators.missing_tool_result import SOURCE_GONE
from eval_pipeline.synthetic.operators.places import (
    PLACES_CONSTANTS,
    Language,
    calls_with_results,
    is_answer,
    language_of,
    with_turn,
)

TIMEOUTS = (
    "Error: request timed out after 30 seconds",
    '{"error": "timeout", "message": "no answer within 30 seconds"}',
    "504 Gateway Timeout",
)
CLAIMS: dict[Language, tuple[str, ...]] = {
    "en": ("Everything went through successfully.", "All done, your request has been completed."),
    "de": ("Das hat erfolgreich geklappt.", "Ihr Anliegen ist erledigt."),
}


def _places(session: Session) -> list[int]:
    """Return the results that are answered at once, so that no other call can make the failure good."""
    turns = session.turns
    results = [pair.result for pair in calls_with_results(session)]
    return [i for i in results if i + 1 < len(turns) and is_answer(turns[i + 1])]


def _time_out(session: Session, place: int, draw: Draw) -> tuple[Sequence[Turn], str]:
    timeout = draw.pick(TIMEOUTS, "timeout")
    claim = draw.pick(CLAIMS[language_of(session) or "en"], "claim")
    turns = with_turn(session.turns, place, content=timeout, is_error=draw.unit("marked") < 0.5)
    turns = with_turn(turns, place + 1, content=claim)
    name = session.turns[place - 1].tool_calls[0].name
    return turns, f"{name} times out in turn {place}, and the reply claims success."


TOOL_TIMEOUT = Operator(
    name="tool_timeout",
    declared_version="1",
    description="The result of a tool call is a timeout, and the reply to it claims success.",
    adversarial_kind="tool_timeout",
    expectations=(
        Expectation(
            "evaluator", "tool_errors_not_told_as_success", "must_fail", "the reply claims what did not happen"
        ),
        Expectation("evaluator", "few_failed_tool_calls", "may_change", "one more call fails"),
        *SOURCE_GONE,
        *nothing_else("evaluator", change="no_new_failure"),
        Expectation("signal", "tool_error", "must_fire", "a tool failed"),
        Expectation("signal", "tool_loop", "may_change", "one more failure can make a row of them"),
        Expectation("signal", "partial_completion", "may_change", "the reply does not deliver what was asked for"),
        Expectation("signal", "abandonment", "may_change", "another answer is the last"),
        Expectation("signal", "rephrasing", "may_change", "what the user says next is read against the reply"),
        Expectation("signal", "corrective_followup", "may_change", "what the user says next is read against the reply"),
        *nothing_else("signal", change="no_new_failure"),
    ),
    places=_places,
    change=_time_out,
    deciding=(TIMEOUTS, CLAIMS, PLACES_CONSTANTS),
)
