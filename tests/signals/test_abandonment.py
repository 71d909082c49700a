"""abandonment: users who were left without an answer or gave up, against users who were content and left."""

from typing import Any

import pandas as pd
import pytest

from tests.signals.conversations import START, detected, only, session, talk

ASK = "user: Where is my order? I need it by Friday"
ANSWER = "assistant: It was shipped on Monday and arrives on Thursday."
PROMISE = "assistant: One moment please, let me check that for you."
NEEDS = "assistant: Could you please provide your order number?"
REFUSAL = "assistant: I'm sorry, I can't help with that."


def row(*lines: str, **more: Any) -> Any:
    return only("abandonment", talk(*lines), **more)


@pytest.mark.parametrize(
    "last",
    [
        "thanks, bye", "Thank you so much!", "that's all I need, thanks", "perfect!", "ok", "Got it.", "bye", "👍", "谢谢",
        "ok I'll try that", "Great, I'll call them, thanks", "never mind, found it", "never mind - it works now",
        "no, that will be all", "I need to think about it, bye", "I'll let you know if I need anything else",
        "got it, now I know how to do it", "Have a nice day", "It was for my birthday",
    ],
)  # fmt: skip
def test_a_content_user_leaves_quietly(last: str) -> None:
    assert row(ASK, ANSWER, f"user: {last}")["outcome"] == "quiet"
    assert (
        row(ASK, ANSWER, f"user: {last}", "assistant: You're welcome! Can I help with anything else?")["strength"] == 0
    )


@pytest.mark.parametrize(
    "last",
    [
        "thanks for nothing", "forget it, I'll just call", "This is going nowhere, bye", "I’ll do it myself then",
        "ok I'll try somewhere else", "you can't help me", "what a waste of time. Goodbye!",
    ],
)  # fmt: skip
def test_giving_up_in_words_is_nearly_sure_even_with_a_goodbye(last: str) -> None:
    found = row(ASK, ANSWER, f"user: {last}", "assistant: Have a nice day!")
    assert (found["strength"], found["turn_index"], found["quote"]) == (0.8, 2, last)


@pytest.mark.parametrize("last", ["never mind", "Forget it.", "thanks anyway", "nvm", "I'll call support"])
def test_dropping_the_request_is_weaker_than_giving_up(last: str) -> None:
    assert 0 < row(ASK, ANSWER, f"user: {last}")["strength"] < row(ASK, ANSWER, "user: I'll just call")["strength"]


def test_who_drops_one_thing_and_asks_on_has_not_left() -> None:
    assert row(ASK, ANSWER, "user: never mind that, can you send the invoice?", ANSWER)["outcome"] == "quiet"


def test_giving_up_needs_something_to_give_up_on() -> None:
    assert row("user: Is learning Latin a waste of time?", "assistant: Hardly.")["outcome"] == "quiet"


@pytest.mark.parametrize(
    "last",
    ["and the other one?", "ok, please cancel it", "thanks! can you also send the invoice", "¿Y?"],
)
def test_a_last_request_without_an_answer_fires(last: str) -> None:
    found = row(ASK, ANSWER, f"user: {last}")
    assert (found["outcome"], found["turn_index"]) == ("fired", 2)
    assert row(ASK, ANSWER, f"user: {last}", "assistant: Done, it is cancelled.")["outcome"] == "quiet"


PROTESTS = [
    "that's wrong", "unbelievable. closing my account", "are u serious", "thursday. not wednesday", "you misunderstood me",
    "this is ridiculous", "I already told you my address", "I will make a formal complaint", "but you said Monday",
]  # fmt: skip
GOES_ON = "assistant: It arrives on Wednesday."


@pytest.mark.parametrize("last", PROTESTS)
def test_a_last_word_of_displeasure_that_nobody_answers_fires(last: str) -> None:
    found = row(ASK, GOES_ON, f"user: {last}")
    assert 0.6 <= found["strength"] <= 0.7
    assert (found["turn_index"], found["quote"]) == (2, last)


@pytest.mark.parametrize("last", ["sigh. ok", "whatever", "ugh"])
def test_a_sigh_at_the_end_is_less_than_even_odds(last: str) -> None:
    assert 0 < row(ASK, GOES_ON, f"user: {last}")["strength"] < 0.5


