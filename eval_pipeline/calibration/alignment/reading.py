"""Reading the evidence of a check: fresh labels, drawn sessions, the mix, anchors, errors and the age of labels.

Nothing is written. Not here: who is checked (`subjects.py`), what is made of it (`check.py`).
"""

import datetime as dt
from typing import Any

import pandas as pd

from eval_pipeline.calibration.alignment.evidence import Evidence, Subject
from eval_pipeline.calibration.alignment.fresh import WINDOW_DAYS
from eval_pipeline.calibration.alignment.health import NAMES_NO_VERDICT, NEWEST_LABELS, Asked
from eval_pipeline.calibration.alignment.mix import MODEL
from eval_pipeline.calibration.alignment.subjects import CLASSIFIED, NO_CATEGORY
from eval_pipeline.calibration.labelled import WINDOW_DAYS as YEAR
from eval_pipeline.ports import Warehouse

BEFORE_DAYS = 90
"""How far the labels before the promotion go back: they come slower than sessions."""

Window = tuple[dt.date, dt.date]
"""The day before the first one, and the last one."""

# Labels of the kind that the look behind the promotion counted: drawn by the design, whatever set they stand in.
_JUDGED = """
    SELECT l.session_id, l.session_day, l.label = v.verdict AS is_right
    FROM evals.human_labels l JOIN evals.judge_verdicts v USING (session_id)
    WHERE l.target = %(target)s AND l.origin = %(origin)s AND l.status = 'settled' AND l.is_blind
      AND l.inclusion_probability IS NOT NULL AND l.arm IS DISTINCT FROM 'error_analysis'
      AND v.judge = %(subject)s AND v.judge_version = %(version)s AND v.repeat = 0 AND v.verdict IN ('pass', 'fail')
      AND l.session_day > %(first)s AND l.session_day <= %(day)s
    ORDER BY l.session_day, l.session_id"""

_DRAWN = """
    SELECT f.surface, f.stratum, 1 / f.inclusion_probability AS weight, l.label
    FROM evals.flagged_sessions f
    LEFT JOIN evals.human_labels l
      ON l.session_id = f.session_id AND l.target = %(target)s AND l.status = 'settled' AND l.is_blind
    WHERE f.origin = %(origin)s AND f.arm IN ('flagged', 'control')
      AND f.session_day > %(first)s AND f.session_day <= %(last)s
    ORDER BY f.session_id"""

