"""The rates of every subject in the traffic that the review queue was drawn from.

The queue over-samples sessions that are flagged or failed, so the labels as they stand are no picture of the traffic;
each drawn session's probability is on record, and weighs it. Population and labels are of the same label set: the
sessions of the users whose hash falls in it. A label that is not blind stands in the calibration set whatever its
user's hash, and enters only where the two agree. Within surface, stratum and prediction, the reviewed stand for all
that were drawn.
Not here: the estimator (`weighted.py`), the raw rates (`report.py`).
"""

import datetime as dt

import pandas as pd

from eval_pipeline.calibration.rates import Rate
from eval_pipeline.calibration.split import group_of, label_set
from eval_pipeline.calibration.weighted import weighted_rates
from eval_pipeline.versions import unit_hash

DRAWN_COLUMNS = ["session_id", "session_day", "origin", "stratum", "weight", "label_set"]
DRAWN_ARMS = ["flagged", "control"]
FROM = ["subject_kind", "subject", "subject_version", "origin", "label_set"]
RATE_COLUMNS = [f"{name}_weighted{end}" for name in ("tpr", "tnr") for end in ("", "_low", "_high")]


def drawn_sessions(queue: pd.DataFrame, sessions: pd.DataFrame) -> pd.DataFrame:
    """Return the sessions that the sampling design drew (`DRAWN_COLUMNS`), ordered by session.

    `queue`: rows of `flagged_sessions`; those set aside for error analysis belong to another design and are left out.
    `sessions`: `session_id, user_id`. `stratum` is that of a surface, `weight` is 1/probability, `label_set` that of
    the user's hash.
    """
    drawn = queue[queue["arm"].isin(DRAWN_ARMS)].sort_values("session_id", ignore_index=True)
    users = drawn["session_id"].map(sessions.set_index("session_id")["user_id"])
    sets = [label_set(group_of(user, session)) for user, session in zip(users, drawn["session_id"], strict=True)]
    columns = {
        "stratum": drawn["surface"] + "/" + drawn["stratum"],
        "weight": 1 / drawn["inclusion_probability"],
        "label_set": pd.Series(sets, index=drawn.index, dtype="str"),
    }
    return drawn.assign(**columns)[DRAWN_COLUMNS]


def traffic_rates(
    as_of_day: dt.date, labels: pd.DataFrame, predictions: pd.DataFrame, drawn: pd.DataFrame
) -> pd.DataFrame:
    """Return per subject, version, origin and label set the rates in the traffic: `FROM`, `RATE_COLUMNS`, `n_weighted`.

    `labels`: rows of `human_labels`; a label enters that is settled, carries a probability of the queue's design and
    is of a drawn session. `predictions`: see `predictions.py`, on every drawn session, reviewed or not. `drawn`: see
    `drawn_sessions`. Sessions after `as_of_day` are left out. Rates are null as `weighted_rates` says.
    """
    on_drawn = predictions[predictions["prediction"].isin(["pass", "fail"])].merge(
        drawn[drawn["session_day"] <= as_of_day], on="session_id", validate="many_to_one"
    )
    # Merged on the label set too: a label in another set than its user's hash is none of this population.
    cells = on_drawn.merge(_entering(labels), on=["session_id", "target", "label_set"], how="left")
    cells = cells.sort_values("session_id", kind="stable", ignore_index=True)
    rows = [_row(tuple(map(str, key)), group) for key, group in cells.groupby(FROM)]
    return pd.DataFrame(rows, columns=[*FROM, *RATE_COLUMNS, "n_weighted"])


def _entering(labels: pd.DataFrame) -> pd.DataFrame:
    has_probability = labels["inclusion_probability"].notna() & (labels["arm"] != "error_analysis")
    entering = labels[(labels["status"] == "settled") & has_probability]
    return entering[["session_id", "target", "label_set", "label"]]


def _row(key: tuple[str, ...], group: pd.DataFrame) -> dict[str, str | float | None]:
    rates = weighted_rates(group, seed=int(unit_hash("weighted rates", *key) * 2**53))
    figures = [*_figures(rates.tpr), *_figures(rates.tnr)]
    row: dict[str, str | float | None] = dict(zip(FROM, key, strict=True))
    return row | dict(zip(RATE_COLUMNS, figures, strict=True)) | {"n_weighted": int(group["label"].notna().sum())}


def _figures(rate: Rate) -> tuple[float | None, ...]:
    return rate.value, rate.low, rate.high
