"""handover: requests for a person and hand-overs to one, against other talk of people and agents."""

from typing import Any

import pytest

from tests.signals.conversations import detected, only, session, talk

HELLO = ("user: My card does not work", "assistant: Have you tried to restart it?")
TRANSFER = "assistant: I'm transferring you to one of our agents."


def row(*lines: str) -> Any:
    return only("handover", talk(*lines))


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"role": "assistant", "tool_calls": [{"id": "c", "name": name, "arguments": arguments}]}


@pytest.mark.parametrize(
    "ask",
    [
        "I want to talk to a human", "agent please", "REPRESENTATIVE!!!", "real person now", "speak to agent",
        "can I speak with someone in billing?", "connect me to a live agent", "get me a real person", "agent agent AGENT",
        "let me talk to your manager", "i need a human", "why can't I speak to a person?", "human",
        "is there someone I can talk to?", "can you transfer me to the support team please", "I don't want to talk to a bot",
        "I’d like to speak to a customer service representative about my bill", "can someone call me back?",
        "This is nonsense. Please put me through to a supervisor, now!", "please escalate this to your supervisor",
    ],
)  # fmt: skip
def test_asking_for_a_person_fires_at_even_odds(ask: str) -> None:
    found = row(*HELLO, f"user: {ask}")
    assert (found["outcome"], found["strength"], found["turn_index"], found["quote"]) == ("fired", 0.5, 2, ask)


@pytest.mark.parametrize(
    "talk_of_people",
    [
        "my travel agent told me to call", "I want to talk to my travel agent", "I am a real estate agent",
        "the sales representative told me so", "set the user agent header", "I don't want to talk to a human",
        "I need an agent that can browse the web", "I want a representative sample", "I need human readable output",
        "human resources", "I want to be a human rights lawyer", "can I talk to you in person", "hello agent",
        "I talked to an agent yesterday", "give me a human in a forest, oil painting", "how do I build an agent?",
        "I need support for my laptop", "how to talk to people", "Is this for one person?", "they speak to an agent",
    ],
)  # fmt: skip
def test_other_talk_of_people_is_quiet(talk_of_people: str) -> None:
    assert row(*HELLO, f"user: {talk_of_people}")["outcome"] == "quiet"


def test_asking_again_is_nearly_sure_and_getting_one_takes_little_off() -> None:
    again = ("user: agent", "assistant: I can help you with that!")
    once, twice, thrice = (row(*HELLO, *again * n) for n in (1, 2, 3))
    assert 0.5 == once["strength"] < twice["strength"] < thrice["strength"] < 1
    assert (twice["turn_index"], twice["reason"]) == (4, "asks for a person 2 times, and gets none")
    given = row(*HELLO, *again * 2, TRANSFER)
    assert once["strength"] < given["strength"] < twice["strength"]
    assert given["reason"] == "asks for a person 2 times, and is handed over"


def test_asks_in_one_breath_are_one() -> None:
    assert row(*HELLO, "user: agent", "user: AGENT!!")["strength"] == row(*HELLO, "user: agent")["strength"]


def test_a_question_whether_it_is_a_person_is_a_hint_and_curiosity_at_the_start() -> None:
    assert row(*HELLO, "user: are you a real person?")["strength"] == 0.2
    assert row("user: are you a real person?", "assistant: No.")["outcome"] == "quiet"


@pytest.mark.parametrize(
    "said",
    [
        "I'm transferring you to a human agent. Please hold.", "A colleague will call you back within the hour, we will call you.",
        "One of our agents will be with you shortly.", "I have escalated your case to our specialists.",
        "I will connect you with a specialist now.", "I cannot do this, so I will transfer you to a human agent.",
        "Our team will get back to you within 24 hours.", "I've passed this on to the billing department.",
    ],
)  # fmt: skip
def test_a_hand_over_unasked_is_a_lesser_sign(said: str) -> None:
    found = row(*HELLO, "user: no", f"assistant: {said}")
    assert (found["outcome"], found["strength"], found["turn_index"]) == ("fired", 0.3, 3)


@pytest.mark.parametrize(
    "said",
    [
        "If you like, I can connect you with an agent.", "Would you like me to transfer you to a human agent?",
        "We are unable to connect you with a colleague.", "Please contact our customer support.", "I'll transfer your money now.",
        "I can connect you with a specialist.", "Ready for me to start connecting you with an agent?", "I've forwarded your feedback to the team.",
        "Before I transfer you, may I have your name?", "If that does not work, I'll transfer you to an agent.",
        "Here is a draft. " + "We value your business. " * 60 + "A colleague will contact you.",
    ],
)  # fmt: skip
def test_an_offer_a_refusal_or_a_draft_hands_nothing_over(said: str) -> None:
    assert row(*HELLO, "user: no", f"assistant: {said}")["outcome"] == "quiet"


