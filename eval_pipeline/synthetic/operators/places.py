"""Where in a session a change can be made: turns by what they are, and the language that the user speaks.

Only form is read, no meaning. Not here: the changes (a file each).
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from eval_pipeline.sessions import Session, Turn

Language = Literal["en", "de"]

_COMMON: dict[Language, frozenset[str]] = {
    "en": frozenset(
        [
            "the",
            "a",
            "is",
            "are",
            "was",
            "have",
            "has",
            "had",
            "i",
            "my",
            "me",
            "you",
            "your",
            "it",
            "this",
            "that",
            "and",
            "or",
            "but",
            "not",
            "to",
            "of",
            "for",
            "with",
            "on",
            "what",
            "how",
            "can",
            "could",
            "would",
            "please",
        ]
    ),
    "de": frozenset(
        [
            "der",
            "die",
            "das",
            "den",
            "dem",
            "ein",
            "eine",
            "einen",
            "ist",
            "sind",
            "war",
            "habe",
            "hat",
            "ich",
            "mein",
            "meine",
            "mir",
            "sie",
            "ihr",
            "es",
            "und",
            "oder",
            "aber",
            "nicht",
            "zu",
            "von",
            "für",
            "mit",
            "auf",
            "was",
            "wie",
            "kann",
            "können",
            "bitte",
        ]
    ),
}
"""The commonest words of each language; `die`, `war` and `was` are in both worlds, so that one word decides nothing."""

_WORD = re.compile(r"[^\W\d_]+")
_FEWEST_COMMON = 3

PLACES_CONSTANTS = (sorted(_COMMON["en"]), sorted(_COMMON["de"]), _FEWEST_COMMON)
"""What decides, for the version of an operator that reads the language."""


def user_turns(session: Session) -> list[int]:
    """Return the turns in which the user says something, in order."""
    return [i for i, turn in enumerate(session.turns) if turn.role == "user" and turn.content.strip()]


def is_answer(turn: Turn) -> bool:
    """Return whether the assistant says something in this turn and calls no tool."""
    return turn.role == "assistant" and bool(turn.content.strip()) and not turn.tool_calls


def last_answer(session: Session) -> list[int]:
    """Return the last answer, if there is one: a list of one turn or none."""
    return [i for i, turn in enumerate(session.turns) if is_answer(turn)][-1:]


class CallAndResult(NamedTuple):
    """A turn that calls one tool, and the turn right behind it that holds its result."""

    call: int
    result: int


def calls_with_results(session: Session) -> list[CallAndResult]:
    """Return the single calls that are answered by the very next turn, in order."""
    pairs = zip(range(len(session.turns)), session.turns, session.turns[1:], strict=False)
    return [CallAndResult(i, i + 1) for i, asked, came in pairs if _answers(asked, came)]


def _answers(asked: Turn, came: Turn) -> bool:
    if asked.role != "assistant" or came.role != "tool" or len(asked.tool_calls) != 1:
        return False
    return came.tool_call_id is None or came.tool_call_id == asked.tool_calls[0].id


def language_of(session: Session) -> Language | None:
    """Return the language that the user speaks: that of most of his common words, None where too few tell."""
    return language_of_text(" ".join(session.turns[i].content for i in user_turns(session)))


def language_of_text(text: str) -> Language | None:
    """Return English or German, whichever has twice as many common words in `text`, and three at least; else None."""
    words = [word.lower() for word in _WORD.findall(text)]
    counts: dict[Language, int] = {name: sum(word in common for word in words) for name, common in _COMMON.items()}
    best: Language = "de" if counts["de"] > counts["en"] else "en"
    other: Language = "en" if best == "de" else "de"
    return best if counts[best] >= max(_FEWEST_COMMON, 2 * counts[other]) else None


def with_turn(turns: Sequence[Turn], index: int, **changes: object) -> list[Turn]:
    """Return `turns` with the fields `changes` of one turn replaced; the given turns stay as they are."""
    return [turn.model_copy(update=changes) if i == index else turn for i, turn in enumerate(turns)]


def with_words(turns: Sequence[Turn], index: int, words: str, between: str = " ") -> list[Turn]:
    """Return `turns` with `words` put behind what one turn says."""
    return with_turn(turns, index, content=f"{turns[index].content.rstrip()}{between}{words}")
