"""What waits for a lead's decision: sessions on which two people, both blind, gave different answers.

A target (the session, or a judge's question) is in dispute when the latest blind answers of different people differ, those
who are unsure apart; the session also when all fail it and name different categories. It is so at once, before any label
is derived, and no longer once a lead has decided, whatever people answer later (as in `labels.py`). A lead who has seen
the machines' words decides nothing of a held-out label, which rests on blind answers alone. No machine word is read here:
the lead decides between people. Not here: what a decision makes of the label (`labels.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import pandas as pd

from eval_pipeline.calibration.held_out import in_use
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.records import records

Row = Mapping[str, Any]

_ANSWERS = """
    with asked as (
        select r.session_id, r.reviewer, r.review_id, r.submitted_at,
               coalesce(c.current_category, c.taxonomy_version || ' ' || c.category) as category, a.target, a.answer
        from evals.reviews r left join evals.review_categories c using (review_id), lateral jsonb_each_text(r.answers) a(target, answer)
        where r.stage = 'blind' and r.is_blind and not r.is_repeat
          and (%(session)s::text is null or r.session_id = %(session)s::text)
          and (a.target = 'session' or starts_with(a.target, 'judge:'))),
    latest as (
        select distinct on (session_id, target, reviewer) * from asked
        order by session_id, target, reviewer, submitted_at desc, review_id desc)
    select s.session_id, s.session_day as day, s.surface, s.origin, l.target, jsonb_agg(l.reviewer order by l.reviewer) as people,
           count(distinct l.answer) filter (where l.answer <> 'unsure') > 1 as is_about_answer, max(l.submitted_at) as since,
           s.user_id, (select bool_or(d.is_blind) from evals.reviews d
                       where d.session_id = s.session_id and d.stage = 'adjudication'
                         and d.answers ->> l.target is not null) as is_decided_blind
    from latest l join evals.raw_sessions s using (session_id)
    group by s.session_id, s.session_day, s.surface, s.origin, s.user_id, l.target
    having count(distinct l.answer) filter (where l.answer <> 'unsure') > 1
        or (l.target = 'session' and count(distinct l.category) filter (where l.answer = 'fail') > 1)
    order by s.session_day, s.session_id, l.target desc"""

_READINGS = """
    select r.reviewer, r.answers, c.read_as as category, r.first_bad_turn, r.note, r.seconds, r.submitted_at
    from evals.reviews r left join evals.review_categories c using (review_id)
    where r.session_id = %(session)s and r.stage = 'blind' and r.is_blind and not r.is_repeat
    order by r.reviewer, r.submitted_at, r.review_id"""

_STANDS = """
    select coalesce(max(revision), 0) as revision, coalesce(bool_or(stage <> 'adjudication'), false)
           or exists (select 1 from evals.review_reveals
                      where session_id = %(session)s and reviewer = %(person)s) as has_seen
    from evals.reviews where session_id = %(session)s and reviewer = %(person)s and not is_repeat"""


@dataclass(frozen=True)
class Dispute:
    """A target of a session that people disagree on: about the answer, or (`is_about_answer` false) about the category."""

    target: str
    people: tuple[str, ...]
    is_about_answer: bool
    since: datetime


@dataclass(frozen=True)
class Disputed:
    """A session that waits for a decision, with all that is in dispute. `is_held_out`: only a blind decision counts."""

    session_id: str
    day: date
    surface: str
    origin: str
    is_held_out: bool
    disputes: tuple[Dispute, ...]

    @property
    def people(self) -> tuple[str, ...]:
        """All who disagree on anything."""
        return tuple(sorted({person for dispute in self.disputes for person in dispute.people}))


@dataclass(frozen=True)
class Reading:
    """What one person answered blind, corrections included. `first_bad_turn` counts from 0."""

    reviewer: str
    answers: Mapping[str, str]
    category: str | None
    first_bad_turn: int | None
    note: str | None
    seconds: float | None
    submitted_at: datetime


@dataclass(frozen=True)
class Stands:
    """How a person stands to a session: the newest revision of his reviews, and whether he could see the machines' words."""

    revision: int
    has_seen: bool


def waiting(warehouse: Warehouse, session_id: str | None = None) -> list[Disputed]:
    """Return the sessions that wait for a decision, oldest day first; of one `session_id` at most itself."""
    rows = _placed(warehouse, records(warehouse, _ANSWERS, session=session_id))
    open_rows = [row for row in rows if not _is_decided(row)]
    return [_disputed(list(group)) for _, group in groupby(open_rows, key=itemgetter("session_id"))]


def stands(warehouse: Warehouse, session_id: str, person: str) -> Stands:
    """Return how `person` stands to the session."""
    (row,) = records(warehouse, _STANDS, session=session_id, person=person)
    return Stands(int(row["revision"]), bool(row["has_seen"]))


def readings(warehouse: Warehouse, session_id: str) -> list[Reading]:
    """Return what each person answered blind to the session, by name."""
    rows = records(warehouse, _READINGS, session=session_id)
    return [_reading(list(group)) for _, group in groupby(rows, key=itemgetter("reviewer"))]


def _placed(warehouse: Warehouse, rows: Sequence[Row]) -> list[Row]:
    """Return `rows` with `is_held_out`: whether the label of the target stands, or would stand, in the held-out set."""
    sessions = pd.DataFrame(rows, columns=["session_id", "user_id"]).drop_duplicates()
    held_out = {
        (session, target)
        for target in sorted({row["target"] for row in rows})
        for session in in_use(warehouse, sessions, target)["session_id"]
    }
    return [{**row, "is_held_out": (row["session_id"], row["target"]) in held_out} for row in rows]


def _is_decided(row: Row) -> bool:
    return row["is_decided_blind"] is not None and (bool(row["is_decided_blind"]) or not row["is_held_out"])


def _disputed(rows: Sequence[Row]) -> Disputed:
    one = rows[0]
    facts = (one["session_id"], one["day"], one["surface"], one["origin"])
    return Disputed(*facts, is_held_out=any(row["is_held_out"] for row in rows), disputes=tuple(map(_dispute, rows)))


def _dispute(row: Row) -> Dispute:
    return Dispute(row["target"], tuple(row["people"]), bool(row["is_about_answer"]), row["since"])


def _reading(rows: Sequence[Row]) -> Reading:
    """Return one person's blind reviews, oldest first, as one: what a later one does not answer, the earlier one says."""
    newest = rows[-1]
    seconds = [row["seconds"] for row in rows if row["seconds"] is not None]
    turn = newest["first_bad_turn"]
    return Reading(
        reviewer=newest["reviewer"],
        answers={target: answer for row in rows for target, answer in row["answers"].items()},
        category=newest["category"],
        first_bad_turn=None if turn is None else int(turn),
        note=newest["note"],
        seconds=sum(seconds) if seconds else None,
        submitted_at=newest["submitted_at"],
    )
