"""What is wrong with a text as Markdown. Any text is some Markdown; a fault is what does not read as it was meant.

- A code fence that is never closed.
- A table row of another width than the header, or a row of dashes of another width, which makes it no table.
- A link or image without a target, or written so that no reader of Markdown takes it for a link (cut off, with a
  space in the target, or with a target such as `javascript:`).
- A heading of two or more `#` without the space behind them (one alone is a hashtag).

A row shorter than the header is a fault here, though renderers fill it up. Not here: style, HTML inside the text,
whether a target exists, references such as `[text][name]` (they look like citations), the check (`format_checks.py`).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import version
from typing import Any

_MAX_CHARACTERS = 30_000
_CELL_BREAK = re.compile(r"(?<!\\)\|")
_CONTAINER = re.compile(r"^[ \t>]*")
_DASHES = re.compile(r"^ {0,3}\|?[ \t]*:?-{3,}:?[ \t]*(?:\|[ \t]*:?-{3,}:?[ \t]*)*(?:\|[ \t]*)?$")
_GLUED_HEADING = re.compile(r"^#{2,6}[^\s#]")
_NO_LINK = "]("

MARKDOWN_CONSTANTS = (
    version("markdown-it-py"),
    _MAX_CHARACTERS,
    _CELL_BREAK,
    _CONTAINER,
    _DASHES,
    _GLUED_HEADING,
    _NO_LINK,
)
"""What decides, for the version of a check."""


def markdown_fault(text: str) -> str | None:
    """Return the first fault of `text`, with its line from 1, or None."""
    if len(text) > _MAX_CHARACTERS:
        return f"longer than {_MAX_CHARACTERS} characters"
    tokens = _reader().parse(f"{text}\n")
    lines = re.sub(r"\r\n?", "\n", text).split("\n")
    for at, fault in _faults(tokens, lines):
        return f"line {at + 1}: {fault}"
    return None


@lru_cache(maxsize=1)
def _reader() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def _faults(tokens: list[Any], lines: list[str]) -> Iterator[tuple[int, str]]:
    width, is_paragraph, is_header = 0, False, False
    for token in tokens:
        if token.type == "fence" and token.map[1] - token.map[0] != token.content.count("\n") + 2:
            yield token.map[0], "a code fence is not closed"
        elif token.type == "tr_open":
            n_cells = _n_cells(lines[token.map[0]])
            if not is_header and n_cells != width:
                yield token.map[0], f"a table row of {n_cells} cells under a header of {width}"
        elif token.type == "thead_open":
            # The row of dashes is as wide as the header, and never stands behind the mark of a list.
            width = _n_cells(lines[token.map[0] + 1])
        elif token.type == "inline":
            yield from _inline_faults(token, is_paragraph)
        is_paragraph, is_header = token.type == "paragraph_open", token.type == "thead_open"


def _inline_faults(token: Any, is_paragraph: bool) -> Iterator[tuple[int, str]]:
    line = token.map[0]
    for nth, written in enumerate(token.content.split("\n")) if is_paragraph else ():
        if _GLUED_HEADING.match(written):
            yield line + nth, "a heading without a space behind #"
        if nth and "|" in written and _DASHES.match(written):
            yield line + nth, "a table whose row of dashes is not as wide as its header"
    for child in token.children or ():
        target = child.attrs.get("href", child.attrs.get("src"))
        if target is not None and not str(target).strip():
            yield line, "a link without a target"
        elif child.type == "text" and _NO_LINK in child.content:
            yield line, "a link that does not read as one"
        line += child.type in ("softbreak", "hardbreak")


def _n_cells(line: str) -> int:
    row = _CONTAINER.sub("", line).strip().removeprefix("|")
    if row.endswith("|") and not row.endswith("\\|"):
        row = row[:-1]
    return len(_CELL_BREAK.findall(row)) + 1
