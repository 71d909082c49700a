"""What the customer does after the answer, and what comes of it. Not here: the answer (`answers.py`), the words."""

from collections.abc import Callable

from eval_pipeline.simulation.conversation import Conversation

FAILURE_REACTIONS = {
    "rephrase": 0.17,
    "correct": 0.13,
    "complain": 0.12,
    "give_up": 0.07,
    "leave": 0.15,
    "ask_person": 0.08,
    "accept": 0.28,
}
"""What customers do after a failure. Who accepts leaves no trace of it: these failures are silent.

Where nothing was answered that could be corrected, who would correct asks again."""

GOOD_REACTIONS = {
    "thank": 0.5,
    "follow_up": 0.16,
    "check": 0.07,
    "leave": 0.16,
    "rage": 0.06,
    "ask_person": 0.02,
    "accept": 0.03,
}
"""What customers do after a good answer. Who rages is angry at the shop's terms: a false alarm for detectors."""

STORM_SHARE = 0.35
"""Share of those who give up in words that do so in anger."""

IMPATIENCE_SHARE = 0.2
"""Share of repeated requests that show weariness of asking."""

DEMAND_SHARE = 0.25
"""Share of those failed who want a person in anger; the others ask politely."""

DECLINED_SHARE = 0.1
"""Share of further questions that the shop's terms forbid to serve, with the reason given: no failure."""

ANSWERED = frozenset({"wrong_topic", "wrong_item", "incomplete_answer", "tool_error_ignored"})
"""Forms of failure that hold an answer, which can be corrected."""

PUZZLING = frozenset({"cut", "empty", "garbled"})
"""Forms of failure that leave the customer wondering what he was told."""


def react(talk: Conversation) -> None:
    """Write what follows the answer, as `talk.reaction` says."""
    _REACTIONS[talk.reaction](talk)


def _rephrase(talk: Conversation) -> None:
    _ask_again(talk)
    if talk.draws.chance(0.25):
        _ask_again(talk)
    _part_unserved(talk, 0.45)


def _ask_again(talk: Conversation, *before: str) -> None:
    """Write the same request in other words, `before` put in front, and that it leads to nothing."""
    if not before and talk.draws.chance(IMPATIENCE_SHARE):
        before = ("impatience",)
    openings = [_ended(talk.draws.pick(talk.script.customer[kind])) for kind in before]
    talk.phenomena.add("rephrasing")
    talk.customer_says(" ".join([*openings, talk.draws.pick(talk.topic.again)]), *before)
    talk.assistant("stalls")


def _ended(sentence: str) -> str:
    return sentence + "." if sentence[-1].isalpha() or sentence[-1] == "}" else sentence


def _part_unserved(talk: Conversation, accepting: float) -> None:
    """End a session whose request stays unmet: with a word that it is all right, or without."""
    if talk.draws.chance(accepting):
        talk.customer("accepts")
    else:
        talk.phenomena.add("abandonment")


def _correct(talk: Conversation) -> None:
    if talk.mishap not in ANSWERED | PUZZLING:
        _rephrase(talk)
        return
    kind = "nudges" if talk.mishap in PUZZLING else _correction(talk)
    if kind != "nudges" and talk.draws.chance(0.25):
        _ask_again(talk, kind)
    else:
        talk.customer(kind)
        talk.assistant("stalls")
        if talk.draws.chance(0.25):
            _ask_again(talk)
    _part_unserved(talk, 0.25)


def _correction(talk: Conversation) -> str:
    match talk.mishap:
        case "wrong_item":
            return "corrects_item"
        case "wrong_topic":
            return talk.draws.pick(("corrects_topic", "corrects"))
        case "incomplete_answer":
            return talk.draws.pick(("misses_part", "misses_part", "corrects"))
    return "corrects"


def _complain(talk: Conversation) -> None:
    talk.customer("protests" if talk.mishap in ANSWERED and talk.draws.chance(0.5) else "complaints")
    talk.assistant("stalls")
    if talk.draws.chance(0.3):
        _ask_again(talk)
    _part_unserved(talk, 0.15)


def _give_up(talk: Conversation) -> None:
    talk.customer("storms_off" if talk.draws.chance(STORM_SHARE) else "gives_up")
    _close(talk, "lets_go", 0.6)


def _leave(talk: Conversation) -> None:
    if talk.mishap is not None:
        talk.phenomena.add("abandonment")


def _ask_person(talk: Conversation) -> None:
    is_angry = talk.mishap is not None and talk.draws.chance(DEMAND_SHARE)
    talk.customer("demands_person" if is_angry else "asks_person")
    talk.assistant("hands_over")


def _accept(talk: Conversation) -> None:
    talk.customer("thanks" if talk.draws.chance(0.25) else "accepts")
    _close(talk, "farewells", 0.7)


def _rage(talk: Conversation) -> None:
    talk.customer("anger")
    talk.assistant("soothes")


def _thank(talk: Conversation) -> None:
    _say_thanks(talk)
    _close(talk, "farewells", 0.7)


def _say_thanks(talk: Conversation) -> None:
    is_asked = talk.turns[-1]["content"].endswith("?")
    talk.customer("declines_more" if is_asked and talk.draws.chance(0.5) else "thanks")


def _follow_up(talk: Conversation) -> None:
    if talk.draws.chance(DECLINED_SHARE):
        ask, answer = talk.draws.pick(talk.script.declined)
        talk.customer_says(ask)
        talk.phenomena.add("refusal")
        talk.assistant_says(answer)
        talk.customer("accepts")
        return
    more = talk.draws.pick(talk.script.follow_ups)
    talk.customer_says(_led_over(talk.draws.pick(talk.script.customer["more"]), more.ask), "more")
    talk.call(talk.line("looks_up"), more.tool, {"case": "{case}", "email": "{email}"}, more.result)
    talk.assistant_says(more.answer)
    if talk.draws.chance(0.8):
        _say_thanks(talk)


def _led_over(opening: str, ask: str) -> str:
    is_sentence = opening.rstrip().endswith((".", "!"))
    return opening + (ask[:1].upper() + ask[1:] if is_sentence else ask)


def _check(talk: Conversation) -> None:
    ask, answer = talk.draws.pick(talk.script.checks)
    talk.customer_says(ask)
    talk.assistant_says(answer)
    if talk.draws.chance(0.6):
        _say_thanks(talk)


def _close(talk: Conversation, kind: str, share: float) -> None:
    """Have the assistant say goodbye in `share` of the sessions; in the others the window is closed before."""
    if talk.draws.chance(share):
        talk.assistant(kind)


_REACTIONS: dict[str, Callable[[Conversation], None]] = {
    "rephrase": _rephrase,
    "correct": _correct,
    "complain": _complain,
    "give_up": _give_up,
    "leave": _leave,
    "ask_person": _ask_person,
    "accept": _accept,
    "rage": _rage,
    "thank": _thank,
    "follow_up": _follow_up,
    "check": _check,
}
