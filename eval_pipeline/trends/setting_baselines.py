"""A baseline that a person sets: what is refused, and the row that is added. Not here: those set by rule (`baselines.py`)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pandas as pd

from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.policy import clean_name
from eval_pipeline.table_model import SUBJECT_KINDS, TRAFFIC_ORIGINS
from eval_pipeline.trend_tables import TrendBaselines
from eval_pipeline.trends.baselines import FIRST_DAYS, PROMOTION, baseline_rows
from eval_pipeline.trends.policy import TrendPolicy
from eval_pipeline.versions import content_hash

_DAYS_WITH_DATA = """
    SELECT count(DISTINCT session_day) AS days FROM evals.trend_rollups
    WHERE origin = %(origin)s AND session_day BETWEEN %(first)s AND %(last)s AND n > 0
      AND model_version = 'all' AND surface = 'all' AND slice = 'all'
      AND (%(kind)s::text IS NULL OR subject_kind = %(kind)s) AND (%(subject)s::text IS NULL OR subject = %(subject)s)"""


@dataclass(frozen=True)
class Wanted:
    """What a person asks for: the days `first` to `last` under `name`, for `of` (`judge:relevance`, `judge`, None: all)."""

    name: str
    first: date
    last: date
    origin: str
    of: str | None
    by: str
    reason: str

    @property
    def kind_and_subject(self) -> tuple[str | None, str | None]:
        """What it is for; None: any."""
        kind, _, subject = (self.of or "").partition(":")
        return kind or None, subject or None


def set_baseline(wanted: Wanted, warehouse: Warehouse, policy: TrendPolicy, now: datetime) -> int:
    """Add the baseline to `trend_baselines`, and return how many of its days hold data.

    Raises `EvalPipelineError` where words are missing, the name is taken, days are not over, or fewer than
    `policy.least_baseline_days` of them hold data; nothing is then added.
    """
    _check_words(wanted)
    _check_days(wanted, now.astimezone(UTC).date())
    there = warehouse.read(TrendBaselines)
    if ((there["name"] == wanted.name) & (there["origin"] == wanted.origin)).any():
        raise EvalPipelineError(
            f"there is a baseline {wanted.name!r} already", "a baseline never changes: take another name"
        )
    days = _days_with_data(wanted, warehouse)
    if days < policy.least_baseline_days:
        raise EvalPipelineError(
            f"{days} of these days hold {wanted.origin} data of {wanted.of or 'anything'}, {policy.least_baseline_days} are needed",
            "take a longer stretch of days; `eval-pipeline trends baselines` lists those there are",
        )
    warehouse.append(TrendBaselines, _row(wanted, now))
    return days


def _check_words(wanted: Wanted) -> None:
    for what, text in (("name", wanted.name), ("person", wanted.by)):
        try:
            clean_name(text)
        except ValueError as error:
            raise EvalPipelineError(f"the {what} will not do: {error}", f"give another {what}") from None
    if not wanted.reason.strip():
        raise EvalPipelineError("a baseline needs a reason", "give one with --reason")
    if wanted.by in (FIRST_DAYS, PROMOTION):
        raise EvalPipelineError(f"{wanted.by} is a rule, not a person", "give the name of the person with --by")
    if wanted.origin not in TRAFFIC_ORIGINS:
        raise EvalPipelineError(
            f"there are no trends of {wanted.origin!r}", f"take one of {', '.join(TRAFFIC_ORIGINS)}"
        )
    if (kind := wanted.kind_and_subject[0]) is not None and kind not in SUBJECT_KINDS:
        raise EvalPipelineError(
            f"{kind!r} is no kind of subject", "name it as judge:NAME, evaluator:NAME or signal:NAME"
        )


def _check_days(wanted: Wanted, today: date) -> None:
    if wanted.first > wanted.last:
        raise EvalPipelineError("the first day comes after the last", "exchange --from and --to")
    if wanted.last >= today:
        raise EvalPipelineError(
            f"{wanted.last} is not over", "a baseline is of days that are over: take an earlier --to"
        )


def _days_with_data(wanted: Wanted, warehouse: Warehouse) -> int:
    kind, subject = wanted.kind_and_subject
    bound = {"origin": wanted.origin, "first": wanted.first, "last": wanted.last, "kind": kind, "subject": subject}
    return int(warehouse.query(_DAYS_WITH_DATA, bound)["days"].iloc[0])


def _row(wanted: Wanted, now: datetime) -> pd.DataFrame:
    kind, subject = wanted.kind_and_subject
    return baseline_rows(
        [
            {
                "baseline_id": content_hash(["person", wanted.origin, wanted.name]),
                "name": wanted.name,
                "subject_kind": kind,
                "subject": subject,
                "origin": wanted.origin,
                "first_day": wanted.first,
                "last_day": wanted.last,
                "set_by": wanted.by,
                "set_at": pd.Timestamp(now),
                "reason": wanted.reason.strip(),
            }
        ]
    )
