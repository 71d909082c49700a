"""A text that is safe HTML, and the escaping that makes one of any text.

Not here: Markdown (`markup.py`), JSON (`json_view.py`).
"""

from html import escape as _escape


class SafeHtml(str):
    """HTML that this package made; templates print it as it is, by `__html__`."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def escape(text: str) -> str:
    """Return `text` for the inside of an element or of a quoted attribute."""
    return _escape(text, quote=True)


def escape_text(text: str) -> str:
    """Return `text` for the inside of an element alone: quotes stay, which keeps JSON small."""
    return _escape(text, quote=False)


def fold(summary: str, body: str, kind: str = "fold") -> str:
    """Return `body` folded away behind `summary`; both are safe HTML already."""
    return f'<details class="{kind}"><summary>{summary}</summary>{body}</details>'
