import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime, timedelta
from typing import Any

from eval_pipeline.review.transcript.events import MAX_SPANS
from eval_pipeline.review.transcript.timeline import Timeline, timeline
from eval_pipeline.review.transcript.turns import WHOLE

START = datetime(2025, 3, 4, 10, tzinfo=UTC)
_SVG = "{http://www.w3.org/2000/svg}"


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def turn(seconds: float, role: str = "user", **more: Any) -> dict[str, Any]:
    return {"role": role, "content": "", "at": at(seconds), **more}


def span(name: str, start: float, end: float | None, **more: Any) -> dict[str, Any]:
    return {"name": name, "started_at": at(start), "ended_at": None if end is None else at(end), **more}


def drawn(given: Timeline | None) -> ElementTree.Element:
    """The drawing, read as XML: what is not escaped does not parse."""
    assert given is not None
    return ElementTree.fromstring(given.svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def bars(given: Timeline | None) -> list[ElementTree.Element]:
    return list(drawn(given).iter(f"{_SVG}rect"))


def test_turns_are_bars_by_role_that_lead_to_them() -> None:
    made = timeline([turn(0), turn(2, "assistant"), turn(3, "tool", is_error=True), turn(4, "assistant")], {})

    assert [bar.get("class") for bar in bars(made)] == ["user", "assistant", "tool failed", "assistant"]
    assert [link.get("href") for link in drawn(made).iter(f"{_SVG}a")] == [f"#turn-{n}" for n in range(4)]
    assert made and made.errors == (2,) and made.roles == ("user", "assistant", "tool")
    assert made.summary == "4 turns in 4.0 s, 2025-03-04 10:00:00 to 10:00:04 UTC"


def test_bars_keep_their_place_and_length() -> None:
    first, second, third = (float(bar.get("width") or 0) for bar in bars(timeline([turn(0), turn(2), turn(8)], {})))

    assert abs(third / second - 3) < 0.01
    assert first < second


def test_a_night_between_does_not_hide_the_rest() -> None:
    made = timeline([turn(0), turn(5), turn(10), turn(40_000), turn(40_005)], {})

    assert float(bars(made)[1].get("width") or 0) > 20
    assert "pauses are drawn shorter" in "".join(drawn(made).itertext())


def test_spans_come_before_turns_and_are_told_in_words() -> None:
    turns = [
        turn(0),
        turn(
            5,
            "assistant",
            spans=[span("chat <b>", 1, 4, kind="llm"), span("lookup", 2, 3, kind="tool", status="error")],
        ),
    ]
    made = timeline(turns, {"spans": [span("\u202esearch", 4.5, 6, kind="retriever")]})

    assert [bar.get("class") for bar in bars(made)] == ["assistant", "tool failed", "other"]
    assert made and [words for words, _ in made.events] == [
        "chat &lt;b&gt;: after 0.0 s, took 3.0 s",
        "lookup: after 1.0 s, took 1.0 s, error",
        '<span class="control">U+202E</span>search: after 3.5 s, took 1.5 s',
    ]
    assert [leads_to for _, leads_to in made.events] == [1, 1, 1]
    assert len({bar.get("y") for bar in bars(made)[:2]}) == 2


def test_damaged_spans_are_left_out() -> None:
    odd = [None, "span", {}, {"name": "x", "started_at": "yesterday"}, span("backwards", 5, 1), span("open", 2, None)]

    made = timeline([turn(0)], {"spans": odd})

    assert made and [words.split(":")[0] for words, _ in made.events] == ["open", "backwards"]
    assert timeline([turn(0)], {"spans": "none"}) is None


def test_a_session_without_times_has_no_timeline() -> None:
    assert timeline([{"role": "user", "content": "hi"}] * 5, {}) is None
    assert timeline([], {}) is None


def test_ten_thousand_turns_and_spans_stay_small() -> None:
    turns = [turn(n, ("user", "assistant", "tool")[n % 3], is_error=n == 5000) for n in range(10_000)]
    made = timeline(turns, {}, "a b&c")
    links = [link.get("href") for link in drawn(made).iter(f"{_SVG}a")]

    assert made and len(made.svg) < 30_000 and made.errors == (5000,)
    assert links[0] == "?id=a+b%26c&turn=0#turn-0" and 30 < len(links) < 60
    assert any("failed" in (path.get("class") or "") for path in drawn(made).iter(f"{_SVG}path"))
    spanned = timeline(turns[:WHOLE], {"spans": [span("s" * 500, n, n + 50) for n in range(5_000)]})
    assert spanned and len(spanned.events) == MAX_SPANS and len(spanned.svg) < 30_000
