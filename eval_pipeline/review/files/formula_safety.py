"""Cells of a CSV that a spreadsheet shows as text and never works out as a formula, and back again.

A cell that begins with one of `STARTS` gets an apostrophe in front, and so does one that already begins with apostrophes
and then one of them: so every cell can be read back as it was. The rule is that of OWASP's page "CSV Injection".
"""

import re

STARTS = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"
"""What begins a formula in one of the common spreadsheets, the full-width forms included, or hides what follows."""

_RISKY = re.compile(f"'*[{re.escape(STARTS)}]")
_GUARDED = re.compile(f"'+[{re.escape(STARTS)}]")


def formula_safe(text: str) -> str:
    """Return `text` as a cell that is no formula."""
    return f"'{text}" if _RISKY.match(text) else text


def as_written(cell: str) -> str:
    """Return what `formula_safe` made `cell` of."""
    return cell[1:] if _GUARDED.match(cell) else cell
