"""The rates of every subject in the traffic that the review queue was drawn from.

The queue over-samples sessions that are flagged or failed, so the labels as they stand are no picture of the traffic;
each drawn session's probability is on record, and weighs it. Population and labels are of the same label set: the
sessions of the groups that stand in it. A label that is not blind stands in the calibration set whatever its
user's hash, and enters only where the two agree. Within surface, stratum and prediction, the reviewed stand for all
that were drawn. Signals, which are fitted to no labels, are also measured on both sets together.
Not here: the estimator (`weighted.py`), recall of the signals (`detection.py`), the raw rates (`report.py`).
"""

import datetime as dt
from collections.abc import Collection
from typing import Any

import pandas as pd

from eval_pipeline.calibration.detection import WINDOW_DAYS, detection, n_control_labels, ruled_out
from eval_pipeline.calibration.estimators.rates import Rate
from eval_pipeline.calibration.estimators.weighted import weighted_rates
from eval_pipeline.calibration.predictions import FLAGGED
from eval_pipeline.calibration.reports.rows import BOTH_SETS, FROM, is_looked_at
from eval_pipeline.calibration.split import Retired, groups_of, retired_clusters
from eval_pipeline.calibration.standings import Standing
from eval_pipeline.versions import unit_hash

DRAWN_COLUMNS = ["session_id", "session_day", "origin", "arm", "stratum", "weight", "label_set", "retired_for"]
DRAWN_ARMS = ["flagged", "control"]
_RATES = ("tpr", "tnr", "balanced_accuracy", "precision", "recall")
RATE_COLUMNS = [f"{name}_weighted{end}" for name in _RATES for end in ("", "_low", "_high")]
COUNT_COLUMNS = ["n_weighted", "n_control", "n_control_needed"]

NO_RATE = Rate(0, None, None, None)


def drawn_sessions(queue: pd.DataFrame, sessions: pd.DataFrame, retired: Retired = frozenset()) -> pd.DataFrame:
    """Return the sessions that the sampling design drew (`DRAWN_COLUMNS`), ordered by session.

    `queue`: rows of `flagged_sessions`; those set aside for error analysis belong to another design and are left out.
    `sessions`: see `split.groups_of`. `stratum` is that of a surface, `weight` is 1/probability, `label_set` that of the
    session's group, and `retired_for` the targets (tuples of str) for which that was used up, of `retired`.
    """
    drawn = queue[queue["arm"].isin(DRAWN_ARMS)].sort_values("session_id", ignore_index=True)
    groups = groups_of(sessions)
    targets: dict[str, tuple[str, ...]] = {}
    for target, cluster in sorted(retired_clusters(groups, retired)):
        targets[cluster] = (*targets.get(cluster, ()), target)
    placed = drawn[["session_id"]].merge(groups, on="session_id", how="left", validate="one_to_one")
    columns = {
        "stratum": drawn["surface"] + "/" + drawn["stratum"],
        "weight": 1 / drawn["inclusion_probability"],
        "label_set": placed["label_set"].astype("str"),
        "retired_for": pd.Series([targets.get(each, ()) for each in placed["cluster_id"]], drawn.index, dtype="object"),
    }
    return drawn.assign(**columns)[DRAWN_COLUMNS]


def in_their_sets(said: pd.DataFrame) -> pd.DataFrame:
    """Return `said` (predictions with `DRAWN_COLUMNS`) with the set that each session stands in for the target."""
    is_retired = [target in targets for target, targets in zip(said["target"], said["retired_for"], strict=True)]
    return said.assign(label_set=said["label_set"].mask(pd.Series(is_retired, said.index, dtype="bool"), "calibration"))


