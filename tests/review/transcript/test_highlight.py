import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.review.transcript.body import body_html
from eval_pipeline.review.transcript.highlight import highlight
from tests.review.transcript import payloads
from tests.review.transcript.reading import read


@pytest.mark.parametrize(
    ("text", "quote", "marked"),
    [
        ("I refunded your order today.", "refunded your order", "refunded your order"),
        ("I **refunded** your\norder today.", "I **refunded** your order", "I refunded yourorder"),
        ("The price is 5 < 6 & rising", "5 < 6 & rising", "5 < 6 & rising"),
        ("STRASSE in Köln", "straße in Ko\u0308ln", "STRASSE in Köln"),
        ("I refunded your order and more", "refunded your ord…", "refunded your ord"),
        ("what?! ... no", "?!", "?!"),
        ('{"status": "failed", "code": 7}', '"status": "failed"', 'status": "failed'),
        ("nothing of the kind", "refunded your order", ""),
        ("nothing of the kind", "", ""),
    ],
)
def test_a_quote_is_marked_where_it_stands(text: str, quote: str, marked: str) -> None:
    found = read(highlight(body_html(text), [quote]))

    assert "".join(found.marked).replace("\n", "") == marked
    assert found.text == read(body_html(text)).text


def test_a_fold_is_opened_where_something_in_it_is_marked() -> None:
    folded = body_html("some words " * 600 + "the needle")

    assert "<details" in folded and "open" not in folded
    assert "open" in highlight(folded, ["the needle"])


@given(
    st.sampled_from(payloads.ALL) | st.text(max_size=40), st.text(max_size=12), st.integers(0, 30), st.integers(1, 20)
)
def test_html_stays_whole_whatever_is_marked(text: str, other: str, start: int, length: int) -> None:
    html = body_html(text)
    marked = highlight(html, [text[start : start + length], other])

    assert read(marked).text == read(html).text
