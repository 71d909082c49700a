"""Trying one evaluator at once: which one is meant, what it says of some sessions, and which of it is worth reading.

Frames in, frames out. Not here: reading the database or a file (`cli/evaluators.py`), running all of them (`run.py`).
"""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from eval_pipeline.errors import RejectedRecord, SettingsError
from eval_pipeline.evaluators.contract import Evaluator
from eval_pipeline.evaluators.loading import load_evaluators
from eval_pipeline.evaluators.run import COLUMN_TYPES, INPUT_COLUMNS, evaluate, evaluate_session
from eval_pipeline.evaluators.views import SessionView
from eval_pipeline.formats.contract import Item
from eval_pipeline.intake import SessionRedactor, take_in
from eval_pipeline.ports import SourceRecord
from eval_pipeline.table_model import VERDICTS

WORTH_READING = ("fail", "error")
"""The verdicts that are shown one by one; the others are counted."""


@dataclass(frozen=True)
class Trial:
    """What one evaluator said of some sessions."""

    counts: dict[str, int]
    """Number of verdicts by outcome, every outcome included."""

    shown: pd.DataFrame
    """Rows of `evaluator_verdicts`: the first fails and errors, as many as were asked for."""

    n_hidden: int
    """Fails and errors beyond those."""


@dataclass(frozen=True)
class Admitted:
    """What the door made of a file's records."""

    sessions: pd.DataFrame
    """The columns of `raw_sessions` that evaluators read, redacted, one row a session."""

    rejected: pd.DataFrame
    """`position, reason, detail` of each record that could not be taken in; no content."""


def chosen(evaluators: Sequence[Evaluator], name: str, path: Path) -> Evaluator:
    """Return the evaluator of that name. Raises `SettingsError` with the nearest names of the file where there is none."""
    for evaluator in evaluators:
        if evaluator.name == name:
            return evaluator
    names = [evaluator.name for evaluator in evaluators]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or sorted(names)
    raise SettingsError(
        f"{path} declares no evaluator named {name!r}",
        f"name one that is there ({', '.join(near)}), or make it: eval-pipeline evaluators new {name}",
    )


def try_on(frames: Iterable[pd.DataFrame], evaluator: Evaluator, limit: int) -> Trial:
    """Return what `evaluator` says of all sessions in `frames` (rows of `raw_sessions`), and `limit` of its complaints."""
    counts = dict.fromkeys(VERDICTS, 0)
    shown: list[pd.DataFrame] = []
    n_shown = 0
    for frame in frames:
        verdicts = evaluate(frame, [evaluator], {})
        for verdict, n in verdicts["verdict"].value_counts().items():
            counts[str(verdict)] += int(n)
        complaints = verdicts[verdicts["verdict"].isin(WORTH_READING)].head(limit - n_shown)
        n_shown += len(complaints)
        shown.append(complaints)
    told = pd.concat(shown, ignore_index=True) if shown else pd.DataFrame(columns=list(COLUMN_TYPES))
    return Trial(counts, told, sum(counts[verdict] for verdict in WORTH_READING) - n_shown)


def admit(items: Iterable[Item], redactor: SessionRedactor, as_of: datetime) -> Admitted:
    """Let the records of a file in as the door does (validated, redacted, the fullest of each session), keeping nothing.

    A session is closed as it would be at `as_of`. Never raises for what a record holds.
    """
    by_day: dict[date, list[SourceRecord]] = defaultdict(list)
    for position, outcome in items:
        record = SourceRecord("trial", "", position, "production", *_parts(outcome))
        by_day[_day_of(record, as_of)].append(record)
    sessions: list[pd.DataFrame] = []
    rejected: list[pd.DataFrame] = []
    for day, records in sorted(by_day.items()):
        taken = take_in(records, day, redactor, as_of)
        sessions += [frame[INPUT_COLUMNS] for frame in taken.session_frames()]
        rejected.append(taken.quarantined[["source_position", "reason", "detail"]])
    return Admitted(_joined(sessions, INPUT_COLUMNS), _joined(rejected, ["source_position", "reason", "detail"]))


def verdict_on(turns: Iterable[Mapping[str, Any]], name: str, path: Path) -> str:
    """Return what the evaluator `name` of the catalog file `path` says of a session with these turns: for tests.

    With `per="turn"` it is the worst of its verdicts: error, then fail, then pass. Raises `SettingsError` as
    `load_evaluators` and `chosen` do.
    """
    evaluator = chosen(load_evaluators(path), name, path)
    view = SessionView("trial", "chat", {}, turns)
    said = {verdict.verdict for verdict in evaluate_session(view, evaluator)}
    return next(verdict for verdict in ("error", "fail", "pass", "not_applicable") if verdict in said)


def _parts(outcome: dict[str, Any] | RejectedRecord) -> tuple[dict[str, Any] | None, RejectedRecord | None]:
    return (None, outcome) if isinstance(outcome, RejectedRecord) else (outcome, None)


def _day_of(record: SourceRecord, as_of: datetime) -> date:
    """Return the UTC day of the session's start; of a record without a session, that of the trial."""
    started_at: datetime = as_of if record.fields is None else record.fields["started_at"]
    return started_at.astimezone(UTC).date()


def _joined(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
