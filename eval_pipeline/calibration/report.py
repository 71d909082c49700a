"""How far each predictor can be trusted: counts and rates against human labels, one shape for all kinds of subject.

Positive is a FAILURE: tpr is the share of human-confirmed failures that the subject fails, tnr the share of
human-confirmed good sessions that it passes. Raw rates are those of the labelled sessions as they stand, which the
queue took mostly from flagged and failed ones; beside them stand the weighted rates of the traffic (`traffic.py`).
Errors and sessions to which a subject does not apply are counted apart and enter no rate, but for the recall of a
signal, which misses what it does not apply to.
Not here: whether a judge may count in production, drift (`alignment/`).
"""

import datetime as dt
from collections.abc import Collection, Mapping

import pandas as pd

from eval_pipeline.calibration.classification import category_pairs, confusions, unlabelled_classifiers
from eval_pipeline.calibration.reports.context import with_context, with_held_out_version
from eval_pipeline.calibration.reports.counted import counted, nothing_counted
from eval_pipeline.calibration.reports.news import traffic_counts, with_ids
from eval_pipeline.calibration.reports.reviewers import reviewer_pairs, reviewers_of
from eval_pipeline.calibration.reports.rows import (
    ALL,
    BOTH_SETS,
    FROM,
    GROUP,
    NOT_LOOKED_AT,
    SUBJECT,
    is_looked_at,
)
from eval_pipeline.calibration.reports.shrinkage import with_shrunk
from eval_pipeline.calibration.split import group_of
from eval_pipeline.calibration.standings import Standing
from eval_pipeline.calibration.traffic import COUNT_COLUMNS, RATE_COLUMNS, in_window, traffic_rates
from eval_pipeline.tables import VERDICTS, CategoryPredictions, JudgeCalibrationReports

_COMPARED = [*FROM, "category", "session_id", "target", "label", "prediction"]


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
    return _missing(pairs, wanted)


