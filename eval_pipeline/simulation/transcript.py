"""The turns of one simulated session: how its truth shows in what is said and done, and how the customer takes it.

A failure looks as it would in a real product; nothing in the text marks it, and many customers do not say a word
about it. Not here: what is true (`truth.py`), the words (`script_en.py`, `script_de.py`), the rest of a session
(`traffic.py`).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson

from eval_pipeline.simulation.draws import Draws
from eval_pipeline.simulation.people import Customer
from eval_pipeline.simulation.script import Script, Topic

RECOVERED_ERROR_SHARE = 0.05
"""Share of good sessions in which a tool failed and the assistant tried again with success."""

FAILURE_REACTIONS = {"rephrase": 0.24, "complain": 0.22, "leave": 0.18, "ask_person": 0.08, "accept": 0.28}
"""What customers do after a failure. Who accepts leaves no trace of it: these failures are silent."""

GOOD_REACTIONS = {"thank": 0.62, "follow_up": 0.18, "leave": 0.1, "rage": 0.06, "ask_person": 0.02, "accept": 0.02}
"""What customers do after a good answer. Who rages is angry at the shop's terms: a false alarm for detectors."""

SECONDS_BEFORE = {"user": (10.0, 80.0), "assistant": (1.0, 6.0), "tool": (0.2, 1.2)}
"""How long each role takes for a turn, uniform."""


@dataclass
class Conversation:
    """A transcript being written: `at` is the time of its last turn, `reaction` how the customer took the answer."""

    script: Script
    fields: dict[str, str]
    person: Customer
    draws: Draws
    at: datetime
    turns: list[dict[str, Any]] = field(default_factory=list)
    answer_index: int = 0
    reaction: str = ""

    def say(self, role: str, template: str, **more: Any) -> None:
        """Add a turn of `role`; `more` are further keys of the turn."""
        self._add(role, template.format_map(self.fields).strip(), **more)

    def exchange(self, ask: tuple[str, ...], reply: tuple[str, ...]) -> None:
        """Add what the customer says and what the assistant replies, one of each."""
        self.say("user", self.draws.pick(ask))
        self.say("assistant", self.draws.pick(reply))

    def call(self, text: str, tool: str, arguments: dict[str, str], result: dict[str, str] | str) -> None:
        """Add a turn that calls a tool, and the tool's turn: `result` is what it returns, or the error it reports."""
        call_id = f"call_{len(self.turns)}_{self.draws.below(10**6):06d}"
        filled = {key: value.format_map(self.fields) for key, value in arguments.items()}
        self.say("assistant", text, tool_calls=[{"id": call_id, "name": tool, "arguments": filled}])
        is_error = isinstance(result, str)
        content = result if isinstance(result, str) else self._tool_reply(result)
        self._add("tool", content, tool_call_id=call_id, **({"error": True} if is_error else {}))

    def _add(self, role: str, content: str, **more: Any) -> None:
        self.at += timedelta(seconds=self.draws.between(*SECONDS_BEFORE[role]))
        self.turns.append({"role": role, "content": content, **more, "ts": self.at.isoformat(timespec="milliseconds")})

    def _tool_reply(self, result: dict[str, str]) -> str:
        order = {"order_id": self.fields["order"], "item": self.fields["item"], "total": self.fields["total"]}
        filled = {key: value.format_map(self.fields) for key, value in result.items()}
        return orjson.dumps({"order": order, "customer": self.person.record(), **filled}).decode()


def write_conversation(talk: Conversation, topic: Topic, category: str | None, is_clarified: bool) -> None:
    """Write the whole session into `talk`: a failure of `category` where the answer is due, or a good answer."""
    lead = _open(talk, topic, is_clarified)
    if category is None:
        _answer_well(talk, topic, lead)
    else:
        _fail(talk, topic, category, lead)
    talk.answer_index = len(talk.turns) - 1
    talk.reaction = talk.draws.weighted(FAILURE_REACTIONS if category else GOOD_REACTIONS)
    _react(talk, topic)


