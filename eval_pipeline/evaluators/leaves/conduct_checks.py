"""Checks of an agent's conduct: it does what it says it did, asks before it acts, acts once, and does not repeat itself.

Tools are told apart by a pattern for their names, so that one check fits many products. Not here: whether what is said
has a source (`grounding_checks.py`), what came of one call (`tool_checks.py`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eval_pipeline.evaluators.contract import Check, Leaf, Selector
from eval_pipeline.evaluators.leaves.occasions import Faultless, Occasion, any_case, around, calls_by_turn
from eval_pipeline.evaluators.leaves.text_checks import shown_pattern
from eval_pipeline.evaluators.views import Call, Message, SessionView
from eval_pipeline.tool_errors import ERROR_KEYS, ERROR_START

_SHORT = 40
"""Characters up to which the same answer twice is a courtesy ("Anything else?"), not a repetition."""

_MAX_SAID = 4000
"""Characters of a user's turn in which an agreement is looked for."""
_MAX_NAMES = 200
"""Names of tools that answers are searched for; no product has more, a made-up session may."""


@dataclass(frozen=True)
class WordsOnly(Selector[SessionView, Message]):
    """The answers that give the word back to the user, or end the session, without a tool called since he spoke."""

    def pieces(self, subject: SessionView) -> Sequence[Message]:
        """Return them in order; before the user's first words there is nothing to give back."""
        found: list[Message] = []
        answer: Message | None = None
        is_waiting = False
        for message in subject.messages:
            if message.role == "user":
                found += [answer] if answer is not None and is_waiting else []
                answer, is_waiting = None, True
            elif message.has_calls or message.role == "tool":
                is_waiting = False
            elif message.is_answer:
                answer = message
        return [*found, answer] if answer is not None and is_waiting else found

    @property
    def words(self) -> str:
        """One of them."""
        return "answer without a tool call since the user spoke"


WORDS_ONLY: Selector[SessionView, Message] = WordsOnly()


@dataclass(frozen=True)
class IsNamed(Leaf[Call]):
    """The name of the tool matches a pattern."""

    tools: str

    def holds(self, subject: Call) -> bool:
        """Return whether it does, in any case."""
        return any_case(self.tools).search(subject.name) is not None

    @property
    def words(self) -> str:
        """The pattern."""
        return f"calls a tool named like {shown_pattern(self.tools)}"

    def found(self, subject: Call) -> str:
        """Return the tool that is called."""
        return subject.name


@dataclass(frozen=True)
class ClaimsBacked(Faultless):
    """Where an answer claims to have acted, a tool of that kind was called before, and not only in vain."""

    claims: str
    tools: str

    constants = (ERROR_START, ERROR_KEYS)
    occasion = "answer that claims so in a session with tool calls"

    def occasions(self, subject: SessionView) -> Iterator[Occasion]:
        """Yield the answers that claim; a call in or after the answer counts as long as the user has not spoken."""
        if not subject.calls:
            return
        claims, done = any_case(self.claims), [call for call in subject.calls if _succeeded(call, self.tools)]
        for answer in subject.answers:
            match = claims.search(answer.text)
            if match is not None:
                until = _next_word_of_user(subject, answer.turn_index or 0)
                is_backed = any((call.turn_index or 0) < until for call in done)
                yield Occasion(not is_backed, answer.turn_index, around(answer.text, match))

    @property
    def words(self) -> str:
        """Claim and tools."""
        return (
            f"calls a tool named like {shown_pattern(self.tools)} wherever an answer says {shown_pattern(self.claims)}"
        )


@dataclass(frozen=True)
class AgreedBefore(Faultless):
    """Before a tool of some kind is called, the user has agreed to it or asked for it.

    What counts is all that the user said since the last call of that kind; calls that follow one another without a word
    of the user between them rest on the same agreement. What refuses is struck out of a turn
    before it is read; where nothing else in it agrees, it also ends what was agreed before.
    """

    tools: str
    agrees: str
    refuses: str | None

    constants = (_MAX_SAID,)
    occasion = "call of such a tool"

    def occasions(self, subject: SessionView) -> Iterator[Occasion]:
        """Yield the calls."""
        names = any_case(self.tools)
        calls = calls_by_turn(subject)
        said, has_agreed, is_used = "nothing", False, False
        for turn_index, message in enumerate(subject.messages):
            if message.role == "user":
                said = message.text
                has_agreed = self._agrees(said[:_MAX_SAID], has_agreed and not is_used)
                is_used = False
            for call in calls.get(turn_index, ()):
                if names.search(call.name):
                    is_used = True
                    yield Occasion(not has_agreed, turn_index, f"{call.name} after the user said: {said}")

    def _agrees(self, said: str, has_agreed: bool) -> bool:
        """Return whether the user agrees, now that he said this."""
        left = said if self.refuses is None else any_case(self.refuses).sub(" ", said)
        if any_case(self.agrees).search(left) is not None:
            return True
        return has_agreed and left == said

    @property
    def words(self) -> str:
        """Tools and agreement."""
        return f"calls a tool named like {shown_pattern(self.tools)} only after the user has agreed or asked for it"


