"""Frames as Markdown: tables and bar charts, whatever their cells hold.

Not here: what is shown (`assets/table_assets.py`, `calibration/pages/`).
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

BAR_LENGTH = 24
_EIGHTHS = " ▏▎▍▌▋▊▉"

_ENTITIES = str.maketrans({character: f"&#{ord(character)};" for character in "&<>|`\\[]!*~"})
"""What Markdown reads as markup, as entities: no cell ends its table, loads a picture or hides where a link leads."""


def plain_text(value: Any) -> str:
    """Return `value` as text of one line that Markdown reads as nothing but text."""
    return " ".join(str(value).translate(_ENTITIES).split())


def markdown_table(frame: pd.DataFrame) -> str:
    """Return `frame` as a Markdown table; cells cannot break out of it, whatever they hold."""

    rows = [[plain_text(name) for name in frame.columns], ["---"] * len(frame.columns)]
    rows += [[plain_text(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def count_chart(counts: pd.DataFrame) -> str:
    """Return `counts` (any columns, and `rows`) as a table with a bar beside each number."""
    return markdown_table(counts.assign(**{" ": _bars(counts["rows"].tolist())}))


def share_chart(counts: pd.DataFrame, by: Sequence[str], of: str, marked: str, left_out: str | None = None) -> str:
    """Return, per value of `by`, the rows of each value of `of`, and a bar for the share of those that are `marked`.

    `counts`: columns `by`, `of` and `rows`. `left_out`: a value of `of` whose rows enter no share. The greatest share
    stands first; where no row enters there is no share, rather than one of 0.
    """
    wide = counts.pivot_table(index=list(by), columns=of, values="rows", aggfunc="sum", fill_value=0, observed=True)
    n = wide.drop(columns=left_out or [], errors="ignore").sum(axis="columns").astype("float64")
    share = (wide[marked] if marked in wide else 0 * n) / n.where(n > 0)
    texts = ["" if pd.isna(value) else f"{value:.1%}" for value in share]
    shown = wide.assign(**{f"share {marked}": texts, " ": _bars(share.fillna(0.0).tolist())})
    order = share.sort_values(ascending=False, kind="stable").index
    return markdown_table(shown.loc[order].reset_index())


def _bars(values: Sequence[float]) -> list[str]:
    """Return one bar of block characters per value, in eighths of a character; the greatest is `BAR_LENGTH` long."""
    top = max(values, default=0)
    lengths = [round(value / top * BAR_LENGTH * 8) if top > 0 else 0 for value in values]
    return ["█" * (length // 8) + _EIGHTHS[length % 8].strip() for length in lengths]
