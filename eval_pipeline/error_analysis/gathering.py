"""What error analysis reads from the warehouse: the evidence of each origin, earlier proposals and decisions, what is new.

Not here: what is made of it (`misfits.py`, `proposing.py`, `sampling.py`, `saturation.py`).
"""

import datetime as dt
from collections.abc import Iterable

import pandas as pd

from eval_pipeline.calibration.known_groups import known_groups
from eval_pipeline.error_analysis.misfits import Evidence
from eval_pipeline.error_analysis.proposing import Known, compared_days
from eval_pipeline.failed_verdicts import failed_verdicts
from eval_pipeline.ports import Warehouse
from eval_pipeline.table_model import TRAFFIC_ORIGINS
from eval_pipeline.tables import RawSessions, TaxonomyDecisions

NEW_DAYS = 14
"""A product version or a surface is new so many days after it was first seen."""

REMEMBERED_DAYS = 28
"""An undecided proposal of so many days before keeps its id when it is found again."""

# Categories in today's terms, where they have any: what was split or retired since still explains a failure.
_LABELS = """
    select l.session_id, l.label, l.status, coalesce(c.current_category, l.category) as category
    from evals.human_labels l left join evals.label_categories c using (session_id)
    where l.target = 'session' and l.session_day between %(first)s and %(last)s and l.labelled_at < %(end)s
    order by l.session_id"""

_NOTES = """
    select session_id, note, arm, category from evals.reviews
    where note is not null and session_day between %(first)s and %(last)s and submitted_at < %(end)s
    order by review_id"""

_PREDICTIONS = """
    select p.session_id, coalesce(c.current_category, p.category) as category
    from evals.category_predictions p left join evals.current_categories c using (taxonomy_version, category)
    where p.session_day between %(first)s and %(last)s order by p.session_id, p.classifier, p.classifier_version"""

# Of the millions of verdicts and signals of eight weeks only those that tell of a failure.
_BY_EVALUATORS = """
    select session_id, evaluator, verdict, turn_index, explanation from evals.evaluator_verdicts
    where verdict = 'fail' and session_day between %(first)s and %(last)s order by session_id, evaluator"""

_BY_JUDGES = """
    select session_id, judge, verdict, critique from evals.judge_verdicts
    where verdict = 'fail' and session_day between %(first)s and %(last)s order by session_id, judge"""

_FIRED = """
    select session_id, signal, turn_index from evals.session_signals
    where outcome = 'fired' and session_day between %(first)s and %(last)s order by session_id, signal"""

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
    sessions = warehouse.read(RawSessions, days, ["session_id", "session_day", "user_id", "origin", "is_closed"])
    sessions = sessions[sessions["is_closed"]].reset_index(drop=True)
    end = dt.datetime.combine(as_of_day, dt.time(), dt.UTC) + dt.timedelta(days=1)
    asked = {"first": days[0], "last": as_of_day, "end": end}
    known = {
        "labels": warehouse.query(_LABELS, asked),
        "notes": warehouse.query(_NOTES, asked),
        "predictions": warehouse.query(_PREDICTIONS, asked),
        "failed": failed_verdicts(warehouse.query(_BY_EVALUATORS, asked), warehouse.query(_BY_JUDGES, asked)),
        "signals": warehouse.query(_FIRED, asked),
    }
    held_out = _held_out(warehouse, sessions)

    def turns(session_ids: Iterable[str]) -> pd.DataFrame:
        return warehouse.read(RawSessions, columns=["session_id", "turns"], session_ids=session_ids)

    found = {}
    for origin in TRAFFIC_ORIGINS:
        mine = sessions.loc[sessions["origin"] == origin, ["session_id", "session_day"]].reset_index(drop=True)
        if len(mine):
            theirs = {name: _of(frame, mine) for name, frame in known.items()}
            found[origin] = Evidence(sessions=mine, **theirs, turns=turns, held_out=held_out)
    return found


def _held_out(warehouse: Warehouse, sessions: pd.DataFrame) -> frozenset[str]:
    """Return the sessions whose group is held out, labelled or not, and for some judge used up or not."""
    groups = known_groups(warehouse, sessions)
    return frozenset(groups.loc[groups["label_set"] == "held_out", "session_id"])


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
