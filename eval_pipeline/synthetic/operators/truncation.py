"""Operator: the last answer is cut within a word, as at a limit of tokens."""

import re
from collections.abc import Sequence

from eval_pipeline.sessions import Session, Turn
from eval_pipeline.synthetic.operators.contract import Draw, Expectation, Operator, nothing_else
from eval_pipeline.synthetic.operators.places import last_answer, with_turn

FEWEST_LETTERS = 30
"""Letters that are left of the paragraph that is cut, so that nobody takes it for a heading, a greeting or a value."""

INNER = re.compile(r"(?<=[a-zäöüß]{3})(?=[a-zäöüß]{2})")
SENTENCE_END = re.compile(r"[.!?] ")
NO_PROSE = re.compile(r"\s*(?:[-*•+|#>]|\d+[.)])")


def _cuts(text: str) -> list[int]:
    """Return where `text` can be cut: within a word of its last paragraph, a sentence or more after its beginning."""
    start = text.rstrip().rfind("\n") + 1
    first = SENTENCE_END.search(text)
    if first is None or NO_PROSE.match(text[start:]) or "```" in text:
        return []
    return [m.start() for m in INNER.finditer(text) if m.start() >= max(start + FEWEST_LETTERS, first.end())]


def _places(session: Session) -> list[int]:
    return [i for i in last_answer(session) if _cuts(session.turns[i].content)]


def _cut(session: Session, place: int, draw: Draw) -> tuple[Sequence[Turn], str]:
    text = session.turns[place].content
    at = draw.pick(_cuts(text), "cut")
    return with_turn(session.turns, place, content=text[:at]), f"The answer in turn {place} breaks off within a word."


TRUNCATION = Operator(
    name="truncation",
    declared_version="1",
    description="The last answer is cut within a word of its last paragraph.",
    adversarial_kind="truncation",
    expectations=(
        Expectation("evaluator", "answer_not_empty_or_cut", "must_fail", "the answer ends within a word"),
        Expectation(
            "evaluator", "announced_actions_are_done", "may_change", "the question behind an announcement is gone"
        ),
        Expectation(
            "evaluator", "tool_errors_not_told_as_success", "may_change", "the admission of an error can be cut off"
        ),
        *nothing_else("evaluator", change="no_new_failure", reason="what is left was said before as well"),
        Expectation(
            "signal", "partial_completion", "may_change", "it sees a cut only in a long text or behind a small word"
        ),
        Expectation(
            "signal", "corrective_followup", "may_change", "what the user says next is read against the answer"
        ),
        Expectation("signal", "abandonment", "may_change", "the last words of the answer decide it"),
        Expectation("signal", "refusal", "may_change", "the way forward behind a refusal can be cut off"),
        *nothing_else("signal", change="no_new_failure", reason="what is left was said before as well"),
    ),
    places=_places,
    change=_cut,
    deciding=(FEWEST_LETTERS, INNER.pattern, SENTENCE_END.pattern, NO_PROSE.pattern),
)
