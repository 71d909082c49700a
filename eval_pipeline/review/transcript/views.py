"""Turns as a page shows them: roles, times, texts made safe, and calls with their results.

Not here: which turns a page holds (`turns.py`), highlighting (`highlight.py`), joining (`joining.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from eval_pipeline.review.transcript.body import SHOWN, body_html, folded
from eval_pipeline.review.transcript.controls import visible
from eval_pipeline.review.transcript.failures import failure_of
from eval_pipeline.review.transcript.highlight import highlight
from eval_pipeline.review.transcript.joining import MAX_CALLS, Joined, Match, calls_of, join
from eval_pipeline.review.transcript.json_view import json_html
from eval_pipeline.review.transcript.safe_html import SafeHtml
from eval_pipeline.review.transcript.times import gap_words, moment_of

Turn = Mapping[str, Any]

_BUDGET = 400_000
_LEAST_SHOWN = 2_000
_LONGEST_NAME = 200
_LONGEST_LABEL = 1_000
_LONG_GAP = timedelta(minutes=1)
_ROLES = {"user": "User", "assistant": "Assistant", "tool": "Tool", "system": "System"}


@dataclass(frozen=True)
class TurnView:
    """One turn. `role` is user, assistant, tool, system or other; `at` UTC or None; `gap`: words for a long pause before.

    `body` and `reasoning` are None for none; `failure` says how a tool result is known to have failed; `remark` says of a
    result whose call it answers where that stands elsewhere; `labels`: what marks say of the turn.
    """

    index: int
    role: str
    label: SafeHtml
    at: datetime | None
    gap: str | None
    body: SafeHtml | None
    reasoning: SafeHtml | None
    calls: tuple["CallView", ...]
    failure: str | None
    remark: SafeHtml | None
    is_cut: bool
    labels: tuple[tuple[SafeHtml, SafeHtml], ...] = ()

    def with_marks(self, marks: Sequence[Mapping[str, str | None]]) -> "TurnView":
        """Return the turn with each mark's quote highlighted, and its label and quote among `labels`."""
        if not marks:
            return self
        quotes = [mark.get("quote") or "" for mark in marks]
        calls = [replace(c, arguments=c.arguments and highlight(c.arguments, quotes)) for c in self.calls]
        labels = [visible(str(mark.get("label") or "")[:_LONGEST_LABEL]) for mark in marks]
        shown = [visible(quote[:_LONGEST_LABEL]) for quote in quotes]
        return replace(
            self,
            body=self.body and highlight(self.body, quotes),
            reasoning=self.reasoning and highlight(self.reasoning, quotes),
            calls=tuple(calls),
            labels=tuple(zip(labels, shown, strict=True)),
        )


@dataclass(frozen=True)
class CallView:
    """A tool call. `result` is the turn that answers it, where it follows at once; else `remark` says where, or that none does."""

    name: SafeHtml
    arguments: SafeHtml | None
    result: TurnView | None
    remark: SafeHtml | None


class Views:
    """The turns of one window, joined."""

    def __init__(self, turns: Sequence[Turn], offset: int, start: int, end: int, n_total: int) -> None:
        self._turns = dict(enumerate(turns, start=offset))
        self._joined: Joined = join(turns, offset)
        self._offset, self._last, self._total = offset, offset + len(turns), n_total
        self._start, self._end = start, end
        inside = [self._turns[index] for index in range(start, end) if index in self._turns]
        weight = sum(len(turn.get("content") or "") for turn in inside)
        self._shown = SHOWN if weight <= _BUDGET else max(_LEAST_SHOWN, _BUDGET // len(inside))

    def shown(self) -> list[TurnView]:
        """Return the turns in order, without the results that stand in their call."""
        wanted = [index for index in range(self._start, self._end) if index in self._turns]
        return [self._view(index) for index in wanted if not self._is_nested(self._joined.by_result.get(index))]

    def _is_nested(self, match: Match | None) -> bool:
        return (
            match is not None and match.is_adjacent and self._start <= match.call_turn and match.result_turn < self._end
        )

    def _view(self, index: int) -> TurnView:
        turn = self._turns[index]
        role, content = str(turn.get("role")), str(turn.get("content") or "")
        at, reasoning = moment_of(turn.get("at")), turn.get("reasoning")
        failure = failure_of(turn) if role == "tool" else None
        return TurnView(
            index=index,
            role=role if role in _ROLES else "other",
            label=visible(_ROLES.get(role, role[:40])),
            at=at,
            gap=self._gap(index, at),
            body=_unfolded(self._body(role, content)) if failure else self._body(role, content),
            reasoning=folded("Reasoning", str(reasoning), self._shown) if reasoning else None,
            calls=tuple(self._call(index, number, call) for number, call in enumerate(calls_of(turn))),
            failure=failure,
            remark=_visible(self._remark(index, turn)),
            is_cut=max(len(content), len(str(reasoning or ""))) > self._shown,
        )

    def _body(self, role: str, content: str) -> SafeHtml | None:
        if not content.strip():
            return None
        if role == "system":
            return folded("System prompt", content, self._shown)
        return body_html(content, self._shown, is_markdown=role != "tool")

    def _gap(self, index: int, at: datetime | None) -> str | None:
        before = moment_of(self._turns.get(index - 1, {}).get("at"))
        return gap_words(at - before) if at and before and at - before >= _LONG_GAP else None

    def _remark(self, index: int, turn: Turn) -> str | None:
        if turn.get("role") != "tool":
            n_left_out = len(turn.get("tool_calls") or []) - MAX_CALLS
            return f"{n_left_out:,} more tool calls are not shown." if n_left_out > 0 else None
        match = self._joined.by_result.get(index)
        if match is None:
            return "A result without a call." + (
                f" Turns before {self._offset} were not searched." if self._offset else ""
            )
        if self._is_nested(match):
            return "Joined to its call by order: there is no id." if match.is_by_order else None
        return f"The result of {match.name[:_LONGEST_NAME]}, called at turn {match.call_turn}."

    def _call(self, index: int, number: int, call: Mapping[str, Any]) -> CallView:
        match = self._joined.by_call.get((index, number))
        is_here = self._is_nested(match)
        result = self._view(match.result_turn) if match and is_here else None
        return CallView(
            name=visible(str(call.get("name") or "a tool")[:_LONGEST_NAME]),
            arguments=_arguments(call.get("arguments"), self._shown),
            result=result,
            remark=None if is_here else visible(self._no_result(match)),
        )

    def _no_result(self, match: Match | None) -> str:
        if match:
            return f"Its result came at turn {match.result_turn}."
        is_searched = self._last >= self._total
        return "A call without a result." + ("" if is_searched else f" Turns from {self._last} on were not searched.")


def _visible(text: str | None) -> SafeHtml | None:
    return None if text is None else visible(text)


def _arguments(value: Any, shown: int) -> SafeHtml | None:
    if value is None or value == {} or value == "":
        return None
    return body_html(value, shown, is_markdown=False) if isinstance(value, str) else json_html(value)


def _unfolded(html: SafeHtml | None) -> SafeHtml | None:
    """Return a body with its own fold open: how a tool failed must not be hidden."""
    return SafeHtml(html.replace("<details", "<details open", 1)) if html and html.startswith("<details") else html
