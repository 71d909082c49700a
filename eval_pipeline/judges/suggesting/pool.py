"""The labelled sessions that a proposal is made of: what people said, what the judge said, and how steadily.

Calibration labels alone come in here (`trial.calibration_labels`). Not here: which sessions are shown as examples
(`choosing.py`), what becomes of people's notes (`wording.py`).
"""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from eval_pipeline.judges.definition import Judge
from eval_pipeline.judges.settling import why_not_asked
from eval_pipeline.judges.trial import peoples_words

POOL_COLUMNS = [
    "session_id",
    "origin",
    "person",
    "judge",
    "wrong_share",
    "note",
    "first_bad_turn",
    "group_id",
    "turns",
]


def pool_of(
    judge: Judge, labels: pd.DataFrame, verdicts: pd.DataFrame, reviews: pd.DataFrame, sessions: pd.DataFrame
) -> pd.DataFrame:
    """Return `POOL_COLUMNS` of the labelled sessions that a model was asked about and answered pass or fail, by session.

    `labels`: of `calibration_labels`. `verdicts`: rows of `judge_verdicts` of this version, with repeats where there
    are any. `reviews`: `trial.REVIEW_COLUMNS`. `sessions`: session_id, group_id, turns. `wrong_share`: share of the
    repeats (0 to 1) that say otherwise than people; `judge`: the first repeat's word.
    """
    said = verdicts[verdicts["verdict"].isin(["pass", "fail"])]
    first = said.loc[said["repeat"] == 0, ["session_id", "verdict"]].drop_duplicates("session_id")
    pool = labels.merge(sessions, on="session_id").merge(first, on="session_id")
    pool = pool.join(peoples_words(reviews, f"judge:{judge.name}"), on=["session_id", "label"])
    pool["note"] = pool["note"].fillna("").astype("str")
    repeats = said[["session_id", "verdict"]].merge(labels[["session_id", "label"]], on="session_id")
    wrong = (repeats["verdict"] != repeats["label"]).groupby(repeats["session_id"]).mean()
    pool["wrong_share"] = pool["session_id"].map(wrong)
    is_asked = [why_not_asked(judge.view.turns, turns) is None for turns in pool["turns"]]
    asked = pool[pd.Series(is_asked, index=pool.index, dtype="bool")]
    renamed = asked.rename(columns={"label": "person", "verdict": "judge"})
    return renamed[POOL_COLUMNS].sort_values("session_id").reset_index(drop=True)


def missed(pool: pd.DataFrame) -> pd.DataFrame:
    """Return the failures that the judge passed."""
    return pool[(pool["person"] == "fail") & (pool["judge"] == "pass")]


def false_alarms(pool: pd.DataFrame) -> pd.DataFrame:
    """Return the good sessions that the judge failed."""
    return pool[(pool["person"] == "pass") & (pool["judge"] == "fail")]


def reason_of(row: Mapping[Hashable, Any]) -> str:
    """Return in words where a row of the pool comes from and why it tells something."""
    times = f" in {row['wrong_share']:.0%} of its repeats" if 0 < row["wrong_share"] < 1 else ""
    told = f"people say {row['person']}, the judge said {row['judge']}, wrong{times}"
    if row["wrong_share"] == 0:
        told = f"people and judge say {row['person']}"
    source = "in a person's words" if row["note"] else "no person left a note"
    return f"session {row['session_id']} ({row['origin']}): {told}; {source}"
