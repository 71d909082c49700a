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
    ],
)
def test_kind_feedback_is_quiet(feedback: dict[str, Any]) -> None:
    row = only("explicit_report", ANSWERED, feedback=[feedback])
    assert (row["outcome"], row["strength"]) == ("quiet", 0.0)


@pytest.mark.parametrize(
    "said",
    [
        "That’s not what I asked.",
        "No, that is wrong, the office closes at six",
        "Honestly THIS  DOESN'T help",
        "I want to report this conversation",
        "sorry but that isnt right",
    ],
)
def test_words_that_reject_an_answer_fire_with_the_words_as_quote(said: str) -> None:
    row = only("explicit_report", [*ANSWERED, *talk(f"user: {said}")])
    assert (row["outcome"], row["turn_index"], row["quote"]) == ("fired", 2, said)


@pytest.mark.parametrize(
    "said",
    [
        "I ordered the wrong size",
        "I want to report a lost suitcase",
        "Can I file a complaint against the courier?",
        "Is that right?",
        "My laptop is wrongly listed",
        "Thanks, that helps",
    ],
)
def test_words_about_the_matter_itself_are_quiet(said: str) -> None:
    assert only("explicit_report", [*ANSWERED, *talk(f"user: {said}")])["outcome"] == "quiet"


def test_the_first_user_turn_has_no_answer_to_reject() -> None:
    turns = talk("assistant: How can I help?", "user: My charger doesn't work.", "assistant: Try another socket.")
    assert only("explicit_report", turns)["outcome"] == "quiet"
    again = [*turns, *talk("user: It still doesn't work.")]
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


def test_more_reports_are_stronger_and_the_strongest_is_quoted() -> None:
    down = {"kind": "thumbs", "value": -1, "turn_index": 1}
    text = {"kind": "report", "text": "Nobody ordered this."}
    both = only("explicit_report", ANSWERED, feedback=[down, text])
    assert both["strength"] > only("explicit_report", ANSWERED, feedback=[text])["strength"]
    assert both["quote"] == "Nobody ordered this."
