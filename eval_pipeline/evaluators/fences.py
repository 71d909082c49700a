"""Fenced code blocks of a text, found line by line in time linear in its length.

A fence is three or more backticks or tildes; it is closed by a line of at least as many of the same and nothing else.
One that is never closed is none. Unlike in Markdown, a fence may be indented however far. Not here: what becomes of a
block (`views.py`).
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)([^\n]*)$", re.MULTILINE)
"""A line that opens or closes a block: marks, language, the rest of the line."""


class Fenced(NamedTuple):
    """One block: the word behind the fence as it stands there, or empty, and the lines in between."""

    language: str
    text: str


def fenced_blocks(text: str) -> Iterator[Fenced]:
    """Yield the blocks of `text`, in order. Lines end with a line feed, with or without a carriage return before it."""
    fences = list(FENCE.finditer(text))
    opener, marks = None, ""
    for fence, is_closed in zip(fences, _are_closed(fences), strict=True):
        if opener is None:
            if is_closed and _may_open(fence):
                opener, marks = fence, fence[1]
        elif fence[1].startswith(marks) and _closes(fence):
            yield Fenced(opener[2], text[opener.end() + 1 : fence.start()])
            opener = None


def _are_closed(fences: Sequence[re.Match[str]]) -> list[bool]:
    """Return of each fence whether a later one could close it."""
    longest = {"`": 0, "~": 0}
    answers = []
    for fence in reversed(fences):
        marks = fence[1]
        kind, length = marks[0], len(marks)
        answers.append(length <= longest[kind])
        if length > longest[kind] and _closes(fence):
            longest[kind] = length
    return answers[::-1]


def _may_open(fence: re.Match[str]) -> bool:
    """Return whether it is no code within a line, such as ```this```."""
    return fence[1][0] == "~" or "`" not in fence[3]


def _closes(fence: re.Match[str]) -> bool:
    return not fence[2] and not fence[3].strip(" \t\r")