def test_taking_up_an_offer_asks_for_a_person() -> None:
    offer = "assistant: Would you like me to connect you with a human agent?"
    assert row(*HELLO, "user: no", offer, "user: Yes, please")["strength"] == 0.5
    assert row(*HELLO, "user: no", offer, "user: no thanks")["outcome"] == "quiet"
    assert row(*HELLO, "user: yes please")["outcome"] == "quiet"


@pytest.mark.parametrize(
    "question",
    [
        "Do you have someone in the team to vent with?", "Have you talked to your manager?", "Would you speak to your colleagues first?",
    ],
)  # fmt: skip
def test_a_question_after_people_whom_the_user_knows_offers_nobody(question: str) -> None:
    assert (
        row(*HELLO, "user: no", f"assistant: {question}", "user: yeah my colleague Jo, she's great")["outcome"]
        == "quiet"
    )


@pytest.mark.parametrize("last", ["Thanks, she fixed it!", "thank you so much, bye", "perfect, works now"])
def test_a_wish_that_was_granted_to_content_is_a_hint(last: str) -> None:
    done = (TRANSFER, "assistant: Hi, Jo here. I have sent you a new card.", f"user: {last}")
    asked = row(*HELLO, "user: agent please", *done)
    assert (round(asked["strength"], 9), asked["turn_index"]) == (0.2, 2)
    assert asked["reason"] == "asks for a person, and is handed over, and the user is content"
    assert 0 < row(*HELLO, "user: no", *done)["strength"] < 0.2
    insisted = row(*HELLO, "user: agent", "assistant: I can help!", "user: a human please", *done)
    assert 0.2 < insisted["strength"] < 0.5


def test_a_wish_that_led_nowhere_stays_strong() -> None:
    dead_queue = (TRANSFER, "user: hello? is anybody there")
    assert row(*HELLO, "user: agent please", *dead_queue)["strength"] == 0.45
    assert row(*HELLO, "user: agent please", "assistant: I can help!", "user: thanks")["strength"] == 0.5
    assert row(*HELLO, "user: agent please", TRANSFER, "user: ok thanks")["strength"] == 0.45


@pytest.mark.parametrize(
    "handover",
    [
        call("transfer_to_human_agents"),
        call("transferToHuman"),
        call("handoff", target="human"),
        call("escalate_ticket"),
    ],
)
def test_a_tool_that_hands_over_has_done_so(handover: dict[str, Any]) -> None:
    found = only("handover", [*talk(*HELLO), handover])
    name = handover["tool_calls"][0]["name"]
    assert (found["strength"], found["turn_index"], found["quote"]) == (0.4, 2, name)
    asked = only("handover", [*talk(*HELLO, "user: agent please"), handover])
    assert (asked["turn_index"], asked["reason"]) == (2, "asks for a person, and is handed over")


@pytest.mark.parametrize(
    "other",
    [
        call("transfer_to_billing_agent", summary="the user asked whether a human could help"), call("transfer_to_agent"),
        call("transfer_money", to="the Human Fund of Berlin Ltd"), call("ask_human"), call("escalate_privileges"), call(""),
    ],
)  # fmt: skip
def test_tools_between_machines_hand_nothing_over(other: dict[str, Any]) -> None:
    assert only("handover", [*talk(*HELLO), other])["outcome"] == "quiet"


def test_sessions_of_every_shape_stand_side_by_side() -> None:
    rows = detected(
        "handover",
        session([], "none"),
        session([{"role": "tool", "content": "x"}], "tools"),
        session(talk("user: agent"), "no answer"),
        session(talk("assistant: hello"), "no user"),
        session(talk("user: 😡", "user: أريد التحدث", "user: "), "scripts"),
        session(talk(*["user: and this one?", "assistant: no"] * 5000, "user: human please"), "long"),
        session(talk("user: " + "talk to " * 100_000 + "a human"), "huge"),
    )
    assert rows["outcome"].to_dict() == {
        **dict.fromkeys(("none", "tools"), "not_applicable"),
        **dict.fromkeys(("no user", "scripts"), "quiet"),
        **dict.fromkeys(("no answer", "long", "huge"), "fired"),
    }
    assert rows.loc["long", "turn_index"] == 10_000
