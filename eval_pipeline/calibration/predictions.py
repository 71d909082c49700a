"""What machines said of sessions, in the one shape that calibration compares with labels.

One row per session and subject: `session_id, subject_kind, subject, subject_version, target, prediction, is_counting`,
where `target` is the label that the prediction is compared with, `prediction` is pass, fail, not_applicable or error,
and `is_counting` whether a fail puts the session among the flagged ones of the queue: only signals do, and not all.
Not here: the comparison (`report.py`, `alignment.py`).
"""

import pandas as pd

from eval_pipeline.versions import content_hash

PREDICTION_COLUMNS = ["session_id", "subject_kind", "subject", "subject_version", "target", "prediction", "is_counting"]

FLAGGED = "flagged"
"""The subject of kind signal that stands for all of them: any counting signal fired. No signal may have this name."""

_OF_OUTCOME = {"fired": "fail", "quiet": "pass", "not_applicable": "not_applicable"}


def judge_predictions(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions in rows of `judge_verdicts`: the first repeat, against the label of the judge's own question."""
    first = verdicts[verdicts["repeat"] == 0]
    return _frame("judge", first, first["judge"], first["judge_version"], "judge:" + first["judge"], first["verdict"])


def evaluator_predictions(verdicts: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions in rows of `evaluator_verdicts`, one per session.

    A session fails when any of its targets fails; else it is an error when any crashed, else it passes when any
    passed, else the evaluator does not apply. It is compared with what people said of this evaluator on the session
    (a row `evaluator:NAME` in `labels`) where that stands in the set of the session's own label, or the session has
    none; else with what they said of the session as a whole. So an answer given after the reveal, which is asked for
    failures most of all and stands in the calibration set, takes no failure out of the held-out set.
    """
    # In order of precedence, so that the smallest rank of a session is its verdict.
    ranks = {"fail": 0, "error": 1, "pass": 2, "not_applicable": 3}
    key = ["session_id", "evaluator", "evaluator_version"]
    rank = verdicts["verdict"].map(ranks).groupby([verdicts[name] for name in key]).min()
    rows = rank.rename("rank").reset_index()
    own = "evaluator:" + rows["evaluator"]
    asked = pd.MultiIndex.from_frame(_beside_their_session(labels)[["session_id", "target"]])
    is_asked = pd.MultiIndex.from_arrays([rows["session_id"], own]).isin(asked)
    verdict = rows["rank"].map({number: name for name, number in ranks.items()})
    target = own.where(is_asked, "session")
    return _frame("evaluator", rows, rows["evaluator"], rows["evaluator_version"], target, verdict)


def _beside_their_session(labels: pd.DataFrame) -> pd.DataFrame:
    """Return the labels that stand in the set of their session's own label, or whose session has none."""
    sets = labels[labels["target"] == "session"].set_index("session_id")["label_set"]
    of_session = labels["session_id"].map(sets)
    return labels[of_session.isna() | (of_session == labels["label_set"])]


def signal_predictions(signals: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions in rows of `session_signals`: a signal that fired predicts that the session failed.

    Beside the signals stands `FLAGGED` for each session that a counting signal ran on, all signals of a session being
    there: it fails where any of them fired, else it passes, also where none of them applies, for such a session is not
    flagged. Its version hashes names and versions of the counting signals.
    """
    prediction = signals["outcome"].map(_OF_OUTCOME)
    version, is_counting = signals["signal_version"], signals["is_counting"]
    each = _frame("signal", signals, signals["signal"], version, "session", prediction, is_counting)
    return pd.concat([each, _flagged(signals[is_counting.astype("bool")])], ignore_index=True)


def _flagged(counting: pd.DataFrame) -> pd.DataFrame:
    ordered = counting.sort_values(["session_id", "signal"], kind="stable")
    has_fired = (ordered["outcome"] == "fired").groupby(ordered["session_id"]).any()
    ran = (ordered["signal"] + "@" + ordered["signal_version"]).groupby(ordered["session_id"]).agg("\n".join)
    # Few sets of signals stand behind many sessions.
    versions = {text: content_hash(text.split("\n"), 8) for text in ran.unique()}
    rows = pd.DataFrame({"session_id": has_fired.index, "version": ran.map(versions).to_numpy(dtype=object)})
    prediction = pd.Series(has_fired.map({True: "fail", False: "pass"}).to_numpy(dtype=object), index=rows.index)
    return _frame("signal", rows, FLAGGED, rows["version"], "session", prediction, True)


def _frame(
    kind: str,
    rows: pd.DataFrame,
    subject: pd.Series | str,
    version: pd.Series,
    target: pd.Series | str,
    prediction: pd.Series,
    is_counting: pd.Series | bool = False,
) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "session_id": rows["session_id"],
            "subject_kind": kind,
            "subject": subject,
            "subject_version": version,
            "target": target,
            "prediction": prediction,
            "is_counting": is_counting,
        },
        columns=PREDICTION_COLUMNS,
    )
    types = dict.fromkeys(PREDICTION_COLUMNS, "str") | {"is_counting": "bool"}
    return frame.astype(types).reset_index(drop=True)
