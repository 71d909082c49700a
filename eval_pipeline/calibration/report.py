"""How far each predictor can be trusted: counts and rates against human labels, one shape for all kinds of subject.

Positive is a FAILURE: tpr is the share of human-confirmed failures that the subject fails, tnr the share of
human-confirmed good sessions that it passes. Raw rates are those of the labelled sessions as they stand, which the
queue took mostly from flagged and failed ones; beside them stand the weighted rates of the traffic (`traffic.py`).
Errors and sessions to which a subject does not apply are counted apart and enter no rate, but for the recall of a
signal, which misses what it does not apply to.
Not here: whether a judge may count in production, drift (`alignment.py`).
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from eval_pipeline.calibration.classification import category_pairs, unlabelled_classifiers
from eval_pipeline.calibration.detection import AIM_CONTROL
from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE, status_of, wilson
from eval_pipeline.calibration.traffic import BOTH_SETS, COUNT_COLUMNS, FROM, RATE_COLUMNS, in_window, traffic_rates
from eval_pipeline.tables import VERDICTS, CategoryPredictions, JudgeCalibrationReports
from eval_pipeline.versions import content_hash

SUBJECT = ["subject_kind", "subject", "subject_version"]
GROUP = [*SUBJECT, "origin", "label_set", "category"]
ALL = "all"
"""The `category` of a row over every label; no category of the taxonomy may have this id."""

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
_COUNTS = list(dict.fromkeys(_COUNT_OF.values()))
_TICK = pd.Timedelta(microseconds=1)


def compared(as_of_day: dt.date, labels: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return one row per prediction that a settled label answers: the prediction with the label's columns.

    `labels`: rows of `human_labels`; those of sessions after `as_of_day` are left out. `predictions`: see
    `predictions.py`. Raises `pandas.errors.MergeError` when a session and target has two labels, and `ValueError`
    when a subject predicts one of them twice or with a word that is no verdict.
    """
    if predictions.duplicated([*SUBJECT, "session_id", "target"]).any():
        raise ValueError("a subject predicts the same session and target twice")
    strange = set(predictions["prediction"].unique()) - set(VERDICTS)
    if strange:
        raise ValueError(f"predictions hold words that are no verdict: {', '.join(sorted(strange))}")
    is_counted = (labels["status"] == "settled") & (labels["session_day"] <= as_of_day)
    return predictions.merge(labels[is_counted], on=["session_id", "target"], validate="many_to_one")


