"""How far reviewers agree: pairs of blind answers to the same session, by whom, on which surface, and with oneself.

What counts:
- A reading is a person's blind answer to a session, given before any machine word: the latest, should he have corrected
  it before the reveal, as for labels. Who is unsure is counted, and agrees or disagrees with nobody.
- Between two people every session counts that both read. Over all people a session counts once: of more than two readers
  the two who answered first are its pair, so that pairs are of different sessions.
- With himself a person is compared on sessions that were shown to him again without telling him so.
- Origins are never mixed. Sessions whose source was withdrawn are left out.

Not here: the coefficients (`calibration/estimators/agreement.py`), how machines move people (`anchoring.py`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from operator import itemgetter
from typing import Any

from eval_pipeline.calibration.estimators.agreement import Agreement, agreement, count_pairs
from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE, Rate, rate
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.records import production_first, records

Row = Mapping[str, Any]

_READINGS = """
    select distinct on (s.origin, r.session_id, r.reviewer, r.is_repeat)
           s.origin, s.surface, r.session_id, r.reviewer, r.is_repeat, r.answers ->> 'session' as answer,
           coalesce(c.current_category, c.taxonomy_version || ' ' || c.category) as category,
           c.current_category is not null as has_name_today, r.taxonomy_version,
           min(r.submitted_at) over (partition by r.session_id, r.reviewer, r.is_repeat) as first_at
    from evals.reviews r join evals.raw_sessions s using (session_id)
    left join evals.review_categories c on c.review_id = r.review_id
    where r.stage = 'blind' and r.is_blind and r.answers ->> 'session' is not null
    order by s.origin, r.session_id, r.reviewer, r.is_repeat, r.submitted_at desc, r.review_id desc"""

_PEOPLE = """
    with readings as (
        select s.origin, r.reviewer, r.session_id, r.is_repeat, sum(r.seconds) as seconds
        from evals.reviews r join evals.raw_sessions s using (session_id)
        where r.stage <> 'adjudication' and r.answers ->> 'session' is not null
        group by 1, 2, 3, 4)
    select origin, reviewer, count(*) as n, percentile_cont(0.5) within group (order by seconds) as seconds
    from readings group by 1, 2 order by origin, n desc, reviewer"""


@dataclass(frozen=True)
class Pair:
    """Two readings of a session by two people, or by one person twice. `is_first`: by the two who answered first."""

    surface: str
    people: tuple[str, str]
    answers: tuple[str, str]
    categories: tuple[str | None, str | None]
    is_first: bool = True

    @property
    def is_sure(self) -> bool:
        """Whether both say pass or fail."""
        return "unsure" not in self.answers


@dataclass(frozen=True)
class Compared:
    """How far some pairs agree. `n_unsure`: pairs left out because one of the two was unsure."""

    name: str
    figures: Agreement
    n_unsure: int


@dataclass(frozen=True)
class Worker:
    """A reviewer: how many readings he gave, and the median of their active seconds (None where none was measured)."""

    name: str
    n: int
    seconds: float | None


@dataclass(frozen=True)
class Reliability:
    """How far the people who read sessions of one origin agree with each other and with themselves.

    `same_category`: of pairs that both fail and both name a category, those that name the same one.
    """

    origin: str
    all_pairs: Compared
    by_surface: tuple[Compared, ...]
    by_people: tuple[Compared, ...]
    with_oneself: tuple[Compared, ...]
    same_category: Rate
    n_same_category: int
    people: tuple[Worker, ...]


def reliability(warehouse: Warehouse) -> list[Reliability]:
    """Return what is known of each origin that people read, production first."""
    readings, workers = records(warehouse, _READINGS), records(warehouse, _PEOPLE)
    return [
        _reliability(
            origin, [r for r in readings if r["origin"] == origin], [w for w in workers if w["origin"] == origin]
        )
        for origin in production_first([row["origin"] for row in workers])
    ]


def pairs_of(readings: Sequence[Row]) -> list[Pair]:
    """Return every pair of first readings by two people. `readings`: sorted by session; see the module for what counts."""
    found = []
    first_readings = [row for row in readings if not row["is_repeat"]]
    for _, group in groupby(first_readings, key=itemgetter("session_id")):
        by_time = sorted(group, key=lambda row: (row["first_at"], row["reviewer"]))
        for number, (one, other) in enumerate(combinations(by_time, 2)):
            # By name, so that each of two people is always on the same side.
            left, right = sorted((one, other), key=itemgetter("reviewer"))
            found.append(_pair(left, right, is_first=number == 0))
    return found


def repeats_of(readings: Sequence[Row]) -> list[Pair]:
    """Return each reading that was asked for again, with the same person's first one."""
    first = {(row["session_id"], row["reviewer"]): row for row in readings if not row["is_repeat"]}
    again = [row for row in readings if row["is_repeat"] and (row["session_id"], row["reviewer"]) in first]
    return [_pair(first[row["session_id"], row["reviewer"]], row) for row in again]


def compared(name: str, pairs: Iterable[Pair], are_of_many: bool = False) -> Compared:
    """Return how far `pairs` agree, those with an `unsure` apart."""
    every = list(pairs)
    sure = [pair.answers for pair in every if pair.is_sure]
    return Compared(name, agreement(count_pairs(sure), are_of_many), len(every) - len(sure))


def category_agreement(pairs: Iterable[Pair]) -> tuple[int, int]:
    """Return of how many pairs both fail and name a category, and how many of them name the same one: (same, all)."""
    named = [p.categories for p in pairs if p.answers == ("fail", "fail") and None not in p.categories]
    return sum(one == other for one, other in named), len(named)


def _reliability(origin: str, readings: Sequence[Row], workers: Sequence[Row]) -> Reliability:
    every, again = pairs_of(readings), repeats_of(readings)
    pairs = [pair for pair in every if pair.is_first]
    n_same, n_named = category_agreement(pairs)
    return Reliability(
        origin,
        compared("all people", pairs, are_of_many=True),
        tuple(compared(name, of, are_of_many=True) for name, of in _by(pairs, lambda pair: pair.surface)),
        tuple(compared(name, of) for name, of in _by(every, lambda pair: " and ".join(pair.people))),
        tuple(compared(name, of) for name, of in _by(again, lambda pair: pair.people[0])),
        rate(n_same, n_named, MIN_FOR_RATE),
        n_same,
        tuple(Worker(row["reviewer"], int(row["n"]), row["seconds"]) for row in workers),
    )


def _by(pairs: Iterable[Pair], key: Any) -> list[tuple[str, list[Pair]]]:
    return [(name, list(group)) for name, group in groupby(sorted(pairs, key=key), key=key)]


def _pair(one: Row, other: Row, is_first: bool = True) -> Pair:
    # A word of another version that has no name today may mean the same or not: there is nothing to compare.
    is_comparable = one["taxonomy_version"] == other["taxonomy_version"] or all(
        row["has_name_today"] for row in (one, other)
    )
    return Pair(
        one["surface"],
        (one["reviewer"], other["reviewer"]),
        (one["answer"], other["answer"]),
        (one["category"], other["category"]) if is_comparable else (None, None),
        is_first,
    )
