"""Who is checked: the judge versions in production, those of the catalog that are not, and the classifiers.

Not here: the evidence about them (`reading.py`).
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from eval_pipeline.calibration.alignment.evidence import Baseline, Subject
from eval_pipeline.calibration.standings import in_production
from eval_pipeline.classifiers.definition import ABSTAIN, ERROR
from eval_pipeline.judges.definition import Judge
from eval_pipeline.ports import Warehouse

FIRST_LABELS = 200
"""How many labelled failures are a classifier's baseline."""

_STANDINGS = """
    SELECT subject, subject_version, origin, standing, last_decision FROM evals.judge_standings
    WHERE subject_kind = 'judge' ORDER BY subject, subject_version, origin"""

_LOOKS = """
    SELECT DISTINCT ON (p.subject, p.subject_version, p.origin)
           p.subject, p.subject_version, p.origin, p.decided_at,
           coalesce(l.n_true_fail + l.n_missed_fail + l.n_false_fail + l.n_true_pass, 0) AS n,
           coalesce(l.n_true_fail + l.n_true_pass, 0) AS n_agree
    FROM evals.promotions p LEFT JOIN evals.heldout_looks l USING (look_id)
    WHERE p.subject_kind = 'judge' AND p.decision = 'promoted'
    ORDER BY p.subject, p.subject_version, p.origin, p.decided_at DESC, p.promotion_id DESC"""

CLASSIFIED = """
    SELECT l.session_id, l.session_day,
           -- The same words agree, whatever became of them; others do where they are called the same today.
           (l.taxonomy_version, l.category) = (p.taxonomy_version, p.category)
           OR coalesce(t.current_category = c.current_category, false) AS is_right
    FROM evals.human_labels l JOIN evals.category_predictions p USING (session_id)
    JOIN evals.label_categories t USING (session_id)
    JOIN evals.current_categories c ON (c.taxonomy_version, c.category) = (p.taxonomy_version, p.category)
    WHERE p.classifier = %(subject)s AND p.classifier_version = %(version)s AND l.origin = %(origin)s
      AND l.target = 'session' AND l.status = 'settled' AND l.label = 'fail' AND l.is_blind AND l.category IS NOT NULL
      AND NOT p.category = ANY(%(no_category)s) AND l.session_day <= %(day)s
      -- What has no name today that a person gave can be held against words of the same version alone.
      AND (l.taxonomy_version = p.taxonomy_version
           OR t.current_category IS NOT NULL AND NOT t.is_by_machine AND c.current_category IS NOT NULL)
    ORDER BY l.session_day, l.session_id"""

_CLASSIFIERS = """
    SELECT DISTINCT p.classifier, p.classifier_version, s.origin
    FROM evals.category_predictions p JOIN evals.raw_sessions s USING (session_id)
    WHERE p.session_day > %(first)s AND p.session_day <= %(day)s ORDER BY 1, 2, 3"""

NO_CATEGORY = [ABSTAIN, ERROR]


def checked_judges(judges: Sequence[Judge], warehouse: Warehouse) -> list[Subject]:
    """Return the judge versions in production, and the version of each of `judges` (the catalog's) that is not.

    A version in production has its definition, for it is asked anew: as it was promoted, whatever the catalog says now.
    """
    standings = warehouse.query(_STANDINGS)
    catalog = {judge.name: judge.version for judge in judges}
    is_of_catalog = standings["subject_version"] == standings["subject"].map(catalog)
    is_proven = standings["standing"] == "proven"
    looks = {(row["subject"], row["subject_version"], row["origin"]): row for row in _records(warehouse.query(_LOOKS))}
    return [_judge(row, looks, warehouse) for row in _records(standings[is_proven | is_of_catalog])]


def _records(rows: pd.DataFrame) -> list[dict[Any, Any]]:
    return rows.astype("object").where(rows.notna(), None).to_dict("records")


def _judge(row: dict[Any, Any], looks: Mapping[tuple[str, str, str], dict[Any, Any]], warehouse: Warehouse) -> Subject:
    name, version, origin = row["subject"], row["subject_version"], row["origin"]
    if row["standing"] != "proven":
        decision = row["last_decision"]
        why = None if row["standing"] == "unproven" and decision is None else str(decision or row["standing"])
        note = why and f"last decision: {why.replace('_', ' ')}"
        return Subject("judge", name, version, origin, None, note=note)
    look = looks[name, version, origin]
    baseline = Baseline(int(look["n"]), int(look["n_agree"]), look["decided_at"].date())
    return Subject("judge", name, version, origin, baseline, in_production(name, origin, warehouse))


def checked_classifiers(day: dt.date, warehouse: Warehouse, n_days: int) -> Iterator[Subject]:
    """Yield the classifier versions that gave categories in the `n_days` that end with `day`, with their baseline.

    It is their agreement with people on the first `FIRST_LABELS` blind labelled failures that they put into a category,
    by day and session, and fixed once there are as many.
    """
    seen = warehouse.query(_CLASSIFIERS, {"first": day - dt.timedelta(days=n_days), "day": day})
    for name, version, origin in seen.itertuples(index=False, name=None):
        found = {"subject": name, "version": version, "origin": origin, "day": day, "no_category": NO_CATEGORY}
        first = warehouse.query(CLASSIFIED + f" LIMIT {FIRST_LABELS}", found)
        is_whole = len(first) == FIRST_LABELS
        since = first["session_day"].iloc[-1] if is_whole else None
        yield Subject(
            "classifier", name, version, origin, Baseline(len(first), int(first["is_right"].astype(bool).sum()), since)
        )
