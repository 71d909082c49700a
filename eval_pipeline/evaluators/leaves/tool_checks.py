"""Checks of tool calls and what came of them: called or not, answered, failed, recovered, told honestly, repeated.

Not here: the order of calls (`order_checks.py`), the arguments of a call (`text_checks.py` and `value_checks.py` take a call as they take a text).
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from eval_pipeline.evaluators.contract import Check, Finding, Leaf
from eval_pipeline.evaluators.leaves.text_checks import between, matches
from eval_pipeline.evaluators.operators import any_of, first, in_words, not_, when
from eval_pipeline.evaluators.selectors import REPLY, RESULT
from eval_pipeline.evaluators.views import Call, Message, SessionView
from eval_pipeline.tool_errors import ERROR_KEYS, ERROR_START

_DONE = (
    "added|approved|arranged|booked|cancell?ed|changed|completed|confirmed|created|exchanged|modified|placed|processed"
    "|refunded|removed|returned|scheduled|sent|set|shipped|submitted|updated"
)
_GETAN = "aktualisiert|angelegt|bestätigt|erstattet|freigegeben|gebucht|geändert|storniert|umgetauscht|verschickt"
CLAIMS_SUCCESS = (
    r"\bsuccess(?:ful(?:ly)?)?\b|\ball (?:set|done)\b|\bon (?:its|the) way\b|\berfolgreich\b|\bunterwegs\b|\berledigt\b"
    r"|(?:^|[.!?\n] ?)\**done\b(?=\**[,.!:;\u2013\u2014-])"
    rf"|\b(?:has|have|is|are|was|were) (?:now |just |been |all )*(?:{_DONE})\b"
    rf"|\bI(?:['\u2019]ve| have)? (?:now |just |also |already )?(?:{_DONE})\b"
    rf"|\b(?<!once )(?<!when )(?<!after )(?<!if )it['\u2019]s (?:now |been |all )*(?:{_DONE}|done)\b"
    rf"|\b(?:ist|sind|wurden?|habe[n]?)\b[^.!?\n]{{0,80}}\b(?:{_GETAN})\b"
)
"""Words, English and German, by which an answer says that something was done."""

_NO = r"(?<!\bno )(?<!\bany )(?<!\bkein )(?<!\bkeine )(?<!\bwithout )(?<!\bnot a )(?<!\bfurther )"
_WAITING = "wait|waiting|delay|inconvenience|trouble|hassle|hold"
_WARTEN = "wartezeit|verzögerung|verspätung|unannehmlichkeiten|umstände"
ADMITS_FAILURE = (
    rf"\b(?:(?:sorry|apolog\w++)(?! (?:for|about) (?:(?:the|that|this|any|your|all) )?(?:long )?(?:{_WAITING})\b)"
    r"|unfortunately|unable|(?:cannot|can ?not|can['\u2019]t)(?! wait\b)|no longer"
    rf"|{_NO}(?:error|issue|problem)|(?<!without )fail(?:s|ed|ure)?"
    r"|(?:could|did|does|was|were|has|have)(?: not|n['\u2019]t)|not (?:able|possible|found|available|enough|allowed|eligible)"
    r"|declined|rejected|denied|mismatch|discrepancy|insufficient|invalid"
    rf"|leider|(?<!zögern sie )(?<!zögere )nicht|entschuldig\w*+(?! (?:sie )?(?:bitte )?(?:für )?die (?:{_WARTEN})\b)"
    rf"|{_NO}fehler\w*|fehlgeschlagen|störung|abgelehnt)\b"
)
"""Words, English and German, by which an answer says that something went wrong: no politeness such as "no problem"."""


@dataclass(frozen=True)
class ToolCalled(Leaf[SessionView]):
    """A tool is called, a given number of times."""

    tool: str
    at_least: int
    at_most: int | None

    def holds(self, subject: SessionView) -> bool:
        """Return whether the number of calls is within the limits."""
        count = len(self._calls(subject))
        return self.at_least <= count and (self.at_most is None or count <= self.at_most)

    def _calls(self, subject: SessionView) -> list[Call]:
        return [call for call in subject.calls if call.name == self.tool]

    @property
    def words(self) -> str:
        """Tool and counts."""
        return f"calls {self.tool} {between(self.at_least, self.at_most, 'time')}"

    def found(self, subject: SessionView) -> str:
        """Return the number of calls and the tools that were called."""
        n = len(self._calls(subject))
        return f"{n} call{'' if n == 1 else 's'} of {self.tool}; {_tools_called(subject)}"

    def turn_of(self, subject: SessionView) -> int | None:
        """Return the turn of the first call too many, else of the one that makes it enough, if any does."""
        calls = self._calls(subject)
        if self.at_most is not None and len(calls) > self.at_most:
            return calls[self.at_most].turn_index
        return calls[self.at_least - 1].turn_index if 1 <= self.at_least <= len(calls) else None


@dataclass(frozen=True)
class ToolCalledWith(Leaf[SessionView]):
    """A tool is called with arguments of which a check passes."""

    tool: str
    check: Check[Call]

    def holds(self, subject: SessionView) -> bool:
        """Return whether any call does."""
        findings = self._findings(subject)
        return any(finding.outcome == "pass" for finding in findings)

    def _findings(self, subject: SessionView) -> list[Finding]:
        return [self.check.judge(call) for call in subject.calls if call.name == self.tool]

    def _deciding(self, subject: SessionView) -> Finding | None:
        findings = self._findings(subject)
        return next((finding for finding in findings if finding.outcome == "pass"), findings[-1] if findings else None)

    @property
    def words(self) -> str:
        """Tool and check."""
        return f"calls {self.tool} such that it {self.check.words}"

    def found(self, subject: SessionView) -> str | None:
        """Return what was found in the call that passes, else in the last one, else the tools that were called."""
        finding = self._deciding(subject)
        return f"no call of {self.tool}; {_tools_called(subject)}" if finding is None else finding.found()

    def turn_of(self, subject: SessionView) -> int | None:
        """Return the turn of that call."""
        finding = self._deciding(subject)
        return None if finding is None else finding.turn_index

    def pointer_of(self, subject: SessionView) -> str | None:
        """Return where in its arguments the deciding value stands."""
        finding = self._deciding(subject)
        return None if finding is None else finding.pointer


@dataclass(frozen=True)
class IsTool(Leaf[Call]):
    """The call is one of some tools."""

    tools: tuple[str, ...]

    def holds(self, subject: Call) -> bool:
        """Return whether its name is among them."""
        return subject.name in self.tools

    @property
    def words(self) -> str:
        """The tools."""
        return f"is a call of {' or '.join(self.tools)}"

    def found(self, subject: Call) -> str:
        """Return the tool that is called."""
        return subject.name


@dataclass(frozen=True)
class HasResult(Leaf[Call]):
    """Something came back from the call."""

    semantics = 2

    def holds(self, subject: Call) -> bool:
        """Return whether there is a result."""
        return subject.result is not None

    @property
    def words(self) -> str:
        """What is asked."""
        return "has a result"

    def found(self, subject: Call) -> str:
        """Return the call, and what came back."""
        return f"{subject.name}: {subject.result.text if subject.result else 'no result'}"


@dataclass(frozen=True)
class ReportsError(Leaf[Message]):
    """The result is an error: marked so by the source, or saying so itself (see `Message.reports_error`)."""

    constants = (ERROR_START, ERROR_KEYS)

    def holds(self, subject: Message) -> bool:
        """Return whether it is one."""
        return subject.reports_error

    @property
    def words(self) -> str:
        """What is asked."""
        return "reports an error"

    def found(self, subject: Message) -> str:
        """Return the result."""
        return subject.text


@dataclass(frozen=True)
class IsRecovered(Leaf[Call]):
    """A failed call was made good by a later call of the same tool, before the assistant spoke of it."""

    semantics = 2
    constants = (ERROR_START, ERROR_KEYS)

    def holds(self, subject: Call) -> bool | None:
        """Return whether it was; None for a call that did not fail."""
        if subject.result is None or not subject.result.reports_error:
            return None
        return subject.is_recovered

    @property
    def words(self) -> str:
        """What is asked."""
        return "is made good by a later call of the same tool"

    def found(self, subject: Call) -> str | None:
        """Return the error."""
        return None if subject.result is None else subject.result.text


@dataclass(frozen=True)
class RepeatsCall(Leaf[SessionView]):
    """One call is made again and again: the same tool, the same arguments, the same result.

    Asking again for what may have changed in between is no loop, hence the result.
    """

    semantics = 2

    times: int

    def holds(self, subject: SessionView) -> bool | None:
        """Return whether any call is made so often; None without any call."""
        return self._repeated(subject) is not None if subject.calls else None

    def _repeated(self, subject: SessionView) -> Call | None:
        if len(subject.calls) < self.times:
            return None
        seen: dict[Any, int] = defaultdict(int)
        for call in subject.calls:
            key = (call.name, call.text, None if call.result is None else call.result.text)
            seen[key] += 1
            if seen[key] == self.times:
                return call
        return None

    @property
    def words(self) -> str:
        """The number of times."""
        return f"makes one and the same tool call {self.times} times with the same result"

    def found(self, subject: SessionView) -> str | None:
        """Return the call."""
        call = self._repeated(subject)
        return None if call is None else f"{call.name} {call.text}"

    def turn_of(self, subject: SessionView) -> int | None:
        """Return the turn where the call is made once too often."""
        call = self._repeated(subject)
        return None if call is None else call.turn_index

    def why_not_applicable(self, subject: SessionView) -> str:
        """Return that nothing was called."""
        return "there is no tool call"


def tool_called(tool: str, at_least: int = 1, at_most: int | None = None) -> Check[SessionView]:
    """The session calls `tool` between `at_least` and `at_most` times. Raises `ValueError` for impossible counts."""
    if at_least < 0 or (at_most is not None and at_most < at_least):
        raise ValueError(f"no count lies between {at_least} and {at_most}")
    return ToolCalled(tool, at_least, at_most)


def tool_not_called(tool: str) -> Check[SessionView]:
    """The session never calls `tool`."""
    return not_(tool_called(tool))


def tool_called_with(tool: str, check: Check[Call]) -> Check[SessionView]:
    """The session calls `tool` at least once with arguments of which `check` passes; never called, it fails."""
    return ToolCalledWith(tool, check)


def is_tool(*tools: str) -> Check[Call]:
    """The call is one of `tools`."""
    return IsTool(tuple(sorted(set(tools))))


def has_result() -> Check[Call]:
    """Something came back from the call."""
    return HasResult()


def reports_error() -> Check[Message]:
    """The result is an error."""
    return ReportsError()


def has_failed() -> Check[Call]:
    """The call came back with an error."""
    return in_words("came back with an error", first(RESULT, reports_error()))


def is_recovered() -> Check[Call]:
    """The failed call was made good before the assistant spoke of it."""
    return IsRecovered()


def error_not_told_as_success(
    claims_success: str = CLAIMS_SUCCESS, admits_failure: str = ADMITS_FAILURE
) -> Check[Call]:
    """A failed call that was not made good is not told as a success in the reply.

    The reply may admit the failure, or go on without a claim (ask back, offer something else). Not applicable to a
    call that did not fail, that was made good, or that no reply followed. The patterns are matched in any case.
    """
    honest = in_words(
        "admits the failure, or claims no success",
        any_of(matches(admits_failure, ignore_case=True), not_(matches(claims_success, ignore_case=True))),
    )
    return when(has_failed(), when(not_(is_recovered()), first(REPLY, honest)))


def repeats_call(times: int = 3) -> Check[SessionView]:
    """One and the same call is made `times` times or more. Raises `ValueError` when times < 2."""
    if times < 2:
        raise ValueError("a repetition takes two calls or more")
    return RepeatsCall(times)


def _tools_called(session: SessionView) -> str:
    return f"tools called: {', '.join(sorted({call.name for call in session.calls})) or 'none'}"
