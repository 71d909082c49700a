"""How far the review queue has been read, day by day, and which labels the figures still wait for.

Sums alone: of a session that waits nothing is said that could tell what points at it. Not here: strata and reasons
(`overview.py`), the work of one person (`ports.Progress`).
"""

from dataclasses import dataclass
from datetime import date

from eval_pipeline.calibration.estimators.rates import MIN_FOR_GATE
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.records import production_first, records

DAYS = 28
"""How many days up to the newest one of the queue are shown."""

_BY_DAY = """
    with queued as (
        select f.session_day as day, f.surface, f.origin, f.is_double_review,
               (select count(distinct v.reviewer) from evals.reviews v
                where v.session_id = f.session_id and v.stage <> 'adjudication' and not v.is_repeat) as n_readers,
               exists (select 1 from evals.reviews v
                       where v.session_id = f.session_id and v.stage = 'adjudication') as is_adjudicated
        from evals.flagged_sessions f
        where f.session_day > (select max(session_day) from evals.flagged_sessions) - %(days)s::int
          and exists (select 1 from evals.raw_sessions r where r.session_id = f.session_id))
    select day, surface, origin, count(*) as sampled, count(*) filter (where n_readers > 0) as read,
           count(*) filter (where is_double_review) as double_reviews,
           count(*) filter (where is_double_review and n_readers > 1) as read_twice,
           count(*) filter (where n_readers < case when is_double_review then 2 else 1 end) as waiting,
           count(*) filter (where is_adjudicated) as adjudicated
    from queued group by 1, 2, 3 order by day desc, origin, surface"""

_LABELS = """
    select substr(target, 7) as judge, origin, label_set, count(*) filter (where label = 'fail') as n_fail,
           count(*) filter (where label = 'pass') as n_pass
    from evals.human_labels
    where starts_with(target, 'judge:') and status = 'settled' and (is_blind or label_set = 'calibration')
    group by 1, 2, 3 order by judge, origin, label_set desc"""

_CONTROL = """
    select origin, n_control, n_control_needed, sentence from evals.signal_quality
    where signal = 'flagged' and as_of_day = (select max(as_of_day) from evals.signal_quality) order by origin"""


@dataclass(frozen=True)
class DayCoverage:
    """The queue of one day and surface. `waiting`: for a first or second reading."""

    day: date
    surface: str
    origin: str
    sampled: int
    read: int
    double_reviews: int
    read_twice: int
    waiting: int
    adjudicated: int


@dataclass(frozen=True)
class JudgeLabels:
    """Settled labels of one judge's question: all of the held-out set are blind."""

    judge: str
    origin: str
    label_set: str
    n_fail: int
    n_pass: int

    @property
    def fail_missing(self) -> int:
        """How many failing ones are missing until the judge's figures decide anything."""
        return max(0, MIN_FOR_GATE - self.n_fail)

    @property
    def pass_missing(self) -> int:
        """How many passing ones are missing."""
        return max(0, MIN_FOR_GATE - self.n_pass)


@dataclass(frozen=True)
class ControlLabels:
    """The labels of the control sample, which recall rests on."""

    origin: str
    n_control: int
    n_control_needed: int
    sentence: str


def by_day(warehouse: Warehouse, days: int = DAYS) -> list[DayCoverage]:
    """Return the last `days` days of the queue by surface, newest first."""
    return [DayCoverage(**row) for row in records(warehouse, _BY_DAY, days=days)]


def judge_labels(warehouse: Warehouse, judges: list[str]) -> list[JudgeLabels]:
    """Return how many labels each of `judges` has, by origin and set; zeros where a set of a judge has none."""
    stored = {(r["judge"], r["origin"], r["label_set"]): r for r in records(warehouse, _LABELS)}
    origins = production_first([origin for _, origin, _ in stored]) or ["production"]
    none = {"n_fail": 0, "n_pass": 0}
    return [
        JudgeLabels(judge, origin, in_set, *(int(stored.get((judge, origin, in_set), none)[n]) for n in none))
        for judge in judges
        for origin in origins
        for in_set in ("held_out", "calibration")
    ]


def control_labels(warehouse: Warehouse) -> list[ControlLabels]:
    """Return how many labels of the control sample there are, and how many recall still waits for."""
    return [ControlLabels(**row) for row in records(warehouse, _CONTROL)]
