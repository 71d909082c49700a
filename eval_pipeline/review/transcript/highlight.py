"""Quotes marked in safe HTML, across its tags, without breaking them.

A quote comes from the raw text, the HTML has lost its Markdown: so letters and digits alone are compared, in one form for
all their spellings. A quote that has none is looked for as it stands. Not here: which quotes (`review/words/why_here.py`).
"""

import re
import unicodedata
from collections.abc import Sequence
from html import unescape

from eval_pipeline.review.transcript.safe_html import SafeHtml

_PIECES = re.compile(
    r'(?P<hidden><span class="(?:control|address|size)">[^<]*</span>)|(?P<tag><[^<>]*>)|&[^;\s]{1,32};|.', re.DOTALL
)
_LEAST = 3


def highlight(html: str, quotes: Sequence[str]) -> SafeHtml:
    """Return safe HTML with the first place of each quote in `<mark>`; folds are opened where something is marked.

    A quote that is not found changes nothing.
    """
    pieces = list(_PIECES.finditer(html))
    places = [index for index, piece in enumerate(pieces) if not piece["tag"] and not piece["hidden"]]
    texts = [unescape(pieces[index].group()) for index in places]
    marked: set[int] = set()
    for quote in quotes:
        marked.update(places[number] for number in _found(texts, quote))
    if not marked:
        return SafeHtml(html)
    return SafeHtml(_written(pieces, marked).replace('<details class="fold">', '<details class="fold" open>'))


def _found(texts: Sequence[str], quote: str) -> range:
    """Return the range of `texts`, one character each, in which the quote stands."""
    for form in (_letters, _as_it_stands):
        wanted = "".join(form(character) for character in quote)
        if len(wanted) < (_LEAST if form is _letters else 1):
            continue
        compared = [(number, c) for number, text in enumerate(texts) for c in form(text)]
        at = "".join(c for _, c in compared).find(wanted)
        if at >= 0:
            return range(compared[at][0], compared[at + len(wanted) - 1][0] + 1)
    return range(0)


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in folded if c.isalnum())


def _as_it_stands(text: str) -> str:
    return "" if text.isspace() else text


def _written(pieces: Sequence[re.Match[str]], marked: set[int]) -> str:
    parts, is_open = [], False
    for index, piece in enumerate(pieces):
        if (index in marked) != is_open:
            parts.append("</mark>" if is_open else "<mark>")
            is_open = not is_open
        parts.append(piece.group())
    return "".join([*parts, "</mark>" if is_open else ""])
