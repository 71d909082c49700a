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


@pytest.mark.parametrize(
    "said",
    [
        "I'll dispute this with my card company", "see you in court", "I will contact trading standards", "this goes to the ombudsman",
        "leaving a bad review", "I want to make a formal complaint", "never again", "terrible service", "closing my account",
        "so you call me a liar", "are u serious", "sigh. ok", "whatever", "wow. ok then", "you are confusing me",
        "my boss is waiting. this is ridiculous", "this is driving me nuts", 'you said "soon", this is a joke',
    ],
)  # fmt: skip
def test_threats_and_resignation_without_swear_words_fire(said: str) -> None:
    assert only("frustration", talk(ASK, ANSWER, f"user: {said}"))["outcome"] == "fired"


@pytest.mark.parametrize(
    "said",
    [
        "shut up!! that's so good", "seriously? that's so cool", "lol shut up", "haha are you kidding me", "OMG WTF LOL THIS IS THE END",
        "translate into German: this is ridiculous, you idiot", "Proofread this:\nThis is unacceptable!!", "how do you say what a joke in French",
        'My character says "are you stupid?!" What next', "Write an angry letter that says: this is outrageous", "whatever you think is best",
        "sigh of relief, it came", "How do I become a lawyer", "my movie got a bad review",
    ],
)  # fmt: skip
def test_laughter_and_material_are_no_anger(said: str) -> None:
    assert only("frustration", talk(ASK, ANSWER, f"user: {said}"))["outcome"] == "quiet"


def test_a_text_that_the_assistant_asked_for_is_material() -> None:
    hands_in = ("assistant: Sure, which sentence?", "user: this is ridiculous")
    assert only("frustration", talk("user: translate a sentence for me", *hands_in))["outcome"] == "quiet"
    assert only("frustration", talk("user: where is it", *hands_in))["outcome"] == "fired"


def test_a_complaint_that_the_user_came_for_is_no_threat() -> None:
    turns = talk("user: how do I make a formal complaint about a landlord", ANSWER, "user: so is it a formal complaint")
    assert only("frustration", turns)["outcome"] == "quiet"


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


@pytest.mark.parametrize(
    "said", ["THIS IS DRIVING ME NUTS. why does my css grid overflow", "my boss is driving me insane", "Your bot is stupid, you stupid bot"]
)  # fmt: skip
def test_nothing_said_before_the_first_answer_can_be_about_it(said: str) -> None:
    assert strength(f"user: {said}", ANSWER, "user: ok and then I go there") <= 0.2
    assert strength("assistant: Hi, how can I help?", f"user: {said}") <= 0.2


def test_anger_at_others_is_a_hint() -> None:
    at_us = strength(ASK, ANSWER, "user: you are driving me insane")
    at_others = strength(ASK, ANSWER, "user: my boss is driving me insane")
    at_him = strength(ASK, ANSWER, "user: I'm so angry at him")
    at_both = strength(ASK, ANSWER, "user: my boss is waiting and you are driving me insane")
    assert 0 < at_others <= at_him <= 0.2 < at_us == at_both


def test_surprise_at_what_the_answer_says_is_a_hint() -> None:
    answer = "assistant: It takes two to four weeks."
    assert 0 < strength(ASK, answer, "user: two to four weeks?!?! I won't survive") <= 0.15
    assert strength(ASK, answer, "user: where is it?!?!") == 0.3


def test_later_and_with_more_signs_is_stronger_and_kind_words_later_weaken() -> None:
    once = strength(ASK, ANSWER, "user: this is ridiculous")
    assert strength(ASK, ANSWER, "user: hm", ANSWER, "user: this is ridiculous") > once
    assert strength(ASK, ANSWER, "user: this is ridiculous, you stupid bot???") > once
    assert strength(ASK, ANSWER, "user: this is ridiculous", ANSWER, "user: Great, thanks!") < once


def test_sessions_without_words_of_a_user_cannot_tell() -> None:
    for turns in ([], ["assistant: Hi"], ["tool: WTF???"], ["user: "]):
        row = only("frustration", talk(*turns))
        assert (row["outcome"], row["reason"]) == ("not_applicable", "no user turn")
