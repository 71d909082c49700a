"""Markdown made safe HTML: our own escaping is the first wall, an allow-list of tags and attributes the second.

HTML in a text stays text. Links go to http, https and mailto alone and show where they lead; images are never loaded; link
definitions are shown instead of hidden. Not here: whether a text is Markdown (`body.py`).
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from eval_pipeline.review.transcript.controls import show_controls
from eval_pipeline.review.transcript.json_view import json_html, parse_json
from eval_pipeline.review.transcript.safe_html import SafeHtml, escape, escape_text

MARKDOWN_LIMIT = 20_000
"""Characters of the longest text that is read as Markdown."""

_MAX_BRACKETS = 400
_MAX_MARKS = 3_000
_NOTICE = '<p class="notice">Too long or too tangled to be read as Markdown; shown as it is.</p>'

_BRACKETS = re.compile(r"\[")
_MARKS = re.compile(r"[`*_\[\]<&~|\\]")
_NO_MARKDOWN = re.compile(r"[`*_\[\]<&~|\\\r\0]|^[ \t#>+=-]|^\d+[.)]|[ \t]$", re.MULTILINE)
_SURROGATES = re.compile("[\ud800-\udfff]")
_BLANK_LINES = re.compile(r"\n{2,}")
_ADDRESS = re.compile(r"(?:https?://[^\s/?#]|mailto:[^\s?])", re.IGNORECASE)
_TEXT_TAGS = {
    "p",
    "br",
    "strong",
    "em",
    "s",
    "code",
    "pre",
    "blockquote",
    "ul",
    "ol",
    "li",
    "h4",
    "h5",
    "h6",
    "hr",
    "a",
}
_TAGS = _TEXT_TAGS | {"table", "thead", "tbody", "tr", "th", "td", "span", "details", "summary", "b"}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=set(),
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    set_tag_attribute_values={"a": {"rel": "noopener noreferrer nofollow", "target": "_blank"}},
    allowed_classes={
        "span": {"control", "address", "image", "size"},
        "details": {"fold"},
        "pre": {"json", "line", "plain"},
        "td": {"right", "center"},
        "th": {"right", "center"},
    },
    link_rel=None,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
)


def markdown_html(text: str) -> SafeHtml:
    """Return `text`, read as Markdown, as safe HTML.

    Texts that would take long to read, or whose nesting would hide words, come as plain text under a notice.
    """
    if not _NO_MARKDOWN.search(text):
        return SafeHtml(show_controls(_paragraphs(text)))
    if _is_tangled(text):
        return SafeHtml(_NOTICE + plain_html(text))
    tokens = _READER.parse(_SURROGATES.sub("\ufffd", text))
    if max((token.level for token in tokens), default=0) >= _READER.options.maxNesting - 1:
        return SafeHtml(_NOTICE + plain_html(text))  # what is nested deeper was left out
    html = _READER.renderer.render(list(_dressed(tokens)), _READER.options, {})
    return SafeHtml(show_controls(_CLEANER.clean(html)))


def plain_html(text: str) -> SafeHtml:
    """Return `text` as it is, line by line, as safe HTML."""
    return SafeHtml(f'<pre class="plain">{show_controls(escape_text(text))}</pre>')


def _is_tangled(text: str) -> bool:
    return (
        len(text) > MARKDOWN_LIMIT
        or len(_MARKS.findall(text)) > _MAX_MARKS
        or len(_BRACKETS.findall(text)) > _MAX_BRACKETS
    )


def _paragraphs(text: str) -> str:
    """Return a text without any Markdown as Markdown would give it, which takes a hundredth of the time."""
    paragraphs = (escape_text(part).replace("\n", "<br>\n") for part in _BLANK_LINES.split(text.strip("\n")) if part)
    return "".join(f"<p>{paragraph}</p>\n" for paragraph in paragraphs)


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 40})
    reader.enable(["table", "strikethrough"]).disable(["reference", "html_block", "html_inline"])
    reader.validateLink = _is_followed  # type: ignore[assignment, method-assign]
    reader.add_render_rule("fence", _fence)
    reader.add_render_rule("image", _image)
    return reader


def _is_followed(address: str) -> bool:
    if not _ADDRESS.match(address):
        return False
    try:
        urlsplit(address)
    except ValueError:
        return False
    return True


def _fence(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    content = tokens[index].content
    value = parse_json(content)
    return f"<pre><code>{escape(content)}</code></pre>\n" if value is None else json_html(value)


def _image(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    said = self.renderInlineAsText(token.children or [], options, env)
    return f'<span class="image">image, not loaded: {escape(said)} {escape(str(token.attrs.get("src", "")))}</span>'


def _dressed(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield tokens with headings below the page's own, columns by class, and links that say where they lead."""
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 3, 6)}"
        elif token.type in ("th_open", "td_open"):
            aligned = str(token.attrs.get("style", "")).removeprefix("text-align:")
            token.attrs = {"class": aligned} if aligned in ("right", "center") else {}
        elif token.children:
            token.children = list(_with_addresses(token.children))
        yield token


def _with_addresses(tokens: Sequence[Token]) -> Iterator[Token]:
    place, said = "", ""
    for token in tokens:
        if token.type == "link_open":
            address = str(token.attrs["href"])
            token.attrs = {"href": address, "title": address}
            place, said = _place(address), ""
        elif token.type == "link_close" and place not in said.split():
            shown = f' <span class="address">({escape(place)})</span>'
            yield Token("html_inline", "", 0, content=shown)
        said += token.content
        yield token


def _place(address: str) -> str:
    """Return the host of an address, or whom a mail goes to."""
    parts = urlsplit(address)
    return parts.path if parts.scheme == "mailto" else (parts.hostname or "")


_READER = _reader()
