"""rephrasing: the same request again, told apart from answers, thanks and new requests."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.signals.reading.similarity import Wording, similarity
from tests.signals.conversations import detected, only, session, talk

ASK = "user: Can you change the delivery address of my lamp order?"
NO_HELP = "assistant: Our shop offers many lamps."


@pytest.mark.parametrize(
    "again",
    [
        "I want the delivery address of the lamp order changed",
        "Could you please update the address for delivery of the lamp order?",
        "Can you chnage the delivrey adress of my lamp order?",
        "Can you change the delivery address of my lamp order?",
        "I asked you: where do I change the delivery address?",
    ],
)
def test_the_same_request_in_other_words_fires(again: str) -> None:
    row = only("rephrasing", talk(ASK, NO_HELP, f"user: {again}"))
    assert (row["outcome"], row["turn_index"], row["quote"]) == ("fired", 2, again)
    assert row["reason"].startswith("asks again what turn 0 asked")


@pytest.mark.parametrize(
    "turns",
    [
        (ASK, NO_HELP, "user: Thanks, the delivery address of my lamp order is fine"),
        (ASK, NO_HELP, "user: Which bulbs fit into it?"),
        (
            ASK,
            "assistant: To which address?",
            "user: Change the delivery address of the lamp order to 12 Elm St, please",
        ),
        (
            ASK,
            "assistant: Change the delivery address?",
            "user: Yes, can you change the delivery address of my lamp order?",
        ),
        ("user: My lamp order has the delivery address of my office", NO_HELP, ASK),
        ("user: Is there a flight to Oslo on 3 May?", "assistant: No.", "user: Is there a flight to Oslo on 4 May?"),
        ("user: yes?", "assistant: Really?", "user: yes?"),
        ("user: ok thanks?", "assistant: Anything else?", "user: ok thanks?"),
        (ASK, "user: Please change the delivery address of my lamp order"),
        (ASK, "tool: done", "user: Please change the delivery address of my lamp order"),
    ],
)
def test_what_is_no_second_request_is_quiet(turns: tuple[str, ...]) -> None:
    assert only("rephrasing", talk(*turns))["outcome"] == "quiet"


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("how do i turn off voicemail", "i want to switch voicemail off, how"),
        ("Summarise this paper in three bullets", "three bullets please"),
        ("dark mode toggle without a library, with css variables", "without a library please, just css variables"),
        ("How many messages arrive per partition in a topic?", "per partition I said"),
        ("Find a hotel with a pool in Rome", "in Rome I mean"),
        ("compare the three plans in a table", "can I get that as a table?"),
        ("Check the calendar, the mail and the log", "and the mail and the log?"),
        ("how can I remove a red wine stain from a wool carpet", "remove stain wool carpet wine"),
        ("Welche Hotels in Rom haben einen Pool?", "in Rom meine ich"),
    ],
)
def test_a_short_turn_of_words_asked_before_fires_weakly(first: str, again: str) -> None:
    row = only("rephrasing", talk(f"user: {first}", "assistant: Here is something about cats.", f"user: {again}"))
    assert (row["outcome"], row["turn_index"]) == ("fired", 2)
    assert 0 < row["strength"] < 0.75


@pytest.mark.parametrize(
    ("first", "answer", "later"),
    [
        ("Is Cyprus in the European Union?", "Yes, since 2004.", "and Malta"),
        ("Does the cover include theft?", "It includes theft.", "what about accidental drops"),
        ("Where is order 4411 to Leeds?", "It is on its way.", "and order 4412 to Leeds?"),
        ("Where is order 4411 to Leeds?", "It is on its way.", "order Leeds 4412"),
        ("I need a blue or a red lamp", "Which one, blue or red?", "blue lamp"),
        ("I need a red lamp", "Here are ours.", "thanks, the red lamp is lovely"),
        ("I need a red lamp", "Here are ours.", "the red lamp is lovely"),
        ("I need a red lamp", "Here are ours.", "lamp"),
        ("I need a red lamp", "Here are ours.", "a red lamp, thanks"),
        ("What about git cherry-pick?", "It copies commits.", "how do I undo a cherry-pick that failed with conflicts"),
    ],
)
def test_a_short_turn_that_goes_on_or_answers_is_quiet(first: str, answer: str, later: str) -> None:
    assert only("rephrasing", talk(f"user: {first}", f"assistant: {answer}", f"user: {later}"))["outcome"] == "quiet"


def test_a_request_is_recognised_across_an_answered_question_but_not_for_ever() -> None:
    between = ("assistant: Your order number?", "user: QM-7781")
    asks_again = ("assistant: We have lamps.", "user: Please change the delivery address of my lamp order")
    assert only("rephrasing", talk(ASK, *between, *asks_again))["outcome"] == "fired"
    assert only("rephrasing", talk(ASK, *between * 4, *asks_again))["outcome"] == "quiet"


def test_the_closest_earlier_request_is_named() -> None:
    other = "user: Can you tell me about the lamp order and the delivery?"
    row = only("rephrasing", talk(other, NO_HELP, ASK, NO_HELP, ASK))
    assert row["turn_index"] == 4
    assert row["reason"] == "asks again what turn 2 asked (similarity 1.00)"


def test_a_single_user_turn_cannot_be_a_second_request() -> None:
    row = only("rephrasing", talk(ASK, NO_HELP))
    assert (row["outcome"], row["reason"]) == ("not_applicable", "fewer than two user turns")


def _strength(again: str, gap_s: float = 20) -> float:
    return float(only("rephrasing", talk(ASK, NO_HELP, f"user: {again}", gap_s=gap_s))["strength"])


def test_closer_wording_is_stronger_and_so_is_saying_that_one_repeats() -> None:
    far, near = "How is a delivery address changed?", "How is the delivery address of a lamp order changed?"
    assert 0 < _strength(far) < _strength(near)
    assert _strength(near) < _strength("Again: " + near)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0, 30_000), min_size=2, max_size=20))
def test_a_longer_gap_is_never_stronger(gaps: list[float]) -> None:
    again = "user: Please change the delivery address of my lamp order"
    sessions = [session(talk(ASK, NO_HELP, again, gap_s=gap), f"s{i:02d}") for i, gap in enumerate(sorted(gaps))]
    strengths = list(detected("rephrasing", *sessions)["strength"])
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[-1] > 0


def test_missing_and_disordered_times_lie_between_quick_and_slow() -> None:
    again = "Please change the delivery address of my lamp order"
    timeless = [{key: turn[key] for key in ("role", "content")} for turn in talk(ASK, NO_HELP, f"user: {again}")]
    unknown = only("rephrasing", timeless)["strength"]
    assert _strength(again, 1) > unknown > _strength(again, 10_000)
    assert _strength(again, -20) == unknown


WORDS = st.lists(st.sampled_from(["order", "lamp", "refund", "42", "77", "Straße", "注文", "🙂", "of"]), max_size=8)


@given(WORDS, WORDS)
def test_similarity_is_symmetric_and_a_share(one: list[str], other: list[str]) -> None:
    a, b = (Wording.of(" ".join(words), {"of"}) for words in (one, other))
    assert similarity(a, b) == similarity(b, a)
    assert 0 <= similarity(a, b) <= 1


def test_scripts_without_spaces_are_compared_too() -> None:
    turns = talk(
        "user: 注文の配送先住所を変更できますか？", "assistant: 承知しました。", "user: 配送先住所の変更はできますか？"
    )
    assert only("rephrasing", turns)["outcome"] == "fired"
