"""What the pages about judges show: how far each version can be trusted, what it said lately, where people disagree.

The figures are those of `judge_calibration_reports`, the newest of each version; of the traffic where they are known
(weighted by the sampling design), else of the labels as they stand. Disagreements are of the calibration set alone, and
of sessions that the person who asks may be led to (`unblinded.py`).
Not here: how figures are made (`calibration/`), trust beside one word on a session's page (`trust.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from eval_pipeline.calibration.held_out import held_out_of
from eval_pipeline.calibration.reports.rows import quoted
from eval_pipeline.judges.definition import Judge
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.records import production_first, records
from eval_pipeline.review.figures.unblinded import MAY_SEE

Row = Mapping[str, Any]

LAST_DAYS = 28
MOST_DISAGREEMENTS = 50

_FIGURES = """
    select distinct on (subject, subject_version, origin, label_set, category) r.*, coalesce(s.standing, 'unproven') as standing
    from evals.judge_calibration_reports r
    left join evals.judge_standings s using (subject_kind, subject, subject_version, origin)
    where subject_kind = 'judge' and surface = 'all' and (%(judge)s::text is null or subject = %(judge)s::text)
    order by subject, subject_version, origin, label_set, category, as_of_day desc, measured_at desc"""

_SEEN = """
    select subject_version as version, origin, min(session_day) as first_day, max(session_day) as last_day,
           sum(n + n_not_applicable + n_error)::bigint as n, standing
    from evals.trend_rollups join evals.judge_standings using (subject_kind, subject, subject_version, origin)
    where subject_kind = 'judge' and subject = %(judge)s and model_version = 'all' and surface = 'all' and slice = 'all'
    group by subject_version, origin, standing order by first_day, version"""

_DAYS = """
    select session_day as day, subject_version as version, origin, n, n_fail, n_not_applicable, n_error
    from evals.trend_rollups
    where subject_kind = 'judge' and subject = %(judge)s and model_version = 'all' and surface = 'all' and slice = 'all'
      and session_day > (
          select max(session_day) from evals.trend_rollups where subject_kind = 'judge' and subject = %(judge)s)
          - %(days)s::int
    order by day"""

_ERRORS = """
    select coalesce(v.error_reason, 'not stated') as reason, s.origin, count(*) as n
    from evals.judge_verdicts v join evals.raw_sessions s using (session_id)
    where v.judge = %(judge)s and v.verdict = 'error'
      and v.session_day > (select max(session_day) from evals.judge_verdicts where judge = %(judge)s) - %(days)s::int
    group by 1, 2 order by n desc, reason"""

_DISAGREEMENTS = f"""
    select s.session_id, s.session_day as day, s.origin, s.label, v.verdict, v.critique
    from evals.human_labels s join evals.judge_verdicts v using (session_id)
    where s.target = 'judge:' || %(judge)s and s.label_set = 'calibration' and s.status = 'settled'
      and v.judge = %(judge)s and v.judge_version = %(version)s and v.repeat = 0
      and v.verdict in ('pass', 'fail') and v.verdict <> s.label and {MAY_SEE}
    order by s.session_day desc, s.session_id limit {4 * MOST_DISAGREEMENTS}"""


@dataclass(frozen=True)
class Share:
    """A rate with its 95 % interval, all None where too little is labelled, and how many labels it is a share of."""

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Figures:
    """How far one version was measured on labels of one origin and set.

    `tpr`: share of human-confirmed failures that it fails; `tnr`: of good ones that it passes. `is_weighted`: of the
    traffic, or of the labels as they stand. `standing`: proven (promoted by the gate, and in production), superseded,
    demoted or unproven.
    """

    version: str
    origin: str
    label_set: str
    as_of_day: date
    status: str
    is_weighted: bool
    tpr: Share
    tnr: Share
    standing: str

    @property
    def is_proven(self) -> bool:
        """Whether its verdicts count in production: figures alone, however good, prove nothing."""
        return self.standing == "proven"


@dataclass(frozen=True)
class Seen:
    """A version that gave verdicts on sessions of an origin, and its held-out figures if there are any."""

    version: str
    origin: str
    first_day: date
    last_day: date
    n: int
    standing: str
    figures: Figures | None


@dataclass(frozen=True)
class InCategory:
    """How many of the failures that people put into a category one version caught."""

    category: str
    origin: str
    label_set: str
    n_caught: int
    n: int


@dataclass(frozen=True)
class Disagreement:
    """A session on which people and the judge differ."""

    session_id: str
    day: date
    origin: str
    label: str
    verdict: str
    critique: str | None


@dataclass(frozen=True)
class Listed:
    """A judge in the list: the figures of its present version by origin; none where nothing is labelled."""

    judge: Judge
    figures: tuple[Figures, ...]


def listed(warehouse: Warehouse, judges: Sequence[Judge]) -> list[Listed]:
    """Return every judge with the figures of its present version, held-out before calibration, one per origin."""
    rows = records(warehouse, _FIGURES, judge=None)
    return [Listed(judge, _in_force(rows, judge)) for judge in judges]


def versions_seen(warehouse: Warehouse, judge: str) -> list[Seen]:
    """Return the versions that gave verdicts, by origin, oldest first."""
    held_out = {
        (row["subject_version"], row["origin"]): figures_of(row)
        for row in records(warehouse, _FIGURES, judge=judge)
        if row["label_set"] == "held_out" and row["category"] == "all" and row["n_labels"]
    }
    seen = records(warehouse, _SEEN, judge=judge)
    return [Seen(**row, figures=held_out.get((row["version"], row["origin"]))) for row in seen]


def by_category(warehouse: Warehouse, judge: Judge) -> list[InCategory]:
    """Return what the present version caught of each category, counts alone: categories are small."""
    rows = [
        row
        for row in records(warehouse, _FIGURES, judge=judge.name)
        if row["subject_version"] == judge.version and row["category"] != "all"
    ]
    found = [
        InCategory(row["category"], row["origin"], row["label_set"], row["n_true_fail"], _n_fail(row)) for row in rows
    ]
    return sorted((each for each in found if each.n), key=lambda each: (each.origin, each.category, each.label_set))


def verdicts_by_day(warehouse: Warehouse, judge: str) -> list[dict[str, Any]]:
    """Return per day, version and origin `n` (pass or fail), `n_fail`, `n_not_applicable`, `n_error`: the last `LAST_DAYS`
    days up to the newest that has a verdict."""
    return records(warehouse, _DAYS, judge=judge, days=LAST_DAYS)


def errors_by_reason(warehouse: Warehouse, judge: str) -> list[dict[str, Any]]:
    """Return `reason, origin, n` of the verdicts of these days that are errors."""
    return records(warehouse, _ERRORS, judge=judge, days=LAST_DAYS)


def disagreements(warehouse: Warehouse, judge: Judge, person: str) -> list[Disagreement]:
    """Return where people and the present version differ, newest first: what `person` may see of the calibration set.

    Sessions of groups that are held-out for the judge are left out, whatever set an answer after the reveal stands in.
    """
    rows = records(warehouse, _DISAGREEMENTS, judge=judge.name, version=judge.version, person=person)
    named = pd.Series([row["session_id"] for row in rows], dtype="str")
    hidden = held_out_of(warehouse, named, f"judge:{judge.name}") if len(named) else set()
    return [Disagreement(**row) for row in rows if row["session_id"] not in hidden][:MOST_DISAGREEMENTS]


def figures_of(row: Row) -> Figures:
    """Return what a row of `judge_calibration_reports` says, the rates of the traffic where both are known."""
    is_weighted = quoted(row, "tpr") != "tpr"
    tpr = _share(row, quoted(row, "tpr"), _n_fail(row))
    tnr = _share(row, quoted(row, "tnr"), int(row["n_true_pass"] + row["n_false_fail"]))
    return Figures(
        row["subject_version"],
        row["origin"],
        row["label_set"],
        row["as_of_day"],
        row["status"],
        is_weighted,
        tpr,
        tnr,
        row["standing"],
    )


def _in_force(rows: Sequence[Row], judge: Judge) -> tuple[Figures, ...]:
    mine = [
        row
        for row in rows
        if (row["subject"], row["subject_version"], row["category"]) == (judge.name, judge.version, "all")
        and row["n_labels"]
    ]
    # `held_out` comes last in the alphabet, and so replaces `calibration`.
    best = {row["origin"]: figures_of(row) for row in sorted(mine, key=lambda row: row["label_set"])}
    return tuple(best[origin] for origin in production_first(list(best)))


def _n_fail(row: Row) -> int:
    return int(row["n_true_fail"] + row["n_missed_fail"])


def _share(row: Row, name: str, n: int) -> Share:
    return Share(row[name], row[f"{name}_low"], row[f"{name}_high"], n)
