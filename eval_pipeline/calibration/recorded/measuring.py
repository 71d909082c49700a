"""How far recorded judges can be trusted: counts and rates against recorded labels, as rows of `judge_calibration_reports`.

Positive is a FAILURE: tpr is the share of items labelled fail that the judge fails, tnr the share of those labelled pass that
it passes. Every verdict with a label counts, of all variants (orders, repeats); the intervals rest on the effective number of
items. Verdicts off the vocabulary are counted as errors, apart, and are never wrong answers. Consistency is 1 - flip rate.
Not here: which labels are the reference (`reference.py`), how figures are shown (`showing.py`).
"""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from eval_pipeline.calibration.estimators.balanced import balanced_accuracy
from eval_pipeline.calibration.estimators.clustered import clustered_rate
from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE, Rate, status_of
from eval_pipeline.calibration.estimators.stability import flip_rate
from eval_pipeline.calibration.reports.news import contents, following
from eval_pipeline.measurement_tables import RECORDED
from eval_pipeline.tables import JudgeCalibrationReports
from eval_pipeline.versions import content_hash

ITEM = ["item_id", "target", "metric"]
JUDGE = ["judge", "judge_version", "metric"]
ALL = "all"
_APART = ("report_id", "measured_at", "as_of_day")
"""A recorded judge is measured whenever something is imported, so the day is no part of what was found."""
_AS_FITS: dict[str, Any] = {
    "subject_kind": "judge",
    "origin": RECORDED,
    "label_set": ALL,
    "category": ALL,
    "surface": ALL,
}


def measure(dataset: str, verdicts: pd.DataFrame, reference: pd.DataFrame, now: dt.datetime) -> pd.DataFrame:
    """Return one row of `judge_calibration_reports` per judge, version, metric and reference, ordered by these.

    `verdicts`: rows of `recorded_verdicts` that count; `reference`: of `recorded_labels` that count, with `reference`, the
    name of the rater or raters. Several labels of an item are several pairs with each verdict on it. `now`: of the import
    (UTC). Judges with no labelled item have no row. The subject names judge, dataset, metric and reference: measured
    against another rater is another measurement.
    """
    known = reference[reference["label"].isin(["pass", "fail"])]
    pairs = verdicts.merge(known[[*ITEM, "label", "rater", "reference"]], on=ITEM)
    of_judge = dict(list(verdicts.groupby(JUDGE)))
    rows = [
        _row(dataset, key, group, of_judge[key[:3]], now)
        for key, group in pairs.groupby([*JUDGE, "reference"], sort=True)
    ]
    columns = list(JudgeCalibrationReports.to_schema().columns)
    frame = JudgeCalibrationReports.validate(pd.DataFrame(rows, columns=columns))
    return frame.assign(report_id=[content_hash([content, None]) for content in contents(frame, _APART)])


