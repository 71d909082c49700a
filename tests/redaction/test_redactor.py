"""What goes in and what must not come out: the redactor through its public interface."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.errors import RejectedRecord, SettingsError
from eval_pipeline.redaction.redactor import Redactor
from eval_pipeline.sessions import Session

CATALOG = Path(__file__).parents[2] / "catalog" / "redaction.yaml"
REDACTOR = Redactor.from_catalog(CATALOG, b"a secret of the tests")

PROFILE = {
    "user_id": "orla_quist_4821",
    "name": {"first_name": "Orla", "last_name": "Quist"},
    "address": {"address1": "17 Larkspur Mews", "city": "Reading", "country": "UK", "zip": "48213"},
    "email": "orla.quist@example.org",
    "dob": "1984-03-09",
    "payment_methods": {"gift_card_1712795": {"source": "gift_card", "amount": 88.0}},
}


def session(turns: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    base = {"session_id": "shop/gpt-4.1/13/0/b762699f", "started_at": "2025-08-01T16:20:44Z", "turns": turns}
    return Session.model_validate({**base, **fields}).model_dump(mode="json")


def said(*texts: str, profile: Any = PROFILE) -> list[str]:
    """The redacted `texts` of user turns in a session where a tool has shown `profile`."""
    turns = [{"role": "user", "content": text} for text in texts]
    turns.append({"role": "tool", "content": json.dumps(profile), "tool_call_id": "c1"})
    redacted = REDACTOR.redact_session(session(turns)).fields["turns"]
    return [turn["content"] for turn in redacted[:-1]]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("write to Zoë.o'neil+x@mail.example.co.uk.", "neil"),
        ("write to zoe [at] example [dot] org", "zoe"),
        ("call +44 7911 123456 now", "7911"),
        ("call me on (415) 555-2671", "2671"),
        ("my phone is 4155552671", "2671"),
        ("call +1‑415‑555‑2671", "2671"),
        ("card 4111 1111 1111 1111 12/27", "1111"),
        ("card 378282246310005", "378282246310005"),
        ("IBAN GB82 WEST 1234 5698 7654 32 please", "7654"),
        ("iban nl91abna0417164300", "0417164300"),
        ("from 203.0.113.77 today", "203.0"),
        ("from 2001:db8::8a2e:370:7334 today", "370"),
        ("ssn 536-22-1234", "1234"),
        ("NINO AB 12 34 56 C", "34"),
        ("DNI 12345678Z", "12345678"),
        ("NIE X1234567L", "1234567"),
        ("BSN 111222333", "111222333"),
        ("Steuer-ID 86095742719", "86095742719"),
        ("NIR 1 84 12 76 451 089 46", "451"),
        ("key sk-proj-abcdEFGH12345678ijkl", "abcdEFGH"),
        ("key AKIAIOSFODNN7EXAMPLE", "IOSFODNN"),
        ("key ghp_abcdefghijklmnopqrstuvwxyz0123456789", "abcdef"),
        ("key xoxb-1234567890-abcdef", "abcdef"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "c2lnbmF0"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----", "MIIEow"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEow and cut off", "MIIEow"),
        ("Authorization: Bearer abcdef1234567890abcdef", "abcdef1234"),
        ("password: hunter2!", "hunter2"),
        ("postgres://app:s3cr3tpw@db.internal/x", "s3cr3tpw"),
        ("my user ID is orla_quist_4821", "orla"),
        ("zip code is 48213", "48213"),
        ("born on March 9, 1984", "1984"),
        ("ship to 362 Spruce Street, Apt 4", "Spruce"),
        ("{'first_name': 'Orla', 'x': ", "Orla"),
        ('broken {"email": 1, "passport_number": "X1234567"', "X1234567"),
    ],
)
def test_a_pattern_is_found_alone(text: str, secret: str) -> None:
    assert secret in text
    redaction = REDACTOR.redact_text(text)
    assert secret not in redaction.text
    assert sum(redaction.counts.values()) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "order 4648362606, item 7869640094, tracking 689944590938, #W4219264",
        "card 4111 1111 1111 1112",
        "GB82 WEST 1234 5698 7654 33",
        "at 2024-05-08T11:37:17, on 2024-05-24 from 07:00:00 to 13:30:00, 05-24-2024",
        "it costs $1,234.56 or 503.76, in all 6594 + 3925 + 5418 = 15937",
        "call me on 2024-05-24 or 20-05-2024",
        "version 10.2.3.4 and 999.1.1.1",
        "ssn 000-12-3456, 666-12-3456, 900-12-3456",
        "NINO BG 12 34 56 C",
        "DNI 12345678A",
        "number 111222333 and 86095742719 without a word that says what they are",
        "call_fLxcMYQFvKcOdQNYvY2sKVRr and b762699f0a1b2c3d",
        "std::vector and a::b at 12:30",
        "@mention me @ noon",
        "forgot my password, it is wrong",
        "the sk-1 and eyJ prefixes",
        "I can't reach you: 1754065244 and 1754065244321",
    ],
)
def test_near_misses_stay(text: str) -> None:
    assert REDACTOR.redact_text(text).text == text


def test_structured_data_is_redacted_by_key_and_the_rest_survives() -> None:
    turn = {"role": "tool", "content": json.dumps(PROFILE)}
    content = json.loads(REDACTOR.redact_session(session([turn])).fields["turns"][0]["content"])
    assert content["name"]["first_name"].startswith("[NAME_")
    assert content["address"]["city"].startswith("[ADDRESS_")
    assert content["address"]["country"] == "UK"
    assert content["dob"].startswith("[DOB_")
    assert content["payment_methods"] == PROFILE["payment_methods"]


def test_names_of_things_are_not_names_of_people() -> None:
    things = {
        "items": [{"name": "Water Bottle", "product_id": "8310926033", "options": {"color": "rose"}}],
        "name": "Digital Camera",
        "flight": {"name": "HAT268", "city": "Denver"},
        "phone": "iPhone 15",
        "customer": {"name": "Orla Quist"},
    }
    redacted = json.loads(REDACTOR.redact_text(json.dumps(things)).text)
    assert redacted.pop("customer")["name"].startswith("[NAME_")
    assert redacted == {key: value for key, value in things.items() if key != "customer"}


@pytest.mark.parametrize(
    "text",
    [
        "I am Orla.",
        "I am ORLA QUIST",
        "OrlaQuist here",
        "Quist, Orla",
        "O-r-l-a",
        "O&#114;la",
        "O\u200brla",
        "%4Frla",
        "\\u004frla",
        "id orla-quist 4821",
        "T3JsYSBRdWlzdA==",
        "17 larkspur  mews",
        "17-Larkspur-Mews",
        "born March 9th, 1984",
        "09/03/1984",
        "the zip is 48213?",
    ],
)
def test_known_values_are_found_in_earlier_turns_in_any_form(text: str) -> None:
    [redacted] = said(text)
    low = redacted.lower()
    assert not any(part in low for part in ("orla", "quist", "larkspur", "1984", "48213", "rla", "t3js"))
    assert "[" in redacted


def test_known_values_keep_to_words_and_common_ones_to_capitals() -> None:
    profile = {"name": {"first_name": "Will", "last_name": "Asa"}, "address": {"city": "Reading", "zip": "RG1 4PS"}}
    texts = ("I will go as a guest, Asap", "Will is here", "I like reading in Reading", "Reading, RG1 4PS", "asa")
    kept, named, city, place, other = said(*texts, profile=profile)
    assert (kept, city) == (texts[0], texts[2])
    assert "Will" not in named and "Reading" not in place and other.startswith("[NAME_")


@pytest.mark.parametrize("nobody", ["None", "n/a", "", "unknown"])
def test_placeholders_are_nobody(nobody: str) -> None:
    assert said("None of it is unknown", profile={"first_name": nobody}) == ["None of it is unknown"]


def test_every_field_is_covered() -> None:
    canary = "orla.quist@example.org"
    fields = session(
        [
            {
                "role": "assistant",
                "content": canary,
                "tool_calls": [{"id": canary, "name": canary, "arguments": {"q": [canary], canary: json.dumps({"x": canary})}}],
            },
            {"role": "tool", "content": json.dumps({"a": json.dumps([canary])}), "tool_call_id": canary},
        ],
        session_id=f"mail-{canary}",
        user_id=canary,
        surface=canary,
        model_version=canary,
        slices={canary: canary},
        versions={"v": canary},
        feedback=[{"kind": "report", "text": canary}],
        outcome={canary: {"deep": [canary, 4111111111111111]}},
        recorded_labels=[{"target": "session", "note": canary}],
        meta={"name": canary},
    )  # fmt: skip
    redacted = json.dumps(REDACTOR.redact_session(fields).fields)
    assert canary not in redacted and "4111111111111111" not in redacted
    assert json.loads(redacted)["user_id"].startswith("[USER_")


def test_what_joins_depend_on_survives() -> None:
    fields = session(
        [{"role": "user", "content": "I am orla", "at": "2025-08-01T16:20:45.582555Z"}],
        session_id="tau2/airline/gpt-4.1/13/0/b762699f",
        user_id="airline",
        surface="customer-support chat",
        model_version="model-x 10.20.30.40",
        ended_at="2025-08-01T16:21:00Z",
    )
    redacted = REDACTOR.redact_session(fields).fields
    for name in ("session_id", "surface", "model_version", "started_at", "ended_at", "origin", "turns"):
        assert redacted[name] == fields[name]
    assert Session.model_validate(redacted).user_id != "airline"


def test_the_same_value_is_the_same_token_everywhere_and_another_secret_gives_another() -> None:
    texts = ["Orla.Quist@Example.org", "orla.quist@example.org", "+1 415 555 2671", "call (415) 555-2671"]
    mails = {REDACTOR.redact_text(text).text for text in texts[:2]}
    phones = {REDACTOR.redact_text(text).text.removeprefix("call ") for text in texts[2:]}
    assert len(mails) == len(phones) == 1
    [inside] = said("orla.quist@example.org")
    assert {inside} == mails
    assert Redactor.from_catalog(CATALOG, b"other").redact_text(texts[0]).text not in mails


def test_receipts_count_and_hold_no_content() -> None:
    redaction = REDACTOR.redact_session(session([{"role": "user", "content": "a@b.org, c@d.org, 203.0.113.77"}]))
    assert redaction.counts == {"email": 2, "ip": 1}


def test_the_input_is_not_changed() -> None:
    fields = session([{"role": "tool", "content": json.dumps(PROFILE)}], meta={"email": "a@b.org"})
    before = copy.deepcopy(fields)
    REDACTOR.redact_session(fields)
    assert fields == before


def test_unchanged_json_stays_as_written_and_changed_json_keeps_its_style() -> None:
    plain = '{"price":1.50,  "n":[1,2]}'
    assert REDACTOR.redact_text(plain).text == plain
    assert REDACTOR.redact_text('{"b":"ü","a":"x@y.org"}').text.startswith('{"b":"ü","a":"[EMAIL_')


def test_a_repeated_json_key_hides_nothing() -> None:
    assert "Orla" not in REDACTOR.redact_text('{"first_name": "Orla", "first_name": "guest"}').text


def test_keys_that_become_the_same_token_lose_no_entry() -> None:
    redacted = REDACTOR.redact_record({"a@b.org": 1, "A@B.org": 2}).fields["record"]
    assert list(redacted.values()) == [1, 2]


def test_it_fails_closed_without_content() -> None:
    nested: Any = "orla.quist@example.org"
    for _ in range(150):
        nested = [nested] if isinstance(nested, str) else {"x": nested}
    for broken in (
        {"meta": nested},
        {"meta": {"x": object()}},
        {"turns": "orla.quist@example.org"},
        {"meta": {3: "x"}},
    ):
        with pytest.raises(RejectedRecord) as caught:
            REDACTOR.redact_session({"session_id": "s", **broken})
        error = caught.value
        assert error.reason == "redaction_failed"
        assert error.__context__ is None and error.__cause__ is None
        assert "orla" not in f"{error} {error.detail} {error.mend} {error.field}"


def test_spans_say_where_and_what() -> None:
    text = "mail a@b.org or %61@c.org, card 4111111111111111"
    assert [(text[s.start : s.end], s.rule) for s in REDACTOR.spans(text)] == [
        ("a@b.org", "email"),
        ("%61@c.org", "email"),
        ("4111111111111111", "card"),
    ]


def test_the_version_follows_the_catalog_and_not_the_secret(tmp_path: Path) -> None:
    assert Redactor.from_catalog(CATALOG, b"other").version == REDACTOR.version
    changed = tmp_path / "redaction.yaml"
    changed.write_text(CATALOG.read_text().replace("placeholders: [", "placeholders: [nemo,"))
    assert Redactor.from_catalog(changed, b"x").version != REDACTOR.version
    changed.write_text("version: '1'\nkey_rules: [{rule: x, type: lower, keys: [a]}]")
    with pytest.raises(SettingsError, match="key_rules"):
        Redactor.from_catalog(changed, b"x")


PIECES = st.sampled_from(
    [
        "orla.quist@example.org", "4111111111111111", "4111 1111", "415-555-2671", "+44 7911 123456", "GB82WEST12345698765432",
        "Orla", "Quist", "orla_quist_4821", "203.0.113.77", "password: ", "phone ", "ssn ", "536-22-1234", "eyJhbGciOi.eyJzdWIi",
        "[NAME_0123456789]", "[", "]", "{", "}", '"', '"email": ', ":", ",", " ", "-", ".", "@", "%40", "&#64;", "\u200b", "\\u0040",
        "1", "0", "a", "é", "\x00", "T3JsYSBRdWlzdA==", "\n", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "sk-",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=40)
VALUES = st.recursive(
    TEXTS | st.integers() | st.none() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "first_name", "email", "address", "phone", "user", "x"]) | TEXTS, inner, max_size=3
        )
    ),
    max_leaves=8,
)


def test_a_token_is_not_taken_for_a_value_of_its_key() -> None:
    for number in range(20):
        once = REDACTOR.redact_record({"phone": f"see m{number}@b.org"}).fields["record"]
        assert REDACTOR.redact_record(once).fields["record"] == once


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(TEXTS, max_size=3), meta=st.dictionaries(TEXTS, VALUES, max_size=3), result=VALUES)
def test_redacting_twice_changes_nothing(texts: list[str], meta: dict[str, Any], result: Any) -> None:
    turns = [{"role": "user", "content": text} for text in texts]
    turns.append({"role": "tool", "content": json.dumps(result)})
    once = REDACTOR.redact_session(session(turns, user_id="orla_quist_4821", meta=meta))
    again = REDACTOR.redact_session(once.fields)
    assert again.fields == once.fields
    assert again.counts == {}
    assert "Orla.Quist@example.org".lower() not in json.dumps(once.fields["turns"][:-1])