def without_labels(pairs: pd.DataFrame, labels: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return subject and origin wherever a subject has no settled label, over the origins that any label has.

    Where nothing is labelled at all, the origin is `production`.
    """
    origins = sorted(labels["origin"].unique()) or ["production"]
    wanted = predictions[SUBJECT].drop_duplicates().merge(pd.DataFrame({"origin": origins}, dtype="str"), how="cross")
    has = pd.MultiIndex.from_frame(pairs[[*SUBJECT, "origin"]])
    return wanted[~pd.MultiIndex.from_frame(wanted).isin(has)].reset_index(drop=True)


def calibrate(
    as_of_day: dt.date,
    labels: pd.DataFrame,
    predictions: pd.DataFrame,
    drawn: pd.DataFrame,
    measured_at: dt.datetime,
    predicted: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the rows of `judge_calibration_reports` for `as_of_day`, ordered by subject.

    One row per subject, version, origin, label set and category: `all`, and each category that a failure of the group
    has (its tnr is null: a good session has no category). A subject without a single settled label gives one row with
    status `no_labels` and null rates, under the held-out set. A signal, which is fitted to no labels, also has one row
    over both sets together (`BOTH_SETS`), from blind labels of the last 90 days, whether there are any or not. Rows of
    category `all` hold the weighted rates beside the raw ones; `predictions` are then on every session of `drawn` (see
    `traffic.drawn_sessions`), reviewed or not. `predicted`: rows of `category_predictions`, which are counted as
    `classification.py` says, and have no weighted rates. The same measurement has the same `report_id` whenever it is made;
    `measured_at` (UTC) is no part of it. Which of the rows are news, `new_measurements` says.
    """
    pairs = compared(as_of_day, labels, predictions)
    pairs = pairs.sort_values(["session_id", "target"], kind="stable", ignore_index=True)
    of_category = pairs[(pairs["label"] == "fail") & pairs["category"].notna()]
    signals = predictions[predictions["subject_kind"] == "signal"]
    is_detected = (pairs["subject_kind"] == "signal") & pairs["is_blind"] & in_window(pairs["session_day"], as_of_day)
    together = pairs[is_detected].assign(label_set=BOTH_SETS)
    predicted = predicted if predicted is not None else CategoryPredictions.empty()
    classified = category_pairs(as_of_day, labels, predicted)
    whole = [frame.assign(category=ALL) for frame in (pairs, together)]
    grouped = pd.concat(
        [frame for frame in (*whole, of_category, classified) if len(frame)] or whole, ignore_index=True
    )
    unlabelled = [
        without_labels(pairs, labels, predictions).assign(label_set="held_out", category=ALL),
        without_labels(together, labels, signals).assign(label_set=BOTH_SETS, category=ALL),
        unlabelled_classifiers(classified, labels, predicted).assign(label_set="held_out", category=ALL),
    ]
    frame = pd.concat([_counts(grouped), *map(_counts_of_nothing, unlabelled)], ignore_index=True)
    frame = _with_rates(frame.astype(dict.fromkeys(GROUP, "str"))).assign(as_of_day=as_of_day)
    frame = _with_traffic_rates(frame, traffic_rates(as_of_day, labels, predictions, drawn))
    frame = frame.sort_values(GROUP, ignore_index=True).assign(report_id="", measured_at=pd.Timestamp(measured_at))
    frame = JudgeCalibrationReports.validate(frame[list(JudgeCalibrationReports.to_schema().columns)])
    return frame.assign(report_id=[content_hash(content) for content in _contents(frame)])


def new_measurements(measured: pd.DataFrame, stored: pd.DataFrame, measured_at: dt.datetime) -> pd.DataFrame:
    """Return the rows to add for `measured` (see `calibrate`): those that differ from the latest stored row of the same thing.

    `stored`: all rows of `judge_calibration_reports` of the same `as_of_day`. What was measured before and no longer is
    gives a row without labels. A row that follows another has a `report_id` that hashes both, so a figure that returns
    to an earlier value is a row again, and a `measured_at` after it, whatever the clock says: the latest row of a thing
    is always what was measured last.
    """
    by_time = stored.sort_values("measured_at", kind="stable", ignore_index=True)
    latest = {key: (row, content) for key, row, content in _measurements(by_time)}
    now = {key: (row, content) for key, row, content in _measurements(_with_emptied(measured, latest, measured_at))}
    news = []
    for key, (row, content) in now.items():
        before, content_before = latest.get(key, (None, None))
        if before is None:
            news.append(row)
        elif content != content_before:
            report_id = content_hash([content, before["report_id"]])
            written_at = max(row["measured_at"], before["measured_at"] + _TICK)
            news.append(row | {"report_id": report_id, "measured_at": written_at})
    return JudgeCalibrationReports.validate(pd.DataFrame(news, columns=list(measured.columns)))


def _with_emptied(
    measured: pd.DataFrame, latest: dict[tuple[str, ...], tuple[dict[Any, Any], Any]], measured_at: dt.datetime
) -> pd.DataFrame:
    """Return `measured` with a row without labels for each of `latest` that it has no row of."""
    keys = {key for key, _, _ in _measurements(measured)}
    rows = pd.DataFrame([row for key, (row, _) in latest.items() if key not in keys], columns=list(measured.columns))
    if rows.empty:
        return measured
    figures = [name for name in rows if str(name).startswith(("tpr", "tnr", "precision", "recall"))]
    emptied = rows.assign(
        **dict.fromkeys(_COUNTS, 0),
        **dict.fromkeys(map(str, figures), None),
        n_labels=0,
        **_traffic_counts(rows.drop(columns=COUNT_COLUMNS)),
        status=status_of(0, 0),
        labels_hash=content_hash([]),
        measured_at=pd.Timestamp(measured_at),
    )
    both = [frame for frame in (measured, JudgeCalibrationReports.validate(emptied)) if len(frame)]
    return pd.concat(both, ignore_index=True)


def _measurements(frame: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], dict[Any, Any], dict[str, Any]]]:
    """Yield what each row measures (its values of `GROUP`), the row, and its content."""
    for row, content in zip(frame.to_dict("records"), _contents(frame), strict=True):
        yield tuple(row[name] for name in GROUP), row, content


