"""Sessions that need no model: those without an answer, or whose answer is a bare opener such as "Thought process:".

Judges are known to pass such answers when asked (arXiv 2507.08794), so they are settled by rule: nothing was asked,
`not_applicable`; asked and not answered, the verdict that the judge's file states for it (`fail` unless it says
otherwise). No call is made. Not here: any opinion about an answer with content.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from eval_pipeline.judges.exchanges import TurnData, is_answer, stretch, words

SETTLING_VERSION = "2"
"""Raise it whenever another set of sessions is settled, or with another verdict."""

_OPENERS = {
    "answer",
    "explanation",
    "final answer",
    "here is my answer",
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
_PICTURE = re.compile("[\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")
"""Arrows, ticks and emoji: a sign that answers by itself."""


def is_trivial(answer: str) -> bool:
    """Return whether `answer` is empty, made of punctuation, unseen or unreadable signs, or of openers alone.

    A picture of its own such as a thumb is an answer.
    """
    lines = unicodedata.normalize("NFKC", answer).casefold().splitlines()
    said = {" ".join(_NOT_WORDS.sub("", line).split()) for line in lines} - {""}
    return said <= _OPENERS and not _PICTURE.search(answer)


def why_not_asked(view: str, turns: Sequence[TurnData]) -> Literal["nothing_asked", "no_answer"] | None:
    """Return why a session needs no model, or None when a judge must look at it.

    For a view of the last exchange the last answer counts; for the others all answers that they show.
    """
    if not any(turn["role"] == "user" and words(turn) for turn in turns):
        return "nothing_asked"
    first, last = stretch(view, turns)
    answers = [words(turn) for turn in turns[first:last] if is_answer(turn)]
    counted = answers[-1:] if view == "last_exchange" else answers
    return "no_answer" if all(is_trivial(answer) for answer in counted) else None