def _open(talk: Conversation, topic: Topic, is_clarified: bool) -> str:
    """Write up to the request; return what the assistant says as it calls the tool."""
    script, draws = talk.script, talk.draws
    talk.say("assistant", draws.pick(script.greetings))
    talk.say("user", draws.pick(topic.asks))
    if not is_clarified:
        return draws.pick(script.opens_case)
    talk.say("assistant", draws.pick(script.asks_order))
    talk.say("user", draws.pick(script.gives_order))
    return draws.pick(script.looks_up)


def _answer_well(talk: Conversation, topic: Topic, lead: str) -> None:
    script, draws = talk.script, talk.draws
    opening = ""
    if draws.chance(RECOVERED_ERROR_SHARE):
        talk.call(lead, topic.tool, topic.arguments, draws.pick(script.tool_errors))
        lead, opening = draws.pick(script.looks_again), draws.pick(script.recovers)
    talk.call(lead, topic.tool, topic.arguments, topic.result)
    talk.say("assistant", f"{opening} {_full_answer(topic)} {draws.pick(script.anything_else)}")


def _fail(talk: Conversation, topic: Topic, category: str, lead: str) -> None:
    script, draws = talk.script, talk.draws
    is_hidden_error = category == "tool_error_ignored"
    talk.call(lead, topic.tool, topic.arguments, draws.pick(script.tool_errors) if is_hidden_error else topic.result)
    if category == "loop":
        for _ in range(2 + draws.below(2)):
            talk.call(draws.pick(script.loop_fillers), topic.tool, topic.arguments, topic.result)
    talk.say("assistant", _bad_answer(talk, topic, category))


def _bad_answer(talk: Conversation, topic: Topic, category: str) -> str:
    script, draws = talk.script, talk.draws
    match category:
        case "tool_error_ignored":
            return f"{_full_answer(topic)} {draws.pick(script.anything_else)}"
        case "wrong_answer":
            others = [other for other in script.topics if other.surface != topic.surface]
            return f"{_full_answer(draws.pick(others))} {draws.pick(script.anything_else)}"
        case "incomplete_answer":
            return f"{topic.first_answer} {draws.pick(script.anything_else)}"
        case "truncated":
            whole = _full_answer(topic)
            return whole[: draws.pick(_cuts(whole))]
        case "refusal":
            return draws.pick(script.refusals)
        case "loop":
            return draws.pick(script.loop_ends)
    raise ValueError(f"the simulation does not know how {category!r} looks")


def _full_answer(topic: Topic) -> str:
    return f"{topic.first_answer} {topic.second_answer}"


@lru_cache(maxsize=256)
def _cuts(template: str) -> tuple[int, ...]:
    """Return the places within words, in the middle part of `template` and outside its fields, where it may break off.

    A cut through a field would leave half an e-mail address, which no redaction could be held to.
    """
    depth = [template.count("{", 0, i) - template.count("}", 0, i) for i in range(len(template))]
    middle = range(len(template) * 2 // 5, len(template) * 17 // 20)
    return tuple(i for i in middle if depth[i] == 0 and template[i - 1].isalpha() and template[i].isalpha())


def _react(talk: Conversation, topic: Topic) -> None:
    script, draws = talk.script, talk.draws
    match talk.reaction:
        case "rephrase":
            talk.exchange(topic.again, script.stalls)
            if draws.chance(0.5):
                talk.say("user", draws.pick(script.accepts))
        case "complain":
            talk.exchange(script.complaints, script.stalls)
            if draws.chance(0.3):
                talk.exchange(topic.again, script.stalls)
        case "ask_person":
            talk.exchange(script.asks_person, script.hands_over)
        case "accept":
            talk.exchange(script.accepts + script.thanks, script.farewells)
        case "rage":
            talk.exchange(script.anger, script.soothes)
        case "thank":
            talk.exchange(script.thanks, script.farewells)
        case "follow_up":
            more = draws.pick(script.follow_ups)
            talk.say("user", more.ask)
            talk.call(draws.pick(script.looks_up), more.tool, {"case": "{case}", "email": "{email}"}, more.result)
            talk.say("assistant", more.answer)
            talk.say("user", draws.pick(script.thanks))
