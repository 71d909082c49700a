"""What the first page says of the queue besides a person's own progress: by day and reason, what he put off, what waits.

Of reasons only how many sessions each brought, never which, nor how many of them are read: a reviewer is not told why a
session is there before he has answered, and where few are left a count would tell. Not here: a person's progress and claims (`ports.ReviewStore`), disputes (`adjudication.py`).
"""

from dataclasses import dataclass
from datetime import date, datetime

from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.records import records

DAYS_OF_REASONS = 90

_SURFACES = """
    select distinct r.surface from evals.review_slots s join evals.raw_sessions r using (session_id)
    where not s.is_repeat order by r.surface"""

# A reading is asked for as long as its session is stored: what its source withdrew waits for nobody.
_DAYS = """
    select s.session_day as day, count(*) as n_asked, count(*) filter (where s.state = 'done') as n_done
    from evals.review_slots s
    where not s.is_repeat and exists (select 1 from evals.raw_sessions r where r.session_id = s.session_id)
    group by s.session_day having count(*) filter (where s.state <> 'done') > 0
    order by s.session_day"""

_REASONS = """
    with latest as (select max(session_day) as day from evals.flagged_sessions),
    queued as (
        select f.reasons from evals.flagged_sessions f, latest
        where f.session_day > latest.day - %(days)s
          and exists (select 1 from evals.raw_sessions r where r.session_id = f.session_id))
    select reason, count(*) as n_queued
    from queued, lateral jsonb_array_elements_text(reasons) as reason
    group by reason order by n_queued desc, reason"""

_PUT_OFF = """
    with latest as (
        select distinct on (session_id) session_id, kind, reason, until from evals.review_set_asides
        where reviewer = %(reviewer)s order by session_id, set_aside_at desc, set_aside_id)
    select session_id, reason, until from latest where kind = 'defer' and until > now() order by until, session_id"""

# The same test as the sensor `new_reviews` makes.
_UNDERIVED = """
    with reviewed as (
        select session_id, md5(string_agg(review_id, ',' order by review_id)) as reviews_hash, count(*) as n_reviews
        from evals.reviews where answers <> '{}' and not is_repeat group by session_id)
    select r.session_id, r.n_reviews
    from reviewed r
    where exists (select 1 from evals.raw_sessions s where s.session_id = r.session_id) and not exists (
        select 1 from evals.human_labels l where l.session_id = r.session_id and l.reviews_hash = r.reviews_hash)"""


@dataclass(frozen=True)
class DayState:
    """Readings that the queue asks for of one UTC day, by anyone, and how many are done."""

    day: date
    n_asked: int
    n_done: int


@dataclass(frozen=True)
class ReasonState:
    """Sessions that one reason brought into the queue."""

    reason: str
    n_queued: int


@dataclass(frozen=True)
class PutOff:
    """A session that a person put off, with his reason; `until` in UTC."""

    session_id: str
    reason: str | None
    until: datetime


def surfaces(warehouse: Warehouse) -> list[str]:
    """Return the surfaces that have a queue, by name."""
    return [str(row["surface"]) for row in records(warehouse, _SURFACES)]


def open_days(warehouse: Warehouse) -> list[DayState]:
    """Return the days with readings still to do, the oldest first."""
    return [DayState(row["day"], int(row["n_asked"]), int(row["n_done"])) for row in records(warehouse, _DAYS)]


def reasons(warehouse: Warehouse) -> list[ReasonState]:
    """Return the reasons of the newest `DAYS_OF_REASONS` days of the queue, the commonest first."""
    rows = records(warehouse, _REASONS, days=DAYS_OF_REASONS)
    return [ReasonState(row["reason"], int(row["n_queued"])) for row in rows]


def put_off(warehouse: Warehouse, reviewer: str) -> list[PutOff]:
    """Return what `reviewer` has put off until later, the soonest first."""
    rows = records(warehouse, _PUT_OFF, reviewer=reviewer)
    return [PutOff(row["session_id"], row["reason"], row["until"]) for row in rows]


def underived(warehouse: Warehouse) -> tuple[int, int]:
    """Return how many sessions have reviews that no label rests on yet, and how many reviews these have."""
    rows = records(warehouse, _UNDERIVED)
    return len(rows), sum(int(row["n_reviews"]) for row in rows)
