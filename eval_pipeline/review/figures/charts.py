"""Small charts drawn on the server as SVG, for a page that allows neither scripts nor styles of its own making.

Colours are classes (`static/figures.css`), so that light and dark need no second drawing; every text is escaped. Charts
are narrow, so that they are read on a telephone as they are. Not here: which figures are drawn.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eval_pipeline.review.transcript.safe_html import SafeHtml, escape

WIDTH = 320
_ROW, _TOP, _FOOT = 38, 6, 20
_LEFT, _RIGHT = 6, 314
_LONGEST_LABEL = 30


@dataclass(frozen=True)
class Interval:
    """A share with its interval, in [0, 1]; `value` None where there is too little data. `figure`: the same in words."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    figure: str


@dataclass(frozen=True)
class Stack:
    """A bar of several parts on top of each other: class of the part to its size."""

    label: str
    parts: tuple[tuple[str, float], ...]

    @property
    def total(self) -> float:
        """The height of the bar."""
        return sum(size for _, size in self.parts)


def percent_words(value: float | None, low: float | None, high: float | None) -> str:
    """Return a share with its interval as people read it, e.g. `83 % [74, 90]`; empty where there is none."""
    if value is None:
        return ""
    interval = "" if low is None or high is None else f" [{100 * low:.0f}, {100 * high:.0f}]"
    return f"{100 * value:.0f} %{interval}"


def interval_chart(rows: Sequence[Interval], title: str, description: str) -> SafeHtml:
    """Return one line a row on a scale from 0 to 100 %: a dot for the share, a bar for its interval."""
    height = _TOP + _ROW * len(rows) + _FOOT
    bottom = height - _FOOT
    scale = "".join(_tick(share, bottom, height) for share in (0.0, 0.5, 1.0))
    lines = "".join(_interval_row(row, _TOP + _ROW * number) for number, row in enumerate(rows))
    return _svg(WIDTH, height, title, description, scale + lines)


def stacked_bars(bars: Sequence[Stack], title: str, description: str, height: int = 90) -> SafeHtml:
    """Return one narrow bar each, all on one scale, the first and last label below; nothing for no bars."""
    top = max((bar.total for bar in bars), default=0)
    step = (_RIGHT - _LEFT) / max(1, len(bars))
    inner = height - _FOOT - _TOP
    drawn = "".join(
        _bar(bar, _LEFT + number * step, min(step * 0.8, 24), inner / top if top else 0, _TOP + inner)
        for number, bar in enumerate(bars)
    )
    base = _line(_LEFT, _TOP + inner, _RIGHT, _TOP + inner, "chart-axis")
    ends = _text(_LEFT, height - 5, bars[0].label, "start") if bars else ""
    ends += _text(_RIGHT, height - 5, bars[-1].label, "end") if len(bars) > 1 else ""
    return _svg(WIDTH, height, title, description, drawn + base + ends)


def share_bar(parts: Iterable[tuple[str, float]], title: str) -> SafeHtml:
    """Return a thin bar divided by `parts` (class, size); empty where all sizes are 0."""
    sizes = list(parts)
    total, x, drawn = sum(size for _, size in sizes), 0.0, ""
    for name, size in sizes:
        width = 100 * size / total if total else 0.0
        drawn += _rect(x, 0, width, 10, f"chart-part {name}")
        x += width
    ground = _rect(0, 0, 100, 10, "chart-ground")
    return SafeHtml(
        f'<svg class="chart-share" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(title)}">{ground}{drawn}</svg>'
    )


def _svg(width: int, height: int, title: str, description: str, inside: str) -> SafeHtml:
    return SafeHtml(
        f'<svg class="chart" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title><desc>{escape(description)}</desc>{inside}</svg>'
    )


def _interval_row(row: Interval, top: float) -> str:
    middle = top + 26
    label = row.label if len(row.label) <= _LONGEST_LABEL else row.label[: _LONGEST_LABEL - 1] + "…"
    words = _text(_LEFT, top + 13, label, "start") + _text(_RIGHT, top + 13, row.figure, "end", "chart-soft")
    drawn = words + _line(_LEFT, middle, _RIGHT, middle, "chart-line")
    if row.value is None:
        return drawn
    if row.low is not None and row.high is not None:
        drawn += _rect(_x(row.low), middle - 4, max(1.0, _x(row.high) - _x(row.low)), 8, "chart-range")
    return drawn + f'<circle cx="{_x(row.value):.1f}" cy="{middle:.1f}" r="5" class="chart-dot"/>'


def _bar(bar: Stack, x: float, width: float, scale: float, bottom: float) -> str:
    drawn, y = "", bottom
    for name, size in bar.parts:
        y -= size * scale
        drawn += _rect(x, y, width, size * scale, f"chart-part {name}")
    words = f"{bar.label}: " + ", ".join(f"{size:g} {name}" for name, size in bar.parts if size)
    return f"<g><title>{escape(words)}</title>{drawn}</g>"


def _tick(share: float, bottom: float, height: float) -> str:
    anchor = {0.0: "start", 1.0: "end"}.get(share, "middle")
    return _line(_x(share), _TOP, _x(share), bottom, "chart-line") + _text(
        _x(share), height - 5, f"{share:.0%}", anchor, "chart-soft"
    )


def _x(share: float) -> float:
    return _LEFT + share * (_RIGHT - _LEFT)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{escape(kind)}"/>'


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" class="{escape(kind)}"/>'


def _text(x: float, y: float, text: str, anchor: str, kind: str = "chart-text") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'
