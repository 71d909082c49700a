"""What an answer delivers, by its form: items of a list, a code block, a table, data, a link.

Lenient on purpose: whatever might be the thing counts as the thing. Not here: what was asked for (`asked_for.py`).
"""

import re
from enum import Enum

_ITEM = re.compile(r"[ \t>]*(?:[-*+•◦‣–▪●]|\(?\d{1,3}[.):、．]|\(?[a-zA-Z][.)])[ \t*]*[^\s*-]")  # noqa: RUF001
_TIGHT = re.compile(r"[ \t]*\d+\.\d")
_LEAD = re.compile(r"[ \t]*(?:#{1,6}[ \t]|\*\*[^*\n]{1,100}\*\*|[^\w\s|<`\"'(\[{]{1,3}[ \t]+\w)")
_INLINE_ITEM = re.compile(r"(?:^|\s)\(?\d{1,2}[.)]\s")
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})(.*)")


class Form(Enum):
    """A form that a user can ask for; the value names it to a person."""

    CODE = "code"
    TABLE = "table"
    DATA = "JSON"
    LINK = "link"
    LIST = "list"


_CODE = re.compile(
    r"```|~~~|`|[{};][ \t]*$|\w\([^\s()]{0,200}\)|\w [=!]=? \S|<\w|=>|"
    r"^[ \t]*(?:def|class|import|from|function|const|let|var|public|select|update|insert|create|git|sudo|pip|npm|\$)[ \t]",
    re.MULTILINE | re.IGNORECASE,
)
_LINK = re.compile(
    r"://|www\.|\]\(|<a\s|\.(?:com|org|net|io|gov|edu|co|app|dev|info|ai|me|us|uk|eu|de|fr|es|it|nl|in|ca|au|jp|cn|br)\b|"
    r"[<\[{]+(?:url|link|website|web)|url_\d",
    re.IGNORECASE,
)
_DATA = re.compile(r"[{\[]")
_MARKUP_TABLE = re.compile(r"<table|\t|[│┃║]|\+--", re.IGNORECASE)


def is_item(line: str) -> bool:
    """Return whether a line is an item of a list."""
    return _ITEM.match(line) is not None and _TIGHT.match(line) is None


def n_items(text: str) -> int:
    """Return how many things a text lists, by the most generous reading of its lines; 0 where it shows no list."""
    lines = text.splitlines()
    listed = sum(map(is_item, lines))
    inline = len(_INLINE_ITEM.findall(text))
    if max(listed, inline) < 2:
        return 0
    leads = sum(_LEAD.match(line) is not None for line in lines)
    rows = sum(line.count("|") >= 2 for line in lines)
    return max(listed, inline, leads, rows - 2)


def has_form(text: str, form: Form) -> bool:
    """Return whether anything in the text may be of that form."""
    match form:
        case Form.CODE:
            return _CODE.search(text) is not None
        case Form.TABLE:
            return _MARKUP_TABLE.search(text) is not None or sum(line.count("|") > 0 for line in text.splitlines()) >= 2
        case Form.DATA:
            return _DATA.search(text) is not None
        case Form.LINK:
            return _LINK.search(text) is not None
        case Form.LIST:
            return any(map(is_item, text.splitlines())) or len(_INLINE_ITEM.findall(text)) >= 2 or text.count("\n") >= 2


def open_fence(text: str) -> int | None:
    """Return where the code block starts that the text does not close, else None.

    A block closes with a line of the same mark alone, at least as long as the one that opened it (CommonMark 4.5).
    """
    if "```" not in text and "~~~" not in text:
        return None
    start, opened_at, mark = 0, None, ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if found and opened_at is None and not (found[1][0] == "`" and "`" in found[2]):
            opened_at, mark = start, found[1]
        elif found and opened_at is not None and found[1].startswith(mark) and not found[2].strip():
            opened_at = None
        start += len(line) + 1
    return opened_at


def code_lines(text: str) -> list[tuple[int, str]]:
    """Return the lines inside the code blocks of a text, each with the character that it starts at."""
    start, mark, inside = 0, "", []
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if found and not mark:
            mark = found[1]
        elif found and found[1].startswith(mark):
            mark = ""
        elif mark:
            inside.append((start, line))
        start += len(line) + 1
    return inside
