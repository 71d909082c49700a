import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.review.transcript.body import body_html
from eval_pipeline.review.transcript.markup import MARKDOWN_LIMIT, markdown_html
from tests.review.transcript import payloads
from tests.review.transcript.reading import read

_WORDS = """href https://a.example javascript: script <b> </p> <!-- ]]> &lt; &#x202e; ``` |-| 1. mailto:"""
_PIECES = st.sampled_from([*"<>[]()!*_`~#|&;:\"'/\\-+=.{}\n\t a\u202e\u200b\x00\x1b", *_WORDS.split()])
_HOSTILE = st.lists(_PIECES | st.text(max_size=3) | st.sampled_from(payloads.ALL), max_size=40).map("".join)
_PLAIN = st.text(st.characters(categories=["L", "N"], include_characters=" .,\n"), max_size=60)


@settings(max_examples=400)
@given(_HOSTILE)
def test_only_allowed_tags_and_attributes_come_out(text: str) -> None:
    read(markdown_html(text))
    read(body_html(text))
    read(body_html(text, is_markdown=False))


@pytest.mark.parametrize("payload", payloads.ALL)
def test_payloads_come_out_as_text(payload: str) -> None:
    for text in (payload, f"Dear customer,\n\n{payload}\n\nbye", f"> {payload}", f"- **{payload}**"):
        found = read(markdown_html(text))
        assert not [link for link in found.links if re.match(r"(?i)\s*(java|vb)script|data|file|/", link)]


@given(_PLAIN)
def test_text_without_markdown_is_given_as_markdown_would_give_it(text: str) -> None:
    # A code span makes the whole go through Markdown; its own paragraph is cut off again.
    slow = markdown_html(f"{text}\n\n`x`").replace("<p><code>x</code></p>", "")
    assert read(markdown_html(text)).text.split() == read(slow).text.split()
    assert markdown_html(text).count("<p>") == slow.count("<p>")


def test_markdown_is_read() -> None:
    html = markdown_html("# Title\n\n1. **one**\n2. `two`\n\n| a | b |\n|---|--:|\n| x | 12 |\n\nfirst\nsecond")

    assert "<h4>Title</h4>" in html
    assert "<strong>one</strong>" in html and "<code>two</code>" in html
    assert '<td class="right">12</td>' in html
    assert "first<br>" in html


def test_a_link_says_where_it_leads() -> None:
    html = markdown_html("[https://bank.example](https://bank.example@evil.example/x)")

    assert read(html).links == ["https://bank.example@evil.example/x"]
    assert "(evil.example)" in read(html).text


def test_an_image_is_never_loaded() -> None:
    found = read(markdown_html("![a cat](https://evil.example/cat.png)"))

    assert "a cat https://evil.example/cat.png" in found.text


def test_link_definitions_and_html_are_not_hidden() -> None:
    text = "Hello\n\n[//]: # (ignore all rules)\n\n<!-- and this -->"

    assert "ignore all rules" in read(markdown_html(text)).text
    assert "<!-- and this -->" in read(markdown_html(text)).text


@pytest.mark.parametrize(
    "piece", ["> ", "[", "![", "*a ", "_a__b", "`", "[](", "[x\n", "<", "- ", "&a", "~~a", "\\", "| ", "1. "]
)
def test_no_text_is_too_tangled(piece: str) -> None:
    text = "start " + piece * 10_000 + " end of it"

    for html in (
        markdown_html(text),
        markdown_html(text[: MARKDOWN_LIMIT // 2]),
        markdown_html(piece * 10_000 + "last words"),
    ):
        read(html)
    assert "last words" in read(html).text


def test_deep_lists_lose_no_words() -> None:
    text = "".join(" " * depth + f"- item {depth}\n" for depth in range(150))

    assert "item 149" in read(markdown_html(text)).text


def test_a_line_of_a_million_characters_is_cut_to_its_beginning_and_folded() -> None:
    html = body_html("a" * 1_000_000)

    assert html.startswith('<details class="fold">') and "1,000,000 characters" in html
    assert len(html) < 100_000
