"""Names and addresses that people say in plain words, behind a cue; without one, capital words are left alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.redaction.redactor import Redactor
from eval_pipeline.settings import PROJECT_ROOT

REDACTOR = Redactor.from_catalog(PROJECT_ROOT / "catalog" / "redaction.yaml", b"secret")


def hidden(text: str) -> list[str]:
    """Return what is hidden in `text` as a name or an address."""
    spans = [span for span in REDACTOR.spans(text) if span.rule in {"said_name", "address", "street"}]
    return [text[span.start : span.end] for span in spans]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Hello, my name is Zora Quell and I need help.", ["Zora Quell"]),
        ("my name's O'Brien-Quell.", ["O'Brien-Quell"]),
        ("My name is Ana de la Quell, thanks", ["Ana de la Quell"]),
        ("Mein Name ist Jürgen Quell.", ["Jürgen Quell"]),
        ("Please ask Mrs. Quell about it.", ["Quell"]),
        ("This is Zora Quell speaking.", ["Zora Quell"]),
        ("Thanks for all.\n\nKind regards,\nZora Quell", ["Zora Quell"]),
        ("Full name: Zora Quell\nEmail: -", ["Zora Quell"]),
    ],
)
def test_a_name_behind_a_cue_is_hidden(text: str, names: list[str]) -> None:
    assert hidden(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "My name is on the ticket, is it not?",
        "my name is spelled wrong",
        "I'm Sorry, I cannot do that.",
        "I am Happy to help. This is Customer Support.",
        "The product name: Desert Boots. I like Dr Pepper and Dr. Martens.",
        "Fly from New York to San Francisco on Monday.",
        "Kind regards,\nCustomer Support Team",
        "I live at peace with 24 cats.",
        "Our web address is 10 times faster now.",
        "Boeing 747, Unit 4 of the course, Suite of tools 2024",
    ],
)
def test_what_only_looks_like_a_name_or_an_address_is_left(text: str) -> None:
    assert hidden(text) == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            "I live at 362 Quell Street, Suite 647, San Jose, CA 95185.",
            "362 Quell Street, Suite 647, San Jose, CA 95185",
        ),
        ("Ship it to 31 Rua Quell 25, Apt. 4, please", "31 Rua Quell 25, Apt. 4"),
        ("Ich wohne in der Quellstraße 12.", "Quellstraße 12"),
    ],
)
def test_an_address_is_hidden_whole(text: str, address: str) -> None:
    assert "".join(hidden(text)) == address


def session(*said: tuple[str, str]) -> dict[str, Any]:
    return {
        "session_id": "s",
        "started_at": "2026-01-01T00:00:00Z",
        "turns": [{"role": role, "content": content} for role, content in said],
    }


def test_a_name_that_was_said_once_is_hidden_in_the_whole_session() -> None:
    redacted = REDACTOR.redact_session(
        session(
            ("user", "QUELL here, order 5 is late."),
            ("assistant", "Whom do I speak with?"),
            ("user", "My name is Zora Quell."),
            ("assistant", "Thank you, Zora! A parcel of z.o.r.a quell waits."),
        )
    ).fields
    assert "quell" not in str(redacted).lower()
    assert "zora" not in str(redacted).lower()
    assert "order 5 is late" in redacted["turns"][0]["content"]


def test_whom_the_assistant_greets_is_known_and_whom_the_user_greets_is_not() -> None:
    greeted = REDACTOR.redact_session(session(("assistant", "Hello Zora, how are you?"), ("user", "Zora is fine.")))
    assert "Zora" not in str(greeted.fields)
    other = REDACTOR.redact_session(session(("user", "Hello Alexa, are you there?")))
    assert "Alexa" in str(other.fields)


CUES = [
    "my name is ",
    "Mr. ",
    "Dear ",
    "I live at ",
    "ship to ",
    "Kind regards,\n",
    "name: ",
    "12 ",
    "Apt. 4 ",
    ", CA ",
]
WORDS = ["Zora", "Quell", "de", "Street", "95185", "I", "Apt", ".", ",", "\n", "straße 3", "and"]


@given(st.lists(st.sampled_from(CUES + WORDS), max_size=12))
def test_redacting_twice_changes_nothing(parts: list[str]) -> None:
    once = REDACTOR.redact_text(" ".join(parts)).text
    assert REDACTOR.redact_text(once).text == once