@dataclass(frozen=True)
class ActsOnce(Faultless):
    """A tool of some kind does not succeed twice with the same arguments."""

    tools: str

    constants = (ERROR_START, ERROR_KEYS)
    occasion = "call of such a tool that succeeded"

    def occasions(self, subject: SessionView) -> Iterator[Occasion]:
        """Yield the calls that succeeded."""
        seen: set[tuple[str, str]] = set()
        for call in subject.calls:
            if _succeeded(call, self.tools):
                key = (call.name, call.text)
                yield Occasion(key in seen, call.turn_index, f"{call.name} {call.text}")
                seen.add(key)

    @property
    def words(self) -> str:
        """The tools."""
        return f"does the same with a tool named like {shown_pattern(self.tools)} only once"


@dataclass(frozen=True)
class RepeatsNoAnswer(Faultless):
    """No answer says the same as the one before it, white space and case aside; short ones may."""

    constants = (_SHORT,)
    occasion = "second answer"

    def occasions(self, subject: SessionView) -> Iterator[Occasion]:
        """Yield every answer after the first."""
        before: str | None = None
        for answer in subject.answers:
            said = " ".join(answer.folded.split())
            if before is not None:
                yield Occasion(said == before and len(said) > _SHORT, answer.turn_index, answer.text)
            before = said

    @property
    def words(self) -> str:
        """What is asked."""
        return "never gives the same answer twice in a row"


@dataclass(frozen=True)
class NamesNoTool(Faultless):
    """No answer shows the name of a tool that the session calls; names of one plain word are let be."""

    constants = (_MAX_NAMES,)
    occasion = "answer in a session that calls a tool with a technical name"

    def occasions(self, subject: SessionView) -> Iterator[Occasion]:
        """Yield the answers."""
        names = sorted({call.name for call in subject.calls if _is_technical(call.name)})[:_MAX_NAMES]
        if not names:
            return
        shown = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")
        for answer in subject.answers:
            match = shown.search(answer.text)
            yield Occasion(match is not None, answer.turn_index, around(answer.text, match) if match else "")

    @property
    def words(self) -> str:
        """What is asked."""
        return "shows the name of none of its tools in an answer"


def is_named(tools: str) -> Check[Call]:
    """The called tool's name matches the pattern `tools`, in any case. Raises `ValueError` for a bad pattern."""
    any_case(tools)
    return IsNamed(tools)


def claims_backed(claims: str, tools: str) -> Check[SessionView]:
    """Where an answer matches `claims`, a tool named like `tools` has been called and came back without an error.

    Not applicable to a session without tool calls, or without such a claim. Raises `ValueError` for a bad pattern.
    """
    any_case(claims)
    any_case(tools)
    return ClaimsBacked(claims, tools)


def agreed_before(tools: str, agrees: str, *, refuses: str | None = None) -> Check[SessionView]:
    """Before each call of a tool named like `tools`, something that the user has said since the last one matches `agrees`.

    What matches `refuses` ("do not cancel it") is no agreement, and ends one given before unless the turn agrees
    besides. All patterns match in any case. Not applicable to a session without such a call. Raises `ValueError` for a bad pattern.
    """
    for pattern in (tools, agrees, *([] if refuses is None else [refuses])):
        any_case(pattern)
    return AgreedBefore(tools, agrees, refuses)


def acts_once(tools: str) -> Check[SessionView]:
    """No call of a tool named like `tools` succeeds twice with the same arguments."""
    any_case(tools)
    return ActsOnce(tools)


def repeats_no_answer() -> Check[SessionView]:
    """No answer is given twice in a row, see `RepeatsNoAnswer`."""
    return RepeatsNoAnswer()


def names_no_tool() -> Check[SessionView]:
    """No answer shows the name of a tool that the session calls, see `NamesNoTool`."""
    return NamesNoTool()


def _succeeded(call: Call, tools: str) -> bool:
    if any_case(tools).search(call.name) is None:
        return False
    return call.result is not None and not call.result.reports_error


def _next_word_of_user(subject: SessionView, turn_index: int) -> int:
    """Return the turn in which the user speaks next, or one past the last turn."""
    later = range(turn_index + 1, len(subject.messages))
    return next((index for index in later if subject.messages[index].role == "user"), len(subject.messages))


def _is_technical(name: str) -> bool:
    """Return whether a name is none that people say: with an underscore, or with a capital inside."""
    return "_" in name.strip("_") or any(character.isupper() for character in name[1:])
