"""What a person's entries mean as reviews: agreeing and overriding, the change of mind, what stands."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.review.answers import (
    RESPONSES,
    Entry,
    Heading,
    answer_to,
    blind_submission,
    given_responses,
    revealed_submission,
    standing,
)
from eval_pipeline.review.labels import ANSWERS
from eval_pipeline.review.ports import Review, Submission
from eval_pipeline.review.words.word import Word

HEADING = Heading("s", "ann", "key-12345", 1, "1+tax", 12.0)
FAILED = Entry("fail", 3, "wrong_answer", "off by one")
JUDGE = Word("judge:tone", "judge", "tone", "1+a", "fail", "fail")
SIGNAL = Word("signal:loop", "signal", "loop", "2+b", "fail", "fired")
CLASS = Word("classifier:taxonomy", "classifier", "taxonomy", "1+c", "fail", "loop", category="loop")
PASSING = Word("judge:faith", "judge", "faith", "1+d", "pass", "pass")
WORDS = [JUDGE, SIGNAL, CLASS, PASSING]

entries = st.builds(
    Entry,
    answer=st.sampled_from(ANSWERS),
    first_bad_turn=st.none() | st.integers(0, 9),
    category=st.sampled_from([None, "loop", "wrong_answer"]),
    note=st.none() | st.text(max_size=9),
)


def stored(submission: Submission, revision: int) -> Review:
    """The review that a store makes of `submission`."""
    return Review(
        review_id=f"r{revision}",
        reviewer=submission.reviewer,
        stage=submission.stage,
        revision=revision,
        is_blind=submission.stage == "blind",
        is_repeat=False,
        answers=submission.answers,
        first_bad_turn=submission.first_bad_turn,
        category=submission.category,
        note=submission.note,
        machine_words=submission.machine_words,
        seconds=submission.seconds,
        submitted_at=datetime(2026, 3, 2, 9, revision, tzinfo=UTC),
    )


def locked(entry: Entry = FAILED, question: tuple[str, str] | None = None) -> Review:
    return stored(blind_submission(HEADING, entry, question), 1)


def test_a_blind_answer_holds_the_session_and_the_one_question_and_no_machine_word() -> None:
    submission = blind_submission(HEADING, FAILED, ("judge:tone", "pass"))
    assert submission.stage == "blind"
    assert submission.answers == {"session": "fail", "judge:tone": "pass"}
    assert (submission.first_bad_turn, submission.category, submission.note) == (3, "wrong_answer", "off by one")
    assert submission.machine_words == {}


def test_one_who_has_looked_answers_after_the_reveal() -> None:
    assert blind_submission(HEADING, FAILED, has_looked=True).stage == "revealed"


def test_agreeing_says_what_the_machine_says_and_overriding_the_opposite() -> None:
    responses = {
        "judge:tone": "agreed",
        "signal:loop": "overridden",
        "classifier:taxonomy": "agreed",
        "judge:faith": "overridden",
    }
    submission = revealed_submission(HEADING, FAILED, [locked()], WORDS, responses)  # type: ignore[arg-type]
    assert submission.answers == {
        "judge:tone": "fail",
        "signal:loop": "pass",
        "classifier:taxonomy": "fail",
        "judge:faith": "fail",
    }
    assert submission.machine_words["judge:tone"] == {"said": "fail", "version": "1+a", "response": "agreed"}
    assert submission.machine_words["classifier:taxonomy"]["category"] == "loop"


def test_a_word_that_says_neither_pass_nor_fail_cannot_be_answered() -> None:
    with pytest.raises(ValueError, match="nobody can agree"):
        answer_to(replace(JUDGE, said="error"), "agreed")


@pytest.mark.parametrize(
    "entry",
    [
        replace(FAILED, answer="pass", category=None, first_bad_turn=None),
        replace(FAILED, category="loop"),
        replace(FAILED, first_bad_turn=4),
    ],
)
def test_a_change_of_mind_answers_the_session_again(entry: Entry) -> None:
    submission = revealed_submission(HEADING, entry, [locked()], WORDS, {})
    assert submission.answers == {"session": entry.answer}
    assert (submission.category, submission.first_bad_turn) == (entry.category, entry.first_bad_turn)


def test_another_note_alone_is_no_change_of_mind() -> None:
    submission = revealed_submission(HEADING, replace(FAILED, note="more"), [locked()], WORDS, {})
    assert "session" not in submission.answers
    assert submission.note == "more"


@given(st.lists(entries, min_size=1, max_size=5))
def test_what_stands_is_what_was_entered_last(told: list[Entry]) -> None:
    reviews = [locked(told[0])]
    for revision, entry in enumerate(told[1:], 2):
        reviews.append(stored(revealed_submission(HEADING, entry, reviews, WORDS, {}), revision))
    assert standing(reviews) == told[-1]


def test_a_decision_between_reviewers_is_no_answer_of_ones_own() -> None:
    decision = replace(locked(Entry("pass")), stage="adjudication", revision=2)
    assert standing([locked(), decision]) == FAILED
    assert standing([decision]) == Entry()


@given(st.dictionaries(st.sampled_from([word.target for word in WORDS]), st.sampled_from(RESPONSES)))
def test_responses_come_back_as_they_were_given(responses: Any) -> None:
    reviews = [locked(), stored(revealed_submission(HEADING, FAILED, [locked()], WORDS, responses), 2)]
    assert given_responses(reviews, WORDS) == responses


def test_a_response_does_not_carry_over_to_a_word_that_has_changed() -> None:
    reviews = [locked(), stored(revealed_submission(HEADING, FAILED, [locked()], WORDS, {"judge:tone": "agreed"}), 2)]
    assert given_responses(reviews, [replace(JUDGE, version="2+z")]) == {}
    assert given_responses(reviews, [replace(JUDGE, said="pass")]) == {}


@pytest.mark.parametrize(("answer", "response"), [("fail", "agreed"), ("pass", "overridden"), ("unsure", None)])
def test_a_blind_answer_to_a_judges_question_answers_its_word(answer: str, response: str | None) -> None:
    """Else "agree with the rest" would turn round what he said before he knew the judge."""
    expected = {} if response is None else {"judge:tone": response}
    assert given_responses([locked(question=("judge:tone", answer))], WORDS) == expected
