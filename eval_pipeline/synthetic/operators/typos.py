"""Operator: the user mistypes; some of his longer words have two neighbouring letters swapped.

Codes, names, addresses and anything with a capital or a digit keep their letters: what is looked up stays what it was.
"""

import re
from collections.abc import Sequence

from eval_pipeline.sessions import Session, Turn
from eval_pipeline.synthetic.operators.contract import Draw, Operator, nothing_else
from eval_pipeline.synthetic.operators.places import user_turns, with_turn

WORD = re.compile(r"(?<!\S)[a-zäöüß]{5,20}(?=[.,!?;:]?(?:\s|$))")
SHARE = 0.25
"""Share of the words that are mistyped; at least one is."""


def _places(session: Session) -> list[int]:
    return [i for i in user_turns(session) if any(_swaps(m[0]) for m in WORD.finditer(session.turns[i].content))]


def _swaps(word: str) -> list[int]:
    """Return the letters that can change places with the next: inner ones that differ."""
    return [i for i in range(1, len(word) - 2) if word[i] != word[i + 1]]


def _mistype(session: Session, place: int, draw: Draw) -> tuple[Sequence[Turn], str]:
    text = session.turns[place].content
    words = [match for match in WORD.finditer(text) if _swaps(match[0])]
    surely = draw.pick(range(len(words)), "word")
    letters = list(text)
    n = 0
    for number, match in enumerate(words):
        if number == surely or draw.unit("mistyped", number) < SHARE:
            at = match.start() + draw.pick(_swaps(match[0]), "letter", number)
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
            n += 1
    note = f"In turn {place} the user mistypes {n} word{'s' if n > 1 else ''}."
    return with_turn(session.turns, place, content="".join(letters)), note


TYPOS = Operator(
    name="typos",
    declared_version="1",
    description="In one user turn, some words have two neighbouring letters swapped.",
    adversarial_kind="typos",
    expectations=(
        *nothing_else("evaluator", "signal", "judge", reason="a reader still understands what the user says"),
    ),
    places=_places,
    change=_mistype,
    deciding=(WORD.pattern, SHARE),
)
