"""How alike a text is to a reference, or one value of it to another."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.evaluators.leaves.similarity_checks import is_similar_to
from eval_pipeline.evaluators.leaves.value_checks import at, every_captured
from tests.evaluators.conversations import call, message, outcome

REFERENCE = "Your refund is on its way"


def test_likeness_to_a_reference() -> None:
    check = is_similar_to(REFERENCE, at_least=0.9)
    assert outcome(check, "your  REFUND is on the way") == "pass"
    finding = check.judge(message("your order is late"))
    assert (finding.outcome, finding.found()) == ("fail", "alike by 0.56: your order is late")


@pytest.mark.parametrize(
    ("text", "alike"),
    [
        ("on its way is your refund", ["fail", "pass", "fail"]),
        ("Good news! Your refund is on its way, and it will be on your account soon.", ["fail", "pass", "pass"]),
        ("YOUR REFUND is on its way!", ["pass", "pass", "pass"]),
    ],
)
def test_each_measure_finds_another_thing_alike(text: str, alike: list[str]) -> None:
    found = [
        outcome(is_similar_to(REFERENCE, at_least=0.97, measure=measure), text)  # type: ignore[arg-type]
        for measure in ("ratio", "token_set", "partial")
    ]
    assert found == alike


def test_likeness_of_two_values_of_a_call() -> None:
    check = is_similar_to(at("/asked"), of=at("/title"))
    assert outcome(check, call({"asked": "red lamp", "title": "Red Lamp"})) == "pass"
    assert outcome(check, call({"asked": "red lamp"})) == "not_applicable"
    assert outcome(check, call({"asked": "red lamp", "title": 7})) == "not_applicable"
    finding = check.judge(call({"asked": "red lamp", "title": "sofa"}))
    assert (finding.outcome, finding.pointer) == ("fail", "/title")


@given(st.text(min_size=1).filter(str.strip), st.sampled_from(["ratio", "partial"]))
def test_every_text_is_like_itself(text: str, measure: Any) -> None:
    assert outcome(is_similar_to(text, at_least=1.0, measure=measure), text) == "pass"


def test_settings_that_make_no_sense_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="empty"):
        is_similar_to(" ")
    with pytest.raises(ValueError, match="measure"):
        is_similar_to("x", measure="cosine")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at_least"):
        is_similar_to("x", at_least=80)
    with pytest.raises(ValueError, match="single"):
        is_similar_to("x", of=every_captured("a"))
