"""The error-analysis sample as rows of the review queue. Not here: the draw (`eval_pipeline/error_analysis.py`)."""

from datetime import date, datetime, timedelta

import pandas as pd

from eval_pipeline.tables import FlaggedSessions
from eval_pipeline.versions import content_hash

FRESH_DAYS = 7
SAMPLE_SIZE = 20
"""Sessions a week and origin: an hour or two of reading."""

SEED = 1
PRIORITY = 0.5
DESIGN_ID = content_hash(["error analysis", SAMPLE_SIZE, FRESH_DAYS, SEED], 12)


def fresh_days(day: date) -> list[date]:
    """Return the week of days that ends with `day`."""
    return [day - timedelta(days=n) for n in reversed(range(FRESH_DAYS))]


def queue_rows(sample: pd.DataFrame, sessions: pd.DataFrame, drawn_at: datetime) -> pd.DataFrame:
    """Return rows of `flagged_sessions`, arm `error_analysis`, for a `sample` (rows of `error_analysis_samples`).

    `sessions`: session_id and surface. A session that is in the queue already keeps the row it has.
    """
    rows = sample.merge(sessions[["session_id", "surface"]], on="session_id", validate="one_to_one")
    rows = rows.assign(
        arm="error_analysis",
        reasons=pd.Series([[] for _ in range(len(rows))], dtype="object"),
        priority=PRIORITY,
        design_id=DESIGN_ID,
        drawn_at=pd.Series([drawn_at] * len(rows), dtype="datetime64[us, UTC]"),
        is_double_review=False,
    )
    return FlaggedSessions.validate(rows[list(FlaggedSessions.to_schema().columns)])
