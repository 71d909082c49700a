"""What the report reads beside labels and predictions: people's own answers, the anchors' verdicts, held-out sets in use.

Not here: labels and predictions (`calibration/labelled.py`), what is made of these (`people.py`, `reviewers.py`, `repeats.py`).
"""

from datetime import date, timedelta

import pandas as pd

from eval_pipeline.calibration.labelled import WINDOW_DAYS
from eval_pipeline.calibration.reports.repeats import REPEAT_COLUMNS
from eval_pipeline.ports import Warehouse

READING_COLUMNS = ["origin", "session_id", "target", "reviewer", "is_repeat", "is_lead", "answer", "first_at"]

# The latest of a person's answers counts, should he have corrected it before the reveal, as for labels.
_READINGS = """
    SELECT DISTINCT ON (r.session_id, a.target, r.reviewer, r.is_repeat, r.stage = 'adjudication')
           s.origin, r.session_id, a.target, r.reviewer, r.is_repeat, r.stage = 'adjudication' AS is_lead, a.answer,
           min(r.submitted_at) OVER (PARTITION BY r.session_id, a.target, r.reviewer, r.is_repeat,
                                                  r.stage = 'adjudication') AS first_at
    FROM evals.raw_sessions s JOIN evals.reviews r USING (session_id)
    CROSS JOIN LATERAL jsonb_each_text(r.answers) AS a (target, answer)
    WHERE s.session_day > %(after)s AND s.session_day <= %(until)s
      AND (r.stage = 'adjudication' OR r.stage = 'blind' AND r.is_blind)
    ORDER BY r.session_id, a.target, r.reviewer, r.is_repeat, r.stage = 'adjudication', r.submitted_at DESC,
             r.review_id DESC"""

_ANCHORS = """
    SELECT 'judge' AS subject_kind, v.judge AS subject, v.judge_version AS subject_version, v.origin, v.session_id, v.verdict
    FROM evals.anchor_verdicts v
    JOIN (SELECT judge, judge_version, origin, max(asked_for_day) AS asked_for_day FROM evals.anchor_verdicts
          WHERE asked_for_day <= %(until)s GROUP BY 1, 2, 3) newest USING (judge, judge_version, origin, asked_for_day)
    ORDER BY v.judge, v.judge_version, v.origin, v.session_id, v.repeat"""

_HELD_OUT = """
    SELECT target, origin, 1 + max(held_out_version) AS version FROM evals.heldout_retirements GROUP BY 1, 2"""


def readings_until(day: date, warehouse: Warehouse) -> pd.DataFrame:
    """Return the blind answers, and those of leads (`is_lead`), to sessions of the `WINDOW_DAYS` that end with `day`.

    Columns `READING_COLUMNS`, one row per session, target, person, and first or repeated reading; ordered by these.
    """
    found = warehouse.query(_READINGS, {"after": day - timedelta(days=WINDOW_DAYS), "until": day})
    return found[READING_COLUMNS]


def anchor_repeats(day: date, warehouse: Warehouse) -> pd.DataFrame:
    """Return what each judge version said of its anchors the last time it was asked, up to `day`; see `repeats.py`."""
    return warehouse.query(_ANCHORS, {"until": day})[REPEAT_COLUMNS]


def held_out_versions(warehouse: Warehouse) -> dict[tuple[str, str], int]:
    """Return the number of the held-out set in use by target and origin, where it is not the first."""
    rows = warehouse.query(_HELD_OUT)
    return {(target, origin): int(number) for target, origin, number in rows.itertuples(index=False, name=None)}
