"""The language of a text, and of answers beside the user's."""

import pytest

from eval_pipeline.evaluators.leaves.language_checks import answers_in_language_of_user, is_in_language
from tests.evaluators.conversations import gets, message, outcome, says, user, view

ENGLISH = "Your order is on its way and will arrive tomorrow."
GERMAN = "Ihre Bestellung ist unterwegs und kommt morgen an."
FRENCH = "Je voudrais annuler ma commande, s'il vous plaît."


def test_language_of_a_text() -> None:
    assert [outcome(is_in_language("en"), text) for text in (ENGLISH, GERMAN)] == ["pass", "fail"]
    assert [outcome(is_in_language("fr", "de"), text) for text in (ENGLISH, GERMAN, FRENCH)] == ["fail", "pass", "pass"]
    assert is_in_language("en").judge(message(GERMAN)).found() == f"de: {GERMAN}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "12345 67890 2026-03-02",
        f"```\n{GERMAN}\n```",
        "`const answer = compute(order)`",
        "[EMAIL_0123456789] " * 9,
    ],
)
def test_a_text_without_enough_prose_tells_no_language(text: str) -> None:
    assert outcome(is_in_language("en"), text) == "not_applicable"


def test_what_is_not_certain_does_not_apply() -> None:
    assert outcome(is_in_language("en", confidence=0.5), "Yes please do it") == "pass"
    assert outcome(is_in_language("en", confidence=0.9), "Yes please do it") == "not_applicable"
    assert outcome(is_in_language("en", min_letters=100), ENGLISH) == "not_applicable"


def test_answers_in_the_language_of_the_user() -> None:
    check = answers_in_language_of_user()
    assert outcome(check, view(user(FRENCH), says("Ok."), gets(ENGLISH), says(FRENCH))) == "pass"
    assert outcome(check, view(user(GERMAN), says(GERMAN), user(ENGLISH), user("ok"), says(ENGLISH))) == "pass"
    finding = check.judge(view(user(GERMAN), says(GERMAN), says(ENGLISH)))
    assert (finding.outcome, finding.turn_index, finding.found()) == ("fail", 2, f"en, asked in de: {ENGLISH}")


@pytest.mark.parametrize("turns", [(), (says(ENGLISH), user(GERMAN)), (user("ok"), says(ENGLISH)), (user(GERMAN),)])
def test_nothing_to_compare_does_not_apply(turns: tuple[dict[str, object], ...]) -> None:
    assert outcome(answers_in_language_of_user(), view(*turns)) == "not_applicable"


def test_settings_that_make_no_sense_are_refused_at_once() -> None:
    for languages in ((), ("English",)):
        with pytest.raises(ValueError, match="ISO 639"):
            is_in_language(*languages)
    with pytest.raises(ValueError, match="between 0 and 1"):
        is_in_language("en", confidence=80)
