"""Operator: the same words in another dress: white space, and where "please" stands."""

import re
from collections.abc import Sequence

from eval_pipeline.sessions import Session, Turn
from eval_pipeline.synthetic.operators.contract import Draw, Operator, nothing_else
from eval_pipeline.synthetic.operators.places import user_turns, with_turn

PLEASE_FIRST = re.compile(r"(?<![^\s])(Please|Bitte) (\w)([^.!?,;:\n]{2,120}?)([.!?])(?=\s|$)")
SENTENCE_END = re.compile(r"([.!?]) (?=\S)")


def _please_last(match: re.Match[str]) -> str:
    please, first, rest, end = match.groups()
    return f"{first.upper()}{rest}, {please.lower()}{end}"


def _reword(session: Session, place: int, draw: Draw) -> tuple[Sequence[Turn], str]:
    text = PLEASE_FIRST.sub(_please_last, session.turns[place].content)
    text = SENTENCE_END.sub(r"\1  ", text) + draw.pick(("\n", "  ", " \n"), "end")
    note = f"Turn {place} of the user has other white space" + (
        ", and its “please” elsewhere." if "lease" in text else "."
    )
    return with_turn(session.turns, place, content=text), note


PARAPHRASE = Operator(
    name="paraphrase",
    declared_version="1",
    description="One user turn gets other white space, and a “please” at its beginning goes to the end of its sentence.",
    adversarial_kind="paraphrase",
    expectations=nothing_else("evaluator", "signal", "judge", reason="the user says the same"),
    places=user_turns,
    change=_reword,
    deciding=(PLEASE_FIRST.pattern, SENTENCE_END.pattern),
)
