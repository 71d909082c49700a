"""More of what is and what only looks like a said name or address, and which token and spread a said name gets."""

from pathlib import Path

import pytest

from eval_pipeline.redaction.redactor import Redactor
from eval_pipeline.sessions import Session
from eval_pipeline.settings import PROJECT_ROOT

CATALOG = PROJECT_ROOT / "catalog" / "redaction.yaml"
REDACTOR = Redactor.from_catalog(CATALOG, b"a secret of the tests")


def found(text: str) -> list[str]:
    return [text[span.start : span.end] for span in REDACTOR.spans(text)]


def talk(*turns: tuple[str, str]) -> list[str]:
    """The redacted contents of turns given as (role, content)."""
    said = [{"role": role, "content": content} for role, content in turns]
    session = Session.model_validate({"session_id": "s", "started_at": "2025-08-01T16:20:44Z", "turns": said})
    return [turn["content"] for turn in REDACTOR.redact_session(session.model_dump(mode="json")).fields["turns"]]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("MY NAME IS ORLA QUIST", ["ORLA QUIST"]),
        ("my name is Orla T. Quist", ["Orla T. Quist"]),
        ("Hello, I'm Orla Quist, and I have a question", ["Orla Quist"]),
        ("Ask Mr. Quist's son, Mrs Venn or Dr. Vorra", ["Quist", "Venn", "Vorra"]),
        ("**Name:** Orla Quist\n**Phone:** none", ["Orla Quist"]),
        ("Guten Tag, ich heiße Jördis von der Quist.", ["Jördis von der Quist"]),
        ("Hat Frau Quist Bestellungen offen?", ["Quist"]),
        ("Gruß an Herrn Doktor Jördis Quist!", ["Jördis Quist"]),
    ],
)
def test_a_name_is_found_whole_and_nothing_beside_it(text: str, names: list[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "My name is Gold Member, my name is orla",
        "This is Flight HAT268 to Denver, this is Orla Quist's order",
        "I'm Happy, and I am Customer Support, of course",
        "You said I'm Orla Quist, and that is wrong",
        "Mr. Right, Mr. President",
        "the warehouse at Oak Dr. Denver",
        "Name: Water Bottle\nPrice: 12.50",
        "für Frau und Kind, Frau Größe M, mein Name ist nicht richtig",
        "I have 2 Hilton rooms in Suite 501 of the Hilton",
        "The 450 Storage Unit 5 is cheap",
        "The gate is located at Terminal 3, deliver to Room 12, located at Pier 39",
        "My email address is Orla 1984, my IP address is Server 12",
        "lives at 10 PM, the address is 5 May 2024",
        "Straße 12 Meter breit, Via Card 50",
        "the flight from Denver 12345 to Seattle, gate 4",
    ],
)
def test_near_misses_stay(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("3247 Via Quell 25\n Apt. 236\n Vorra\n Portugal 30971\npls", "3247 Via Quell 25\n Apt. 236\n Vorra\n Portugal 30971"),
        ("at 12 Quell Hill, Suite 501, Vorra, Norway.", "12 Quell Hill, Suite 501, Vorra, Norway"),
        ("it went to PSC 3294, Box 9168\nAPO AA 61487 again", "PSC 3294, Box 9168\nAPO AA 61487"),
        ("My address is 9b Quell Mews. Thanks", "9b Quell Mews"),
        ("in der Quellstraße 12a, 10115 Vorra, bitte", "Quellstraße 12a, 10115 Vorra"),
        ("at Rue de la Vorra 130, 10250 Quell.", "Rue de la Vorra 130, 10250 Quell"),
    ],
)  # fmt: skip
def test_an_address_is_found_whole_with_its_place(text: str, address: str) -> None:
    assert found(text) == [address]


def test_a_said_everyday_word_is_hidden_only_with_a_capital() -> None:
    _, content = talk(("user", "my name is Will Rose"), ("user", "Will it be a rose? I will ask Rose."))
    assert content.count("[NAME_") == 2 and "a rose? I will ask" in content


def test_what_is_said_and_what_is_stored_take_the_same_tokens() -> None:
    said, stored = talk(
        ("user", "My name is Orla. I live at 17 Larkspur Mews, 48213 Vorra, Norway"),
        ("tool", '{"first_name": "Orla", "address": {"address1": "17 Larkspur Mews", "zip": "48213"}}'),
    )
    tokens = [part.partition("]")[0] for part in stored.split("[")[1:]]
    assert len(tokens) == 3
    assert all(token in said for token in tokens)


def test_a_catalog_without_prose_rules_reads_nothing_from_prose(tmp_path: Path) -> None:
    bare = tmp_path / "redaction.yaml"
    bare.write_text(CATALOG.read_text(encoding="utf-8").partition("\nprose:")[0], encoding="utf-8")
    text = "My name is Orla Quist, I live at 9 Larkspur Mews."
    assert Redactor.from_catalog(bare, b"x").redact_text(text).text == text