def new_reports(measured: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """Return the rows to add: those whose figures differ from the latest stored row of the same subject and version.

    `stored`: rows of `judge_calibration_reports` of origin recorded, of any day. A row that follows another hashes its id.
    """
    by_time = stored[stored["origin"] == RECORDED].sort_values("measured_at", kind="stable")
    latest = {
        (row["subject"], row["subject_version"]): (row, content)
        for row, content in zip(by_time.to_dict("records"), contents(by_time, _APART), strict=True)
    }
    rows = []
    for row, content in zip(measured.to_dict("records"), contents(measured, _APART), strict=True):
        before, content_before = latest.get((row["subject"], row["subject_version"]), (None, None))
        if before is not None and content_hash(content) == content_hash(content_before):
            continue
        rows.append(row if before is None else following(row, content, before))
    return JudgeCalibrationReports.validate(pd.DataFrame(rows, columns=list(measured.columns)))


def by_variant(verdicts: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """Return n (verdicts with a label), n_agree and agreement of each judge, version and variant, null where n is 0.

    Their mean over the orders of a pair is the accuracy averaged over both orders.
    """
    pairs = verdicts.merge(reference[reference["label"].isin(["pass", "fail"])][[*ITEM, "label"]], on=ITEM)
    pairs = pairs.assign(
        n=pairs["verdict"].isin(["pass", "fail"]).astype("int64"),
        n_agree=(pairs["verdict"] == pairs["label"]).astype("int64"),
    )
    counts = pairs.groupby([*JUDGE, "variant"])[["n", "n_agree"]].sum().reset_index()
    return counts.assign(agreement=(counts["n_agree"] / counts["n"]).where(counts["n"] > 0))


def _row(
    dataset: str, key: tuple[Any, ...], pairs: pd.DataFrame, verdicts: pd.DataFrame, now: dt.datetime
) -> dict[str, Any]:
    judge, version, metric, reference = key
    decided = pairs[pairs["verdict"].isin(["pass", "fail"])]
    labels = pairs.drop_duplicates([*ITEM, "rater"])
    counts = _counts(decided)
    tpr, tnr = (_rate(decided[decided["label"] == word], word) for word in ("fail", "pass"))
    items = [decided.loc[decided["label"] == word, "item_id"].nunique() for word in ("fail", "pass")]
    return {
        **_AS_FITS,
        "subject": f"{judge} on {dataset}: {metric}, by {reference}",
        "subject_version": version,
        "as_of_day": now.date(),
        **counts,
        "n_labels": len(decided),
        "n_error": int((pairs["verdict"] == "off_vocabulary").sum()),
        "n_not_applicable": int((pairs["verdict"] == "not_applicable").sum()),
        "n_human_fail": int((labels["label"] == "fail").sum()),
        "n_human_pass": int((labels["label"] == "pass").sum()),
        "n_groups": int(decided["item_id"].nunique()),
        **_figures("tpr", tpr),
        **_figures("tnr", tnr),
        **_figures("agreement", _rate(decided, None)),
        **_figures("balanced_accuracy", balanced_accuracy(tpr, tnr)),
        **_flips(verdicts),
        "status": status_of(min(items), len(decided)),
        "labels_hash": content_hash(_plain(pairs[["item_id", "target", "variant", "label", "verdict"]])),
        "measured_at": pd.Timestamp(now),
        "report_id": "",
    }


def _counts(decided: pd.DataFrame) -> dict[str, int]:
    cells = {
        "n_true_fail": ("fail", "fail"),
        "n_missed_fail": ("fail", "pass"),
        "n_false_fail": ("pass", "fail"),
        "n_true_pass": ("pass", "pass"),
    }
    return {
        name: int(((decided["label"] == label) & (decided["verdict"] == verdict)).sum())
        for name, (label, verdict) in cells.items()
    }


def _rate(pairs: pd.DataFrame, word: str | None) -> Rate:
    """Return the share of pairs whose verdict is the label (or `word`), none under 10 items; clusters are items."""
    is_right = pairs["verdict"] == (pairs["label"] if word is None else word)
    per_item = is_right.groupby(pairs["item_id"]).agg(["sum", "size"])
    if len(per_item) < MIN_FOR_RATE:
        return Rate(len(pairs), None, None, None)
    return clustered_rate(per_item["sum"].to_numpy(dtype=float), per_item["size"].to_numpy(dtype=float))


def _figures(name: str, rate: Rate) -> dict[str, float | None]:
    return {name: rate.value, f"{name}_low": rate.low, f"{name}_high": rate.high}


def _flips(verdicts: pd.DataFrame) -> dict[str, Any]:
    """Return the flip columns over the variants of each item, labelled or not; nulls where nothing was judged twice."""
    if not verdicts.duplicated(ITEM).any():
        return {}
    repeated = verdicts[verdicts.duplicated(ITEM, keep=False)]
    decided = repeated[repeated["verdict"].isin(["pass", "fail"])]
    per_item = (decided["verdict"] == "fail").groupby([decided[name] for name in ITEM]).agg(["sum", "size"])
    flips = flip_rate(per_item["sum"].to_numpy(dtype=float), per_item["size"].to_numpy(dtype=float))
    return {
        "flip_rate": flips.value,
        "flip_rate_low": flips.low,
        "flip_rate_high": flips.high,
        "n_flip_sessions": flips.n_sessions,
        "n_flip_repeats": flips.n_repeats,
        "n_flip_not_applicable": int((repeated["verdict"] == "not_applicable").sum()),
        "n_flip_error": int((repeated["verdict"] == "off_vocabulary").sum()),
    }


def _plain(frame: pd.DataFrame) -> list[Any]:
    rows: list[Any] = np.sort(frame.astype("str").agg("\x1f".join, axis="columns").to_numpy(dtype=object)).tolist()
    return rows
