"""What a check looks at: a session and its messages, tool calls and code blocks, parsed once however many checks ask.

A view is built from the columns named in `run.INPUT_COLUMNS`; what the source claims to know (`outcome`,
`recorded_labels`) is not among them. No view points back to its session, so views are freed as soon as they are
done with. Not here: what is asked of a view (`*_checks.py`), which views are looked at (`selectors.py`), what is a
block (`fences.py`), what is an error (`tool_errors.py`).
"""

from bisect import bisect_right
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import orjson

from eval_pipeline.evaluators.fences import fenced_blocks
from eval_pipeline.tool_errors import (
    ERROR_START,
    is_error_object,
    may_be_error_object,
    opens_as_error_object,
)
from eval_pipeline.versions import canonical_json


class _Absent(Enum):
    NOT_JSON = "not JSON"
    UNREAD = "unread"


NOT_JSON = _Absent.NOT_JSON
"""What `Text.json` is when the text is not JSON (None is JSON's null)."""

_JSON_SPACE = " \t\n\r"
_JSON_STARTS = '{["-0123456789tfn'


class Text:
    """A piece of text of a session. `turn_index` is the turn it stands in, from 0."""

    __slots__ = ("_folded", "_json", "text", "turn_index")

    noun = "text"

    def __init__(self, text: str, turn_index: int) -> None:
        self.text = text
        self.turn_index: int | None = turn_index
        self._json: Any = _Absent.UNREAD
        self._folded: str | None = None

    @property
    def json(self) -> Any:
        """The parsed text, or `NOT_JSON`."""
        if self._json is _Absent.UNREAD:
            self._json = _parsed(self.text)
        return self._json

    @property
    def folded(self) -> str:
        """The text without difference of case."""
        if self._folded is None:
            self._folded = self.text.casefold()
        return self._folded

    def blocks(self) -> list["Block"]:
        """Return the fenced code blocks, in order; a fence that is not closed is none."""
        if "```" not in self.text and "~~~" not in self.text:
            return []
        return [Block(block.text, self.turn_index or 0, block.language.lower()) for block in fenced_blocks(self.text)]


class Block(Text):
    """A fenced code block; `language` is the word behind the fence, in lower case, or empty."""

    __slots__ = ("language",)

    noun = "block"

    def __init__(self, text: str, turn_index: int, language: str) -> None:
        super().__init__(text, turn_index)
        self.language = language


class Message(Text):
    """One turn. `is_error` is the source's mark on a tool result."""

    __slots__ = ("_at", "has_calls", "is_error", "role")

    noun = "message"

    def __init__(self, turn: Mapping[str, Any], turn_index: int) -> None:
        # Not by way of Text: every turn of every session comes by here.
        self.text = turn.get("content") or ""
        self.turn_index = turn_index
        self._json = _Absent.UNREAD
        self._folded = None
        self.role: str = turn["role"]
        self.is_error = bool(turn.get("is_error"))
        self.has_calls = bool(turn.get("tool_calls"))
        self._at = turn.get("at")

    @property
    def at(self) -> datetime | None:
        """When it was said (UTC), or None where the source gives no time that can be read."""
        try:
            moment = datetime.fromisoformat(self._at) if isinstance(self._at, str) else self._at
        except ValueError:
            return None
        if not isinstance(moment, datetime):
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment

    @property
    def is_answer(self) -> bool:
        """Whether it is an assistant turn with words in it."""
        return self.role == "assistant" and bool(self.text.strip())

    @property
    def reports_error(self) -> bool:
        """Whether the source marks it as an error, or it says so: by its first words, or as an object with an error."""
        return self.is_error or ERROR_START.match(self.text) is not None or self._is_error_object()

    def _is_error_object(self) -> bool:
        if not may_be_error_object(self.text):
            return False
        return opens_as_error_object(self.text) if self.json is NOT_JSON else is_error_object(self.json)


class Call(Text):
    """One tool call: `text` and `json` are its arguments (none given is an empty object), `result` what came back.

    `reply` is the first answer after the result and before the user's next words; `is_recovered` says that the
    result was an error and that, before the reply, a later call of the same tool came back without one.
    """

    __slots__ = ("is_recovered", "name", "reply", "result")

    noun = "tool call"

    def __init__(self, call: Mapping[str, Any], turn_index: int) -> None:
        arguments = call.get("arguments")
        is_text = isinstance(arguments, str)
        value = {} if arguments is None else arguments
        super().__init__(str(value) if is_text else canonical_json(value).decode(), turn_index)
        if not is_text:
            self._json = value
        self.name: str = call["name"]
        self.result: Message | None = None
        self.reply: Message | None = None
        self.is_recovered = False


