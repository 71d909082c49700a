"""From statements to the rows of `recorded_verdicts` and `recorded_labels`. An import that says nothing new adds nothing.

A file imported again under another mapping of values gives new rows beside the old ones: the latest of a key counts. Not
here: reading the file (`statements.py`), measuring (`measuring.py`).
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pandas as pd

from eval_pipeline.calibration.recorded.statements import NOT_STATED, Kind, Statement
from eval_pipeline.calibration.recorded.vocabulary import OFF_VOCABULARY, Vocabulary
from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import RecordedLabels, RecordedVerdicts, Table
from eval_pipeline.versions import content_hash

ONLY = "only"
"""The variant of a verdict that is the only one of its judge on its item."""
MAX_RAW = 500
"""A value is kept up to this length; a verdict is a word or a number, and what is longer is off the vocabulary anyhow."""

TABLES: dict[Kind, type[Table]] = {"verdicts": RecordedVerdicts, "labels": RecordedLabels}
IDS: dict[Kind, str] = {"verdicts": "verdict_id", "labels": "label_id"}
KEYS: dict[Kind, list[str]] = {
    "verdicts": ["item_id", "target", "metric", "judge", "judge_version", "variant"],
    "labels": ["item_id", "target", "metric", "rater"],
}
MEANING: dict[Kind, str] = {"verdicts": "verdict", "labels": "label"}
_TICK = pd.Timedelta(microseconds=1)


def stored_rows(warehouse: Warehouse, kind: Kind, dataset: str) -> pd.DataFrame:
    """Return the rows of the dataset that count: of each key the latest."""
    rows = warehouse.read(TABLES[kind])
    rows = rows[rows["dataset"] == dataset].sort_values("imported_at", kind="stable")
    return rows.drop_duplicates(KEYS[kind], keep="last").reset_index(drop=True)


def new_rows(
    statements: Iterable[Statement],
    kind: Kind,
    dataset: str,
    vocabulary: Vocabulary,
    stored: pd.DataFrame,
    now: dt.datetime,
) -> pd.DataFrame:
    """Return the rows to add: those that differ in value or meaning from what counts (`stored`, see `stored_rows`).

    The id hashes the content and the row that it follows, and `imported_at` is after that row's, whatever the clock says.
    """
    before = {tuple(row[name] for name in KEYS[kind]): row for row in stored.to_dict("records")}
    rows = []
    for row in (_row(statement, kind, dataset, vocabulary) for statement in statements):
        earlier = before.get(tuple(row[name] for name in KEYS[kind]))
        if earlier is not None and _says(earlier, kind) == _says(row, kind):
            continue
        content = {name: value for name, value in row.items() if name != "position"}
        imported_at = pd.Timestamp(now)
        if earlier is not None:
            imported_at = max(imported_at, earlier["imported_at"] + _TICK)
        identity = content_hash([content, earlier[IDS[kind]] if earlier is not None else None], 32)
        rows.append({IDS[kind]: identity, **row, "imported_at": imported_at})
    table = TABLES[kind]
    return table.validate(pd.DataFrame(rows, columns=list(table.to_schema().columns)))


def _row(statement: Statement, kind: Kind, dataset: str, vocabulary: Vocabulary) -> dict[str, Any]:
    row: dict[str, Any] = {
        "dataset": dataset,
        "item_id": statement.item_id,
        "target": statement.target,
        "metric": statement.metric,
    }
    meaning = vocabulary.meaning(statement.raw, statement.variant or "")
    if kind == "verdicts":
        version, variant = statement.version or NOT_STATED, statement.variant or ONLY
        row |= {"judge": statement.rater, "judge_version": version, "variant": variant}
    else:
        row |= {"rater": statement.rater}
        # A label that does not apply tells nothing of a judge: it stays what it was called.
        meaning = OFF_VOCABULARY if meaning == "not_applicable" else meaning
    return {**row, MEANING[kind]: meaning, "raw_value": _kept(statement.raw), "position": statement.position}


def _kept(raw: str | None) -> str | None:
    return raw if raw is None or len(raw) <= MAX_RAW else raw[: MAX_RAW - 1] + "…"


def _says(row: dict[Any, Any], kind: Kind) -> tuple[Any, Any]:
    raw = row["raw_value"]
    return row[MEANING[kind]], None if raw is None or raw != raw else raw
