"""Daily failure rates: verdicts and signals of a day rolled up by product model, surface and slice.

A session counts once in a cell (`cells.py`), whatever the number of turns it was judged on. Beside the signals stands
`flagged`, as in all of calibration: whether any counting signal fired, the whole of detection against people's word.
Not here: windows of days (`windows.py`), corrected rates (`corrected.py`), direction (`directions.py`).
"""

from datetime import date
from typing import Any

import pandas as pd

from eval_pipeline.calibration.estimators.rates import wilson
from eval_pipeline.calibration.predictions import signal_predictions
from eval_pipeline.tables import TrendRollups
from eval_pipeline.trends.cells import PLACE, cells_of

SUBJECT = ["subject_kind", "subject", "subject_version"]
COUNTS = ["n", "n_fail", "n_not_applicable", "n_error"]

WORST_FIRST = ["fail", "error", "pass", "not_applicable"]
"""Which of several verdicts of one evaluator is the session's: a failure anywhere fails it, a crash leaves open
whether it passed, and what did not apply counts only when nothing else did."""

_COUNTS = {"fail": "n_fail", "pass": "n_pass", "not_applicable": "n_not_applicable", "error": "n_error"}

CORRECTION_TYPES = {
    **dict.fromkeys(("corrected_rate", "corrected_rate_low", "corrected_rate_high", "label_age_days"), "float64"),
    **dict.fromkeys(("correction", "labels_version", "not_corrected_because"), "str"),
    **dict.fromkeys(("labels_first_day", "labels_last_day"), "object"),
    "n_labels": "int64",
}
"""The columns that `corrected.py` fills, and their types."""


def roll_up(
    day: date,
    sessions: pd.DataFrame,
    evaluator_verdicts: pd.DataFrame,
    judge_verdicts: pd.DataFrame,
    session_signals: pd.DataFrame,
) -> pd.DataFrame:
    """Return the rows of `trend_rollups` for `day`, ordered by primary key, not corrected yet.

    `sessions` needs session_id, model_version, surface, slices and origin; the verdict frames need session_id and the
    columns of their subject, version and outcome, signals also is_counting. All are taken to be of `day`; verdicts on
    other sessions are left out. `n` counts pass and fail only; of a judge's repeats only the first (0) counts; a signal
    that fired is a failure. Synthetic sessions are in no cell, and origins are never mixed.
    """
    verdicts = session_verdicts(evaluator_verdicts, judge_verdicts, session_signals)
    counted = verdicts.merge(cells_of(sessions), on="session_id", how="inner")
    counts = counted.groupby([*SUBJECT, *PLACE], as_index=False, sort=False, observed=True)[list(_COUNTS.values())]
    return with_rates(on_day(day, counts.sum()))


def on_day(day: date, counts: pd.DataFrame) -> pd.DataFrame:
    """Return `counts` with the column session_day, `day` in every row."""
    return counts.assign(session_day=pd.Series([day] * len(counts), index=counts.index, dtype="object"))


def session_verdicts(
    evaluator_verdicts: pd.DataFrame, judge_verdicts: pd.DataFrame, session_signals: pd.DataFrame
) -> pd.DataFrame:
    """Return one row per session and subject version: `session_id`, `SUBJECT`, and its verdict one-hot in the columns
    n_fail, n_pass, n_not_applicable and n_error. Raises `ValueError` for a word that is no outcome."""
    fired = signal_predictions(session_signals)
    said = [
        _said(evaluator_verdicts, "evaluator", "verdict"),
        _said(judge_verdicts[judge_verdicts["repeat"] == 0], "judge", "verdict"),
        fired[["session_id", *SUBJECT]].assign(verdict=fired["prediction"].astype("object")),
    ]
    return _worst(pd.concat(said, ignore_index=True))


def _said(frame: pd.DataFrame, kind: str, outcome: str) -> pd.DataFrame:
    """Return session, subject and verdict under the names that all kinds share."""
    return pd.DataFrame(
        {
            "session_id": frame["session_id"].astype("str"),
            "subject_kind": pd.Series(kind, index=frame.index, dtype="str"),
            "subject": frame[kind].astype("str"),
            "subject_version": frame[f"{kind}_version"].astype("str"),
            "verdict": frame[outcome].astype("object"),
        }
    )


def _worst(said: pd.DataFrame) -> pd.DataFrame:
    """Return one row per session and subject version, the verdict one-hot in the columns of `_COUNTS`."""
    rank = pd.Categorical(said["verdict"], categories=WORST_FIRST).codes
    if (rank < 0).any():
        kinds = sorted(set(said["subject_kind"][rank < 0]))
        raise ValueError(f"unknown outcome of a {', '.join(kinds)}: {sorted(set(said['verdict'][rank < 0]), key=str)}")
    keyed = said.drop(columns="verdict").assign(rank=rank.astype("int64"))
    worst = keyed.groupby(["session_id", *SUBJECT], sort=False, observed=True)[["rank"]].min().reset_index()
    one_hot = {_COUNTS[name]: (worst["rank"] == at).astype("int64") for at, name in enumerate(WORST_FIRST)}
    return worst.drop(columns="rank").assign(**one_hot)


def with_rates(counts: pd.DataFrame) -> pd.DataFrame:
    """Return rows of `trend_rollups` from counts of pass, fail, not applicable and error, with Wilson intervals; no label is
    known of them yet."""
    n = counts["n_fail"] + counts["n_pass"]
    low, high = wilson(counts["n_fail"].to_numpy(), n.to_numpy())
    columns: dict[str, Any] = {
        "n": n,
        "fail_rate": counts["n_fail"] / n.where(n > 0).astype("float64"),
        "fail_rate_low": low,
        "fail_rate_high": high,
        **dict.fromkeys(CORRECTION_TYPES, None),
        "n_labels": 0,
        "not_corrected_because": "no label yet",
    }
    rows = counts.assign(**columns)[list(TrendRollups.to_schema().columns)]
    return rows.sort_values(list(TrendRollups.primary_key()), ignore_index=True).astype(CORRECTION_TYPES)