_MIX = f"""
    WITH closed AS (
        SELECT session_day, surface, model_version, slices FROM evals.raw_sessions
        WHERE origin = %(origin)s AND is_closed AND session_day > %(first)s AND session_day <= %(last)s
    ), counted AS (
        SELECT session_day, surface AS value, 'surface' AS dimension FROM closed
        UNION ALL SELECT session_day, coalesce(model_version, 'not stated'), '{MODEL}' FROM closed
        UNION ALL SELECT session_day, coalesce(slices ->> name, 'not stated'), 'slice ' || name
        FROM closed CROSS JOIN (
            SELECT DISTINCT jsonb_object_keys(slices) AS name FROM closed WHERE jsonb_typeof(slices) = 'object'
        ) names
    )
    SELECT session_day, dimension, value, count(*) AS n FROM counted GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""

_ANCHORS = """
    SELECT session_id, asked_for_day, repeat, verdict FROM evals.anchor_verdicts
    WHERE judge = %(subject)s AND judge_version = %(version)s AND origin = %(origin)s AND asked_for_day <= %(day)s
    ORDER BY asked_for_day, session_id, repeat"""

_ASKED_JUDGE = """
    SELECT count(*) AS n,
           count(*) FILTER (WHERE v.verdict = 'error' AND v.error_reason IS DISTINCT FROM 'contested') AS n_error,
           count(*) FILTER (WHERE v.verdict = 'error' AND v.error_reason = ANY(%(no_verdict)s)) AS n_off
    FROM evals.judge_verdicts v JOIN evals.raw_sessions s USING (session_id)
    WHERE v.judge = %(subject)s AND v.judge_version = %(version)s AND s.origin = %(origin)s AND v.repeat = 0
      AND v.session_day > %(first)s AND v.session_day <= %(day)s"""

_ASKED_CLASSIFIER = """
    SELECT count(*) AS n, count(*) FILTER (WHERE p.category = 'error') AS n_error,
           count(*) FILTER (WHERE p.category = 'error') AS n_off
    FROM evals.category_predictions p JOIN evals.raw_sessions s USING (session_id)
    WHERE p.classifier = %(subject)s AND p.classifier_version = %(version)s AND s.origin = %(origin)s
      AND p.session_day > %(first)s AND p.session_day <= %(day)s"""

_NEWEST = f"""
    SELECT session_day FROM evals.human_labels
    WHERE target = %(target)s AND origin = %(origin)s AND status = 'settled' AND is_blind AND session_day <= %(day)s
    ORDER BY session_day DESC LIMIT {NEWEST_LABELS}"""


def evidence_of(subject: Subject, day: dt.date, warehouse: Warehouse) -> Evidence:
    """Return what stands in the warehouse for a check of `subject` on `day`.

    Without a baseline there is nothing to hold against: only errors and the age of labels are read.
    """
    key = {"subject": subject.name, "version": subject.version, "origin": subject.origin, "day": day}
    key |= {"target": subject.target, "no_verdict": NAMES_NO_VERDICT, "no_category": NO_CATEGORY}
    since = subject.baseline.since if subject.baseline else None
    recent = day - dt.timedelta(days=WINDOW_DAYS)
    # Without a baseline every window is empty: none has a day after the one before its first.
    now = (max(since, recent), day) if since else (day, day)
    return Evidence(
        answered=_answered(subject, key, since, warehouse),
        drawn_before=_over(_DRAWN, key, _until(since, BEFORE_DAYS) if since else now, warehouse),
        drawn_now=_over(_DRAWN, key, now, warehouse),
        mix_before=_over(_MIX, key, _until(since, WINDOW_DAYS) if since else now, warehouse),
        mix_now=_over(_MIX, key, now, warehouse),
        **_anchors(subject, day, warehouse.query(_ANCHORS, key)),
        asked=_asked(subject, {**key, "first": recent}, warehouse),
        newest_labels=list(warehouse.query(_NEWEST, key)["session_day"]),
    )


def _until(last: dt.date, n_days: int) -> Window:
    return last - dt.timedelta(days=n_days), last


def _over(sql: str, key: dict[str, Any], window: Window, warehouse: Warehouse) -> pd.DataFrame:
    return warehouse.query(sql, {**key, "first": window[0], "last": window[1]})


def _answered(subject: Subject, key: dict[str, Any], since: dt.date | None, warehouse: Warehouse) -> pd.DataFrame:
    """Return the blind labels of a year that it answered pass or fail (a classifier: with a category)."""
    first = key["day"] - dt.timedelta(days=YEAR)
    rows = warehouse.query(_JUDGED if subject.kind == "judge" else CLASSIFIED, {**key, "first": since or first})
    return rows.assign(is_right=rows["is_right"].astype(bool))


def _anchors(subject: Subject, day: dt.date, rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the anchors' verdicts of the promotion, the last ones asked until then, and of this day, if it is a later one."""
    since = subject.baseline.since if subject.baseline else None
    days = rows["asked_for_day"]
    at_promotion = [asked for asked in days.unique() if since is not None and asked <= since]
    then = max(at_promotion, default=None)
    return {
        "anchors_before": rows[days == then] if then is not None else rows.iloc[:0],
        "anchors_now": rows[days == day] if then is None or day > then else rows.iloc[:0],
    }


def _asked(subject: Subject, key: dict[str, Any], warehouse: Warehouse) -> Asked:
    sql = _ASKED_JUDGE if subject.kind == "judge" else _ASKED_CLASSIFIER
    n, n_error, n_off = warehouse.query(sql, key).iloc[0]
    return Asked(int(n), int(n_error), int(n_off))
