"""Runs evaluators over sessions in bulk: rows of `raw_sessions` in, rows of `evaluator_verdicts` out.

Only `INPUT_COLUMNS` are read, so no check can see what the source claims to know of the outcome. Not here: the
checks, the writing of the rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from eval_pipeline.evaluators.contract import Check, Evaluator, Finding
from eval_pipeline.evaluators.operators import of_pieces
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
]
COLUMN_TYPES = {
    "session_id": "str",
    "session_day": "object",
    "evaluator": "str",
    "evaluator_version": "str",
    "target": "str",
    "verdict": "str",
    "turn_index": "Int64",
    "leaf": "str",
    "expected": "str",
    "found": "str",
    "explanation": "str",
    "versions": "object",
}
MAX_CHARACTERS = 200
"""Length from which on what was expected and found is cut."""

STILL_OPEN = "Does not apply yet: the session is still open."
"""Explanation for a session that had not ended when it was taken in."""


class Verdict(NamedTuple):
    """One verdict: the columns of `evaluator_verdicts` that the check decides."""

    target: str
    verdict: str
    turn_index: int | None
    leaf: str | None
    expected: str | None
    found: str | None
    explanation: str


def evaluate(sessions: pd.DataFrame, evaluators: Sequence[Evaluator], versions: Mapping[str, str]) -> pd.DataFrame:
    """Return the verdicts of `evaluators` on `sessions` (rows of `raw_sessions`), as rows of `evaluator_verdicts`.

    Order: by session as given, then by evaluator. A crash is an `error` verdict of that session and evaluator; an open
    session gets `not_applicable`. `versions` are the evaluation's own (code, redaction, taxonomy); see
    `versions.verdict_versions` for how they meet the session's.
    """
    rows: list[tuple[Any, ...]] = []
    shared: dict[bytes, list[dict[str, str]]] = {}
    columns = [sessions[column].array for column in INPUT_COLUMNS]
    for session_id, day, is_closed, surface, slices, model, upstream, redaction, turns in zip(*columns, strict=True):
        upstream = upstream or {}
        model = None if pd.isna(model) else model
        key = canonical_json([upstream, model, redaction])
        if key not in shared:
            own = {**versions, "redaction": redaction}
            shared[key] = [verdict_versions(upstream, model, {**own, "evaluator": e.version}) for e in evaluators]
        view = _view(session_id, surface, slices, turns) if is_closed else None
        for evaluator, behind in zip(evaluators, shared[key], strict=True):
            head = (session_id, day, evaluator.name, evaluator.version)
            rows += [(*head, *verdict, behind) for verdict in _verdicts(evaluator, view)]
    return _frame(rows)


def evaluate_session(view: SessionView, evaluator: Evaluator) -> list[Verdict]:
    """Return the verdicts of one evaluator on one session: one, or one per turn looked at where it is so declared."""
    return _verdicts(evaluator, view)


def _view(session_id: str, surface: str, slices: Any, turns: Any) -> SessionView | Exception:
    try:
        return SessionView(session_id, surface, slices or {}, turns or ())
    except Exception as error:  # a malformed session must not take the others down
        return error


def _verdicts(evaluator: Evaluator, view: SessionView | Exception | None) -> list[Verdict]:
    if view is None:
        return [Verdict("session", "not_applicable", None, None, None, None, STILL_OPEN)]
    if isinstance(view, Exception):
        return [_crash(view)]
    try:
        return list(_judged(evaluator, view))
    except Exception as error:  # DESIGN.md: a crash is `error`, never `fail`, and stays with its session
        return [_crash(error)]


def _judged(evaluator: Evaluator, view: SessionView) -> Iterator[Verdict]:
    pieces = evaluator.looks_at.pieces(view)
    if not pieces:
        why = f"Does not apply: there is no {evaluator.looks_at.words}."
        yield Verdict("session", "not_applicable", None, None, None, None, why)
    elif evaluator.per == "session":
        yield _explained("session", evaluator, of_pieces(evaluator.check, view, pieces, evaluator.check))
    else:
        by_turn: dict[int | None, list[Any]] = {}
        for piece in pieces:
            by_turn.setdefault(piece.turn_index, []).append(piece)
        for turn_index, here in by_turn.items():
            target = "session" if turn_index is None else f"turn:{turn_index}"
            yield _explained(target, evaluator, of_pieces(evaluator.check, view, here, evaluator.check))


def _explained(target: str, evaluator: Evaluator, finding: Finding) -> Verdict:
    if finding.outcome == "fail":
        return _failure(target, finding)
    by: Check[Any] = finding.evidence.by
    turn_index = int(target[5:]) if target != "session" else None
    if finding.outcome == "pass":
        return Verdict(target, "pass", turn_index, by.name, None, None, f"Holds: {evaluator.description}")
    why = finding.by.why_not_applicable(finding.subject)
    return Verdict(target, "not_applicable", turn_index, by.name, None, None, f"Does not apply: {why}.")


def _failure(target: str, finding: Finding) -> Verdict:
    turn_index, found = finding.turn_index, _cut(finding.found())
    where = "" if turn_index is None else f" at turn {turn_index}"
    words = finding.by.words if finding.is_negated else f"is not one that {finding.by.words}"
    showing = "." if found is None else f"; found: {found}"
    sentence = f"The {finding.subject.noun}{where} {words}{showing}"
    return Verdict(target, "fail", turn_index, finding.evidence.by.name, _cut(finding.expected), found, sentence)


def _crash(error: Exception) -> Verdict:
    told = _cut(f"{type(error).__name__}: {error}")
    return Verdict("session", "error", None, None, None, told, f"The check crashed with {told}.")


def _cut(text: str | None) -> str | None:
    """Return `text` on one line and cut, in characters that a database takes."""
    if text is None:
        return None
    line = " ".join(text[: 4 * MAX_CHARACTERS].split())
    line = line if len(line) <= MAX_CHARACTERS else f"{line[: MAX_CHARACTERS - 1]}\N{HORIZONTAL ELLIPSIS}"
    return line.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = zip(*rows, strict=True) if rows else ((),) * len(COLUMN_TYPES)
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype=dtype)
            for (name, dtype), values in zip(COLUMN_TYPES.items(), columns, strict=True)
        }
    )
