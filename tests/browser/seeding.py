"""Rows as the nightly job would leave them, of sessions that a test makes up: transcript, queue, and what machines say.

Not here: people's acts; these go through the app.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd

from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import (
    CategoryPredictions,
    EvaluatorVerdicts,
    FlaggedSessions,
    JudgeVerdicts,
    RawSessions,
    SessionSignals,
    Table,
)
from tests.fakes import typed
from tests.known_categories import SHIPPED, know

DAY = date(2026, 3, 2)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TALK = ("user: Where is my order?", "assistant: It arrives on Friday.", "user: It is Friday.", "assistant: I am sorry.")

Row = dict[str, Any]


def talk(*lines: str) -> list[Row]:
    """Turns from lines like `user: hello`, half a minute apart."""
    said = [line.partition(": ") for line in lines]
    times = [(START + timedelta(seconds=30 * index)).isoformat() for index in range(len(lines))]
    return [{"role": role, "content": text, "at": at} for (role, _, text), at in zip(said, times, strict=True)]


@dataclass(frozen=True)
class Story:
    """One session: its turns, what else stands in its rows, and what machines say. Every word is a part of a row."""

    session_id: str
    turns: Sequence[Row] = tuple(talk(*TALK))
    columns: Mapping[str, Any] = field(default_factory=dict)
    queued: Mapping[str, Any] | None = field(default_factory=dict)
    signals: Sequence[Row] = ()
    evaluators: Sequence[Row] = ()
    judges: Sequence[Row] = ()
    categories: Sequence[Row] = ()


def failing(session_id: str, **changes: Any) -> Story:
    """A session that a signal, an evaluator and a judge fail, each pointing at turn 3, with a category."""
    given: dict[str, Any] = {
        "signals": [{"signal": "rephrasing", "reason": "asks again", "quote": "It is Friday.", "turn_index": 2}],
        "evaluators": [
            {"evaluator": "no_empty_answers", "explanation": "answers in full", "verdict": "pass"},
            {"evaluator": "no_broken_promises", "explanation": "promises and does not keep it", "turn_index": 3},
        ],
        "judges": [{"judge": "completeness", "critique": "The order is not found."}],
        "categories": [{"category": "incomplete_answer", "explanation": "Nothing was looked up."}],
    }
    return Story(session_id, **{**given, **changes})


def many_turns(session_id: str, n: int) -> Story:
    """A session of `n` turns, user and assistant in turn, each with its number in its words."""
    lines = [f"{'user' if index % 2 == 0 else 'assistant'}: These are the words of turn {index}." for index in range(n)]
    return Story(session_id, talk(*lines))


def store(warehouse: Warehouse, stories: Sequence[Story], day: date = DAY) -> None:
    """Store `stories` as the closed sessions of `day`, in the queue in the order given (but those with `queued` None)."""
    sessions = [_session(story, day) for story in stories]
    warehouse.replace_day(RawSessions, day, [_frame(RawSessions, sessions)])
    for table, make in _WORDS.items():
        rows = [make(word, story.session_id, day) for story in stories for word in _words(story, table)]
        if table is CategoryPredictions:
            know(warehouse, {(row["taxonomy_version"], row["category"]) for row in rows})
        warehouse.replace_day(table, day, [_frame(table, rows)] if rows else [])
    queue = [story for story in stories if story.queued is not None]
    rows = [_queued(story, day, 1 - index / (len(queue) + 1)) for index, story in enumerate(queue)]
    warehouse.append(FlaggedSessions, _frame(FlaggedSessions, rows))


def _frame(table: type[Table], rows: Sequence[Row]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(table.to_schema().columns)).astype(object)
    return table.validate(typed(table, frame).sort_values(list(table.primary_key()), ignore_index=True))


def _session(story: Story, day: date) -> Row:
    turns = [{**turn, **_whole_calls(turn)} for turn in story.turns]
    return {
        "session_id": story.session_id,
        "session_day": day,
        "started_at": datetime.combine(day, START.time(), UTC),
        "ended_at": datetime.combine(day, START.time(), UTC) + timedelta(hours=1),
        "is_closed": True,
        "user_id": f"[USER {story.session_id[:20]}]",
        "surface": "support_chat",
        "slices": {"locale": "en"},
        "model_version": "m-1",
        "versions": {"prompt": "p-7"},
        "turns": turns,
        "n_turns": len(turns),
        "n_user_turns": sum(turn["role"] == "user" for turn in turns),
        "n_tool_calls": sum(len(turn.get("tool_calls", ())) for turn in turns),
        "feedback": [],
        "outcome": None,
        "recorded_labels": [],
        "meta": {},
        "origin": "production",
        "content_hash": "0" * 16,
        "redaction_version": "2",
        "n_redactions": 0,
        "source_id": "src",
        "source_position": "line 1",
        **story.columns,
    }


def _whole_calls(turn: Row) -> Row:
    calls = [{"id": None, "arguments": None, **call} for call in turn.get("tool_calls", ())]
    return {"tool_calls": calls} if calls else {}


def _queued(story: Story, day: date, priority: float) -> Row:
    return {
        "session_id": story.session_id,
        "session_day": day,
        "surface": story.columns.get("surface", "support_chat"),
        "arm": "flagged" if story.signals else "control",
        "stratum": "flagged" if story.signals else "quiet",
        "reasons": [signal["signal"] for signal in story.signals],
        "priority": priority,
        "inclusion_probability": 0.5,
        "design_id": "d",
        "drawn_at": datetime.combine(day, START.time(), UTC) + timedelta(days=1),
        "is_double_review": False,
        "origin": story.columns.get("origin", "production"),
        **(story.queued or {}),
    }


def _signal(word: Row, session_id: str, day: date) -> Row:
    fired = word.get("outcome", "fired") == "fired"
    known = {"signal_version": "1+a", "outcome": "fired", "strength": 0.8 if fired else 0.0, "is_counting": True}
    return {"session_id": session_id, "session_day": day, **known, **word}


def _evaluator(word: Row, session_id: str, day: date) -> Row:
    known = {"evaluator_version": "1+a", "target": "session", "verdict": "fail", "versions": {}}
    return {"session_id": session_id, "session_day": day, **known, **word}


def _judge(word: Row, session_id: str, day: date) -> Row:
    known = {"judge_version": "1+a", "repeat": 0, "verdict": "fail", "judge_model": "m", "versions": {}}
    known |= {"call_key": f"{session_id}{word['judge']}", "is_contested": False}
    return {"session_id": session_id, "session_day": day, **known, **word}


def _category(word: Row, session_id: str, day: date) -> Row:
    known = {"classifier": "taxonomy", "classifier_version": "1+a", "decided_by": "model"}
    known |= {"taxonomy_version": SHIPPED.version}
    return {"session_id": session_id, "session_day": day, **known, "versions": {}, **word}


_WORDS = {
    SessionSignals: _signal,
    EvaluatorVerdicts: _evaluator,
    JudgeVerdicts: _judge,
    CategoryPredictions: _category,
}


def _words(story: Story, table: type[Table]) -> Sequence[Row]:
    return {
        SessionSignals: story.signals,
        EvaluatorVerdicts: story.evaluators,
        JudgeVerdicts: story.judges,
        CategoryPredictions: story.categories,
    }[table]
