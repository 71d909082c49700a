"""What error analysis reads from the warehouse: the evidence of each origin, earlier proposals and decisions, what is new.

Not here: what is made of it (`misfits.py`, `proposing.py`, `sampling.py`, `saturation.py`).
"""

import datetime as dt
from collections.abc import Iterable

import pandas as pd

from eval_pipeline.error_analysis.misfits import Evidence
from eval_pipeline.error_analysis.proposing import Known, compared_days
from eval_pipeline.failed_verdicts import failed_verdicts
from eval_pipeline.ports import Warehouse
from eval_pipeline.table_model import TRAFFIC_ORIGINS
from eval_pipeline.tables import (
    CategoryPredictions,
    EvaluatorVerdicts,
    HumanLabels,
    JudgeVerdicts,
    RawSessions,
    SessionSignals,
    TaxonomyDecisions,
)

NEW_DAYS = 14
"""A product version or a surface is new so many days after it was first seen."""

REMEMBERED_DAYS = 28
"""An undecided proposal of so many days before keeps its id when it is found again."""

_NOTES = """
    select session_id, note, arm, category from evals.reviews
    where note is not null and session_day between %(first)s and %(last)s and submitted_at < %(end)s
    order by review_id"""

_OPEN = """
    select distinct on (proposal_id) proposal_id, fingerprint from evals.taxonomy_proposals p
    where origin = %(origin)s and as_of_day < %(day)s and as_of_day >= %(since)s and not exists (
        select 1 from evals.taxonomy_decisions d where d.proposal_id = p.proposal_id and d.origin = p.origin)
    order by proposal_id, as_of_day desc"""

_FIRST_SEEN = """
    select origin, model_version, surface, min(session_day) as first_day from evals.raw_sessions
    where session_day <= %(day)s group by 1, 2, 3"""


def evidence_by_origin(warehouse: Warehouse, as_of_day: dt.date) -> dict[str, Evidence]:
    """Return the evidence of the days that are compared, by origin; an origin without a closed session is left out."""
    days = compared_days(as_of_day)
    sessions = warehouse.read(RawSessions, days, ["session_id", "session_day", "origin", "is_closed"])
    sessions = sessions[sessions["is_closed"]]
    labels = warehouse.read(HumanLabels, days, ["session_id", "target", "label", "status", "category", "labelled_at"])
    end = pd.Timestamp(as_of_day, tz="UTC") + pd.Timedelta(days=1)
    labels = labels[(labels["target"] == "session") & (labels["labelled_at"] < end)]
    notes = warehouse.query(_NOTES, {"first": days[0], "last": as_of_day, "end": end.to_pydatetime()})
    predictions = warehouse.read(CategoryPredictions, days, ["session_id", "classifier", "category"])
    signals = warehouse.read(SessionSignals, days, ["session_id", "signal", "outcome", "turn_index"])
    failed = failed_verdicts(
        warehouse.read(EvaluatorVerdicts, days, ["session_id", "evaluator", "verdict", "turn_index", "explanation"]),
        warehouse.read(JudgeVerdicts, days, ["session_id", "judge", "verdict", "critique"]),
    )

    def turns(session_ids: Iterable[str]) -> pd.DataFrame:
        return warehouse.read(RawSessions, columns=["session_id", "turns"], session_ids=session_ids)

    found = {}
    for origin in TRAFFIC_ORIGINS:
        mine = sessions.loc[sessions["origin"] == origin, ["session_id", "session_day"]].reset_index(drop=True)
        if len(mine):
            found[origin] = Evidence(
                sessions=mine,
                labels=_of(labels, mine),
                notes=_of(notes, mine),
                predictions=_of(predictions, mine),
                failed=_of(failed, mine),
                signals=_of(signals[signals["outcome"] == "fired"], mine),
                turns=turns,
            )
    return found


def _of(frame: pd.DataFrame, sessions: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["session_id"].isin(sessions["session_id"])].reset_index(drop=True)


def known_kinds(warehouse: Warehouse, as_of_day: dt.date, origin: str) -> list[Known]:
    """Return the kinds that were decided on, whenever that was, and the undecided proposals of the weeks before."""
    decided = warehouse.read(
        TaxonomyDecisions, columns=["decision_id", "proposal_id", "origin", "decision", "fingerprint"]
    )
    asked = {"origin": origin, "day": as_of_day, "since": as_of_day - dt.timedelta(days=REMEMBERED_DAYS)}
    waiting = warehouse.query(_OPEN, asked)
    return [
        *(
            Known(row["proposal_id"], row["fingerprint"], row["decision"])
            for row in decided[decided["origin"] == origin].to_dict("records")
        ),
        *(Known(row["proposal_id"], row["fingerprint"]) for row in waiting.to_dict("records")),
    ]


def with_news(sessions: pd.DataFrame, warehouse: Warehouse, as_of_day: dt.date) -> pd.DataFrame:
    """Return `sessions` with `is_new_version` and `is_new_surface`: of a version or surface seen first in `NEW_DAYS`.

    A version or surface counts as new only where others stand beside it: what all sessions of an origin have is no
    stratum. `sessions`: session_id, origin, model_version, surface.
    """
    seen = warehouse.query(_FIRST_SEEN, {"day": as_of_day})
    marks = {
        mark: _is_new(sessions, seen, column, as_of_day)
        for mark, column in (("is_new_version", "model_version"), ("is_new_surface", "surface"))
    }
    return sessions.assign(**marks)


def _is_new(sessions: pd.DataFrame, seen: pd.DataFrame, column: str, as_of_day: dt.date) -> list[bool]:
    first = seen.dropna(subset=[column]).groupby(["origin", column])["first_day"].min()
    since = as_of_day - dt.timedelta(days=NEW_DAYS - 1)
    new = {key for key, day in first.items() if day >= since}
    keys = list(zip(sessions["origin"], sessions[column], strict=True))
    with_old = {origin for origin, value in keys if (origin, value) not in new}
    return [key in new and key[0] in with_old for key in keys]
