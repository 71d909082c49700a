"""Bringing recorded verdicts and labels into their tables, and measuring the recorded judges of a dataset.

Not here: reading files (`statements.py`), the figures (`measuring.py`), how they are shown (`showing.py`).
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from eval_pipeline.calibration.recorded.measuring import by_variant, measure, new_reports
from eval_pipeline.calibration.recorded.places import Places
from eval_pipeline.calibration.recorded.reference import reference_labels
from eval_pipeline.calibration.recorded.rows import KEYS, MEANING, TABLES, new_rows, stored_rows
from eval_pipeline.calibration.recorded.statements import Kind, Reading, read_statements
from eval_pipeline.calibration.recorded.vocabulary import OFF_VOCABULARY, Vocabulary
from eval_pipeline.errors import SettingsError
from eval_pipeline.measurement_tables import RECORDED
from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import JudgeCalibrationReports

_REPORTS = "select * from evals.judge_calibration_reports where origin = %(origin)s order by report_id"

_DATASET = re.compile(r"[\w.-]{1,100}")


@dataclass(frozen=True)
class Imported:
    """What an import came to: what was read, the rows of the file that are off the vocabulary, and the rows added."""

    reading: Reading
    off_vocabulary: pd.DataFrame
    n_added: int


@dataclass(frozen=True)
class Measured:
    """The reports of a dataset's judges, its verdicts by variant, and how many verdicts no label of the reference answers."""

    reports: pd.DataFrame
    variants: pd.DataFrame
    n_verdicts: int
    n_labels: int
    n_unanswered: int


def dataset_of(path: Path, given: str | None) -> str:
    """Return the name of the import: the one given, else the file's. Raises `SettingsError` for one that is no name."""
    name = re.sub(r"[^\w.-]+", "_", path.name.split(".")[0]) if given is None else given
    if not _DATASET.fullmatch(name):
        raise SettingsError(
            f"{name!r} is no name for a dataset", "use letters, digits, `_`, `-` and `.`, up to 100: --dataset NAME"
        )
    return name


def import_file(
    path: Path, kind: Kind, dataset: str, places: Places, vocabulary: Vocabulary, warehouse: Warehouse, now: dt.datetime
) -> Imported:
    """Add what the file says to `recorded_verdicts` or `recorded_labels`; what is there already is not added again.

    Raises `SourceError` when the file as a whole cannot be read.
    """
    reading = read_statements(path, kind, places)
    stored = stored_rows(warehouse, kind, dataset)
    everything = new_rows(reading.statements, kind, dataset, vocabulary, stored.head(0), now)
    n_added = warehouse.append(TABLES[kind], new_rows(reading.statements, kind, dataset, vocabulary, stored, now))
    return Imported(reading, everything[everything[MEANING[kind]] == OFF_VOCABULARY].reset_index(drop=True), n_added)


def measure_dataset(warehouse: Warehouse, dataset: str, raters: Sequence[str], now: dt.datetime) -> Measured:
    """Measure the recorded judges of the dataset, add what is new to `judge_calibration_reports`, and return it all.

    Raises `EvalPipelineError` where it is not clear which labels are the reference.
    """
    verdicts, labels = (stored_rows(warehouse, kind, dataset) for kind in ("verdicts", "labels"))
    reference = reference_labels(labels, raters)
    reports = measure(dataset, verdicts, reference, now)
    warehouse.append(JudgeCalibrationReports, new_reports(reports, recorded_reports(warehouse)))
    answered = pd.MultiIndex.from_frame(verdicts[["item_id", "target", "metric"]]).isin(
        pd.MultiIndex.from_frame(reference.loc[reference["label"] != OFF_VOCABULARY, KEYS["labels"][:3]])
    )
    return Measured(reports, by_variant(verdicts, reference), len(verdicts), len(labels), int((~answered).sum()))


def recorded_reports(warehouse: Warehouse) -> pd.DataFrame:
    """Return the rows of `judge_calibration_reports` about recorded judges; those about our own are many, and not read."""
    return JudgeCalibrationReports.validate(warehouse.query(_REPORTS, {"origin": RECORDED}))
