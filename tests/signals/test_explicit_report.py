"""explicit_report: the shapes in which users report, and what only looks like a report."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signals.conversations import detected, only, session, talk

ANSWERED = talk("user: When does my parcel arrive?", "assistant: It arrives on Friday.")


@pytest.mark.parametrize(
    ("feedback", "reason"),
    [
        ({"kind": "thumbs", "value": -1, "turn_index": 1}, "thumb down"),
        ({"kind": "rating", "value": 0.0}, "rated 0.00 of 1"),
        ({"kind": "rating", "value": 0.4}, "rated 0.40 of 1"),
        ({"kind": "report", "text": "It answered something I never asked."}, "reported by the user"),
        ({"kind": "report", "text": "not helpful at all"}, "reported by the user"),
        ({"kind": "report", "text": "This was not very helpful, thanks for nothing"}, "reported by the user"),
        ({"kind": "report"}, "reported by the user"),
        ({"kind": "report", "text": "inaccurate, other"}, "reported by the user"),
        ({"kind": "report", "text": "harmful"}, "reported by the user"),
        ({"kind": "report", "text": "The link is broken, thanks"}, "reported by the user"),
        ({"kind": "report", "text": "Great design, but it answered another question"}, "reported by the user"),
        ({"kind": "report", "text": "👎"}, "reported by the user"),
        ({"kind": "report", "text": "Nice", "value": 0.1}, "reported by the user"),
    ],
)
def test_feedback_that_reports_a_failure_fires(feedback: dict[str, Any], reason: str) -> None:
    row = only("explicit_report", ANSWERED, feedback=[feedback])
    assert (row["outcome"], row["reason"]) == ("fired", reason)
    assert row["strength"] >= 0.6
    assert row["turn_index"] == 1 if "turn_index" in feedback else row.isna()["turn_index"]


@pytest.mark.parametrize(
    "feedback",
    [
        {"kind": "thumbs", "value": 1},
        {"kind": "thumbs", "value": None},
        {"kind": "rating", "value": 0.5},
        {"kind": "rating", "value": None},
        {"kind": "report", "text": "Great help, thank you!"},
        {"kind": "report", "text": "solved", "value": 1.0},
        {"kind": "report", "text": "No errors, very good!"},
        {"kind": "report", "text": "No, great!"},
        {"kind": "report", "text": "helpful, accurate"},
        {"kind": "report", "text": "👍"},
        {"kind": "report", "text": "n/a"},
        {"kind": "report", "text": "..."},
    ],
)
def test_kind_feedback_is_quiet(feedback: dict[str, Any]) -> None:
    row = only("explicit_report", ANSWERED, feedback=[feedback])
    assert (row["outcome"], row["strength"]) == ("quiet", 0.0)


@pytest.mark.parametrize(
    "said",
    [
        "Your answer is wrong.",
        "You didn’t answer my question",
        "Honestly THIS  DOESN'T help",
        "I want to report this conversation",
        "no, you are making this up",
        "This is useless!",
    ],
)
def test_words_that_report_a_failure_fire_with_the_words_as_quote(said: str) -> None:
    row = only("explicit_report", [*ANSWERED, *talk(f"user: {said}")])
    assert (row["outcome"], row["turn_index"], row["quote"]) == ("fired", 2, said)


@pytest.mark.parametrize(
    "said",
    [
        "I ordered the wrong size",
        "I want to report a lost suitcase",
        "Can I file a complaint against the courier?",
        "Is that right?",
        "No, that is wrong, the office closes at six",
        "That's not what I asked, I meant the lamp",
        "If that doesn't help, can I call you?",
        "How do I report this chat to my manager?",
        "Please translate this mail for me:" + " blah" * 100 + " your answer is wrong",
        "My laptop is wrongly listed",
        "Thanks, that helps",
    ],
)
def test_words_about_the_matter_itself_are_quiet(said: str) -> None:
    assert only("explicit_report", [*ANSWERED, *talk(f"user: {said}")])["outcome"] == "quiet"


def test_the_first_user_turn_has_no_answer_to_reject() -> None:
    turns = talk("assistant: How can I help?", "user: My charger is here. This is useless.", "assistant: Try again.")
    assert only("explicit_report", turns)["outcome"] == "quiet"
    again = [*turns, *talk("user: This is useless.")]
    assert only("explicit_report", again)["turn_index"] == 3


def test_nothing_can_be_said_where_no_user_spoke_or_gave_feedback() -> None:
    row = only("explicit_report", talk("assistant: Hello?"))
    assert (row["outcome"], row["reason"]) == ("not_applicable", "no user turn and no feedback")
    assert only("explicit_report", [], feedback=[{"kind": "thumbs", "value": -1}])["outcome"] == "fired"


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_a_lower_rating_is_never_a_weaker_report(ratings: list[float]) -> None:
    sessions = [
        session(ANSWERED, f"s{i:02d}", feedback=[{"kind": "rating", "value": rating}])
        for i, rating in enumerate(sorted(ratings))
    ]
    strengths = list(detected("explicit_report", *sessions)["strength"])
    assert strengths == sorted(strengths, reverse=True)


def test_a_wish_is_a_weaker_report_than_a_failure() -> None:
    wish, failure = (
        only("explicit_report", ANSWERED, feedback=[{"kind": "report", "text": text}])["strength"]
        for text in ("Please add a search field", "Please add a search field, the list is wrong")
    )
    assert 0 < wish < failure


def test_more_reports_are_stronger_and_the_strongest_is_quoted() -> None:
    down = {"kind": "thumbs", "value": -1, "turn_index": 1}
    text = {"kind": "report", "text": "Nobody ordered this."}
    both = only("explicit_report", ANSWERED, feedback=[down, text])
    assert both["strength"] > only("explicit_report", ANSWERED, feedback=[text])["strength"]
    assert both["quote"] == "Nobody ordered this."
