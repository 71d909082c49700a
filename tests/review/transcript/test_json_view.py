import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.review.transcript.body import body_html
from eval_pipeline.review.transcript.json_view import json_html, parse_json
from tests.review.transcript.reading import read

_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("ab<>&\"'\\é ", max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text('ab<&"', max_size=5), inner, max_size=5),
    max_leaves=30,
)


@given(_VALUES.filter(lambda value: isinstance(value, dict | list)))
def test_what_is_shown_is_the_same_json(value: Any) -> None:
    pretty = json_html(parse_json(json.dumps(value))).rpartition('<pre class="json')[2].partition(">")[2]

    assert json.loads(read(f"<pre>{pretty.removesuffix('</details>')}").text) == value


def test_numbers_order_and_doubled_keys_stay_as_they_were_written() -> None:
    text = '{"b": 1.10, "a": 1e400, "b": 12345678901234567890, "c": NaN}'

    assert read(body_html(text)).text == text


def test_a_short_object_stands_on_a_line_and_a_long_one_is_folded() -> None:
    assert body_html('{"id":1}').count("\n") == 0
    long = body_html(json.dumps([{"name": f"item {i}", "price": i, "note": "x" * 60} for i in range(20)]))

    assert long.startswith('<details class="fold">') and "102 lines" in long


@pytest.mark.parametrize(
    "text", ["{not json}", '{"a": 1', '{"a": 1} and more', "[1, 2", "[" * 100_000, '{"a":' * 100_000, "12", '"text"']
)
def test_what_is_no_object_or_list_is_shown_as_text(text: str) -> None:
    html = body_html(text, is_markdown=False)

    assert 'class="json' not in html
    assert text[:4] in read(html).text


def test_depth_and_size_are_bounded() -> None:
    deep: Any = "core"
    for _ in range(400):
        deep = {"a": deep, "b": "x" * 80}
    wide = {"many": list(range(100_000)), "text": "y" * 100_000}

    assert len(json_html(deep)) < 20_000
    assert len(json_html(wide)) < 60_000


def test_line_breaks_in_a_long_text_begin_new_lines() -> None:
    text = read(json_html({"body": "first line of a mail\n" * 6})).text

    assert text.count("first line of a mail\\n\n") == 6
