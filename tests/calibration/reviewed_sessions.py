"""A labelled day as the gate meets it: simulated sessions in the queue, reviewed blind by one who knows the truth.

Not here: the judge that is measured on it (`test_promoting.py`).
"""

from collections.abc import Sequence
from functools import lru_cache

import pandas as pd

from eval_pipeline.calibration.split import group_of, label_set
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.labelling import relabel
from eval_pipeline.simulation.truth import DEMO_SEED, known_truth
from eval_pipeline.tables import FlaggedSessions, Reviews
from tests.resources.frames import frame_for
from tests.simulation.frames import day_frame
from tests.stored_sessions import DAY, store_sessions

JUDGE = "completeness"
TARGET = f"judge:{JUDGE}"


@lru_cache(maxsize=1)
def known_sessions() -> pd.DataFrame:
    """1,500 simulated sessions: `session_id, turns, truth` (pass or fail), `half` (calibration or held_out)."""
    frame = day_frame(1500)
    answers = known_truth(frame, DEMO_SEED).set_index("session_id")["answers"]
    truth = [answers[session][TARGET] for session in frame["session_id"]]
    half = [label_set(group_of(None, session)) for session in frame["session_id"]]
    return frame[["session_id", "turns"]].assign(truth=truth, half=half).sort_values("session_id", ignore_index=True)


def chosen_sessions(n_fail: int = 60, n_pass: int = 120, n_calibration: int = 50) -> pd.DataFrame:
    """Of these, `n_fail` failed and `n_pass` good ones of the held-out half, and some of the other."""
    known = known_sessions()
    held_out = known[known["half"] == "held_out"]
    parts = [held_out[held_out["truth"] == "fail"].head(n_fail), held_out[held_out["truth"] == "pass"].head(n_pass)]
    parts.append(known[known["half"] == "calibration"].head(n_calibration))
    assert [len(part) for part in parts] == [n_fail, n_pass, n_calibration]
    return pd.concat(parts).sort_values("session_id", ignore_index=True)


def store_reviewed(
    warehouse: Warehouse, sessions: pd.DataFrame, probability: Sequence[float] | float = 0.25, origin: str = "simulated"
) -> None:
    """Store `sessions` as drawn with `probability` (in strata by it), reviewed blind, and labelled by the truth."""
    turns = dict(zip(sessions["session_id"], sessions["turns"], strict=True))
    n = len(turns)
    store_sessions(warehouse, turns, origin=origin, user_id=[None] * n, surface="chat", versions=[{}] * n)
    chance = pd.Series(probability, index=range(n), dtype="float64")
    queue = frame_for(FlaggedSessions, n, DAY).assign(
        session_id=list(sessions["session_id"]),
        surface="chat",
        arm="control",
        stratum=[f"drawn {p:g}" for p in chance],
        inclusion_probability=chance,
        origin=origin,
    )
    warehouse.append(FlaggedSessions, queue)
    reviews = frame_for(Reviews, n, DAY).assign(
        session_id=list(sessions["session_id"]),
        answers=[{TARGET: word} for word in sessions["truth"]],
        is_repeat=False,
        is_blind=True,
        stage="blind",
        machine_words=[{} for _ in range(n)],
        reviewer="ada",
        arm="control",
        inclusion_probability=chance,
    )
    warehouse.append(Reviews, reviews)
    relabel([DAY], warehouse)
