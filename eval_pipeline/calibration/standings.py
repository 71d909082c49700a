"""Which versions count in production: what the view `judge_standings` says, for those who ask from Python.

Not here: how a version comes to count (`promoting.py`), the view itself (`resources/migrations`).
"""

from eval_pipeline.judges.definition import Judge
from eval_pipeline.ports import Warehouse

Standing = tuple[str, str, str, str]
"""Kind (judge or classifier), name, version and origin."""

_PROVEN = """
    SELECT subject_kind, subject, subject_version, origin FROM evals.judge_standings
    WHERE standing = 'proven' ORDER BY 1, 2, 3, 4"""

_IN_PRODUCTION = """
    SELECT p.definition FROM evals.promotions p JOIN evals.judge_standings s
      USING (subject_kind, subject, subject_version, origin)
    WHERE s.standing = 'proven' AND p.decision = 'promoted' AND subject_kind = 'judge'
      AND subject = %(judge)s AND origin = %(origin)s
    ORDER BY p.decided_at DESC, p.promotion_id DESC LIMIT 1"""


def proven(warehouse: Warehouse) -> set[Standing]:
    """Return every version that was promoted and is in production."""
    return set(warehouse.query(_PROVEN).itertuples(index=False, name=None))


def in_production(judge: str, origin: str, warehouse: Warehouse) -> Judge | None:
    """Return the judge called `judge` as it was promoted for `origin`; None where no version is in production."""
    rows = warehouse.query(_IN_PRODUCTION, {"judge": judge, "origin": origin})
    return None if rows.empty else Judge.model_validate(rows["definition"].iloc[0])


def definition_of(judge: Judge) -> dict[str, object]:
    """Return the judge's file as JSON, from which `in_production` makes the same judge again."""
    return judge.model_dump(mode="json", by_alias=True, exclude_none=True)
