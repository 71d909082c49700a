"""A transcript being written, which keeps account of what occurs in it.

Not here: what is said (`script_*.py`), and in which order (`transcript.py`, `answers.py`, `reactions.py`).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from eval_pipeline.simulation.draws import Draws
from eval_pipeline.simulation.hands import typed
from eval_pipeline.simulation.people import Customer
from eval_pipeline.simulation.script import ASSISTANT_LINES, CUSTOMER_LINES, Phenomenon, Script, Topic

SECONDS_BEFORE = {"user": (10.0, 80.0), "assistant": (1.0, 6.0), "tool": (0.2, 1.2)}
"""How long each role takes for a turn, uniform."""

UNMARKED_ERROR_SHARE = 0.15
"""Share of tool errors that only their text tells: the turn does not say that it is an error."""

NULL_ERROR_SHARE = 0.2
"""Share of good tool results that say they hold no error."""

GOODBYES = frozenset({"farewells", "lets_go", "hands_over"})
"""What the assistant says last when it knows that the talk is over."""


@dataclass
class Conversation:
    """A transcript being written: `at` is the time of its last turn, `reaction` how the customer took the answer.

    `mishap` is the form that the failure took, None in a good session. `phenomena`: all that occurred so far.
    """

    script: Script
    topic: Topic
    fields: dict[str, str]
    person: Customer
    draws: Draws
    at: datetime
    turns: list[dict[str, Any]] = field(default_factory=list)
    answer_index: int = 0
    reaction: str = ""
    mishap: str | None = None
    phenomena: set[Phenomenon] = field(default_factory=set)
    is_over: bool = False

    def customer(self, *kinds: str) -> None:
        """Add a message of the customer: one sentence of each of `kinds` (`CUSTOMER_LINES`)."""
        self.customer_says(" ".join(self.draws.pick(self.script.customer[kind]) for kind in kinds), *kinds)

    def customer_says(self, template: str, *kinds: str) -> None:
        """Add a message of the customer, of the kinds named."""
        self.phenomena.update(*(CUSTOMER_LINES[kind].shows for kind in kinds))
        self._add("user", typed(template, self.person.hand, self.draws).format_map(self.fields).strip())

    def assistant(self, kind: str) -> None:
        """Add a message of the assistant: a sentence of `kind` (`ASSISTANT_LINES`)."""
        self.assistant_says(self.draws.pick(self.script.assistant[kind]), kind)

    def assistant_says(self, template: str, *kinds: str) -> None:
        """Add a message of the assistant, of the kinds named."""
        self.phenomena.update(*(ASSISTANT_LINES[kind].shows for kind in kinds))
        self.is_over = not GOODBYES.isdisjoint(kinds)
        self._add("assistant", template.format_map(self.fields).strip())

    def line(self, kind: str) -> str:
        """Return a sentence of the assistant, to be put beside others: its kind must be one that shows nothing."""
        return self.draws.pick(self.script.assistant[kind])

    def call(self, text: str, tool: str, arguments: dict[str, str], result: dict[str, str] | str) -> None:
        """Add a turn that calls a tool, and the tool's turn: `result` is what it returns, or the error it reports."""
        call_id = f"call_{len(self.turns)}_{self.draws.below(10**6):06d}"
        filled = {key: value.format_map(self.fields) for key, value in arguments.items()}
        asked = [{"id": call_id, "name": tool, "arguments": filled}]
        self._add("assistant", text.format_map(self.fields).strip(), tool_calls=asked)
        if isinstance(result, str):
            self.phenomena.add("tool_error")
            mark = {} if self.draws.chance(UNMARKED_ERROR_SHARE) else {"error": True}
            self._add("tool", result, tool_call_id=call_id, **mark)
        else:
            self._add("tool", self._tool_reply(result), tool_call_id=call_id)

    def _add(self, role: str, content: str, **more: Any) -> None:
        self.at += timedelta(seconds=self.draws.between(*SECONDS_BEFORE[role]))
        self.turns.append({"role": role, "content": content, **more, "ts": self.at.isoformat(timespec="milliseconds")})

    def _tool_reply(self, result: dict[str, str]) -> str:
        order = {"order_id": self.fields["order"], "item": self.fields["item"], "total": self.fields["total"]}
        filled = {key: value.format_map(self.fields) for key, value in result.items()}
        no_error = {"error": None} if self.draws.chance(NULL_ERROR_SHARE) else {}
        return orjson.dumps({"order": order, "customer": self.person.record(), **filled, **no_error}).decode()
