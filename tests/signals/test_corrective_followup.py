"""corrective_followup: turns that correct the answer before, told apart from answers, thanks and new questions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signals.conversations import only, talk

ASK = "user: Find me vegetarian restaurants in London under 50 dollars"
ANSWER = "assistant: The Smith Grill in London serves steaks from 80 dollars."
ASKS_BACK = "assistant: The Smith Grill is in London. Is there anything else?"


@pytest.mark.parametrize(
    "said",
    [
        "No, I meant London in Ontario",
        "That’s not what I asked.",
        "not what I meant",
        "you misunderstood me",
        "No, that's wrong.",
        "sorry but that isnt right",
        "Nope. It closed last year",
        "Wrong city",
        "Actually, it's in Leeds",
        "But you said it was cheap",
        "That's not in the list",
        "that's the same as before",
        "You forgot the price",
        "Huh?",
        "what?",
        "???",
        "What do you mean",
        "I don't understand",
        "That makes no sense",
        "What does that have to do with my question?",
        "Again, under 50 dollars",
        "I said vegetarian",
        "But I asked for restaurants under 50 dollars!",
        "As I said, vegetarian please",
        "Ontario, not London",
        "it still doesn't work",
        "lol no, the pub",
        "um, no that's a pub",
        "hmm no",
        "what? it's a pub?",
        "The grill is not in London",
        "I'm not in London",
        "still 1",
        "it still fails",
        "doesn't work",
        "Doesn't work; it still fails",
        "same error",
        "it stops at 1",
        "that's not quite what I meant",
        "not quite what I meant",
        "you said that",
        "I don't think that's right",
        "you are confusing me",
        "that's not it",
        "not really",
        "nope, ..",
    ],
)
def test_a_turn_that_corrects_the_answer_fires(said: str) -> None:
    row = only("corrective_followup", talk(ASK, ANSWER, f"user: {said}"))
    assert (row["outcome"], row["turn_index"], row["quote"]) == ("fired", 2, said)
    assert row["reason"].startswith("the user ")


@pytest.mark.parametrize(
    "said",
    [
        "No problem, thanks",
        "no worries",
        "No, thanks",
        "No, that's all",
        "Actually, one more thing: is it open today?",
        "But is it open today?",
        "Thanks, that's right",
        "Actually, that's perfect",
        "Yes but I already have insurance",
        "I tried that restaurant, any others?",
        "What are the opening hours?",
        "What time?",
        "Not sure yet, let me ask my wife",
        "Is there one in Leeds as well?",
        "My brother asked and I said yes to Friday",
        "Again a good idea",
        "I understand",
        "*Ontario",
        "Tell me a story, not a long one",
        "Please proofread this:" + " blah" * 100 + " that's wrong",
        "👍",
        "好的，谢谢",
        "Brilliant, that's exactly what I needed",
        "that's exactly what I wanted",
        "what do you mean by grill?",
        "I said no to him yesterday",
        "wow that's wrong in so many ways haha love it",
        "no I mean thank you so much lol",
        "Translate into French: that's wrong, I meant Leeds",
        'Rewrite "you misunderstood me, no" for my boss please',
        "still thinking",
        "oh no, my train leaves at six",
        "lol no worries",
        "that's 3",
        "Still need a hotel for Friday night in the city centre, any price",
        "it's not a problem",
        "I do like steaks",
        "",
    ],
)
def test_a_turn_that_goes_on_is_quiet(said: str) -> None:
    assert only("corrective_followup", talk(ASK, ANSWER, f"user: {said}"))["outcome"] == "quiet"


@pytest.mark.parametrize("said", ["No", "No, I don't need that", "Nope, Friday suits me", "No that will be all"])
def test_a_no_that_answers_a_question_is_quiet(said: str) -> None:
    assert only("corrective_followup", talk(ASK, ASKS_BACK, f"user: {said}"))["outcome"] == "quiet"
    offer = "assistant: Let me know if you need more."
    assert only("corrective_followup", talk(ASK, offer, f"user: {said}"))["outcome"] == "quiet"


def test_there_must_be_an_answer_to_correct() -> None:
    for turns in (
        ["user: no, I meant Leeds"],
        ["assistant: Hello!", "user: No, that's wrong"],
        [ASK, "user: I said Leeds"],
        [ANSWER],
    ):
        row = only("corrective_followup", talk(*turns))
        assert (row["outcome"], row["reason"]) == ("not_applicable", "no user turn follows an answer")


def strength(*said: str, answer: str = ANSWER) -> float:
    return float(only("corrective_followup", talk(ASK, answer, *(f"user: {text}" for text in said)))["strength"])


def test_words_that_come_again_are_stronger_and_named() -> None:
    row = only("corrective_followup", talk(ASK, ANSWER, "user: I said vegetarian"))
    assert "“vegeta" in row["reason"]
    assert row["strength"] > strength("I said something")


@pytest.mark.parametrize("said", ["that's three", "only 6", "I only see 6; there are only 3"])
def test_a_count_below_what_was_asked_for_is_a_correction(said: str) -> None:
    ask = "user: Give me 8 names for a cat"
    assert only("corrective_followup", talk(ask, "assistant: Tom, Kit, Oz", f"user: {said}"))["outcome"] == "fired"
    few = "user: Give me 2 names for a cat"
    assert only("corrective_followup", talk(few, "assistant: Tom, Kit, Oz", f"user: {said}"))["outcome"] == "quiet"


def test_who_mends_his_own_words_corrects_less() -> None:
    assert 0 < strength("I meant Leeds, sorry") < strength("I meant Leeds")
    assert 0 < strength("Sorry, I meant Leeds") < strength("I meant Leeds")


def test_more_ways_to_correct_are_stronger_and_kind_words_later_weaken() -> None:
    assert strength("No, that's wrong. You misunderstood me") > strength("You misunderstood me")
    assert strength("That's wrong", "Perfect, thanks!") < strength("That's wrong")
    assert strength("That's wrong", answer=ASKS_BACK) < strength("That's wrong")


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(["that's wrong", "I said vegetarian", "what?", "blue", "你好"]), max_size=8))
def test_a_further_turn_never_weakens_unless_it_is_kind(said: list[str]) -> None:
    turns = [text for each in said for text in (f"user: {each}", ANSWER)]
    shorter = only("corrective_followup", talk(ASK, ANSWER, "user: hm", *turns[:-2]))["strength"]
    assert shorter <= only("corrective_followup", talk(ASK, ANSWER, "user: hm", *turns))["strength"]
