"""One text of a turn as HTML: JSON where it is JSON, else Markdown, else as it is; folded where it is long.

Not here: how JSON and Markdown are read (`json_view.py`, `markup.py`).
"""

from functools import lru_cache

from eval_pipeline.review.transcript.controls import show_controls
from eval_pipeline.review.transcript.json_view import json_html, parse_json
from eval_pipeline.review.transcript.markup import MARKDOWN_LIMIT, markdown_html, plain_html
from eval_pipeline.review.transcript.safe_html import SafeHtml, escape, fold

SHOWN = 40_000
"""Characters of a text that are shown at most; the rest is behind a link."""

_CACHED = 4_000
_LONG = 5_000
_PREVIEW = 160
_LONGEST_JSON = 300_000


def body_html(text: str, shown: int = SHOWN, is_markdown: bool = True) -> SafeHtml:
    """Return `text` as safe HTML, its first `shown` characters where it is longer.

    `is_markdown` False: a text that is no JSON stays as it is (a tool's result).
    """
    if len(text) <= min(shown, _CACHED):
        return _short(text, is_markdown)
    return _body(text, shown, is_markdown)


def _body(text: str, shown: int, is_markdown: bool) -> SafeHtml:
    text = text.replace("\r\n", "\n")
    value = parse_json(text) if len(text) <= min(_LONGEST_JSON, max(shown, SHOWN)) else None
    if value is not None:
        return json_html(value)
    beginning = text[:shown]
    is_read = is_markdown and len(beginning) <= MARKDOWN_LIMIT
    html = markdown_html(beginning) if is_read else plain_html(beginning)
    if len(text) > _LONG:
        html = SafeHtml(fold(_summary(text), html))
    return html


@lru_cache(maxsize=4096)
def _short(text: str, is_markdown: bool) -> SafeHtml:
    return _body(text, SHOWN, is_markdown)


def folded(name: str, text: str, shown: int = SHOWN) -> SafeHtml:
    """Return `text` behind a fold that says its name and size."""
    html = body_html(text, shown)
    if len(text) > _LONG and html.startswith("<details"):
        html = plain_html(text[:shown])  # one fold is enough
    return SafeHtml(fold(f'{escape(name)} <span class="size">{len(text):,} characters</span>', html))


def _summary(text: str) -> str:
    beginning = show_controls(escape(" ".join(text[: 2 * _PREVIEW].split())[:_PREVIEW]))
    return f'{beginning}… <span class="size">{len(text):,} characters</span>'