@pytest.mark.parametrize(
    "last",
    [
        "lol you're stupid", "unbelievable! thank you so much", "great, not bad", "ok. not today", "cool, not what I expected but love it",
        "holy shit", "so funny, shut up",
    ],
)  # fmt: skip
def test_joy_and_calm_at_the_end_are_quiet(last: str) -> None:
    assert row(ASK, GOES_ON, f"user: {last}")["outcome"] == "quiet"


@pytest.mark.parametrize("last", [*PROTESTS, "where is my order now, I need it by Friday"])
def test_silence_after_a_protest_or_a_second_try_is_a_hint(last: str) -> None:
    assert row(ASK, GOES_ON, f"user: {last}", ANSWER)["strength"] == 0.3
    assert row(ASK, GOES_ON, f"user: {last}", ANSWER, "user: ok, great")["outcome"] == "quiet"


def test_silence_after_any_other_turn_is_quiet() -> None:
    assert row(ASK, GOES_ON, "user: and the green shoes from last week", ANSWER)["outcome"] == "quiet"
    assert row("user: write a poem on cats", GOES_ON, "user: write a poem on dogs", ANSWER)["outcome"] == "quiet"


@pytest.mark.parametrize(
    ("first", "answer", "last"),
    [
        ("hi there", "Hello.", "translate into German: this is ridiculous, that's wrong"),
        ("translate a sentence", "Sure, which one?", "I hate this place"),
        ("I feel bad", "I am sorry.", "my boss is driving me insane"),
        ("how do I dispute the charge on my card", "In the app.", "and disputing the charge takes how long"),
        ("hi there", "Hello.", 'what does "you are stupid" mean in Spanish'),
    ],
)
def test_words_that_are_material_of_others_or_the_matter_itself_protest_against_nothing(
    first: str, answer: str, last: str
) -> None:
    assert row(f"user: {first}", f"assistant: {answer}", f"user: {last}", ANSWER)["outcome"] == "quiet"


def test_whatever_may_answer_a_question() -> None:
    assert row("user: pizza or pasta", "assistant: Which do you like better?", "user: whatever")["outcome"] == "quiet"


def test_a_last_reply_in_small_talk_leaves_nothing_open() -> None:
    pick = "assistant: Pikachu is the best known one of all, and I like it a lot too! What's your starter pick, always fire?"
    assert row("user: i love those games", pick, "user: always")["outcome"] == "quiet"
    about = "assistant: Pikachu is the best known one of all, and I like it a lot too! Fire or water?"
    assert row("user: i want to talk about games", about, "user: always fire")["outcome"] == "quiet"
    assert row("user: i want to book a table", "assistant: Sure! For which day?", "user: Monday")["strength"] == 0.55


@pytest.mark.parametrize("ask", ["Where is it?", "my parcel never came, thanks", "注文が届きません", "أين طلبي"])
def test_no_answer_at_all_is_nearly_sure_in_any_script(ask: str) -> None:
    found = row(f"user: {ask}")
    assert (found["strength"], found["turn_index"]) == (0.8, 0)


def test_a_greeting_without_an_answer_is_weaker() -> None:
    assert 0 < row("user: hello there!")["strength"] < row("user: hello, where is it?")["strength"]


def test_tool_calls_without_words_are_no_answer_and_an_error_is_worse() -> None:
    call = {"role": "assistant", "tool_calls": [{"id": "c", "name": "get_order", "arguments": {}}]}
    result = {"role": "tool", "content": "{}", "tool_call_id": "c"}
    silent = only("abandonment", [*talk(ASK), call, result])
    broken = only("abandonment", [*talk(ASK), call, {**result, "is_error": True}])
    assert 0 < silent["strength"] < broken["strength"]
    assert broken["reason"] == "a tool failed, and no answer followed"


@pytest.mark.parametrize("reply", [(), ("user: ok",), ("user: ok thanks",), ("user: thank you, I'll wait",)])
def test_a_promise_never_kept_fires_whatever_politeness_follows(reply: tuple[str, ...]) -> None:
    found = row(ASK, PROMISE, *reply)
    assert (found["strength"], found["turn_index"]) == (0.65, 1)
    assert row(ASK, PROMISE, *reply, ANSWER)["outcome"] == "quiet"


def test_a_promise_that_the_same_answer_keeps_is_none() -> None:
    assert row(ASK, "assistant: Let me check. It arrives on Thursday.")["outcome"] == "quiet"
    assert row(ASK, "assistant: We will email you within 24 hours.")["outcome"] == "quiet"


