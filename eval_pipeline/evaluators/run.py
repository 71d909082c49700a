"""Runs evaluators over sessions in bulk: rows of `raw_sessions` in, rows of `evaluator_verdicts` out.

Only `INPUT_COLUMNS` are read, so no check can see what the source claims to know of the outcome. Not here: the
checks, what a verdict says (`explaining.py`), the writing of the rows.
"""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from eval_pipeline.evaluators.contract import Evaluator
from eval_pipeline.evaluators.explaining import Verdict, crashed, cut, explained, not_asked
from eval_pipeline.evaluators.operators import of_each
from eval_pipeline.evaluators.views import SessionView
from eval_pipeline.versions import canonical_json, verdict_versions

INPUT_COLUMNS = [
    "session_id",
    "session_day",
    "is_closed",
    "surface",
    "slices",
    "model_version",
    "versions",
    "redaction_version",
    "turns",
    "meta",
]
_Positions = np.ndarray[Any, np.dtype[np.int64]]
_Objects = np.ndarray[Any, np.dtype[np.object_]]

COLUMN_TYPES = {
    "session_id": "str",
    "session_day": "object",
    "evaluator": "str",
    "evaluator_version": "str",
    "target": "str",
    "verdict": "str",
    "turn_index": "Int64",
    "pointer": "str",
    "leaf": "str",
    "expected": "str",
    "found": "str",
    "explanation": "str",
    "versions": "object",
}
STILL_OPEN = "Does not apply yet: the session is still open."
"""Explanation for a session that had not ended when it was taken in."""


def evaluate(sessions: pd.DataFrame, evaluators: Sequence[Evaluator], versions: Mapping[str, str]) -> pd.DataFrame:
    """Return the verdicts of `evaluators` on `sessions` (rows of `raw_sessions`), as rows of `evaluator_verdicts`.

    Order: by session as given, then by evaluator. A crash is an `error` verdict of that session and evaluator; an open
    session gets `not_applicable`. `versions` are the evaluation's own (code, redaction, taxonomy); see
    `versions.verdict_versions` for how they meet the session's.
    """
    told: list[Verdict] = []
    counts: list[int] = []
    with _frozen_heap():
        for view in _views(sessions):
            looked_at: dict[int, Sequence[Any]] = {}
            for evaluator in evaluators:
                verdicts = _verdicts(evaluator, view, looked_at)
                counts.append(len(verdicts))
                told += verdicts
    of_pair = np.repeat(np.arange(len(counts)), counts)
    columns = _verdict_columns(told) | _pair_columns(sessions, evaluators, of_pair)
    columns["versions"] = _versions(sessions, evaluators, versions).take(of_pair)
    return pd.DataFrame({name: columns[name] for name in COLUMN_TYPES}, copy=False)


def evaluate_session(view: SessionView, evaluator: Evaluator) -> Sequence[Verdict]:
    """Return the verdicts of one evaluator on one session: one, or one per turn looked at where it is so declared."""
    return _verdicts(evaluator, view, {})


@contextmanager
def _frozen_heap() -> Iterator[None]:
    """Keep what is there already, the sessions above all, from being searched for garbage again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _views(sessions: pd.DataFrame) -> Iterator[SessionView | Exception | None]:
    columns = [
        sessions[column].tolist() for column in ("session_id", "surface", "slices", "turns", "meta", "is_closed")
    ]
    for session_id, surface, slices, turns, meta, is_closed in zip(*columns, strict=True):
        try:
            yield SessionView(session_id, surface, slices or {}, turns or (), meta) if is_closed else None
        except Exception as error:  # a malformed session must not take the others down
            yield error


def _verdicts(
    evaluator: Evaluator, view: SessionView | Exception | None, looked_at: dict[int, Sequence[Any]]
) -> Sequence[Verdict]:
    """Return the verdicts on one session; `looked_at` holds the pieces that evaluators before this one looked at."""
    if not isinstance(view, SessionView):
        return (not_asked(STILL_OPEN) if view is None else crashed(view),)
    selector = evaluator.looks_at
    try:
        pieces = looked_at.get(id(selector))
        if pieces is None:
            pieces = looked_at[id(selector)] = selector.pieces(view)
        if not pieces:
            return (not_asked(f"Does not apply: there is no {cut(selector.words)}."),)
        if evaluator.per == "session":
            return (explained(evaluator, of_each(evaluator.check, pieces), None),)
        return _by_turn(evaluator, pieces)
    except Exception as error:  # DESIGN.md: a crash is `error`, never `fail`, and stays with its session
        return (crashed(error),)


def _by_turn(evaluator: Evaluator, pieces: Sequence[Any]) -> Sequence[Verdict]:
    by_turn: dict[int | None, list[Any]] = {}
    for piece in pieces:
        by_turn.setdefault(piece.turn_index, []).append(piece)
    return [explained(evaluator, of_each(evaluator.check, here), turn) for turn, here in by_turn.items()]


def _verdict_columns(told: Sequence[Verdict]) -> dict[str, Any]:
    """Return what the verdicts say, a row each; most are one and the same object, which is converted once."""
    distinct = {id(verdict): verdict for verdict in told}
    numbers = {key: number for number, key in enumerate(distinct)}
    positions = np.array([numbers[id(verdict)] for verdict in told], dtype=np.int64)
    columns = zip(*distinct.values(), strict=True) if told else ((),) * len(Verdict._fields)
    named = zip(Verdict._fields, columns, strict=True)
    return {name: _typed(list(values), name).take(positions) for name, values in named}


def _pair_columns(sessions: pd.DataFrame, evaluators: Sequence[Evaluator], of_pair: _Positions) -> dict[str, Any]:
    """Return what the rows take from their session and their evaluator; the pairs are numbered session by session."""
    of_session, of_evaluator = np.divmod(of_pair, max(len(evaluators), 1))
    asked = {"evaluator": [e.name for e in evaluators], "evaluator_version": [e.version for e in evaluators]}
    of_evaluators = {name: _typed(values, name).take(of_evaluator) for name, values in asked.items()}
    return of_evaluators | {
        name: _typed(sessions[name], name).take(of_session) for name in ("session_id", "session_day")
    }


def _versions(sessions: pd.DataFrame, evaluators: Sequence[Evaluator], ours: Mapping[str, str]) -> _Objects:
    """Return the versions behind each pair of session and evaluator; those that are equal are one object."""
    shared: dict[bytes, list[dict[str, str]]] = {}
    behind: list[dict[str, str]] = []
    columns = [sessions[column].tolist() for column in ("versions", "model_version", "redaction_version")]
    for upstream, model, redaction in zip(*columns, strict=True):
        upstream, model = upstream or {}, model if isinstance(model, str) else None
        key = canonical_json([upstream, model, redaction])
        if key not in shared:
            own = {**ours, "redaction": redaction}
            shared[key] = [verdict_versions(upstream, model, {**own, "evaluator": e.version}) for e in evaluators]
        behind += shared[key]
    return np.array([*behind, None], dtype=object)[:-1]


def _typed(values: Any, column: str) -> Any:
    return pd.Series(values, dtype=COLUMN_TYPES[column]).array
