"""Sessions that need no model: those without an answer, or whose answer is a bare opener such as "Thought process:".

Judges are known to pass such answers when asked (arXiv 2507.08794), so they are settled by rule: nothing was asked,
`not_applicable`; asked and not answered, the verdict that the judge's file states for it (`fail` unless it says
otherwise). No call is made. Not here: any opinion about an answer with content.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

SETTLING_VERSION = "1"
"""Raise it whenever another set of sessions is settled, or with another verdict."""

_OPENERS = {
    "answer",
    "explanation",
    "final answer",
    "let me think",
    "lets solve this problem step by step",
    "lets think step by step",
    "reasoning",
    "respuesta",
    "response",
    "solution",
    "thinking",
    "thought process",
    "thoughts",
    "解",
    "かいせつ",
}
_NOT_WORDS = re.compile(r"[^\w\s]|_")

TurnData = Mapping[str, Any]


def is_answer(turn: TurnData) -> bool:
    """Return whether `turn` is something that the assistant said, or should have: not one that only calls tools."""
    return turn["role"] == "assistant" and bool(words(turn) or not turn.get("tool_calls"))


def words(turn: TurnData) -> str:
    """Return what a turn says, without surrounding space."""
    return str(turn.get("content") or "").strip()


def is_trivial(answer: str) -> bool:
    """Return whether `answer` is empty, punctuation alone, or an opener with nothing after it.

    A sign of its own such as an emoji is an answer.
    """
    said = " ".join(_NOT_WORDS.sub("", answer).casefold().split())
    return said in _OPENERS or (not said and not any(ord(sign) >= 0x2190 for sign in answer))


def why_not_asked(view: str, turns: Sequence[TurnData]) -> Literal["nothing_asked", "no_answer"] | None:
    """Return why a session needs no model, or None when a judge must look at it.

    For a view of the last exchange the last answer counts; for the whole transcript all of them do.
    """
    if not any(turn["role"] == "user" and words(turn) for turn in turns):
        return "nothing_asked"
    answers = [words(turn) for turn in turns if is_answer(turn)]
    counted = answers[-1:] if view == "last_exchange" else answers
    return "no_answer" if all(is_trivial(answer) for answer in counted) else None
