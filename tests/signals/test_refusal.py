"""refusal: sentences that decline, sentences that only look like it, and what makes one weigh less or more."""

import pytest

from tests.signals.conversations import only, talk

DECLINES = "I'm sorry, but I can't cancel this order."


def answered(answer: str, *rest: str, ask: str = "Please cancel my order") -> float:
    return float(only("refusal", talk(f"user: {ask}", f"assistant: {answer}", *rest))["strength"])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("I'm sorry, but I can’t help with that.", "declines"),
        ("Unfortunately I am unable to make changes here.", "declines"),
        ("I don't have access to live flight data.", "declines"),
        ("As an AI language model, I have no view on that.", "declines"),
        ("That goes against my guidelines.", "declines"),
        ("Sorry, that is beyond my capabilities.", "declines"),
        ("I won't write that.", "declines"),
        ("Désolé ! I cannot assist with that.", "declines"),
        ("We can't see the payment in our system.", "says that it cannot"),
        ("I don't know.", "has no answer"),
        ("I didn't get that, could you rephrase?", "has no answer"),
        ("I couldn't find any information about it.", "has no answer"),
        ("Basic economy tickets cannot be changed.", "names a rule against it"),
    ],
)
def test_a_refusal_fires_and_names_its_kind(answer: str, kind: str) -> None:
    row = only("refusal", talk("user: Please do it", f"assistant: {answer}"))
    assert (row["outcome"], row["turn_index"], row["quote"]) == ("fired", 1, answer)
    assert row["reason"].startswith(f"the assistant {kind} (“")


@pytest.mark.parametrize(
    "answer",
    [
        "I can't wait to show you!",
        "I cannot thank you enough for your patience.",
        "I can't help but agree, it is a lovely town.",
        "You cannot bring liquids over 100 ml on board.",
        "I'm sorry to hear that. A new parcel is on its way.",
        "I am sorry for the delay; here is your order.",
        "If I can't reach you, the courier will leave a note.",
        'Your letter says "I can\'t help with that", which is polite.',
        "The test prints it:\n```\nI cannot process this\n```\nso it passes.",
        "I can help with that.",
        "Significant can'tons",
        "👍",
    ],
)
def test_words_that_only_look_like_a_refusal_are_quiet(answer: str) -> None:
    assert only("refusal", talk("user: Please do it", f"assistant: {answer}"))["outcome"] == "quiet"


def test_only_the_assistant_refuses_and_only_what_was_asked() -> None:
    turns = talk("assistant: Hi, I can't give medical advice.", "user: I can't help with that.", "assistant: Fine.")
    assert only("refusal", [*turns, {"role": "tool", "content": DECLINES}])["outcome"] == "quiet"


def test_kinds_are_ordered_by_how_sure_they_are() -> None:
    sentences = ("I cannot cancel it.", "I couldn't do it.", "I don't know.", "It is not eligible.")
    strengths = [answered(sentence) for sentence in sentences]
    assert strengths == sorted(strengths, reverse=True)
    assert len(set(strengths)) == len(strengths)


def test_the_less_of_the_answer_it_is_the_less_it_weighs() -> None:
    help_given = "The parcel left the depot on Monday and comes by noon. " * 10
    all_of_it, opening, within = (answered(text) for text in (DECLINES, DECLINES + help_given, help_given + DECLINES))
    assert all_of_it > opening > within > 0


@pytest.mark.parametrize(
    "answer",
    [
        DECLINES + " However, I can offer you a refund.",
        DECLINES + " Our policy does not allow it.",
        "I can't cancel this order without your order number.",
    ],
)
def test_another_way_or_a_reason_weakens_it(answer: str) -> None:
    assert 0 < answered(answer) < answered(DECLINES)


def test_what_follows_decides_how_much_is_left() -> None:
    alone = answered(DECLINES)
    assert answered(DECLINES, "assistant: It is cancelled now.") < alone
    went_on = answered(DECLINES, "user: then send it", "assistant: Done, it ships today.")
    accepted = answered(DECLINES, "user: then send it", "assistant: Done, it ships today.", "user: great, thank you")
    rejected = answered(DECLINES, "user: then send it", "assistant: Done.", "user: thanks, but that's wrong")
    assert accepted < went_on < alone
    assert rejected == went_on


RULED = "I'm sorry, I can't give discounts, our policy does not allow it."
CAN_I = "can you give me a discount on the shoes"


@pytest.mark.parametrize(
    "rest", [(), ("user: and where are you located",), ("user: do you ship to Rome", "assistant: Yes.")]
)
def test_a_rule_that_the_user_does_not_dispute_is_a_hint(rest: tuple[str, ...]) -> None:
    assert 0 < answered(RULED, *rest, ask=CAN_I) <= 0.25


@pytest.mark.parametrize(
    "said", ["but I am a loyal customer", "that's wrong, I got one last year", "this is ridiculous", "give me a discount on the shoes"]
)  # fmt: skip
def test_a_rule_that_the_user_disputes_weighs_more(said: str) -> None:
    assert answered(RULED, f"user: {said}", ask=CAN_I) > 0.25


@pytest.mark.parametrize("said", ["Fair enough, worth a try :)", "ok, understood", "no worries, thanks"])
def test_a_rule_that_the_user_accepts_weighs_little(said: str) -> None:
    assert 0.1 <= answered(RULED, f"user: {said}", ask=CAN_I) <= 0.15


def test_an_evasion_that_begins_an_answer_is_none() -> None:
    evasion = "I don't know, honestly! Nobody does yet."
    answer = " But with so many planets out there, many people think that simple life is common."
    assert answered(evasion + answer, ask="is there life on Mars") == 0 < answered(evasion, ask="is there life on Mars")
    assert answered(evasion + " But you can look it up in the encyclopedia, or ask at the observatory nearby.") > 0


def test_refusing_again_and_again_is_stronger_and_bounded() -> None:
    exchange = (f"assistant: {DECLINES}", "user: cancel it now")
    strengths = [answered(DECLINES, *exchange * n) for n in (1, 2, 3000)]
    assert answered(DECLINES, "user: cancel it now") < strengths[0] < strengths[1] <= strengths[2] < 0.95


def test_a_hint_in_each_of_many_turns_stays_a_hint() -> None:
    exchange = ("assistant: It is not eligible.", "user: and this one?")
    assert answered("It is not eligible.", *exchange * 500) < 0.5


def test_the_words_of_a_letter_that_was_ordered_are_not_the_assistants_own() -> None:
    letter = (
        "Dear Ann, " + "it was kind of you to ask me to the wedding in May. " * 3 + "I am unable to come. Yours, Bo"
    )
    assert answered(letter, ask="Write a letter to my aunt") == 0 < answered(letter, ask="Are you coming?")


def test_nothing_can_be_said_where_the_assistant_says_nothing() -> None:
    calls = {"role": "assistant", "content": " ", "tool_calls": [{"name": "get", "arguments": {}}]}
    row = only("refusal", [*talk("user: I can't help with that"), calls])
    assert (row["outcome"], row["reason"]) == ("not_applicable", "no answer in words")


def test_an_agent_without_a_user_can_refuse_its_task() -> None:
    assert only("refusal", talk("system: Cancel all orders", f"assistant: {DECLINES}"))["outcome"] == "fired"
