"""What the customer says about the session on purpose: thumbs, ratings and reports. Most give none.

Not here: what is said in the session (`reactions.py`).
"""

from typing import Any

from eval_pipeline.simulation.conversation import Conversation

FEEDBACK_RATES = {
    "thank": {"up": 0.16, "down": 0.0, "report": 0.0, "rating": 0.04},
    "follow_up": {"up": 0.1, "down": 0.01, "report": 0.0, "rating": 0.04},
    "check": {"up": 0.1, "down": 0.01, "report": 0.0, "rating": 0.04},
    "accept": {"up": 0.03, "down": 0.02, "report": 0.0, "rating": 0.02},
    "leave": {"up": 0.01, "down": 0.06, "report": 0.01, "rating": 0.0},
    "rephrase": {"up": 0.0, "down": 0.15, "report": 0.03, "rating": 0.01},
    "correct": {"up": 0.0, "down": 0.25, "report": 0.05, "rating": 0.01},
    "complain": {"up": 0.0, "down": 0.35, "report": 0.1, "rating": 0.02},
    "give_up": {"up": 0.0, "down": 0.25, "report": 0.06, "rating": 0.02},
    "rage": {"up": 0.0, "down": 0.2, "report": 0.03, "rating": 0.02},
    "ask_person": {"up": 0.0, "down": 0.1, "report": 0.05, "rating": 0.0},
}
"""Probability of each kind of feedback by how the customer took the answer."""

TEXT_SHARE = 0.25
"""Share of thumbs that come with a few words."""

CONTENT = frozenset({"thank", "follow_up", "check", "accept"})
"""Reactions of customers who rate highly."""


def feedback(talk: Conversation) -> list[dict[str, Any]]:
    """Return what the customer gives, and note in `talk` whether that marks the session as bad."""
    rates, draws = FEEDBACK_RATES[talk.reaction], talk.draws
    given: list[dict[str, Any]] = []
    thumb = draws.unit()
    if thumb < rates["up"]:
        given.append(_thumb(talk, 1, "praise"))
    elif thumb < rates["up"] + rates["down"]:
        given.append(_thumb(talk, -1, "blame"))
    if draws.chance(rates["report"]):
        given.append({"kind": "report", "text": _words(talk, "reports")})
    if draws.chance(rates["rating"]):
        given.append({"kind": "rating", "value": draws.pick((0.75, 1.0) if talk.reaction in CONTENT else (0.0, 0.25))})
    if any(_is_bad(each) for each in given):
        talk.phenomena.add("explicit_report")
    return given


def _thumb(talk: Conversation, value: int, kind: str) -> dict[str, Any]:
    words = {"text": _words(talk, kind)} if talk.draws.chance(TEXT_SHARE) else {}
    return {"kind": "thumbs", "value": value, **words, "turn_index": talk.answer_index}


def _words(talk: Conversation, kind: str) -> str:
    return talk.draws.pick(talk.script.customer[kind]).format_map(talk.fields)


def _is_bad(given: dict[str, Any]) -> bool:
    return given["kind"] == "report" or float(given["value"]) < 0.5
