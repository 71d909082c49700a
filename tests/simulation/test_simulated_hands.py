import re

from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.simulation.draws import Draws
from eval_pipeline.simulation.hands import HAND_SHARES, typed
from eval_pipeline.simulation.traffic import SCRIPTS

TEMPLATES = [
    *(line for script in SCRIPTS.values() for lines in script.customer.values() for line in lines),
    *(line for script in SCRIPTS.values() for topic in script.topics for line in (*topic.asks, *topic.again)),
]


@given(st.sampled_from(TEMPLATES), st.sampled_from(sorted(HAND_SHARES)), st.integers(0, 50))
def test_no_hand_touches_a_field_or_adds_a_letter(template: str, hand: str, number: int) -> None:
    said = typed(template, hand, Draws("hands", str(number)))
    assert re.findall(r"\{\w+\}", said) == re.findall(r"\{\w+\}", template)
    assert letters(said) == letters(template)


def letters(text: str) -> list[str]:
    return sorted(sign for sign in text.casefold() if sign.isalpha())


def test_each_hand_is_told_by_its_habit() -> None:
    def by(hand: str) -> set[str]:
        return {typed("It's about the invoice for {order}.", hand, Draws("hands", str(n))) for n in range(60)}

    assert by("neat") == {"It's about the invoice for {order}."}
    assert by("small") == {"its about the invoice for {order}"}
    assert by("loud") == {"IT'S ABOUT THE INVOICE FOR {order}."}
    assert {"It's about the invoice for {order}.", "It's about the invocie for {order}."} < by("hasty")
