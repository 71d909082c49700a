"""Charts are well formed, say in words what they draw, draw it in proportion, and let no text become markup."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.review.figures.charts import Interval, Stack, interval_chart, percent_words, share_bar, stacked_bars

HOSTILE = """</title><script>alert(1)</script>"' onload=alert(1) &lt;"""


def _rects(svg: str, kind: str) -> list[dict[str, str]]:
    return [dict(e.attrib) for e in ElementTree.fromstring(svg).iter("rect") if kind in e.attrib["class"]]


def test_an_interval_stands_where_its_figures_say() -> None:
    svg = interval_chart([Interval("v1", 0.5, 0.25, 0.75, "50 % [25, 75]")], "Catch rate", "By version")
    (bar,) = _rects(svg, "chart-range")
    (dot,) = list(ElementTree.fromstring(svg).iter("circle"))
    middle = float(bar["x"]) + float(bar["width"]) / 2
    assert abs(middle - float(dot.attrib["cx"])) < 0.1
    assert float(bar["width"]) == 154.0  # half of the scale
    assert "50 % [25, 75]" in svg
    assert "<title>Catch rate</title><desc>By version</desc>" in svg


def test_a_version_without_a_figure_has_a_line_and_no_dot() -> None:
    svg = interval_chart([Interval("v1", None, None, None, "too few, n 4")], "t", "d")
    assert "<circle" not in svg
    assert "too few, n 4" in svg


def test_bars_are_in_proportion_on_one_scale() -> None:
    svg = stacked_bars(
        [Stack("mon", (("pass", 30), ("fail", 10))), Stack("tue", (("pass", 20), ("fail", 0)))], "t", "d"
    )
    heights = [float(bar["height"]) for bar in _rects(svg, "chart-part")]
    assert heights[0] == 3 * heights[1]
    assert abs(heights[2] * 2 - (heights[0] + heights[1])) < 0.05
    assert "mon: 30 pass, 10 fail" in svg


def test_a_share_bar_is_filled_by_its_parts_and_empty_without_any() -> None:
    parts = _rects(share_bar([("done", 1), ("waiting", 3)], "1 done"), "chart-part")
    assert [(float(part["x"]), float(part["width"])) for part in parts] == [(0, 25), (25, 75)]
    assert [float(part["width"]) for part in _rects(share_bar([("done", 0)], "none"), "chart-part")] == [0]


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc"))), st.floats(0, 1))
def test_no_text_becomes_markup(text: str, value: float) -> None:
    label = HOSTILE + text
    chart = interval_chart([Interval(label[:25], value, 0, 1, label)], label, label)
    bars = stacked_bars([Stack(label, (("pass", value),))], label, label)
    for svg in (chart, bars, share_bar([("done", value)], label)):
        found = [element.tag for element in ElementTree.fromstring(svg).iter()]
        assert "script" not in found
        assert not any("onload" in name for e in ElementTree.fromstring(svg).iter() for name in e.attrib)


def test_figures_in_words() -> None:
    assert percent_words(0.834, 0.741, 0.899) == "83 % [74, 90]"
    assert percent_words(0.5, None, None) == "50 %"
    assert percent_words(None, None, None) == ""
