"""Reading back HTML that the transcript made: its text, and a check that it holds nothing but what is allowed.

The allow-list is written here a second time on purpose: a tag that is let in by mistake is not let in here too.
"""

from html.parser import HTMLParser

_TAGS = {
    "p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "h4", "h5", "h6", "table", "thead", "tbody",
    "tr", "th", "td", "hr", "a", "span", "details", "summary", "b", "mark",
}  # fmt: skip
_CLASSES = {"control", "address", "image", "size", "fold", "json", "line", "plain", "notice", "right", "center"}
_VOID = {"br", "hr"}


class Reader(HTMLParser):
    """What a browser would find in a piece of HTML; raises on anything that is not allowed or not closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.links: list[str] = []
        self.marked: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _TAGS, tag
        for name, value in attrs:
            assert _is_allowed(tag, name, value or ""), (tag, name, value)
        if tag == "a":
            given = dict(attrs)
            assert given["rel"] == "noopener noreferrer nofollow" and given["target"] == "_blank"
            assert given["title"] == given["href"]
            self.links.append(given["href"] or "")
        if tag == "mark":
            self.marked.append("")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self._open:
            self.marked[-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")

    def close(self) -> None:
        super().close()
        assert not self._open, self._open


def read(html: str) -> Reader:
    """Return what stands in `html`; raises when it holds anything that is not allowed."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def _is_allowed(tag: str, name: str, value: str) -> bool:
    if name == "class":
        return set(value.split()) <= _CLASSES
    if tag == "a":
        allowed = name in ("rel", "target", "title")
        return allowed or (name == "href" and value.lower().startswith(("http://", "https://", "mailto:")))
    return (tag, name) in (("ol", "start"), ("details", "open"))
