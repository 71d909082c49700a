"""What machines said of sessions, in the one shape that calibration compares with labels.

One row per session and subject: `session_id, subject_kind, subject, subject_version, target, prediction`, where
`target` is the label that the prediction is compared with and `prediction` is pass, fail, not_applicable or error.
Not here: the comparison (`report.py`, `alignment.py`).
"""

import pandas as pd

PREDICTION_COLUMNS = ["session_id", "subject_kind", "subject", "subject_version", "target", "prediction"]

_OF_OUTCOME = {"fired": "fail", "quiet": "pass", "not_applicable": "not_applicable"}


def judge_predictions(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions in rows of `judge_verdicts`: the first repeat, against the label of the judge's own question."""
    first = verdicts[verdicts["repeat"] == 0]
    return _frame("judge", first, first["judge"], first["judge_version"], "judge:" + first["judge"], first["verdict"])


def evaluator_predictions(verdicts: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions in rows of `evaluator_verdicts`, one per session.

    A session fails when any of its targets fails; else it is an error when any crashed, else it passes when any
    passed, else the evaluator does not apply. It is compared with what people said of this evaluator on the session
    where they did (a row `evaluator:NAME` in `labels`), else with what they said of the session as a whole.
    """
    # In order of precedence, so that the smallest rank of a session is its verdict.
    ranks = {"fail": 0, "error": 1, "pass": 2, "not_applicable": 3}
    key = ["session_id", "evaluator", "evaluator_version"]
    rank = verdicts["verdict"].map(ranks).groupby([verdicts[name] for name in key]).min()
    rows = rank.rename("rank").reset_index()
    own = "evaluator:" + rows["evaluator"]
    asked = pd.MultiIndex.from_frame(labels[["session_id", "target"]])
    is_asked = pd.MultiIndex.from_arrays([rows["session_id"], own]).isin(asked)
    verdict = rows["rank"].map({number: name for name, number in ranks.items()})
    target = own.where(is_asked, "session")
    return _frame("evaluator", rows, rows["evaluator"], rows["evaluator_version"], target, verdict)


def signal_predictions(signals: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions in rows of `session_signals`: a signal that fired predicts that the session failed."""
    outcome = signals["outcome"].map(_OF_OUTCOME)
    return _frame("signal", signals, signals["signal"], signals["signal_version"], "session", outcome)


def _frame(
    kind: str,
    rows: pd.DataFrame,
    subject: pd.Series,
    version: pd.Series,
    target: pd.Series | str,
    prediction: pd.Series,
) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "session_id": rows["session_id"],
            "subject_kind": kind,
            "subject": subject,
            "subject_version": version,
            "target": target,
            "prediction": prediction,
        },
        columns=PREDICTION_COLUMNS,
    )
    return frame.astype("str").reset_index(drop=True)
