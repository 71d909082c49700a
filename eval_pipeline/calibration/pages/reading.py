"""What is known of a subject, read for its page. Not here: what the page says of it (`content.py`)."""

from typing import Any

from eval_pipeline.calibration.pages.content import Known
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.records import records
from eval_pipeline.trust_tables import PREDICTORS

MOST = 50
"""How many decisions, looks and checks a page goes back."""

_SUBJECTS = """
    select subject_kind as kind, subject as name, max(as_of_day) as as_of_day,
           count(distinct subject_version) as n_versions, coalesce(max(n_labels), 0)::bigint as n_labels
    from evals.judge_calibration_reports where category = 'all' and surface = 'all'
    group by 1, 2
    order by array_position(array['judge', 'evaluator', 'classifier', 'signal', 'reviewer'], subject_kind), 2"""

_FIGURES = """
    select distinct on (subject_version, origin, label_set, category, surface) *
    from evals.judge_calibration_reports
    where subject_kind = %(kind)s and subject = %(name)s
    order by subject_version, origin, label_set, category, surface, as_of_day desc, measured_at desc"""

_STANDINGS = """
    select subject_version, origin, standing, decided_by, decided_at
    from evals.judge_standings where subject_kind = %(kind)s and subject = %(name)s
    order by origin, standing = 'proven' desc, decided_at desc nulls last, subject_version"""

_DECISIONS = """
    select subject_version, origin, decision, decided_by, decided_at, reason, look_id
    from evals.promotions where subject_kind = %(kind)s and subject = %(name)s
    order by decided_at desc, promotion_id desc limit %(most)s"""

_LOOKS = """
    select look_id, held_out_version, look from evals.heldout_looks
    where %(kind)s = 'judge' and target = 'judge:' || %(name)s order by looked_at desc limit %(most)s"""

_CHECKS = """
    select as_of_day, subject_version, origin, status, judge_moved, product_moved, traffic_moved, sentence
    from evals.alignment_checks where subject_kind = %(kind)s and subject = %(name)s
    order by as_of_day desc, origin, subject_version limit %(most)s"""

_OF_PREDICTORS = {"standings": _STANDINGS, "decisions": _DECISIONS, "looks": _LOOKS, "checks": _CHECKS}
"""Nothing else is promoted or checked, and there are many signals and evaluators."""


def subjects(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return every subject that was measured: kind, name, as_of_day, n_versions, n_labels; judges first."""
    return records(warehouse, _SUBJECTS)


def known_of(warehouse: Warehouse, kind: str, name: str) -> Known | None:
    """Return what is known of a subject; None where none of this name was ever measured."""
    parts = {"figures": _FIGURES, **(_OF_PREDICTORS if kind in PREDICTORS else {})}
    asked = {"kind": kind, "name": name, "most": MOST}
    found = {part: records(warehouse, sql, **asked) for part, sql in parts.items()}
    return Known(kind, name, **found) if found["figures"] or found.get("decisions") else None
