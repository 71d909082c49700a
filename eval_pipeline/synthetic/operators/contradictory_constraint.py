"""Operator: the user states a condition, and in a later turn one that cannot be met together with it."""

from collections.abc import Sequence

from eval_pipeline.sessions import Session, Turn
from eval_pipeline.synthetic.operators.contract import Draw, Expectation, Operator, nothing_else
from eval_pipeline.synthetic.operators.places import PLACES_CONSTANTS, Language, language_of, user_turns, with_words

CONTRADICTIONS: dict[Language, tuple[tuple[str, str], ...]] = {
    "en": (
        ("Only the morning suits me.", "Only the evening suits me."),
        ("It has to be the blue one.", "Blue is out of the question for me."),
        ("I can be reached by letter alone.", "I can be reached by telephone alone."),
    ),
    "de": (
        ("Mir passt nur der Vormittag.", "Mir passt nur der Abend."),
        ("Es muss das blaue Modell sein.", "Blau kommt für mich nicht infrage."),
        ("Ich bin nur per Brief erreichbar.", "Ich bin nur telefonisch erreichbar."),
    ),
}
"""A condition, and one that it excludes. Neither asks for anything or agrees to anything."""


def _places(session: Session) -> list[int]:
    return user_turns(session)[1:] if language_of(session) else []


def _contradict(session: Session, place: int, draw: Draw) -> tuple[Sequence[Turn], str]:
    earlier = [i for i in user_turns(session) if i < place]
    at = draw.pick(earlier, "earlier")
    first, second = draw.pick(CONTRADICTIONS[language_of(session) or "en"], "contradiction")
    turns = with_words(with_words(session.turns, at, first), place, second)
    return turns, f"In turn {at} the user sets a condition, and in turn {place} one that excludes it."


CONTRADICTORY_CONSTRAINT = Operator(
    name="contradictory_constraint",
    declared_version="1",
    description="The user sets a condition in one turn and one that excludes it in a later one.",
    adversarial_kind="contradictory_constraint",
    expectations=(
        Expectation(
            "evaluator", "answers_in_language_of_user", "no_new_failure", "more words can let a language be told"
        ),
        *nothing_else("evaluator", reason="no evaluator reads conditions; codes, amounts and consent are as before"),
        Expectation("signal", "corrective_followup", "may_change", "to take back one's own word can be a correction"),
        Expectation("signal", "rephrasing", "may_change", "the two conditions are alike in their words"),
        *nothing_else("signal", reason="the user neither complains nor asks again"),
    ),
    places=_places,
    change=_contradict,
    deciding=(CONTRADICTIONS, PLACES_CONSTANTS),
)
