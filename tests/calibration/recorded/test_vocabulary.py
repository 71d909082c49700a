"""What a value means is what the user said, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.calibration.recorded.vocabulary import Vocabulary
from eval_pipeline.errors import SettingsError


def test_pass_and_fail_mean_themselves_and_nothing_else_is_guessed() -> None:
    words = ["pass", "fail", "PASS", "passed", "satisfied", "true", "1", "", None]
    said = [Vocabulary.of().meaning(word) for word in words]
    assert said == ["pass", "fail", *["off_vocabulary"] * 7]


def test_a_value_may_hold_equals_signs() -> None:
    vocabulary = Vocabulary.of(["A=B=not_applicable", "A>B=fail"])
    assert [vocabulary.meaning(value) for value in ("A=B", "A>B", "A")] == ["not_applicable", "fail", "off_vocabulary"]


@pytest.mark.parametrize("option", ["satisfied", "satisfied=good", "=", "pass="])
def test_an_option_without_a_meaning_is_refused(option: str) -> None:
    with pytest.raises(SettingsError, match="VALUE=MEANING"):
        Vocabulary.of([option])


def test_two_meanings_are_refused() -> None:
    with pytest.raises(SettingsError, match="two meanings"):
        Vocabulary.of(["tie=pass", "tie=fail"])


def test_a_threshold_is_of_numbers_alone_and_a_word_goes_before_it() -> None:
    vocabulary = Vocabulary.of(["-1=not_applicable"], fail_below=5)
    words = {
        "4.9": "fail",
        "5": "pass",
        "10": "pass",
        "-1": "not_applicable",
        "nan": "off_vocabulary",
        "1_0": "off_vocabulary",
    }
    assert {word: vocabulary.meaning(word) for word in words} == words
    assert [Vocabulary.of(fail_above=0.5).meaning(word) for word in ("0.5", "0.51")] == ["pass", "fail"]


def test_positions_are_turned_round_where_answers_were_shown_the_other_way() -> None:
    vocabulary = Vocabulary.of(["A=fail", "B=pass", "tie=not_applicable"], reversed_variants=["swapped"])
    assert [vocabulary.meaning("A", order) for order in ("as_is", "swapped")] == ["fail", "pass"]
    assert vocabulary.meaning("tie", "swapped") == "not_applicable"
    assert vocabulary.meaning("C", "swapped") == "off_vocabulary"


@given(st.text())
def test_whatever_the_value_only_what_was_said_has_a_meaning(value: str) -> None:
    assert (Vocabulary.of(["good=pass"]).meaning(value) == "off_vocabulary") == (value not in {"good", "pass", "fail"})
