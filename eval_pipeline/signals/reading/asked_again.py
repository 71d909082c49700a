"""Whether a user turn asks the same as the one before it, as a plain yes or no for signals that weigh other things.

Not here: how alike two requests are (`similarity.py`), the signal that rests on it (`rephrasing.py`).
"""

from collections.abc import Collection

from eval_pipeline.signals.reading.similarity import Wording, similarity

_COMPARED = 400
"""Characters of each turn that are compared: what a request is stands at its start."""

_SAME = 0.6
"""Similarity from which two requests ask the same."""


def asks_the_same(earlier: str, later: str, stop_words: Collection[str]) -> bool:
    """Return whether two turns ask the same: alike (`similarity.similarity`), and the second names nothing new."""
    first, second = (Wording.of(text[:_COMPARED], stop_words) for text in (earlier, later))
    return second.stems <= first.stems and similarity(first, second) >= _SAME
