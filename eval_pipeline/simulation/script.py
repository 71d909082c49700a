"""The parts of a support conversation, as templates: what a script in one language has to bring.

Not here: the words (`script_en*.py`, `script_de*.py`), and which parts make up one session (`transcript.py`).
Every exchange names the case, in a tool call or in what the assistant says, so that a judge who is shown only the last
one can be answered. Fields of a template: first, last, full, email, phone, street, town, post_code, order, item, other,
total, eta, case; and about, rest, instead, which name what the customer asked for (`Topic`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

Phenomenon = Literal[
    "explicit_report",
    "abandonment",
    "rephrasing",
    "partial_completion",
    "frustration",
    "corrective_followup",
    "tool_error",
    "tool_loop",
    "refusal",
    "handover",
    "empty_or_garbled_answer",
]
"""What may occur in a session beside its truth; `phenomena.py` says what each of them means."""

Lines = Mapping[str, tuple[str, ...]]
"""Sentences by their kind, a key of `CUSTOMER_LINES` or `ASSISTANT_LINES`."""


class Kind(NamedTuple):
    """What the sentences of a kind are, and which phenomena occur whenever one of them is said."""

    meaning: str
    shows: frozenset[Phenomenon] = frozenset()


CUSTOMER_LINES: Mapping[str, Kind] = {
    "gives_order": Kind("order number and e-mail, asked for by the assistant; now and then with a slip put right"),
    "thanks": Kind("content, and says so"),
    "declines_more": Kind("needs nothing else, after being asked: often begins with no"),
    "more": Kind("leads over to a further question"),
    "accepts": Kind("does not notice, or does not care to say, that he was not helped"),
    "impatience": Kind("weary of asking, put before the request", frozenset({"frustration"})),
    "complaints": Kind("angry about the answer, not saying what was meant", frozenset({"frustration"})),
    "protests": Kind(
        "angry, and says that the answer is not what was asked", frozenset({"frustration", "corrective_followup"})
    ),
    "corrects": Kind("says calmly that the answer is not what was asked", frozenset({"corrective_followup"})),
    "corrects_topic": Kind("names what was meant: {about}, not {instead}", frozenset({"corrective_followup"})),
    "corrects_item": Kind("names what was meant: {item}, not {other}", frozenset({"corrective_followup"})),
    "misses_part": Kind("points to {rest}, which the answer leaves out", frozenset({"corrective_followup"})),
    "nudges": Kind("puzzled by an answer that is empty, no language, or breaks off"),
    "gives_up": Kind("gives up in words", frozenset({"abandonment"})),
    "storms_off": Kind("gives up in anger", frozenset({"abandonment", "frustration"})),
    "asks_person": Kind("asks for a person, politely", frozenset({"handover"})),
    "demands_person": Kind("wants a person, having had enough", frozenset({"handover", "frustration"})),
    "anger": Kind("angry at the shop's terms, not at the answer", frozenset({"frustration"})),
    "reports": Kind("sent with the report button"),
    "praise": Kind("sent with a thumb up"),
    "blame": Kind("sent with a thumb down"),
}
"""The kinds of sentence that customers say or send."""

ASSISTANT_LINES: Mapping[str, Kind] = {
    "greetings": Kind("before anything was asked"),
    "opens_case": Kind("names the case and goes to look"),
    "asks_order": Kind("names the case and asks for order and e-mail"),
    "looks_up": Kind("goes to look"),
    "snubs": Kind("rude to the customer, said with the look-up"),
    "looks_again": Kind("a tool failed, tries again"),
    "recovers": Kind("before an answer that took two tries"),
    "anything_else": Kind("after an answer: a question, or nothing"),
    "puts_off": Kind("after half an answer: the other half comes later, as it never does"),
    "loop_fillers": Kind("while calling the same again"),
    "loop_ends": Kind("instead of an answer, after calling the same again and again"),
    "refusals": Kind("turns the request down", frozenset({"refusal"})),
    "garbles": Kind("no language at all", frozenset({"empty_or_garbled_answer"})),
    "stalls": Kind("after a complaint: sorry, and no help"),
    "soothes": Kind("after anger at the terms"),
    "lets_go": Kind("after the customer gave up"),
    "hands_over": Kind("after a person was asked for", frozenset({"handover"})),
    "farewells": Kind("closes the case"),
}
"""The kinds of sentence that the assistant says."""


@dataclass(frozen=True)
class Topic:
    """One thing that customers ask for. It always has two parts, so that an answer can leave one out."""

    name: str
    surface: str
    tool: str
    about: str
    """What is asked for, as a noun that can follow "I meant"."""
    rest: str
    """The second part of it, likewise."""
    asks: tuple[str, ...]
    again: tuple[str, ...]
    """The same request in other words, for a customer who got no proper answer."""
    first_answer: str
    second_answer: str
    arguments: dict[str, str]
    result: dict[str, str]


@dataclass(frozen=True)
class FollowUp:
    """A further question, with the tool call that answers it."""

    ask: str
    tool: str
    result: dict[str, str]
    answer: str


@dataclass(frozen=True)
class Script:
    """All that is said in one language: `checks` and `declined` are questions with their answers, without a tool.

    A check wants the answer confirmed, in words much like the first request; what is declined is against the shop's
    terms, and the reason is given.
    """

    locale: str
    topics: tuple[Topic, ...]
    follow_ups: tuple[FollowUp, ...]
    checks: tuple[tuple[str, str], ...]
    declined: tuple[tuple[str, str], ...]
    customer: Lines
    assistant: Lines
