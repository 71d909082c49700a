"""frustration: anger by words and by form, told apart from joy, emphasis and anger at something else."""

import pytest

from tests.signals.conversations import only, talk

ASK = "user: Where is my parcel? I ordered it on Monday."
ANSWER = "assistant: Parcels usually take a few days."


@pytest.mark.parametrize(
    "said",
    [
        "WHY DO YOU NOT ANSWER",
        "I WANT MY PARCEL NOW!!",
        "ГДЕ МОЯ ПОСЫЛКА ОТВЕТЬ СЕЙЧАС",
        "Where is it???",
        "what is this?!",
        "это что？？？",
        "This is fucking slow",
        "where is my damn parcel",
        "I already told you",
        "How many times do I have to ask",
        "For the third time: Monday",
        "This is ridiculous",
        "What a joke",
        "waste of time",
        "are you kidding me",
        "Seriously?",
        "unbelievable",
        "Ugh, no",
        "ffs",
        "wtf",
        "omg just look it up",
        "stupid bot",
        "Then cancel my account",
        "I'll switch to your competitor",
        "It's still not working!!",
        "thanks for nothing, this is a joke",
    ],
)
def test_anger_after_an_answer_fires(said: str) -> None:
    row = only("frustration", talk(ASK, ANSWER, f"user: {said}"))
    assert (row["outcome"], row["turn_index"], row["quote"]) == ("fired", 2, said)
    assert row["reason"].startswith("the user ")


@pytest.mark.parametrize(
    "said",
    [
        "Thanks!!",
        "Thank you so much!!!",
        "OMG THANK YOU SO MUCH",
        "OMG it worked!!!",
        "That's a damn good answer",
        "holy shit",
        "Hi!!",
        "Please send it to the USA as PDF",
        "USA, NASA, PDF, HTML",
        "My order is AB12-CDEF GHIJ KLMN",
        "SELECT NAME, CITY FROM orders WHERE (city = 'X');",
        "IMPORTANT: the door code is 12",
        "This movie was terrible",
        "Is it not a waste of time?",
        "I am leaving on Friday",
        "He told you already",
        "ok",
        "🙂🙂",
        "谢谢！！",
        "",
    ],
)
def test_joy_emphasis_and_other_matters_are_quiet(said: str) -> None:
    assert only("frustration", talk(ASK, ANSWER, f"user: {said}"))["outcome"] == "quiet"


def test_who_always_writes_in_capitals_says_nothing_by_it() -> None:
    turns = talk("user: WHERE IS MY PARCEL", ANSWER, "user: I WANT TO KNOW WHERE IT IS", ANSWER, "user: OK THAT IS IT")
    assert only("frustration", turns)["outcome"] == "quiet"


def test_a_cancellation_that_the_user_came_for_is_no_threat() -> None:
    came_for = talk("user: Please cancel my account", ANSWER, "user: I said cancel my account")
    assert only("frustration", came_for)["outcome"] == "quiet"
    asked = talk(ASK, "assistant: Keep it, or cancel it?", "user: cancel my account")
    assert only("frustration", asked)["outcome"] == "quiet"


def strength(*turns: str) -> float:
    return float(only("frustration", talk(*turns))["strength"])


def test_anger_in_the_first_turn_is_about_the_problem_and_weaker() -> None:
    opening = strength("user: my damn laptop crashed", ANSWER)
    assert 0 < opening < strength(ASK, ANSWER, "user: my damn laptop crashed")


def test_later_and_with_more_signs_is_stronger_and_kind_words_later_weaken() -> None:
    once = strength(ASK, ANSWER, "user: this is ridiculous")
    assert strength(ASK, ANSWER, "user: hm", ANSWER, "user: this is ridiculous") > once
    assert strength(ASK, ANSWER, "user: this is ridiculous, you stupid bot???") > once
    assert strength(ASK, ANSWER, "user: this is ridiculous", ANSWER, "user: Great, thanks!") < once


def test_sessions_without_words_of_a_user_cannot_tell() -> None:
    for turns in ([], ["assistant: Hi"], ["tool: WTF???"], ["user: "]):
        row = only("frustration", talk(*turns))
        assert (row["outcome"], row["reason"]) == ("not_applicable", "no user turn")
