"""Operator: the last answer shows a block of JSON that is broken."""

from collections.abc import Sequence

from eval_pipeline.sessions import Session, Turn
from eval_pipeline.synthetic.operators.contract import Draw, Expectation, Operator, nothing_else
from eval_pipeline.synthetic.operators.places import last_answer, with_words

BROKEN = (
    ("a bracket is not closed", '{"items": ["lamp", "rug", "kettle"'),
    ("a comma stands before the end", '{"items": ["lamp", "rug"],}'),
    ("quotation marks are single", "{'items': ['lamp', 'rug']}"),
    ("a key has no quotation marks", '{items: ["lamp", "rug"]}'),
    ("a comma is missing", '{"items": ["lamp" "rug"]}'),
    ("a string runs over its line", '{"items": "lamp\nrug"}'),
    ("NaN is no JSON", '{"items": NaN}'),
)
"""What is wrong, and the text."""


def _break(session: Session, place: int, draw: Draw) -> tuple[Sequence[Turn], str]:
    fault, text = draw.pick(BROKEN, "fault")
    turns = with_words(session.turns, place, f"```json\n{text}\n```", between="\n\n")
    return turns, f"The answer in turn {place} shows a JSON block in which {fault}."


BROKEN_JSON = Operator(
    name="broken_json",
    declared_version="1",
    description="The last answer ends with a block of JSON that does not parse.",
    adversarial_kind="broken_json",
    expectations=(
        Expectation("evaluator", "json_in_answers_parses", "must_fail", "the block says json and is none"),
        *nothing_else("evaluator", change="no_new_failure"),
        Expectation(
            "signal", "partial_completion", "may_change", "a bracket that is not closed is code that breaks off"
        ),
        *nothing_else("signal", change="no_new_failure"),
    ),
    places=last_answer,
    change=_break,
    deciding=(BROKEN,),
)
