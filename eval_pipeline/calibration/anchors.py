"""Anchor sessions: the same few sessions put to a judge again and again, so that only the judge can move.

They are drawn once for each judge and origin from the calibration half, are never exchanged, and are asked anew for
every promotion and every alignment check. Not here: how often repeats disagree (`estimators/stability.py`), whether the
anchors moved between two checks (`alignment/moved.py`).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from eval_pipeline.calibration.estimators.stability import FlipRate, flip_rate
from eval_pipeline.calibration.split import group_of, label_set
from eval_pipeline.clock import Clock, utc_now
from eval_pipeline.judges.asking.asker import Asks
from eval_pipeline.judges.contesting import contest
from eval_pipeline.judges.definition import Judge
from eval_pipeline.judges.run import judge_sessions
from eval_pipeline.judges.settling import why_not_asked
from eval_pipeline.ports import JudgeModels, Warehouse
from eval_pipeline.tables import AnchorSessions, AnchorVerdicts, RawSessions
from eval_pipeline.versions import unit_hash

MOST_ANCHORS = 50
REPEATS = 3

_FIRST_DAY = dt.date(2000, 1, 1)
_REPEATS_OF_A_DAY = 100
_READ_AT_ONCE = 100

_CHOSEN = "SELECT session_id FROM evals.anchor_sessions WHERE judge = %s AND origin = %s ORDER BY session_id"
_CLOSED = "SELECT session_id, user_id FROM evals.raw_sessions WHERE origin = %s AND is_closed"


@dataclass(frozen=True)
class AnchorFlips:
    """How stable a judge is on its anchors: the flip rate of its passes and fails, and what was neither, counted apart."""

    rate: FlipRate
    n_not_applicable: int
    n_error: int


def anchors_of(judge: Judge, origin: str, warehouse: Warehouse, now: dt.datetime) -> list[str]:
    """Return the ids of the judge's anchor sessions of `origin`, in order; what is missing to 50 is drawn and stored.

    Drawn are closed sessions of the calibration half, in the order of a hash of judge and session, that a model is asked
    about: none that is settled by rule, holds words aimed at a judge or came to be an example of it. What was drawn once
    stays, so the set is fixed as soon as it is full; two runs at once draw the same ones. Raises what `warehouse` raises.
    """
    chosen = list(warehouse.query(_CHOSEN, [judge.name, origin])["session_id"])
    drawn = _drawn(judge, origin, warehouse, frozenset(chosen), MOST_ANCHORS - len(chosen))
    if drawn:
        rows = pd.DataFrame({"judge": judge.name, "origin": origin, "session_id": drawn, "chosen_at": now})
        warehouse.append(AnchorSessions, AnchorSessions.validate(rows))
    return sorted([*chosen, *drawn])


def ask_anchors(
    judge: Judge,
    origin: str,
    day: dt.date,
    warehouse: Warehouse,
    models: JudgeModels,
    asker: Asks,
    versions: Mapping[str, str],
    repeats: int = REPEATS,
    clock: Clock = utc_now,
) -> pd.DataFrame:
    """Ask the judge about its anchors for the check of `day` and return rows of `anchor_verdicts`, which are not stored here.

    The repeats have numbers of their own day, so that the ledger answers none of them with a reply of another day, and a
    check that is run twice on a day pays nothing twice. A call that was not made, for want of an endpoint or of money,
    gives no row; `asker.left_undone` counts it. Anchors that an example came from since, or whose session is gone, are
    left out. Raises `ValueError` unless 1 <= `repeats` <= 100, and what `judge_sessions` raises.
    """
    if not 1 <= repeats <= _REPEATS_OF_A_DAY:
        raise ValueError(f"repeats must be between 1 and {_REPEATS_OF_A_DAY}, not {repeats}")
    chosen = warehouse.query(_CHOSEN, [judge.name, origin])["session_id"]
    sessions = warehouse.read(RawSessions, session_ids=sorted(set(chosen) - judge.example_sessions))
    model, first = models.for_origin(origin), first_repeat_of(day)
    said = judge_sessions(sessions, [judge], model, asker, versions, repeats, first_repeat=first)
    rows = said.assign(origin=origin, asked_for_day=day, repeat=said["repeat"] - first, asked_at=pd.Timestamp(clock()))
    return AnchorVerdicts.validate(rows[list(AnchorVerdicts.to_schema().columns)])


def first_repeat_of(day: dt.date) -> int:
    """Return the number of the first repeat that is asked for the check of `day`: a hundred a day from 2000 on.

    The verdicts of the nightly job are repeats from 0 and never meet them. Raises `ValueError` before 2000-01-02.
    """
    if day <= _FIRST_DAY:
        raise ValueError(f"anchors are asked for days after {_FIRST_DAY}, not {day}")
    return (day - _FIRST_DAY).days * _REPEATS_OF_A_DAY


def anchor_flips(rows: pd.DataFrame) -> AnchorFlips:
    """Return the flip rate in `rows` of `anchor_verdicts`, all of one judge version, origin and day.

    Positive = a failure, but a flip is one either way. See `estimators/stability.py` for formula and source.
    """
    is_said = rows["verdict"].isin(["pass", "fail"])
    fails = (rows.loc[is_said, "verdict"] == "fail").groupby(rows.loc[is_said, "session_id"])
    counts = rows["verdict"].value_counts()
    return AnchorFlips(
        rate=flip_rate(fails.sum().to_numpy(), fails.size().to_numpy()),
        n_not_applicable=int(counts.get("not_applicable", 0)),
        n_error=int(counts.get("error", 0)),
    )


def _drawn(judge: Judge, origin: str, warehouse: Warehouse, chosen: frozenset[str], n: int) -> list[str]:
    """Return up to `n` further anchors; a user that hashes to calibration is of that set whoever resembles him."""
    if n <= 0:
        return []
    closed = warehouse.query(_CLOSED, [origin])
    users = zip(closed["session_id"], closed["user_id"], strict=True)
    calibration = [session for session, user in users if label_set(group_of(user, session)) == "calibration"]
    in_order = sorted(
        set(calibration) - chosen - judge.example_sessions, key=lambda session: unit_hash("anchor", judge.name, session)
    )
    drawn: list[str] = []
    for start in range(0, len(in_order), _READ_AT_ONCE):
        drawn += _asked_about(judge, warehouse, in_order[start : start + _READ_AT_ONCE])
        if len(drawn) >= n:
            break
    return drawn[:n]


def _asked_about(judge: Judge, warehouse: Warehouse, session_ids: Sequence[str]) -> list[str]:
    """Return those of `session_ids`, in their order, that a model is asked about and that do not speak to it."""
    rows = warehouse.read(RawSessions, columns=["session_id", "turns"], session_ids=session_ids)
    turns = dict(zip(rows["session_id"], rows["turns"], strict=True))
    return [
        session
        for session in session_ids
        if session in turns
        and why_not_asked(judge.view.turns, turns[session]) is None
        and contest(turns[session]) is None
    ]
