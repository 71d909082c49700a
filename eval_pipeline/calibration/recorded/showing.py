"""What an import found, as tables and sentences for a terminal.

Not here: the printing itself (`cli/importing.py`).
"""

import re
import shlex
from typing import Any

import pandas as pd

from eval_pipeline.calibration.recorded.rows import MAX_RAW
from eval_pipeline.calibration.recorded.statements import Kind, Reading
from eval_pipeline.calibration.recorded.vocabulary import MEANINGS

POSITIVE = (
    "positive = a FAILURE: tpr (catch rate) is the share of items labelled fail that the judge fails, tnr the share of items "
    "labelled pass that it passes. agreement is the accuracy over all variants; consistency is the "
    "share of items with the same verdict in both orders (or two repeats). Values off the vocabulary are counted apart, in no "
    "rate; 95 % intervals on the effective number of items; no rate under 10 items."
)
_SUBJECT = re.compile(r"(?P<judge>.*) on (?P<dataset>[\w.-]+): (?P<metric>.*), by (?P<reference>.*)", re.DOTALL)
_MAX_SHOWN = 80


def off_vocabulary_table(rows: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    """Return value, n, by whom and the option that would map it, the most frequent first."""
    who = "judge" if kind == "verdicts" else "rater"
    by = rows["judge"] + "/" + rows["judge_version"] if kind == "verdicts" else rows["rater"]
    groups = rows.assign(value=rows["raw_value"].fillna(""), by=by).groupby("value")["by"]
    table = groups.agg(n="size", by=lambda names: ", ".join(sorted(set(names)))).reset_index()
    table = table.sort_values(["n", "value"], ascending=[False, True], ignore_index=True)
    shown = {
        "value": [_shortened(value) or "(no value)" for value in table["value"]],
        "n": table["n"],
        f"{who}s": table["by"],
    }
    meanings = MEANINGS if kind == "verdicts" else MEANINGS[:2]
    return pd.DataFrame({**shown, **{f"if_{word}": [_option(v, word) for v in table["value"]] for word in meanings}})


def _option(value: str, meaning: str) -> str:
    """Return the option of the command line that gives the value this meaning, as it is typed in a shell."""
    if not value:
        return "not to be mapped"
    is_typeable = value.isprintable() and len(value) <= _MAX_SHOWN
    return f"--value {shlex.quote(f'{value}={meaning}')}" if is_typeable else "translate it in the file"


def report_tables(reports: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return titles and tables of rows of `judge_calibration_reports` of recorded judges: counts and rates of each question."""
    rows = [(_parts(row["subject"]), row) for row in reports.to_dict("records")]
    tables = []
    for question in sorted({(parts["metric"], parts["reference"]) for parts, _ in rows}, key=str):
        of_one = [(parts, row) for parts, row in rows if (parts["metric"], parts["reference"]) == question]
        title = f"{question[0]}, against {question[1]}"
        tables.append((f"Counts (label/verdict) of {title}", pd.DataFrame([_counts(*each) for each in of_one])))
        tables.append((f"Rates of {title}", pd.DataFrame([_rates(*each) for each in of_one])))
    return tables


def of_dataset(reports: pd.DataFrame, dataset: str | None) -> pd.DataFrame:
    """Return the latest row of each recorded judge, of one dataset or all, ordered by dataset and judge."""
    latest = reports.sort_values("measured_at", kind="stable").drop_duplicates(
        ["subject", "subject_version"], keep="last"
    )
    names = pd.Series([_parts(subject)["dataset"] for subject in latest["subject"]], latest.index, dtype="object")
    named = latest.assign(dataset=names)
    chosen = named[named["dataset"].notna() if dataset is None else named["dataset"] == dataset]
    return chosen.sort_values(["dataset", "subject", "subject_version"], ignore_index=True)


def sentences(reading: Reading, kind: Kind) -> list[str]:
    """Return what else must be said of the reading: what was left out, or read where another reading is possible."""
    told = []
    if reading.mapped_by_source:
        pairs = ", ".join(f"{raw!r} -> {value!r} ({n})" for (raw, value), n in reading.mapped_by_source.most_common(10))
        told.append(
            f"`raw_value` was read, not `value`, which somebody had mapped before: {pairs}. "
            "To take `value` as it stands: --mapping value=value"
        )
    if reading.of_other_kind:
        other = "labels" if kind == "verdicts" else "verdicts"
        names = ", ".join(f"{rater} ({n})" for rater, n in reading.of_other_kind.most_common(10))
        told.append(f"left to `import {other}`: {names}")
    if reading.said_again:
        told.append(f"{reading.said_again} labels repeat an earlier one, and count once")
    if reading.empty_records:
        told.append(f"{reading.empty_records} records have an empty list of labels")
    return told


def _counts(parts: dict[str, str | None], row: dict[Any, Any]) -> dict[str, Any]:
    return {
        "judge": parts["judge"],
        "version": row["subject_version"],
        "items": row["n_groups"],
        "verdicts": row["n_labels"],
        "fail/fail": row["n_true_fail"],
        "fail/pass": row["n_missed_fail"],
        "pass/fail": row["n_false_fail"],
        "pass/pass": row["n_true_pass"],
        "off_vocabulary": row["n_error"],
        "not_applicable": row["n_not_applicable"],
        "status": row["status"],
    }


def _rates(parts: dict[str, str | None], row: dict[Any, Any]) -> dict[str, Any]:
    return {
        "judge": parts["judge"],
        "version": row["subject_version"],
        "agreement": _rate(row, "agreement"),
        "tpr": _rate(row, "tpr"),
        "tnr": _rate(row, "tnr"),
        "balanced": _rate(row, "balanced_accuracy"),
        "consistency": _consistency(row),
    }


def _parts(subject: str) -> dict[str, str | None]:
    match = _SUBJECT.fullmatch(subject)
    return match.groupdict() if match else {"judge": subject, "dataset": None, "metric": None, "reference": None}


def _rate(row: dict[Any, Any], name: str) -> str:
    value, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    return "" if pd.isna(value) else f"{value:.3f} ({low:.2f}-{high:.2f})"


def _consistency(row: dict[Any, Any]) -> str:
    if pd.isna(row["flip_rate"]):
        return ""
    low, high = 1 - row["flip_rate_high"], 1 - row["flip_rate_low"]
    return f"{1 - row['flip_rate']:.3f} ({low:.2f}-{high:.2f}) of {row['n_flip_sessions']}"


def _shortened(value: str) -> str:
    return value if len(value) <= _MAX_SHOWN else f"{value[:_MAX_SHOWN]}… ({min(len(value), MAX_RAW)} characters)"
