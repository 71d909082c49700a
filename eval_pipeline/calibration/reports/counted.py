"""Counts and raw rates of each row of the report: of the labelled sessions as they stand.

The sessions of one user resemble each other, so the intervals rest on the effective number of labels. Positive is a
FAILURE. Not here: which pairs belong to a row (`report.py`), the rates of the traffic (`traffic.py`).
"""

import numpy as np
import pandas as pd

from eval_pipeline.calibration.estimators.balanced import balanced_accuracy
from eval_pipeline.calibration.estimators.clustered import clustered_rates
from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE, Rate, status_of
from eval_pipeline.calibration.reports.rows import ALL, GROUP, NOT_LOOKED_AT
from eval_pipeline.versions import content_hash

_COUNT_OF = {
    "fail/fail": "n_true_fail",
    "fail/pass": "n_missed_fail",
    "pass/fail": "n_false_fail",
    "pass/pass": "n_true_pass",
    "fail/error": "n_error",
    "pass/error": "n_error",
    "fail/not_applicable": "n_not_applicable",
    "pass/not_applicable": "n_not_applicable",
}
COUNTS = list(dict.fromkeys(_COUNT_OF.values()))
ALL_COUNTS = [*COUNTS, "n_labels", "n_human_fail", "n_human_pass", "n_groups"]
ENDS = ("", "_low", "_high")
RAW_RATES = [f"{name}{end}" for name in ("tpr", "tnr", "agreement", "balanced_accuracy") for end in ENDS]


def counted(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return for each row of the report (`GROUP`) its counts (`ALL_COUNTS`), `RAW_RATES`, `status` and `labels_hash`.

    `pairs`: `GROUP`, `session_id, target, label` (pass or fail), `prediction` (a verdict, or `NOT_LOOKED_AT`, which counts
    as a label alone), `group_id` (the user), in a fixed order: `labels_hash` depends on it. tpr = n_true_fail / (n_true_fail
    + n_missed_fail), tnr = n_true_pass / (n_true_pass + n_false_fail), agreement = (n_true_fail + n_true_pass) / n_labels,
    with Wilson's interval on the effective n of the groups (`clustered.py`); balanced accuracy is their mean (MOVER,
    `balanced.py`). A rate of under `MIN_FOR_RATE` labels is null.
    """
    if pairs.empty:
        return nothing_counted(pairs[GROUP])
    numbered = pairs.assign(row=pairs.groupby(GROUP).ngroup())
    cell = (numbered["label"] + "/" + numbered["prediction"]).map(_COUNT_OF)
    is_in = {name: cell == name for name in COUNTS}
    is_in |= {"n_human_fail": numbered["label"] == "fail", "n_human_pass": numbered["label"] == "pass"}
    rows = numbered.groupby("row")
    frame = rows[GROUP].first().join(numbered[["row"]].assign(**is_in).groupby("row").sum().astype("int64"))
    frame = frame.assign(
        n_labels=frame[COUNTS[:4]].sum(axis="columns"),
        n_groups=rows["group_id"].nunique(),
        labels_hash=_hashes(numbered),
        is_seen=(numbered["prediction"] != NOT_LOOKED_AT).groupby(numbered["row"]).any(),
    )
    frame = _with_balanced(frame.join(_rates(numbered)).reset_index(drop=True))
    return frame.assign(status=_statuses(frame)).drop(columns="is_seen")


def nothing_counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows (`GROUP`) of subjects that have no label, as `counted` has them."""
    nothing = dict.fromkeys(ALL_COUNTS, 0) | dict.fromkeys(RAW_RATES, np.nan)
    return rows.assign(**nothing, labels_hash=content_hash([]), status=status_of(0, 0))


def _hashes(numbered: pd.DataFrame) -> pd.Series:
    said = numbered[["session_id", "target", "label", "prediction"]].to_numpy(dtype=object)
    places = numbered.groupby("row").indices
    return pd.Series({row: content_hash(said[at].tolist()) for row, at in places.items()}, dtype="str")


def _rates(numbered: pd.DataFrame) -> pd.DataFrame:
    """Return tpr, tnr and agreement with their intervals, by number of the row; null under `MIN_FOR_RATE` labels."""
    both = numbered[numbered["prediction"].isin(["pass", "fail"])]
    both = both[["row", "group_id", "label"]].assign(is_right=both["prediction"] == both["label"])
    parts = []
    classes = {"tpr": both["label"] == "fail", "tnr": both["label"] == "pass", "agreement": both["label"].notna()}
    for name, is_of_class in classes.items():
        found = clustered_rates(both[is_of_class], ["row"], "group_id", "is_right").set_index("row")
        found = found.loc[found["n"] >= MIN_FOR_RATE, ["value", "low", "high"]]
        parts.append(found.set_axis([f"{name}{end}" for end in ENDS], axis="columns"))
    return pd.concat(parts, axis="columns")


def _with_balanced(frame: pd.DataFrame) -> pd.DataFrame:
    n_fail, n_pass = frame["n_true_fail"] + frame["n_missed_fail"], frame["n_false_fail"] + frame["n_true_pass"]
    tprs, tnrs = (_as_rates(frame, name, n) for name, n in (("tpr", n_fail), ("tnr", n_pass)))
    found = [balanced_accuracy(tpr, tnr) for tpr, tnr in zip(tprs, tnrs, strict=True)]
    names = [f"balanced_accuracy{end}" for end in ENDS]
    values = [(rate.value, rate.low, rate.high) for rate in found]
    return frame.join(pd.DataFrame(values, columns=names, index=frame.index, dtype="float64"))


def _as_rates(frame: pd.DataFrame, name: str, n: pd.Series) -> list[Rate]:
    ends = frame[[f"{name}{end}" for end in ENDS]].astype("object")
    values = ends.where(ends.notna(), None).to_numpy()
    return [Rate(int(size), *row) for size, row in zip(n, values, strict=True)]


def _statuses(frame: pd.DataFrame) -> list[str]:
    """Return how much the counts say. A category has failures alone, and a classifier sees no others: they alone decide."""
    n_fail, n_pass = frame["n_true_fail"] + frame["n_missed_fail"], frame["n_false_fail"] + frame["n_true_pass"]
    is_of_both = (frame["category"] == ALL) & (frame["subject_kind"] != "classifier")
    scarcer = np.where(is_of_both, np.minimum(n_fail, n_pass), n_fail)
    found = zip(scarcer, frame["n_labels"], frame["is_seen"], strict=True)
    return [status_of(int(rarer), int(n)) if is_seen else NOT_LOOKED_AT for rarer, n, is_seen in found]