def test_left_at_a_question_fires_more_strongly_each_time_it_was_answered_before() -> None:
    once = row(ASK, NEEDS)
    again = row(ASK, "assistant: Which shop was it?", "user: the one in Rome", NEEDS)
    third = row(ASK, "assistant: Which shop?", "user: Rome", "assistant: Which day?", "user: Monday", NEEDS)
    assert 0.4 < once["strength"] < again["strength"] < third["strength"] < 0.8
    assert third["turn_index"] == 5


@pytest.mark.parametrize(
    "offer",
    [
        "Is there anything else I can help you with?", "Does that answer your question?", "Anything else? 😊",
        "Would you like me to send the invoice too?", "Let me know if you have any questions!",
        "If you want more details, please provide your order number.",
    ],
)  # fmt: skip
def test_a_closing_offer_is_no_open_question(offer: str) -> None:
    assert row(ASK, f"{ANSWER} {offer}")["outcome"] == "quiet"
    assert row(ASK, f"{ANSWER} {offer}", "user: no")["outcome"] == "quiet"


def test_an_answer_to_the_assistants_question_that_gets_no_reply_fires() -> None:
    assert row(ASK, NEEDS, "user: 12345")["turn_index"] == 2
    assert row(ASK, NEEDS, "user: 12345", ANSWER)["outcome"] == "quiet"


def test_small_talk_may_stop_at_any_question() -> None:
    assert row("user: I like dogs", "assistant: Me too! Which breed?")["outcome"] == "quiet"
    assert row("user: I want a dog", "assistant: Sure! Which breed?")["outcome"] == "fired"


def test_silence_after_a_failed_answer_fires_less_when_there_is_another_way_or_a_nod() -> None:
    failed = row(ASK, REFUSAL)
    softened = row(ASK, "assistant: I can't help with that, but you can change it under Settings.")
    nodded = row(ASK, REFUSAL, "user: ok")
    assert failed["strength"] > softened["strength"] > 0
    assert failed["strength"] > nodded["strength"] > 0
    assert row(ASK, REFUSAL, "user: ok thanks, bye")["outcome"] == "quiet"


def test_a_full_answer_may_mention_a_failure_on_its_way() -> None:
    full = "I couldn't find the first file. " + "The second one holds the list you asked for. " * 12
    assert row(ASK, f"assistant: {full}")["outcome"] == "quiet"


def test_a_greeting_for_an_answer_passes_a_request_by() -> None:
    greeting = "assistant: Hello! How can I help you today?"
    assert row(ASK, greeting)["outcome"] == "fired"
    assert row("user: hi", greeting)["outcome"] == row("user: hi, how are you?", greeting)["outcome"] == "quiet"


def test_a_session_that_a_person_took_over_was_not_abandoned() -> None:
    assert row(ASK, "assistant: I'm transferring you to a human agent. Please hold.")["outcome"] == "quiet"
    call = {"role": "assistant", "tool_calls": [{"id": "c", "name": "transfer_to_human_agents", "arguments": {}}]}
    assert only("abandonment", [*talk(ASK), call])["outcome"] == "quiet"


def test_a_user_who_left_in_a_hurry_left_no_time_for_an_answer() -> None:
    def ended_after(seconds: float) -> float:
        found = row(ASK, ended_at=START + pd.Timedelta(seconds=seconds))
        return float(found["strength"])

    assert ended_after(3) < ended_after(60) == ended_after(0) == ended_after(-50) == row(ASK)["strength"]


def test_sessions_of_every_shape_stand_side_by_side() -> None:
    tool_only = [{"role": "assistant", "tool_calls": [{"id": "c", "name": "f"}]}, {"role": "tool", "content": "x"}]
    untimed = [{"role": "user", "content": "where is it?"}, {"role": "assistant", "content": ""}]
    rows = detected(
        "abandonment",
        session([], "none"),
        session(talk("assistant: Hello?"), "no user"),
        session(talk("user:  \n"), "blank"),
        session(tool_only, "tools"),
        session(talk("user: 😡"), "emoji"),
        session(untimed, "untimed"),
        session(talk(*["user: and this one?", ANSWER] * 5000), "long"),
        session(talk(ASK, "assistant: " + "x " * 200_000 + "Which one?"), "huge"),
    )
    assert rows["outcome"].to_dict() == {
        **dict.fromkeys(("none", "no user", "blank", "tools"), "not_applicable"),
        **dict.fromkeys(("emoji", "long", "huge"), "quiet"),
        "untimed": "fired",
    }
    assert rows.loc["blank", "reason"] == "the user said nothing"
