"""The parts of a support conversation, as templates: what a script in one language has to bring.

Not here: the words (`script_en.py`, `script_de.py`), and which parts make up one session (`transcript.py`).
Every exchange names the case, in a tool call or in what the assistant says, so that a judge who is shown only the last
one can be answered. Fields of a template: first, last, full, email, phone, street, town, post_code, order, item, other, total, eta, case.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """One thing that customers ask for. It always has two parts, so that an answer can leave one out."""

    name: str
    surface: str
    tool: str
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
    """All that is said in one language."""

    locale: str
    topics: tuple[Topic, ...]
    follow_ups: tuple[FollowUp, ...]
    greetings: tuple[str, ...]
    opens_case: tuple[str, ...]
    asks_order: tuple[str, ...]
    gives_order: tuple[str, ...]
    looks_up: tuple[str, ...]
    looks_again: tuple[str, ...]
    tool_errors: tuple[str, ...]
    recovers: tuple[str, ...]
    loop_fillers: tuple[str, ...]
    loop_ends: tuple[str, ...]
    refusals: tuple[str, ...]
    anything_else: tuple[str, ...]
    thanks: tuple[str, ...]
    accepts: tuple[str, ...]
    """What a customer says who does not notice, or does not care to say, that he was not helped."""
    farewells: tuple[str, ...]
    complaints: tuple[str, ...]
    anger: tuple[str, ...]
    """Anger at the shop's terms, not at the answer."""
    soothes: tuple[str, ...]
    stalls: tuple[str, ...]
    asks_person: tuple[str, ...]
    hands_over: tuple[str, ...]
    reports: tuple[str, ...]
