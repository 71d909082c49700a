"""What calibration reads: labels up to a day, the sessions drawn for review, and the predictions to hold against them.

Not here: the comparison (`report.py`, `alignment/`).
"""

from collections.abc import Iterable
from datetime import date, timedelta

import pandas as pd

from eval_pipeline.calibration.known_groups import known_groups, known_sessions, retired_groups
from eval_pipeline.calibration.predictions import evaluator_predictions, judge_predictions, signal_predictions
from eval_pipeline.calibration.traffic import drawn_sessions
from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import (
    CategoryPredictions,
    EvaluatorVerdicts,
    FlaggedSessions,
    HumanLabels,
    JudgeVerdicts,
    RawSessions,
    SessionSignals,
    Table,
)
from eval_pipeline.taxonomy.terms import read_terms

COLUMNS: dict[type[Table], list[str]] = {
    JudgeVerdicts: ["session_id", "judge", "judge_version", "repeat", "verdict"],
    EvaluatorVerdicts: ["session_id", "evaluator", "evaluator_version", "target", "verdict"],
    SessionSignals: ["session_id", "signal", "signal_version", "outcome", "is_counting"],
}
CATEGORY_COLUMNS = ["session_id", "classifier", "classifier_version", "category", "taxonomy_version"]
QUEUE_COLUMNS = ["session_id", "session_day", "surface", "arm", "stratum", "inclusion_probability", "origin"]
SUBJECTS_SEEN = 1000

WINDOW_DAYS = 365
"""Sessions older than this count in no measurement: what they say of today is little, and reading them all for every day
would grow without bound."""


def labels_until(day: date, warehouse: Warehouse) -> pd.DataFrame:
    """Return the rows of `human_labels` of sessions of the `WINDOW_DAYS` that end with `day`; categories in today's terms,
    null where they have no name today."""
    labels = warehouse.read(HumanLabels, _window(day))
    return labels.assign(category=read_terms(warehouse).in_today(labels))


def drawn_until(day: date, warehouse: Warehouse) -> pd.DataFrame:
    """Return the sessions of the same days that were drawn for review, reviewed or not; see `traffic.drawn_sessions`.

    A session whose source was withdrawn stays in the queue, and is left out here.
    """
    queue = warehouse.read(FlaggedSessions, _window(day), QUEUE_COLUMNS)
    users = warehouse.read(RawSessions, columns=["session_id", "user_id"], session_ids=queue["session_id"])
    is_stored = queue["session_id"].isin(users["session_id"])
    return drawn_sessions(queue[is_stored], known_sessions(warehouse, users), retired_groups(warehouse))


def labelled_sessions(labels: pd.DataFrame, warehouse: Warehouse) -> pd.DataFrame:
    """Return `session_id`, `surface` and `group_id` of the sessions of `labels` that are still stored, ordered by session.

    `group_id` is the cluster of the split: users whose sessions resemble each other are one, as they are no independent
    evidence.
    """
    wanted = sorted(set(labels["session_id"]))
    sessions = warehouse.read(RawSessions, columns=["session_id", "user_id", "surface"], session_ids=wanted)
    groups = known_groups(warehouse, sessions)[["session_id", "cluster_id"]]
    placed = sessions[["session_id", "surface"]].merge(groups, on="session_id", validate="one_to_one")
    return placed.rename(columns={"cluster_id": "group_id"})


def _window(day: date) -> list[date]:
    return [day - timedelta(days=n) for n in reversed(range(WINDOW_DAYS))]


def labelled_predictions(
    labels: pd.DataFrame, day: date, warehouse: Warehouse, drawn: Iterable[str] = ()
) -> pd.DataFrame:
    """Return the predictions on labelled and `drawn` sessions, and a few of `day` so that any other subject is named too.

    Columns: `predictions.PREDICTION_COLUMNS`.
    """
    labelled = sorted({*labels["session_id"], *drawn})
    judges, evaluators, signals = (
        _rows(warehouse, table, columns, labelled, day) for table, columns in COLUMNS.items()
    )
    parts = [judge_predictions(judges), evaluator_predictions(evaluators, labels), signal_predictions(signals)]
    return pd.concat(parts, ignore_index=True)


def labelled_categories(labels: pd.DataFrame, day: date, warehouse: Warehouse) -> pd.DataFrame:
    """Return `CATEGORY_COLUMNS` of the categories predicted for labelled sessions, and of a few sessions of `day`.

    They are in today's terms. Where people used the very words that the classifier did, it is what became of theirs. What has
    no name today keeps its word where the label is of the same version, as it is another one there; else it is null, as it may
    mean the same or not. `labels`: of `labels_until`.
    """
    rows = _rows(warehouse, CategoryPredictions, CATEGORY_COLUMNS, sorted(set(labels["session_id"])), day)
    of_session = labels[labels["target"] == "session"].set_index("session_id")["taxonomy_version"]
    is_of_one_version = (rows["taxonomy_version"] == rows["session_id"].map(of_session)).fillna(False)
    today = read_terms(warehouse).in_today(rows)
    return rows.assign(category=today.where(today.notna() | ~is_of_one_version, rows["category"]))


def _rows(warehouse: Warehouse, table: type[Table], columns: list[str], labelled: list[str], day: date) -> pd.DataFrame:
    rows = warehouse.read(table, columns=columns, session_ids=labelled)
    # Whole sessions stand together in the order of the key, so the first rows of a day name every subject in use.
    first = next(iter(warehouse.read_chunks(table, day, columns, size=SUBJECTS_SEEN)), rows.iloc[:0])
    fresh = first[~first["session_id"].isin(labelled)]
    # The last session may be cut in two by the limit; a half of it would give a wrong verdict.
    whole = fresh[fresh["session_id"] != first["session_id"].iloc[-1]] if len(first) == SUBJECTS_SEEN else fresh
    return pd.concat([rows, whole], ignore_index=True) if len(whole) else rows