class SessionView:
    """A session as a check sees it."""

    __slots__ = ("calls", "messages", "meta", "session_id", "slices", "surface")

    noun = "session"
    turn_index: int | None = None

    def __init__(
        self,
        session_id: str,
        surface: str,
        slices: Mapping[str, str],
        turns: Iterable[Mapping[str, Any]],
        meta: Mapping[str, Any] | None = None,
    ) -> None:
        self.session_id = session_id
        self.surface = surface
        self.slices = slices
        self.meta = meta or {}
        self.messages: list[Message] = []
        self.calls: list[Call] = []
        _read_turns(turns, self.messages, self.calls)

    @property
    def answers(self) -> list[Message]:
        """Assistant turns with words in them."""
        return [message for message in self.messages if message.is_answer]

    @property
    def assistant_turns(self) -> list[Message]:
        """All assistant turns, silent ones and those that only call tools included."""
        return [message for message in self.messages if message.role == "assistant"]

    @property
    def user_turns(self) -> list[Message]:
        """What the user said."""
        return [message for message in self.messages if message.role == "user"]

    @property
    def conversation(self) -> list[Message]:
        """What user and assistant said to each other, without tools, system and silent turns."""
        return [message for message in self.messages if message.role == "user" or message.is_answer]


Subject = Text | SessionView


def _parsed(text: str) -> Any:
    # Most texts are prose: an exception for each would cost more than all other checks of it.
    first = text[:1] if text[:1] not in _JSON_SPACE else text.lstrip(_JSON_SPACE)[:1]
    if not first or first not in _JSON_STARTS:
        return NOT_JSON
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return NOT_JSON


def _read_turns(turns: Iterable[Mapping[str, Any]], messages: list[Message], calls: list[Call]) -> None:
    waiting = _Waiting()
    for index, turn in enumerate(turns):
        message = Message(turn, index)
        messages.append(message)
        if message.role == "tool":
            waiting.give(message, turn.get("tool_call_id"))
        for asked in turn.get("tool_calls") or ():
            call = Call(asked, index)
            calls.append(call)
            waiting.add(call, asked.get("id"))
    replies = _next_answers(messages) if calls else []
    for call in calls:
        answered_from = call.result.turn_index if call.result is not None else call.turn_index
        call.reply = replies[answered_from or 0]
    _mark_recovered(calls)


class _Waiting:
    """The calls that no result has been given to yet."""

    def __init__(self) -> None:
        self._calls: OrderedDict[int, Call] = OrderedDict()
        """By number, oldest first. Not a plain dict: to find the first of one is slow after many were taken."""
        self._numbers: dict[str | None, deque[int]] = defaultdict(deque)
        """By id of the call, oldest first; those that are taken already are left out when they are met."""
        self._n_added = 0

    def add(self, call: Call, call_id: str | None) -> None:
        """Let `call` wait."""
        self._calls[self._n_added] = call
        self._numbers[call_id].append(self._n_added)
        self._n_added += 1

    def give(self, result: Message, call_id: str | None) -> None:
        """Give `result` to the oldest call with its id, else to the oldest without an id; without one, to the oldest."""
        number = next(iter(self._calls), None) if call_id is None else self._oldest(call_id)
        if number is None and call_id is not None:
            number = self._oldest(None)
        if number is not None:
            self._calls.pop(number).result = result

    def _oldest(self, call_id: str | None) -> int | None:
        numbers = self._numbers.get(call_id)
        while numbers and numbers[0] not in self._calls:
            numbers.popleft()
        return numbers[0] if numbers else None


def _next_answers(messages: Sequence[Message]) -> list[Message | None]:
    """Return, for each turn, the first answer after it that comes before the user's next words."""
    upcoming: Message | None = None
    answers: list[Message | None] = []
    for message in reversed(messages):
        answers.append(upcoming)
        if message.role == "user":
            upcoming = None
        elif message.is_answer:
            upcoming = message
    return answers[::-1]


def _mark_recovered(calls: Sequence[Call]) -> None:
    """Mark the failed calls after which the same tool was called with success, and that before the reply."""
    failed = [call for call in calls if call.result is not None and call.result.reports_error]
    successes = _Successes(calls) if failed else None
    for call in failed:
        call.is_recovered = successes is not None and successes.is_any_for(call)


class _Successes:
    """The calls of each tool that came back without an error, sorted by turn, so that each is looked up quickly."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._called: dict[str, list[int]] = defaultdict(list)
        self._earliest: dict[str, list[int]] = defaultdict(list)
        """The turn of the earliest result of this or a later call."""
        for call in reversed(calls):
            if call.result is not None and not call.result.reports_error:
                earliest, came = self._earliest[call.name], call.result.turn_index or 0
                self._called[call.name].append(call.turn_index or 0)
                earliest.append(min(came, earliest[-1]) if earliest else came)
        for turns in (*self._called.values(), *self._earliest.values()):
            turns.reverse()

    def is_any_for(self, failed: Call) -> bool:
        """Return whether one was called after `failed` had come back, and came back before its reply."""
        if failed.result is None or failed.name not in self._called:
            return False
        later = bisect_right(self._called[failed.name], failed.result.turn_index or 0)
        results = self._earliest[failed.name][later : later + 1]
        answered_at = failed.reply.turn_index if failed.reply is not None else None
        return any(answered_at is None or came < answered_at for came in results)
