"""A page of figures as Markdown, with its intervals drawn in characters. Not here: what it says (`content.py`)."""

from collections.abc import Iterator

import pandas as pd

from eval_pipeline.calibration.pages.content import Chart, Page, Section
from eval_pipeline.markdown import markdown_table, plain_text

WIDTH = 41
"""Characters from 0 to 100 %, so that a share of a half stands in the middle."""


def page_markdown(page: Page, level: int = 1) -> str:
    """Return the page, its title a heading of `level`; no cell breaks out of its table, whatever it holds."""
    return "\n\n".join(_parts(page, level))


def interval_bar(value: float | None, low: float | None, high: float | None) -> str:
    """Return a line from 0 to 100 %: `●` where the share is, `━` over its interval; dots alone without a share."""
    cells = ["·"] * WIDTH
    if value is None:
        return "".join(cells)
    first, last = (_place(value if end is None else end) for end in (low, high))
    cells[first : last + 1] = ["━"] * (last + 1 - first)
    cells[_place(value)] = "●"
    return "".join(cells)


def _place(share: float) -> int:
    return round(min(1.0, max(0.0, share)) * (WIDTH - 1))


def _parts(page: Page, level: int) -> Iterator[str]:
    yield f"{'#' * level} {page.kind} {plain_text(page.name)}"
    yield " ".join(map(plain_text, page.lead))
    for section in page.sections:
        yield from _section(section, level + 1)


def _section(section: Section, level: int) -> Iterator[str]:
    yield f"{'#' * level} {section.title}"
    if section.note:
        yield section.note
    yield from (_chart(chart) for chart in section.charts if chart.rows)
    if section.table:
        yield markdown_table(pd.DataFrame(section.table)[section.columns])


def _chart(chart: Chart) -> str:
    drawn = {chart.title: [row.label for row in chart.rows], "share": [row.figure for row in chart.rows]}
    drawn["0 % to 100 %"] = [interval_bar(row.value, row.low, row.high) for row in chart.rows]
    return markdown_table(pd.DataFrame(drawn))
