"""What of a user's words is not about the answer: text that he quotes or hands over to be translated, mended or written,
and anger at somebody else.

Not here: how a user orders a text (`catalog/lexicons/`), what his own words mean (the signals).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from eval_pipeline.signals.reading.lexicon import Phrases

_QUOTED = re.compile(r"(?<!\w)[\"\u201c\u201e\u00ab][^\"\u201c\u201d\u201e\u00ab\u00bb\n]+[\"\u201c\u201d\u00bb](?!\w)")
_HAS_WORDS = re.compile(r"[^\W_]")
_REACH = 24
_CLAUSE_END = re.compile(r"[.,;:!?\n]")
_SENTENCE_END = re.compile(r"[.!?\n]")
_MATERIAL_FOLLOWS = re.compile(r"[:\uff1a\n]")


@dataclass(frozen=True)
class Material:
    """Tells the text that a user works on from what he says, by the phrases of `SECTIONS`."""

    SECTIONS: ClassVar[tuple[str, ...]] = ("writing_requests", "text_orders", "other_subjects", "addressed")

    lexicon: Mapping[str, Phrases]

    def blanked(self, text: str) -> str:
        """Return `text` with spaces for all that is material, so that what stands elsewhere keeps its place.

        A turn that is nothing but a quotation is the user's own.
        """
        unquoted = _QUOTED.sub(lambda quoted: " " * len(quoted.group()), text)
        if _HAS_WORDS.search(unquoted) is None:
            unquoted = text
        start = min((at for at in (self._after_colon(unquoted), self._after_order(unquoted)) if at >= 0), default=-1)
        return unquoted if start < 0 else unquoted[:start] + " " * (len(unquoted) - start)

    def orders(self, text: str) -> bool:
        """Return whether a turn asks for work on a text, which the next turn may then hand in."""
        return self._section("writing_requests").search(text) is not None

    def is_about_others(self, text: str, end: int) -> bool:
        """Return whether the sentence up to `end`, or just behind it, speaks of others, and to nobody here.

        "My boss is driving me mad", "I'm so angry at him".
        """
        behind = _CLAUSE_END.split(text[end : end + _REACH], maxsplit=1)[0]
        sentence = _SENTENCE_END.split(text[:end].rstrip(".!?"))[-1] + behind
        speaks_of_others = self._section("other_subjects").search(sentence) is not None
        return speaks_of_others and self._section("addressed").search(sentence) is None

    def _after_colon(self, text: str) -> int:
        """Return where the text to work on starts: after the colon or line break that follows the request, or -1."""
        request = self._section("writing_requests").search(text)
        colon = _MATERIAL_FOLLOWS.search(text, request.end()) if request else None
        return colon.end() if colon else -1

    def _after_order(self, text: str) -> int:
        """Return where an order ends that can have nothing but material after it ("how do you say ..."), or -1."""
        order = self._section("text_orders").search(text)
        return order.end() if order else -1

    def _section(self, name: str) -> Phrases:
        return self.lexicon.get(name, Phrases())