def _contents(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what was measured, row by row, nulls as None: neither when nor under which id."""
    columns = frame.drop(columns=["report_id", "measured_at"]).astype("object")
    return [
        {str(name): value for name, value in row.items()}
        for row in columns.where(columns.notna(), None).to_dict("records")
    ]


def _counts(grouped: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of each group, with a hash of the labels and predictions behind them."""
    if grouped.empty:
        return pd.DataFrame(columns=[*GROUP, *_COUNTS, "labels_hash"])
    groups = grouped.groupby(GROUP)
    kind_of_pair = (grouped["label"] + "/" + grouped["prediction"]).map(_COUNT_OF)
    cells = grouped[GROUP].assign(cell=kind_of_pair).groupby([*GROUP, "cell"]).size()
    counts = cells.unstack(fill_value=0).reindex(columns=pd.Index(_COUNTS), fill_value=0)
    counted = grouped[["session_id", "target", "label", "prediction"]].to_numpy(dtype=object)
    hashes = {key: content_hash(counted[rows].tolist()) for key, rows in groups.indices.items()}
    return counts.assign(labels_hash=[hashes[key] for key in counts.index]).reset_index()


def _counts_of_nothing(unlabelled: pd.DataFrame) -> pd.DataFrame:
    return unlabelled.assign(**dict.fromkeys(_COUNTS, 0), labels_hash=content_hash([]))


def _with_rates(frame: pd.DataFrame) -> pd.DataFrame:
    """Add n_labels, the two rates with their intervals, and the status."""
    counts = frame[_COUNTS].astype("int64")
    n_fail = counts["n_true_fail"] + counts["n_missed_fail"]
    n_pass = counts["n_false_fail"] + counts["n_true_pass"]
    frame = frame.assign(**{name: counts[name] for name in _COUNTS}, n_labels=n_fail + n_pass)
    for name, x, n in [("tpr", counts["n_true_fail"], n_fail), ("tnr", counts["n_true_pass"], n_pass)]:
        has_rate = (n >= MIN_FOR_RATE).to_numpy()
        low, high = wilson(x, n)
        share = np.divide(x, n, out=np.full(len(n), np.nan), where=has_rate)
        for column, values in [(name, share), (f"{name}_low", low), (f"{name}_high", high)]:
            frame[column] = np.where(has_rate, values, np.nan)
    # A category has failures alone, and a classifier sees no others, so they alone decide there.
    is_of_both = (frame["category"] == ALL) & (frame["subject_kind"] != "classifier")
    scarcer = np.where(is_of_both, np.minimum(n_fail, n_pass), n_fail)
    frame["status"] = [status_of(int(s), int(n)) for s, n in zip(scarcer, frame["n_labels"], strict=True)]
    return frame


def _with_traffic_rates(frame: pd.DataFrame, in_traffic: pd.DataFrame) -> pd.DataFrame:
    """Add the weighted rates to the rows of category `all`; null where nothing was drawn, and of a single category."""
    types = dict.fromkeys(FROM, "str") | dict.fromkeys(RATE_COLUMNS, "float64") | dict.fromkeys(COUNT_COLUMNS, "Int64")
    typed = in_traffic.astype(types).assign(category=ALL)
    joined = frame.merge(typed, on=[*FROM, "category"], how="left", validate="one_to_one")
    return joined.assign(**_traffic_counts(joined))


def _traffic_counts(rows: pd.DataFrame) -> dict[str, "pd.Series[Any]"]:
    """Return `COUNT_COLUMNS`: as they stand in `rows`, else those of nothing labelled; null where a row has none."""
    is_whole = rows["category"] == ALL
    nothing = {
        "n_weighted": (0, is_whole),
        "n_control": (0, is_whole),
        "n_control_needed": (AIM_CONTROL, is_whole & (rows["subject_kind"] == "signal")),
    }
    given = rows.reindex(columns=pd.Index(COUNT_COLUMNS)).astype("Int64")
    return {name: given[name].fillna(value).where(has_one) for name, (value, has_one) in nothing.items()}
