"""Operator: the last answer comes out empty."""

from collections.abc import Sequence

from eval_pipeline.sessions import Session, Turn
from eval_pipeline.synthetic.operators.contract import Draw, Expectation, Operator, nothing_else
from eval_pipeline.synthetic.operators.places import last_answer, user_turns, with_turn


def _places(session: Session) -> list[int]:
    """Return the last answer where it is the only thing that the assistant says to the user's last words before it."""
    return [i for i in last_answer(session) if _is_only_answer(session, i)]


def _is_only_answer(session: Session, place: int) -> bool:
    asked = [i for i in user_turns(session) if i < place]
    next_asked = [i for i in user_turns(session) if i > place] or [len(session.turns)]
    said = (
        [t for t in session.turns[asked[-1] : next_asked[0]] if t.role == "assistant" and t.content.strip()]
        if asked
        else []
    )
    return len(said) == 1


def _empty(session: Session, place: int, draw: Draw) -> tuple[Sequence[Turn], str]:
    blank = draw.pick(("", " ", "\n\n"), "blank")
    return with_turn(session.turns, place, content=blank), f"The answer in turn {place} is empty."


EMPTY_ANSWER = Operator(
    name="empty_answer",
    declared_version="1",
    description="The last answer is blank.",
    adversarial_kind="empty_answer",
    expectations=(
        Expectation("evaluator", "answer_not_empty_or_cut", "must_fail", "the answer says nothing"),
        Expectation("evaluator", "no_unanswered_user", "may_change", "fails where the user asked for something"),
        Expectation("evaluator", "answers_come_in_time", "may_change", "another answer is the first after the user"),
        *nothing_else("evaluator", change="no_new_failure", reason="nothing is said that was not said before"),
        Expectation("signal", "empty_or_garbled_answer", "must_fire", "the answer is empty"),
        Expectation("signal", "partial_completion", "may_change", "what was asked for is not delivered"),
        Expectation("signal", "abandonment", "may_change", "the user is left without an answer"),
        Expectation("signal", "refusal", "may_change", "an earlier refusal counts for more when no answer follows"),
        *nothing_else("signal", change="no_new_failure", reason="nothing is said that was not said before"),
    ),
    places=_places,
    change=_empty,
)
