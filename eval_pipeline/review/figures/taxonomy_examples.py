"""Labelled failures as examples of the taxonomy's categories, and how many there are of each.

Examples are of the calibration set alone, and of sessions that the person who asks may be led to (`unblinded.py`).
Not here: the categories themselves (`taxonomy/`).
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.records import records
from eval_pipeline.review.figures.unblinded import MAY_SEE

MOST_EXAMPLES = 3

_COUNTS = """
    select current_category as category, origin, count(*) as n from evals.label_categories
    where current_category is not null group by 1, 2 order by origin, category"""

_WITHOUT = """
    select category, state, origin, count(*) as n from evals.label_categories
    where current_category is null group by 1, 2, 3 order by category, state, origin"""

_EXAMPLES = f"""
    with found as (
        select s.current_category as category, s.session_id, s.session_day as day, s.origin,
               row_number() over (partition by s.current_category order by s.origin, n.note is null, s.session_day desc, s.session_id) as rank,
               n.note
        from evals.label_categories s left join lateral (
            select r.note from evals.reviews r
            where r.session_id = s.session_id and r.category = s.category and r.note is not null and not r.is_repeat
            order by r.submitted_at desc, r.review_id limit 1) n on true
        where s.label_set = 'calibration' and s.current_category is not null and {MAY_SEE})
    select category, session_id, day, origin, note from found where rank <= {MOST_EXAMPLES} order by category, rank"""


@dataclass(frozen=True)
class Example:
    """A session that people put into a category, with a reviewer's note if there is one."""

    session_id: str
    day: date
    origin: str
    note: str | None


def label_counts(warehouse: Warehouse) -> dict[str, dict[str, int]]:
    """Return category, as it is called today, to origin to the number of settled failures, of both label sets."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for row in records(warehouse, _COUNTS):
        counts[row["category"]][row["origin"]] = int(row["n"])
    return dict(counts)


def without_category(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return `category, state, origin, n`: failures whose category is split, and no rule decides, or retired."""
    return records(warehouse, _WITHOUT)


def examples(warehouse: Warehouse, person: str) -> dict[str, list[Example]]:
    """Return category to at most `MOST_EXAMPLES` examples that `person` may see, real ones and those with a note first."""
    found: dict[str, list[Example]] = defaultdict(list)
    for row in records(warehouse, _EXAMPLES, person=person):
        found[row.pop("category")].append(Example(**row))
    return dict(found)
