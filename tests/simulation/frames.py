"""Simulated sessions as the frames that the core passes around."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import pandas as pd

from eval_pipeline.sessions import Session
from eval_pipeline.simulation.traffic import simulate_day
from eval_pipeline.tables import FlaggedSessions

DAY = date(2026, 2, 10)
SEED = 7


def as_session(record: dict[str, Any]) -> Session:
    """Read a record of the traffic as the importer of the JSONL form is to read it."""
    fields = dict(record)
    del fields["source"], fields["domain"], fields["prompt_version"]
    renamed = {"ts": "at", "error": "is_error"}
    turns = [{renamed.get(key, key): value for key, value in turn.items()} for turn in fields.pop("turns")]
    return Session(model_version=fields.pop("model"), turns=turns, origin="simulated", **fields)


def sessions_frame(records: Iterable[dict[str, Any]], origin: str = "simulated") -> pd.DataFrame:
    rows = [
        {
            "session_id": session.session_id,
            "session_day": session.started_at.date(),
            "surface": session.surface,
            "turns": [turn.model_dump(mode="json", exclude_defaults=True) for turn in session.turns],
            "origin": origin,
        }
        for session in map(as_session, records)
    ]
    return pd.DataFrame(rows)


def day_frame(n: int, day: date = DAY) -> pd.DataFrame:
    return sessions_frame(simulate_day(day, n, SEED))


def queue_frame(sessions: pd.DataFrame, is_double_review: bool = False) -> pd.DataFrame:
    given = sessions[["session_id", "session_day", "surface", "origin"]]
    queue = given.assign(
        arm="control",
        stratum="unflagged",
        reasons=[[] for _ in range(len(sessions))],
        priority=0.5,
        inclusion_probability=0.25,
        design_id="design-1",
        drawn_at=pd.Timestamp("2026-02-11", tz="UTC"),
        is_double_review=is_double_review,
    )
    return FlaggedSessions.validate(queue[list(FlaggedSessions.to_schema().columns)])


def is_likely(n_hits: int, n: int, probability: float) -> bool:
    """Whether `n_hits` of `n` lies within four standard deviations of a binomial of that probability."""
    deviation = (n * probability * (1 - probability)) ** 0.5
    return n > 0 and abs(n_hits - n * probability) <= 4 * deviation
