"""Daily failure rates: verdicts and signals of a day rolled up by product model, surface and slice.

Which cells are made: everything together; each model version; each surface; each model version on each surface; each
`key=value` of the slices. Slices are marginals over models and surfaces: the full product would be cells of one
session. A session counts once in a cell, whatever the number of turns it was judged on. Not here: weekly windows,
rates corrected for a judge's errors, direction.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from eval_pipeline.calibration.estimators.rates import wilson
from eval_pipeline.tables import TrendRollups

ALL = "all"
NOT_STATED = "not stated"
SUBJECT = ["subject_kind", "subject", "subject_version"]
MARGINS: tuple[frozenset[str], ...] = (
    frozenset(),
    frozenset({"model_version"}),
    frozenset({"surface"}),
    frozenset({"model_version", "surface"}),
    frozenset({"slice"}),
)
"""The columns that each kind of cell holds apart; the others say `all`."""

NO_LABEL = "no label yet"
UNCORRECTED = [
    *("corrected_rate", "corrected_rate_low", "corrected_rate_high", "correction", "labels_first_day"),
    *("labels_last_day", "label_age_days", "labels_version"),
]

WORST_FIRST = ["fail", "error", "pass", "not_applicable"]
"""Which of several verdicts of one evaluator is the session's: a failure anywhere fails it, a crash leaves open
whether it passed, and what did not apply counts only when nothing else did."""

_SIGNAL_VERDICTS = {"fired": "fail", "quiet": "pass", "not_applicable": "not_applicable"}
_COUNTS = {"fail": "n_fail", "pass": "n_pass", "not_applicable": "n_not_applicable", "error": "n_error"}


def roll_up(
    day: date,
    sessions: pd.DataFrame,
    evaluator_verdicts: pd.DataFrame,
    judge_verdicts: pd.DataFrame,
    session_signals: pd.DataFrame,
) -> pd.DataFrame:
    """Return the rows of `trend_rollups` for `day`, ordered by primary key.

    `sessions` needs session_id, model_version, surface, slices and origin; the verdict frames need session_id and the
    columns of their subject, version and outcome. All are taken to be of `day`; verdicts on other sessions are left
    out. `n` counts pass and fail only; of a judge's repeats only the first (0) counts; a signal that fired is a
    failure. Synthetic sessions are in no cell, and origins are never mixed.
    """
    facts = _facts(sessions)
    verdicts = pd.concat(
        [
            _verdicts(evaluator_verdicts, "evaluator", "verdict"),
            _verdicts(judge_verdicts[judge_verdicts["repeat"] == 0], "judge", "verdict"),
            _verdicts(session_signals, "signal", "outcome", _SIGNAL_VERDICTS),
        ],
        ignore_index=True,
    )
    counted = verdicts.merge(facts, on="session_id", how="inner")
    return _rollups(day, pd.concat(list(_cells(counted, sessions)), ignore_index=True))


def _facts(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return session_id, model_version, surface and origin of the sessions that count."""
    facts = sessions.loc[sessions["origin"] != "synthetic", ["session_id", "model_version", "surface", "origin"]].copy()
    facts["model_version"] = _apart_from_all(facts["model_version"].fillna(NOT_STATED))
    facts["surface"] = _apart_from_all(facts["surface"])
    return facts


def _apart_from_all(names: pd.Series) -> pd.Series:
    """Return `names` with one that happens to be "all" in quotes: it is not the total."""
    return names.astype("str").replace({ALL: f'"{ALL}"'})


def _verdicts(frame: pd.DataFrame, kind: str, outcome: str, meaning: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return one row per session and subject version, the verdict one-hot in the columns of `_COUNTS`."""
    verdict = frame[outcome].map(meaning) if meaning else frame[outcome]
    rank = pd.Categorical(verdict, categories=WORST_FIRST).codes
    if (rank < 0).any():
        raise ValueError(f"unknown outcome of a {kind}: {sorted(set(frame[outcome][rank < 0]))}")
    keyed = pd.DataFrame(
        {
            "session_id": frame["session_id"].astype("str"),
            "subject_kind": pd.Series(kind, index=frame.index, dtype="str"),
            "subject": frame[kind].astype("str"),
            "subject_version": frame[f"{kind}_version"].astype("str"),
            "rank": rank.astype("int64"),
        }
    )
    worst = keyed.groupby(["session_id", *SUBJECT], sort=False, observed=True)[["rank"]].min().reset_index()
    for position, name in enumerate(WORST_FIRST):
        worst[_COUNTS[name]] = (worst["rank"] == position).astype("int64")
    return worst.drop(columns="rank")


def _cells(counted: pd.DataFrame, sessions: pd.DataFrame) -> Iterable[pd.DataFrame]:
    """Yield the counts of each kind of cell."""
    for held in MARGINS:
        rows = counted.merge(_slices(sessions), on="session_id") if "slice" in held else counted
        keys = [*SUBJECT, *sorted(held), "origin"]
        counts = rows.groupby(keys, as_index=False, sort=False, observed=True)[list(_COUNTS.values())].sum()
        yield counts.assign(**{name: ALL for name in ("model_version", "surface", "slice") if name not in held})


def _slices(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return one row per session and slice, as session_id and `key=value`."""
    rows = [
        (session_id, f"{key}={value}")
        for session_id, slices in zip(sessions["session_id"], sessions["slices"], strict=True)
        for key, value in (slices or {}).items()
    ]
    return pd.DataFrame(rows, columns=["session_id", "slice"]).astype("str")


def _rollups(day: date, counts: pd.DataFrame) -> pd.DataFrame:
    n = counts["n_fail"] + counts["n_pass"]
    low, high = wilson(counts["n_fail"].to_numpy(), n.to_numpy())
    columns: dict[str, Any] = {
        "session_day": pd.Series([day] * len(counts), index=counts.index, dtype="object"),
        "n": n,
        "fail_rate": counts["n_fail"] / n.where(n > 0).astype("float64"),
        "fail_rate_low": low.astype(np.float64),
        "fail_rate_high": high.astype(np.float64),
        "n_labels": 0,
        "not_corrected_because": NO_LABEL,
        **dict.fromkeys(UNCORRECTED, None),
    }
    order = list(TrendRollups.to_schema().columns)
    rows = counts.assign(**columns)[order].sort_values(list(TrendRollups.primary_key()), ignore_index=True)
    return TrendRollups.validate(rows)
