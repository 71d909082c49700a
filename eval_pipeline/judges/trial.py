"""A judge tried by its author on the calibration set: how far it agrees with people, and where it does not.

Positive = a failure. Frames in, frames out; nothing is stored. Held-out labels are never looked at here: a look at them
is a measurement, which is counted. Not here: asking (`asking/`), printing (`cli/judges.py`).
"""

from collections.abc import Collection, Hashable
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from eval_pipeline.calibration.estimators.balanced import balanced_accuracy
from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE, rate
from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.definition import Judge

LABEL_COLUMNS = ["session_id", "target", "label", "status", "label_set", "origin"]
REVIEW_COLUMNS = ["session_id", "reviewer", "answers", "first_bad_turn", "note", "submitted_at", "is_repeat"]

NOT_ASKED = "not_asked"
"""Beside the verdicts: the session is gone or still open, or its call was not made."""

ANSWERS = ("fail", "pass")
RATE_NAMES = ("tpr: failures that it fails", "tnr: good ones that it passes", "balanced accuracy: mean of both")

SAID = ["fail", "pass", "not_applicable", "error", NOT_ASKED]


@dataclass(frozen=True)
class Trial:
    """What a judge says of the labelled sessions of one origin.

    `matrix`: one row per word of people (fail, pass) with the counts of `SAID`. `rates`: one row per name of
    `RATE_NAMES` with value, low, high (95 % Wilson, of balanced accuracy MOVER; null under `MIN_FOR_RATE` labels of a class)
    and n, of balanced accuracy the smaller class. `disagreements`: session_id, person, judge, first_bad_turn, note
    (the people's), critique (the judge's); missed failures first. `errors`: session_id, person, reason, reply.
    """

    origin: str
    matrix: pd.DataFrame
    rates: pd.DataFrame
    disagreements: pd.DataFrame
    errors: pd.DataFrame


def calibration_labels(labels: pd.DataFrame, judge: Judge, held_out: Collection[str] = frozenset()) -> pd.DataFrame:
    """Return the settled labels of the calibration set for the judge's question: session_id, label, origin.

    `labels`: rows of `human_labels` with `LABEL_COLUMNS`. Sessions that an example of the judge came from are left
    out: it is told their verdicts; so are those of `held_out`, the sessions of groups in the held-out set
    (`held_out.held_out_of`), which have answers given after the reveal. Raises `SettingsError` when an example comes from a
    session with a held-out label for this question, on which the judge could then never be measured.
    """
    labels = labels[labels["target"] == f"judge:{judge.name}"]
    shown = labels[labels["session_id"].isin(judge.example_sessions)]
    if len(told := sorted(set(shown.loc[shown["label_set"] == "held_out", "session_id"]))):
        raise SettingsError(
            f"judge {judge.name}: examples: {told[0]} is a held-out session, whose verdict no judge may be told",
            f"take another example for it in {judge.name}.yaml, from a calibration session",
        )
    is_ours = (labels["status"] == "settled") & (labels["label_set"] == "calibration")
    is_ours &= ~labels["session_id"].isin({*judge.example_sessions, *held_out})
    return labels.loc[is_ours, ["session_id", "label", "origin"]].reset_index(drop=True)


def trials(labels: pd.DataFrame, verdicts: pd.DataFrame, reviews: pd.DataFrame, judge: Judge) -> list[Trial]:
    """Return one trial per origin among `labels` (of `calibration_labels`), by name: origins are never mixed.

    `verdicts`: rows of `judge_verdicts` of this judge; the first repeat counts. `reviews`: rows of `reviews` with
    `REVIEW_COLUMNS`.
    """
    first = verdicts[verdicts["repeat"] == 0]
    said = first[["session_id", "verdict", "critique", "error_reason", "raw_reply"]]
    beside = labels.merge(said, on="session_id", how="left")
    beside["verdict"] = beside["verdict"].fillna(NOT_ASKED)
    beside = beside.join(peoples_words(reviews, f"judge:{judge.name}"), on=["session_id", "label"])
    return [_trial(str(origin), rows) for origin, rows in beside.groupby("origin", sort=True)]


def peoples_words(reviews: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return what stands behind people's answers to `target`: first_bad_turn and note, by session_id and answer.

    The latest review of each person counts, repeats apart, which make no label; several notes are put one after the other,
    and the earliest turn is taken.
    """
    has_answered = reviews["answers"].map(lambda answers: target in answers).astype("bool")
    latest = (
        reviews[has_answered & ~reviews["is_repeat"].astype("bool")]
        .sort_values("submitted_at", kind="stable")
        .drop_duplicates(["session_id", "reviewer"], keep="last")
    )
    latest = latest.assign(label=[answers[target] for answers in latest["answers"]])
    grouped = latest.groupby(["session_id", "label"], sort=True)
    notes = grouped["note"].agg(lambda notes: " | ".join(notes.dropna().astype(str)))
    return pd.DataFrame({"first_bad_turn": grouped["first_bad_turn"].min(), "note": notes})


def _trial(origin: str, rows: pd.DataFrame) -> Trial:
    counts = rows.groupby(["label", "verdict"]).size()
    is_disagreed = rows["verdict"].isin(["pass", "fail"]) & (rows["verdict"] != rows["label"])
    apart = rows[is_disagreed].sort_values(["label", "session_id"])
    shown = apart.rename(columns={"label": "person", "verdict": "judge"})
    errors = rows[rows["verdict"] == "error"].rename(
        columns={"label": "person", "error_reason": "reason", "raw_reply": "reply"}
    )
    return Trial(
        origin=origin,
        matrix=_matrix(counts.to_dict()),
        rates=_rates(counts.to_dict()),
        disagreements=shown[["session_id", "person", "judge", "first_bad_turn", "note", "critique"]],
        errors=errors[["session_id", "person", "reason", "reply"]],
    )


def _matrix(counts: dict[Hashable, Any]) -> pd.DataFrame:
    rows = [
        {"people": word, **{f"judge: {said}": int(counts.get((word, said), 0)) for said in SAID}}
        for word in ("fail", "pass")
    ]
    return pd.DataFrame(rows)


def _rates(counts: dict[Hashable, Any]) -> pd.DataFrame:
    tpr, tnr = (
        rate(int(counts.get((word, word), 0)), sum(int(counts.get((word, said), 0)) for said in ANSWERS), MIN_FOR_RATE)
        for word in ANSWERS
    )
    named = {RATE_NAMES[0]: tpr, RATE_NAMES[1]: tnr, RATE_NAMES[2]: balanced_accuracy(tpr, tnr)}
    rows = [{"rate": name, **asdict(found)} for name, found in named.items()]
    return pd.DataFrame(rows, columns=["rate", "value", "low", "high", "n"])
