"""Operator: the user falls into the other language for one sentence that asks for nothing."""

from collections.abc import Sequence

from eval_pipeline.sessions import Session, Turn
from eval_pipeline.synthetic.operators.contract import Draw, Expectation, Operator, nothing_else
from eval_pipeline.synthetic.operators.places import (
    PLACES_CONSTANTS,
    Language,
    language_of,
    language_of_text,
    user_turns,
    with_words,
)

OTHER: dict[Language, tuple[str, ...]] = {
    "en": (
        "Ich tippe das gerade unterwegs.",
        "Meine Tochter sitzt neben mir und liest mit.",
        "Bei uns regnet es heute den ganzen Tag.",
    ),
    "de": (
        "I am typing this on the train.",
        "My daughter sits next to me and reads along.",
        "It has been raining here all day.",
    ),
}
"""By the language of the user: sentences in the other one."""

FEWEST_WORDS = 15
"""Words of the turn itself: most of it stays in the user's language."""


def _places(session: Session) -> list[int]:
    language = language_of(session)
    if language is None:
        return []
    said = [(i, session.turns[i].content) for i in user_turns(session)]
    return [i for i, text in said if len(text.split()) >= FEWEST_WORDS and language_of_text(text) == language]


def _mix(session: Session, place: int, draw: Draw) -> tuple[Sequence[Turn], str]:
    language = language_of(session) or "en"
    words = draw.pick(OTHER[language], "sentence")
    other = "German" if language == "en" else "English"
    return with_words(session.turns, place, words), f"In turn {place} the user adds a sentence in {other}."


LANGUAGE_MIX = Operator(
    name="language_mix",
    declared_version="1",
    description="One user turn of some length ends with a sentence in the other language, German or English.",
    adversarial_kind="language_mix",
    expectations=(
        Expectation(
            "evaluator",
            "answers_in_language_of_user",
            "no_new_failure",
            "a mixture can be too mixed to tell its language",
        ),
        *nothing_else("evaluator", "signal", "judge", reason="the user asks for the same, and mostly in his language"),
    ),
    places=_places,
    change=_mix,
    deciding=(OTHER, FEWEST_WORDS, PLACES_CONSTANTS),
)