def _missing(pairs: pd.DataFrame, wanted: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `wanted` (subject and origin) that `pairs` has none of."""
    has = pd.MultiIndex.from_frame(pairs[[*SUBJECT, "origin"]])
    return wanted[~pd.MultiIndex.from_frame(wanted).isin(has)].reset_index(drop=True)


def calibrate(
    as_of_day: dt.date,
    labels: pd.DataFrame,
    predictions: pd.DataFrame,
    drawn: pd.DataFrame,
    measured_at: dt.datetime,
    predicted: pd.DataFrame | None = None,
    *,
    proven: Collection[Standing] = frozenset(),
    sessions: pd.DataFrame | None = None,
    flips: pd.DataFrame | None = None,
    readings: pd.DataFrame | None = None,
    held_out_versions: Mapping[tuple[str, str], int] | None = None,
) -> pd.DataFrame:
    """Return the rows of `judge_calibration_reports` for `as_of_day`, ordered by what they measure (`GROUP`).

    Of each subject, version, origin and label set there is one row over all labels; one for each category that a failure of
    it has (its tnr is null: a good session has no category); and, where labels are of more than one surface, one for each
    surface. Rows of single categories and surfaces have shrunk rates beside the raw ones; rows over all labels have the
    rates of the traffic, how far people agree and how steady the subject is. A judge version that is not `proven`
    (`standings.proven`) has one row of the held-out set, `not_looked_at`, which counts the labels that wait and nothing
    else. A subject without a single settled label gives one row with status `no_labels` and null rates, under the held-out
    set. A signal, which is fitted to no labels, also has rows over both sets together (`BOTH_SETS`), from blind labels of the
    last 90 days, whether there are any or not; reviewers have such rows alone.

    `predictions` are on every session of `drawn` (see `traffic.drawn_sessions`), reviewed or not. `predicted`: rows of
    `category_predictions`, counted as `classification.py` says. `sessions`: `session_id, surface, group_id` of the labelled
    ones; one that is not there has no surface, and is its own group. `flips`: what judges said of their anchors
    (`repeats.REPEAT_COLUMNS`). `readings`: people's own answers (`stored.READING_COLUMNS`); no reviewer is measured without.
    `held_out_versions`: by target and origin, 1 where not named. The same measurement has the same `report_id` whenever it
    is made; `measured_at` (UTC) is no part of it. Which of the rows are news, `news.new_measurements` says.
    """
    predicted = predicted if predicted is not None else CategoryPredictions.empty()
    pairs = _looked_at(compared(as_of_day, labels, predictions), proven)
    is_detected = (pairs["subject_kind"] == "signal") & pairs["is_blind"] & in_window(pairs["session_day"], as_of_day)
    together = pairs[is_detected].assign(label_set=BOTH_SETS)
    classified = category_pairs(as_of_day, labels, predicted)
    is_seen_fail = (pairs["label"] == "fail") & pairs["category"].notna() & (pairs["prediction"] != NOT_LOOKED_AT)
    parts = [pairs.assign(category=ALL), together.assign(category=ALL), pairs[is_seen_fail], classified]
    unlabelled = [
        without_labels(pairs, labels, predictions).assign(label_set="held_out"),
        without_labels(together, labels, predictions[predictions["subject_kind"] == "signal"]).assign(
            label_set=BOTH_SETS
        ),
        unlabelled_classifiers(classified, labels, predicted).assign(label_set="held_out"),
    ]
    if readings is not None:
        parts.append(reviewer_pairs(readings))
        unlabelled.append(_missing(parts[-1], reviewers_of(readings)).assign(label_set=BOTH_SETS))
    frame = _counted([part[_COMPARED] for part in parts], sessions, unlabelled)
    frame = _with_traffic_rates(frame, traffic_rates(as_of_day, labels, predictions, drawn, proven))
    frame = with_context(frame, flips, readings, confusions(classified))
    frame = with_held_out_version(frame, held_out_versions or {})
    frame = frame.sort_values(GROUP, ignore_index=True)
    frame = frame.assign(as_of_day=as_of_day, report_id="", measured_at=pd.Timestamp(measured_at))
    return with_ids(JudgeCalibrationReports.validate(frame[list(JudgeCalibrationReports.to_schema().columns)]))


def _looked_at(pairs: pd.DataFrame, proven: Collection[Standing]) -> pd.DataFrame:
    """Return `pairs` without the words of those who may not be looked at: `NOT_LOOKED_AT` stands in their place."""
    keys = pairs[FROM].drop_duplicates()
    is_open = [is_looked_at(tuple(map(str, key)), proven) for key in keys.to_numpy()]
    known = (
        pairs[FROM]
        .merge(keys.assign(is_open=is_open), on=FROM, how="left")["is_open"]
        .astype("bool")
        .set_axis(pairs.index)
    )
    said = pairs["prediction"].astype("object").where(known, NOT_LOOKED_AT)
    return pairs.assign(prediction=said)


def _counted(parts: list[pd.DataFrame], sessions: pd.DataFrame | None, unlabelled: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the counts and raw rates of all rows."""
    pairs = pd.concat([part.astype("object") for part in parts if len(part)] or parts[:1], ignore_index=True)
    placed = _placed(pairs, sessions).sort_values(["session_id", "target"], kind="stable", ignore_index=True)
    whole = placed[(placed["category"] == ALL) & placed["place"].notna() & (placed["prediction"] != NOT_LOOKED_AT)]
    is_of_many = whole.groupby(FROM)["place"].transform("nunique") > 1
    by_surface = whole[is_of_many].assign(surface=whole["place"])
    rows = [frame.assign(category=ALL, surface=ALL)[GROUP] for frame in unlabelled]
    grouped = pd.concat([placed.assign(surface=ALL), by_surface], ignore_index=True)
    frames = [with_shrunk(each) for each in (counted(grouped), *map(nothing_counted, rows))]
    frame = pd.concat([each for each in frames if len(each)] or frames[:1], ignore_index=True)
    return frame.astype(dict.fromkeys(GROUP, "str"))


def _placed(pairs: pd.DataFrame, sessions: pd.DataFrame | None) -> pd.DataFrame:
    """Return `pairs` with the surface of each session (`place`) and its group."""
    known = sessions if sessions is not None else pd.DataFrame(columns=["session_id", "surface", "group_id"])
    by_id = known.set_index("session_id").astype("object")
    alone = pairs["session_id"].map(lambda session: group_of(None, session))
    return pairs.assign(
        place=pairs["session_id"].map(by_id["surface"]),
        group_id=pairs["session_id"].map(by_id["group_id"]).fillna(alone),
    )


def _with_traffic_rates(frame: pd.DataFrame, in_traffic: pd.DataFrame) -> pd.DataFrame:
    """Add the weighted rates to the rows over all labels; null where nothing was drawn, and in the other rows."""
    types = dict.fromkeys(FROM, "str") | dict.fromkeys(RATE_COLUMNS, "float64") | dict.fromkeys(COUNT_COLUMNS, "Int64")
    typed = in_traffic.astype(types).assign(category=ALL, surface=ALL)
    joined = frame.merge(typed, on=GROUP, how="left", validate="one_to_one")
    return joined.assign(**traffic_counts(joined))
