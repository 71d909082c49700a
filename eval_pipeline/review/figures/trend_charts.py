"""One chart of a trend as SVG: days as dots, the 7-day interval as a band, the 28-day share as a line, what changed below.

Colours are classes (`static/trends.css`). Every dot is a link to its day; that all days are reached by keyboard too, the
table beside the chart links them as well, and dots are left out of the order of tabs. Not here: what is read
(`trend_reading.py`), charts of single figures (`charts.py`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from eval_pipeline.review.figures.charts import percent_words
from eval_pipeline.review.figures.judge_figures import Share
from eval_pipeline.review.figures.trend_reading import Change, Corrected, Direction, Point, Trend, View
from eval_pipeline.review.transcript.safe_html import SafeHtml, escape

WIDTH, HEIGHT = 340, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 330, 10, 138
_TOPS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
"""Where a scale may end: at the first that holds every share and interval."""

Address = Callable[[date], str]
"""Where the page of a day is."""


@dataclass(frozen=True)
class _Scale:
    first: date
    days: int
    top: float

    def x(self, day: date) -> float:
        """Return the middle of a day; days that are not shown are put at the edge."""
        number = min(max((day - self.first).days, 0), self.days - 1)
        return _LEFT + (number + 0.5) * (_RIGHT - _LEFT) / self.days

    def y(self, share: float) -> float:
        return _BOTTOM - min(share / self.top, 1.0) * (_BOTTOM - _TOP)

    def shows(self, day: date) -> bool:
        return 0 <= (day - self.first).days < self.days


def trend_chart(trend: Trend, view: View, address: Address) -> SafeHtml:
    """Return the chart of `trend`; its title names the subject, its description says the newest figures."""
    scale = _Scale(view.first, view.days, _top(trend))
    direction = trend.direction
    inside = "".join(
        (
            *(_baseline(direction, scale) if direction else ()),
            *_grid(scale, view.newest),
            *_changes(trend.changes, scale),
            *_band(trend.points, scale),
            *_line_of(trend.points, scale),
            *(_onset(direction, scale) if direction else ()),
            *(_dot(point, scale, address(point.day)) for point in trend.points if point.of_day.value is not None),
            *(_diamond(each, scale) for each in trend.corrected),
        )
    )
    title = f"Failure rate of {trend.kind} {trend.name}"
    named = f'role="group" aria-label="{escape(title)}" class="trend-chart" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return SafeHtml(f"<svg {named}><title>{escape(title)}</title><desc>{escape(describe(trend))}</desc>{inside}</svg>")


def describe(trend: Trend) -> str:
    """Return in words what the chart shows last."""
    last = trend.points[-1]
    said = [f"Last day {last.day}"]
    for words, share in (("that day", last.of_day), ("7 days", last.short), ("28 days", last.long)):
        said.append(f"{words}: {percent_words(share.value, share.low, share.high) or 'too few'}, n {share.n}")
    said += [f"{change.day}: {words_of(change)}" for change in trend.changes]
    return "; ".join(said)


def words_of(change: Change) -> str:
    """Return a change of version in words."""
    return f"{change.component} {change.old or '(none)'} -> {change.new}"


def _top(trend: Trend) -> float:
    shares = [share for point in trend.points for share in (point.of_day, point.long)]
    ends = [share.value for share in shares] + [point.short.high for point in trend.points]
    ends += [each.corrected.high for each in trend.corrected]
    greatest = max((end for end in ends if end is not None), default=0.0)
    return next((top for top in _TOPS if top >= greatest), 1.0)


def _element(name: str, inside: str = "", **attributes: object) -> str:
    """Return an element; `kind` is its class, and `_` in a name stands for a hyphen."""
    given = {("class" if key == "kind" else key.replace("_", "-")): value for key, value in attributes.items()}
    written = "".join(
        f' {key}="{escape(f"{value:.1f}" if isinstance(value, float) else str(value))}"' for key, value in given.items()
    )
    return f"<{name}{written}>{inside}</{name}>"


def _titled(name: str, title: str, **attributes: object) -> str:
    return _element(name, _element("title", escape(title)), **attributes)


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return _element("text", escape(words), x=float(x), y=float(y), text_anchor=anchor)


def _grid(scale: _Scale, newest: date) -> Iterator[str]:
    for share in (0.0, scale.top / 2, scale.top):
        y = scale.y(share)
        yield _element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, kind="trend-grid")
        yield _text(_LEFT - 5, y + 4, f"{100 * share:g} %", "end")
    yield _text(_LEFT, HEIGHT - 4, f"{scale.first:%-d %b}", "start")
    yield _text(_RIGHT, HEIGHT - 4, f"{newest:%-d %b %Y}", "end")


def _baseline(direction: Direction, scale: _Scale) -> Iterator[str]:
    first, last = direction.baseline_first, direction.baseline_last
    if direction.baseline_rate is None or first is None or last is None:
        return
    title = f"Baseline {direction.baseline_name}: {first} to {last}, {direction.baseline_rate:.1%} of {direction.n_baseline}"
    if scale.shows(last) or scale.shows(first):
        half = (_RIGHT - _LEFT) / scale.days / 2
        x = scale.x(first) - half
        size = {"width": scale.x(last) + half - x, "height": float(_BOTTOM - _TOP)}
        yield _titled("rect", title, x=x, y=_TOP, kind="trend-baseline", **size)
    y = scale.y(direction.baseline_rate)
    yield _titled("line", title, x1=_LEFT, x2=_RIGHT, y1=y, y2=y, kind="trend-baseline-rate")


def _changes(changes: Sequence[Change], scale: _Scale) -> Iterator[str]:
    """Yield a mark a day on the time axis: versions that came on one day share it."""
    for day, group in groupby(changes, key=lambda each: each.day):
        x, title = scale.x(day), f"{day}: " + "; ".join(map(words_of, group))
        line = _element("line", x1=x, x2=x, y1=_TOP, y2=_BOTTOM, kind="trend-change-line")
        points = f"{x - 5:.1f},{_BOTTOM + 11} {x + 5:.1f},{_BOTTOM + 11} {x:.1f},{_BOTTOM + 2}"
        mark = _element("polygon", points=points, kind="trend-change")
        yield _element("g", _element("title", escape(title)) + line + mark)


def _onset(direction: Direction, scale: _Scale) -> Iterator[str]:
    day = direction.onset_day
    if day is not None and scale.shows(day):
        x = scale.x(day)
        yield _titled("line", f"Moved since about {day}", x1=x, x2=x, y1=_TOP, y2=_BOTTOM, kind="trend-onset")


def _runs(points: Iterable[Point], share: Callable[[Point], Share]) -> Iterator[list[Point]]:
    """Yield the points whose share is known, a list for each run of days without one that is not."""
    for is_known, run in groupby(points, key=lambda point: share(point).value is not None):
        if is_known:
            yield list(run)


def _band(points: Sequence[Point], scale: _Scale) -> Iterator[str]:
    for run in _runs(points, lambda point: point.short):
        upper = [f"{scale.x(each.day):.1f},{scale.y(each.short.high or 0.0):.1f}" for each in run]
        lower = [f"{scale.x(each.day):.1f},{scale.y(each.short.low or 0.0):.1f}" for each in reversed(run)]
        yield _element("polygon", points=" ".join(upper + lower), kind="trend-band")


def _line_of(points: Sequence[Point], scale: _Scale) -> Iterator[str]:
    for run in _runs(points, lambda point: point.long):
        path = " ".join(f"{scale.x(each.day):.1f},{scale.y(each.long.value or 0.0):.1f}" for each in run)
        yield _element("polyline", points=path, kind="trend-line")


def _dot(point: Point, scale: _Scale, address: str) -> str:
    # Written out: a page has thousands of them.
    words = escape(f"{point.day}: {percent_words(point.of_day.value, None, None)} of {point.of_day.n}")
    at = f'cx="{scale.x(point.day):.1f}" cy="{scale.y(point.of_day.value or 0.0):.1f}" r="2.6"'
    named = f'href="{escape(address)}" tabindex="-1" aria-label="{words}" class="trend-dot"'
    return f"<a {named}><circle {at}><title>{words}</title></circle></a>"


def _diamond(each: Corrected, scale: _Scale) -> str:
    rate = each.corrected
    if rate.value is None or rate.low is None or rate.high is None:
        return ""
    x, y = scale.x(each.day) - 4, scale.y(rate.value)
    title = f"28 days to {each.day}, corrected: {percent_words(rate.value, rate.low, rate.high)}, {rate.n} labels"
    line = _element("line", x1=x, x2=x, y1=scale.y(rate.low), y2=scale.y(rate.high))
    corners = f"{x:.1f},{y - 5:.1f} {x + 5:.1f},{y:.1f} {x:.1f},{y + 5:.1f} {x - 5:.1f},{y:.1f}"
    inside = _element("title", escape(title)) + line + _element("polygon", points=corners)
    return _element("g", inside, kind="trend-corrected")
