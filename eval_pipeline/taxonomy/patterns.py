"""Patterns over reviewers' notes, by RE2: its time grows with the text and no faster, whatever pattern and note say.

Not here: which note is looked at (`relabelling.py`).
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc


def check_pattern(pattern: str) -> None:
    """Raise `ValueError` when `pattern` is none that RE2 knows (it has no look-around and no back-references)."""
    found_in_any(pattern, [""])


def found_in_any(pattern: str, texts: Sequence[str]) -> bool:
    """Return whether `pattern` is found in one of `texts`, upper and lower case alike.

    Raises `ValueError` when `pattern` is none that RE2 knows.
    """
    if not texts:
        return False
    try:
        hits = pc.match_substring_regex(pa.array(texts, pa.string()), pattern, ignore_case=True)
    except pa.ArrowInvalid as error:
        raise ValueError(f"not a pattern of RE2: {error}") from None
    return bool(pc.any(hits).as_py())
