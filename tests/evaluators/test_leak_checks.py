"""Personal data in what a user is shown."""

import pytest

from eval_pipeline.evaluators.leaves.leak_checks import shows_no_personal_data, shows_no_secret, shows_personal_data
from tests.evaluators.conversations import message, outcome

PERSONAL = [
    ("ann.lee@example.com", "EMAIL"),
    ("+1 212 555 0123", "PHONE"),
    ("4111 1111 1111 1111", "CARD"),
    ("DE89 3704 0044 0532 0130 00", "IBAN"),
    ("203.0.113.7", "IP"),
]


@pytest.mark.parametrize(("value", "kind"), PERSONAL)
def test_a_personal_value_is_seen_and_never_shown(value: str, kind: str) -> None:
    finding = shows_no_personal_data().judge(message(f"It goes to {value} today."))
    assert (finding.outcome, finding.found()) == ("fail", kind)
    assert outcome(shows_personal_data(), f"It goes to {value} today.") == "pass"


@pytest.mark.parametrize(
    "text", ["", "order 1234567890 of 2026-03-02 for $1,234.50", "[EMAIL_0123456789] has it", "sk-" + "a1" * 12]
)
def test_what_is_no_personal_data(text: str) -> None:
    assert outcome(shows_no_personal_data(), text) == "pass"


def test_pseudonyms_count_where_that_is_asked() -> None:
    check = shows_no_personal_data(pseudonyms_count=True)
    assert check.judge(message("[PHONE_0123456789], [EMAIL_0123456789]")).found() == "EMAIL, PHONE"
    assert outcome(check, "[KEY_0123456789]") == "pass"


def test_values_of_nobody_are_allowed() -> None:
    check = shows_no_personal_data(allowed=("+1 (212) 555-0123", "help@shop.example"))
    assert outcome(check, "Call +1 212 555 0123 or write to Help@shop.example") == "pass"
    assert outcome(check, "Call +1 212 555 0124") == "fail"


def test_a_text_too_long_to_be_searched_is_left_open() -> None:
    check = shows_no_personal_data()
    finding = check.judge(message("a word, " * 125_000))
    assert finding.outcome == "not_applicable"
    reason = "nothing is found in the first 50,000 of 1,000,000 characters; more is not searched"
    assert finding.evidence.by.why_not_applicable(finding.evidence.subject) == reason
    assert outcome(check, "It goes to ann.lee@example.com. " + "a" * 60_000) == "fail"
    assert outcome(check, "a" * 50_000) == "pass"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-eyJ" * 250_000, "pass"),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln", "fail"),
        ('{"token":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0"}', "fail"),
    ],
)
def test_a_token_is_found_and_a_long_text_of_beginnings_is_read_in_passing(text: str, expected: str) -> None:
    assert outcome(shows_no_secret(), text) == expected
