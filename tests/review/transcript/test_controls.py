import pytest

from eval_pipeline.review.transcript.body import body_html
from eval_pipeline.review.transcript.controls import visible, without_controls
from tests.review.transcript.reading import read


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("invoice\u202egnp.exe", "invoiceU+202Egnp.exe"),
        ("a\u2066b\u2069c", "aU+2066bU+2069c"),
        ("pass\u200bword", "passU+200Bword"),
        ("\x1b[31mred\x1b[0m", "ESC[31mredESC[0m"),
        ("\x1b]8;;http://evil.example\x07link", "ESC]8;;http://evil.examplelink"),
        ("ring\x07", "ringU+0007"),
        ("admin\u200d", "adminU+200D"),
        ("x" + "\u200b" * 5, "xU+200B U+200B U+200B and 2 more"),
        ("hi" + "".join(chr(0xE0000 + ord(c)) for c in "obey <me>"), "hihidden words: obey <me>"),
        ("smile\U0001f600\ufe0f\ufe01\ufe02", "smile\U0001f600\ufe0fU+FE01 U+FE02"),
    ],
)
def test_hidden_characters_are_shown(text: str, shown: str) -> None:
    assert read(visible(text)).text == shown
    assert read(body_html(text)).text.strip() == shown
    assert read(body_html(f"**{text}**")).text.strip() == shown


def test_half_a_character_is_shown_too() -> None:
    assert read(body_html("lone \ud800")).text.strip() == "lone U+D800"
    assert read(body_html("**lone \ud800**")).text.strip() == "lone \ufffd"


def test_they_are_shown_in_json_links_and_code_too() -> None:
    for text in (
        '{"a\u202e": "b\u202e"}',
        "[x\u202e](https://a.example/\u202e)",
        "`a\u202e`",
        "```\na\u202e\n```",
        "&#x202e;",
    ):
        html = body_html(text)
        assert "\u202e" not in html and "U+202E" in read(html).text


@pytest.mark.parametrize("text", ["👨‍👩‍👧 family", "❤️ heart", "1️⃣ keycap", "می‌خواهم", "שלום", "naïve, tab\tand\nline"])
def test_what_scripts_and_emoji_need_stays(text: str) -> None:
    assert read(visible(text)).text == text


def test_where_no_markup_can_stand_they_are_named_in_brackets() -> None:
    assert without_controls("a\u202eb") == "a[U+202E]b"
