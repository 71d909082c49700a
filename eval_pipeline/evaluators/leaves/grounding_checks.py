"""Checks that what an agent says and does has a source: the user, a tool's result, or the system's instructions.

Values are told apart by a pattern. A value is known when it stood in a turn that was not the assistant's, before the one
that uses it. Not here: amounts of money (`money_checks.py`), whether a source is quoted rightly in words (a judge's
question), citations.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from eval_pipeline.evaluators.contract import Check
from eval_pipeline.evaluators.leaves.occasions import Faultless, Occasion, any_case, around, calls_by_turn, leaves
from eval_pipeline.evaluators.leaves.text_checks import shown_pattern
from eval_pipeline.evaluators.views import SessionView

_EXAMPLE = re.compile(r"(?:\bexample|\be\.\s?g\.|\bsuch as|\blike|\bz\.\s?B\.|\bbeispiel)[^\n]{0,30}$", re.IGNORECASE)
_EXAMPLE_REACH = 60
"""Characters before a value in which it can be called an example."""

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|/)")
"""What JSON may write in another way: `\\/` for a slash, `\\u0026` for an ampersand."""


@dataclass(frozen=True)
class ToldIsKnown(Faultless):
    """What matches a pattern in an answer has stood before in a turn that was not the assistant's; examples may not."""

    pattern: str

    constants = (_EXAMPLE, _EXAMPLE_REACH, _ESCAPE)
    occasion = "such value in an answer"

    def occasions(self, subject: SessionView) -> Iterator[Occasion]:
        """Yield the values told, each once."""
        pattern, known = re.compile(self.pattern), _Known(self.pattern)
        told: set[str] = set()
        for message in subject.messages:
            if message.role != "assistant":
                known.learn(message.text)
                continue
            for match in pattern.finditer(message.text):
                value = _value(match)
                if value not in told and not _is_example(message.text, match):
                    told.add(value)
                    yield Occasion(value not in known.values, message.turn_index, around(message.text, match))

    @property
    def words(self) -> str:
        """The pattern."""
        return f"tells only such {shown_pattern(self.pattern)} as the user, a tool or the instructions gave before"


@dataclass(frozen=True)
class ArgumentsAreKnown(Faultless):
    """What matches a pattern in the arguments of a call has stood before in a turn that was not the assistant's.

    Records often hold a chain of calls as one turn; so the result of a call is known to those that stand after it.
    """

    pattern: str

    constants = (_ESCAPE,)
    occasion = "such value in the arguments of a call"

    def occasions(self, subject: SessionView) -> Iterator[Occasion]:
        """Yield the values passed, in order of the session."""
        pattern, known = re.compile(self.pattern), _Known(self.pattern)
        calls = calls_by_turn(subject)
        for turn_index, message in enumerate(subject.messages):
            if message.role != "assistant":
                known.learn(message.text)
            for call in calls.get(turn_index, ()):
                for pointer, leaf in leaves(call.json):
                    for match in pattern.finditer(leaf) if isinstance(leaf, str) else ():
                        is_fault = _value(match) not in known.values
                        yield Occasion(is_fault, turn_index, f"{call.name}: {leaf}", pointer)
                if call.result is not None:
                    known.learn(call.result.text)

    @property
    def words(self) -> str:
        """The pattern."""
        return f"calls tools only with such {shown_pattern(self.pattern)} as the user or a tool gave before"


def told_is_known(pattern: str) -> Check[SessionView]:
    """What `pattern` captures in an answer was said before by the user, a tool or the instructions, in any case.

    The first group counts where there is one. Not applicable where no answer tells such a thing.
    """
    any_case(pattern)
    return ToldIsKnown(pattern)


def arguments_are_known(pattern: str) -> Check[SessionView]:
    """What `pattern` captures in the texts among a call's arguments was said before by the user, a tool or the instructions."""
    any_case(pattern)
    return ArgumentsAreKnown(pattern)


class _Known:
    """The values that a session has given so far. One inside a longer name counts: `gift_card_3481935`."""

    def __init__(self, pattern: str) -> None:
        self._pattern = any_case(pattern)
        self.values: set[str] = set()

    def learn(self, text: str) -> None:
        """Add the values in a text, as it stands and as JSON reads it."""
        plain = _ESCAPE.sub(_unescaped, text) if "\\" in text else text
        for spelled in dict.fromkeys((text, plain, plain.replace("_", " "))):
            self.values.update(_value(match) for match in self._pattern.finditer(spelled))


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else "/"


def _is_example(text: str, match: re.Match[str]) -> bool:
    return _EXAMPLE.search(text[max(0, match.start() - _EXAMPLE_REACH) : match.start()]) is not None


def _value(match: re.Match[str]) -> str:
    return (match[1] if match.re.groups and match[1] is not None else match[0]).casefold()
