"""Signal: the assistant makes the same call again and gets no further, or fails call after call.

A result that changed is progress, and so is nothing else: a loop through several calls is found by each of them. Not
here: how calls and results are joined (`tool_calls.py`), a single error (`tool_error.py`), answers in words that
repeat (`empty_or_garbled_answer.py`).
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from eval_pipeline.signals.contract import Batch, Evidence, Mask, Parameters, Signal, Strength, cut
from eval_pipeline.signals.fading import faded
from eval_pipeline.signals.reading.texts import Positions
from eval_pipeline.signals.reading.tool_calls import Call, calls_of_sessions

_ERROR_OBJECT = r'^\s*\[?\s*\{\s*"(?:(?:error|errors|exception)"\s*:\s*["{\[]|(?:success|ok)"\s*:\s*false)'
_WORDS_OF_A_NAME = re.compile("[A-Z]?[a-z]+|[A-Z]+")

_SAYS_LITTLE = re.compile(r"[^\d]{0,20}", re.DOTALL)
"""The whole of a result (ok, done, {"success": true}) that does not tell whether something moved on."""


class ToolLoopParameters(Parameters):
    """Strengths by the number of calls, and what a repetition counts by its circumstances.

    `twice`, `thrice`: strength of the same call made two or three times; each further call leaves `doubt_left` of the
    doubt, up to `highest`. Of one repetition is counted: `retry` when it is the only one and follows an error;
    `at_once` within one turn; `asked_again` after the user spoke (once, however often); `after_change` after a call
    with an effect; `no_result` where no result is known; `says_little` where it is a word of an action. `recovered`:
    share of the strength left when the same tool got further later. `failing_from`: so many different calls that fail
    one after the other are strength `failing`. `repeated`: share by which each further piece of a session weighs less,
    up to `most`. Below `faintest` it is quiet.
    """

    twice: Strength = 0.25
    thrice: Strength = 0.6
    doubt_left: Strength = 0.6
    highest: Strength = 0.9
    retry: Strength = 0.4
    at_once: Strength = 0.3
    asked_again: Strength = 0.4
    after_change: Strength = 0.25
    no_result: Strength = 0.5
    says_little: Strength = 0.5
    recovered: Strength = 0.6
    failing_from: int = Field(default=4, ge=2)
    failing: Strength = 0.5
    repeated: Strength = 0.5
    most: int = Field(default=4, ge=1)
    faintest: float = Field(default=0.08, ge=0, lt=1)

    @model_validator(mode="after")
    def _strength_rises(self) -> "ToolLoopParameters":
        if not self.twice <= self.thrice <= self.highest:
            raise ValueError("twice, thrice and highest must rise")
        return self

    def of_repetitions(self, count: float) -> float:
        """Return the strength of so many repetitions: rises from 0 by `twice` at 1 and `thrice` at 2 to `highest`."""
        if count <= 1:
            return self.twice * count
        if count <= 2:
            return self.twice + (self.thrice - self.twice) * (count - 1)
        return min(self.highest, 1 - (1 - self.thrice) * math.pow(self.doubt_left, count - 2))

    def of_failures(self, count: int) -> float:
        """Return the strength of so many different calls in a row that failed."""
        if count < self.failing_from:
            return 0.0
        rising = 1 - (1 - self.failing) * self.doubt_left ** (count - self.failing_from)
        return max(self.failing, min(self.highest, rising))


@dataclass
class _Loop:
    """The repetitions of one call so far. `here`: their count since the user spoke; `largest`: of any such stretch."""

    last: Call
    n_calls: int = 1
    here: float = 0.0
    largest: float = 0.0
    is_asked_again: bool = False
    repetition: int = -1
    n_changes: int = 0

    def add(self, share: float, index: int) -> None:
        self.here += share
        self.largest = max(self.largest, self.here)
        self.n_calls += 1
        self.repetition = index


@dataclass
class _Trace:
    """What a walk over the calls of a session left. `progress`: for each tool, its last call that got further."""

    loops: dict[str, _Loop] = field(default_factory=dict)
    progress: dict[str, int] = field(default_factory=dict)
    n_changes: int = 0


@dataclass(frozen=True)
class ToolLoop(Signal):
    """Fires on a call made again with the same arguments and the same result, and on calls that fail in a row."""

    name: ClassVar[str] = "tool_loop"
    declared_version: ClassVar[str] = "1"
    sections: ClassVar[tuple[str, ...]] = ("tool_errors", "reading_tools")

    parameters: ToolLoopParameters

    @property
    def describe(self) -> str:
        """What it looks for, in words."""
        return (
            "The assistant makes the same call again with the same arguments and the same result or error, or "
            f"{self.parameters.failing_from} and more different calls in a row fail. One retry after an error is a hint."
        )

    def applies(self, batch: Batch) -> tuple[Mask, str]:
        """Say nothing of sessions with fewer than two tool calls."""
        return _n_calls(batch) >= 2, "fewer than two tool calls"

    def find(self, batch: Batch) -> Sequence[Evidence]:
        """Return a piece for each call that was repeated and for each row of failures, fading over the session."""
        pieces = (
            piece
            for session, calls in calls_of_sessions(batch, _n_calls(batch) >= 2, self._has_failed(batch))
            for piece in (*self._repeated(session, calls), *self._failing(session, calls))
            if piece.strength >= self.parameters.faintest
        )
        return list(faded(pieces, share=self.parameters.repeated, most=self.parameters.most))

    def _has_failed(self, batch: Batch) -> Mask:
        """Return for each turn whether it is the result of a call that failed."""
        tool = batch.dialogue.tool
        failed = batch.turns["is_error"].to_numpy(dtype=bool) & batch.has_role("tool")
        failed[tool.positions] |= self.phrases("tool_errors").found_in(tool.texts, at_start=True)
        failed[tool.positions] |= tool.texts.matched(_ERROR_OBJECT)
        return failed

    def _repeated(self, session: int, calls: list[Call]) -> Iterator[Evidence]:
        trace = self._walk(calls)
        for loop in trace.loops.values():
            if loop.repetition < 0:
                continue
            call = calls[loop.repetition]
            count = loop.largest + (self.parameters.asked_again if loop.is_asked_again else 0.0)
            strength = self.parameters.of_repetitions(count)
            if loop.n_calls == 2 and call.has_failed:
                strength *= self.parameters.retry
            has_recovered = trace.progress.get(call.name, -1) > loop.repetition
            strength *= self.parameters.recovered if has_recovered else 1.0
            reason = f"called {cut(call.name) or 'a tool'} {loop.n_calls} times with the same arguments"
            reason += ", and it failed each time" if call.has_failed else ""
            yield Evidence(
                session,
                strength,
                call.turn_index,
                cut(call.key),
                reason + (", then got further" if has_recovered else ""),
            )

    def _walk(self, calls: list[Call]) -> _Trace:
        """Go over the calls once, and note for each what it repeats and whether anything changed."""
        trace = _Trace()
        for index, call in enumerate(calls):
            loop = trace.loops.get(call.key)
            if loop is None or not loop.last.came_out_as(call):
                self._note_progress(trace, call, index)
            if loop is None:
                trace.loops[call.key] = _Loop(call, n_changes=trace.n_changes)
                continue
            self._note_repetition(trace, loop, call, index)
            loop.last, loop.n_changes = call, trace.n_changes
        return trace

    def _note_progress(self, trace: _Trace, call: Call, index: int) -> None:
        if not call.has_failed:
            trace.progress[call.name] = index
            trace.n_changes += not self._only_reads(call.name)

    def _note_repetition(self, trace: _Trace, loop: _Loop, call: Call, index: int) -> None:
        if call.stretch != loop.last.stretch:
            loop.here = 0.0
        if not loop.last.came_out_as(call):
            return
        if call.stretch != loop.last.stretch:
            loop.is_asked_again = True
            loop.add(0.0, index)
        else:
            loop.add(self._share(loop, call, has_changed=trace.n_changes > loop.n_changes), index)

    def _share(self, loop: _Loop, call: Call, *, has_changed: bool) -> float:
        """Return how much a repetition counts."""
        if call.turn_index == loop.last.turn_index:
            return self.parameters.at_once
        share = self.parameters.after_change if has_changed else 1.0
        if call.result is None:
            return share * self.parameters.no_result
        is_action = not call.has_failed and not self._only_reads(call.name)
        return share * (self.parameters.says_little if is_action and _SAYS_LITTLE.fullmatch(call.result) else 1.0)

    def _only_reads(self, name: str) -> bool:
        words = {word.lower() for word in _WORDS_OF_A_NAME.findall(name)}
        return not words.isdisjoint(self._reading_words)

    @cached_property
    def _reading_words(self) -> frozenset[str]:
        return frozenset(self.phrases("reading_tools").phrases)

    def _failing(self, session: int, calls: list[Call]) -> Iterator[Evidence]:
        """Yield the rows of failures that the user did not interrupt; the same call twice is one of them."""
        row: list[Call] = []
        for call in [*calls, None]:
            if call is not None and call.has_failed and (not row or row[-1].stretch == call.stretch):
                row.append(call)
                continue
            if row:
                yield self._of_row(session, row, call)
            row = [call] if call is not None and call.has_failed else []

    def _of_row(self, session: int, row: list[Call], after: Call | None) -> Evidence:
        strength = self.parameters.of_failures(len({call.key for call in row}))
        has_recovered = after is not None and not after.has_failed and after.stretch == row[-1].stretch
        strength *= self.parameters.recovered if has_recovered else 1.0
        reason = f"{len(row)} calls in a row failed" + (", then one worked" if has_recovered else "")
        return Evidence(session, strength, row[-1].turn_index, cut(row[-1].result or row[-1].key), reason)


def _n_calls(batch: Batch) -> Positions:
    """Return the number of tool calls of each session."""
    by_turn = np.fromiter((len(calls) for calls in batch.turns["tool_calls"]), np.int64, len(batch.turns))
    by_turn[~batch.has_role("assistant")] = 0
    return np.bincount(batch.owner, weights=by_turn, minlength=len(batch.sessions)).astype(np.int64)