def traffic_rates(
    as_of_day: dt.date,
    labels: pd.DataFrame,
    predictions: pd.DataFrame,
    drawn: pd.DataFrame,
    proven: Collection[Standing] = frozenset(),
) -> pd.DataFrame:
    """Return per subject, version, origin and label set the figures of the traffic: `FROM`, `RATE_COLUMNS`, `COUNT_COLUMNS`.

    `labels`: rows of `human_labels`; a label enters that is settled, carries a probability of the queue's design and
    is of a drawn session. `predictions`: see `predictions.py`, on every drawn session, reviewed or not. `drawn`: see
    `drawn_sessions`. Sessions after `as_of_day` are left out. Of signals there are also rows over `BOTH_SETS`, from the
    blind labels of the sessions of the `WINDOW_DAYS` that end with `as_of_day`. Judge versions that are not `proven`
    (`standings.proven`) have no row of the held-out set. Rates are null as `weighted_rates` and
    `detection` say; recall and `n_control_needed` are null for all but signals.
    """
    up_to = drawn[drawn["session_day"] <= as_of_day]
    said = in_their_sets(predictions.merge(up_to, on="session_id", validate="many_to_one"))
    entering = _entering(labels)
    # Merged on the label set too: a label in another set than its user's hash is none of this population.
    by_set = said.merge(entering.drop(columns="is_blind"), on=["session_id", "target", "label_set"], how="left")
    blind = entering.loc[entering["is_blind"], ["session_id", "target", "label"]]
    of_signals = said[(said["subject_kind"] == "signal") & in_window(said["session_day"], as_of_day)]
    together = of_signals.assign(label_set=BOTH_SETS).merge(blind, on=["session_id", "target"], how="left")
    rows = [
        _row(tuple(map(str, key)), group)
        for sessions in (_lean(by_set), _lean(together))
        for key, group in sessions.groupby(FROM)
        if is_looked_at(tuple(map(str, key)), proven)
    ]
    return pd.DataFrame(rows, columns=[*FROM, *RATE_COLUMNS, *COUNT_COLUMNS])


def _lean(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return what a row is made of, ordered by session. There are many small groups, and strings of pyarrow are dear by
    the piece."""
    words = [*FROM, "stratum", "prediction", "arm", "label"]
    ordered = sessions.sort_values("session_id", kind="stable", ignore_index=True)
    return ordered[[*words, "weight", "is_counting"]].astype(dict.fromkeys(words, "object"))


def in_window(days: "pd.Series[Any]", as_of_day: dt.date) -> "pd.Series[bool]":
    """Return which days belong to the `WINDOW_DAYS` that end with `as_of_day`."""
    return (days > as_of_day - dt.timedelta(days=WINDOW_DAYS)) & (days <= as_of_day)


def _entering(labels: pd.DataFrame) -> pd.DataFrame:
    has_probability = labels["inclusion_probability"].notna() & (labels["arm"] != "error_analysis")
    entering = labels[(labels["status"] == "settled") & has_probability]
    return entering[["session_id", "target", "label_set", "label", "is_blind"]]


def _row(key: tuple[str, ...], group: pd.DataFrame) -> dict[str, Any]:
    """Return the figures of `group`: the drawn sessions of one population with what one subject said of them."""
    seed = int(unit_hash("weighted rates", *key) * 2**53)
    kind, subject, *_, in_set = key
    impossible = ruled_out(group["stratum"], bool(group["is_counting"].all()), kind == "signal" and subject == FLAGGED)
    answered = group[group["prediction"].isin(["pass", "fail"])]
    rates = weighted_rates(answered, seed=seed, ruled_out=impossible)
    precision, recall, n_control, needed = rates.precision, NO_RATE, n_control_labels(answered), None
    if kind == "signal":
        found = detection(group, impossible, in_set == BOTH_SETS, seed)
        precision, recall, n_control, needed = found.precision, found.recall, found.n_control, found.n_control_needed
    figures = [end for rate in (rates.tpr, rates.tnr, rates.balanced, precision, recall) for end in _figures(rate)]
    counts = [int(answered["label"].notna().sum()), n_control, needed]
    names = [*FROM, *RATE_COLUMNS, *COUNT_COLUMNS]
    return dict(zip(names, [*key, *figures, *counts], strict=True))


def _figures(rate: Rate) -> tuple[float | None, ...]:
    return rate.value, rate.low, rate.high
