"""Rates over the 7 and the 28 days that end with a day: counts summed from the stored days, corrected by their labels.

Not here: the days themselves (`rollups.py`), which corrected rate a row gets (`corrected.py`).
"""

from datetime import date, timedelta

import pandas as pd

from eval_pipeline.tables import TrendRollups, TrendWindows
from eval_pipeline.trends.corrected import with_corrections
from eval_pipeline.trends.evidence import Evidence
from eval_pipeline.trends.rollups import COUNTS, with_rates

WINDOW_DAYS = (7, 28)

STALE_WINDOWS = """
with recent as (
    select max(session_day) - 90 as before from evals.trend_rollups
), days as (
    select session_day, sum(n * mark) as n, sum(n_fail * mark) as n_fail, sum((n_not_applicable + n_error) * mark) as other
    from evals.trend_rollups cross join recent cross join lateral (
        select hashtext(concat_ws('|', subject_kind, subject, subject_version, model_version, surface, slice, origin))::bigint
    ) hash(mark)
    where session_day > before - 28 group by session_day
), expected as (
    select ends.session_day, window_days, sum(d.n) as n, sum(d.n_fail) as n_fail, sum(d.other) as other
    from (select session_day from days union select session_day from evals.trend_windows) ends
    cross join recent cross join (values (7), (28)) width(window_days)
    join days d on d.session_day between ends.session_day - window_days + 1 and ends.session_day
    where ends.session_day > before group by ends.session_day, window_days
), stored as (
    select session_day, window_days, sum(n * mark) as n, sum(n_fail * mark) as n_fail,
           sum((n_not_applicable + n_error) * mark) as other
    from evals.trend_windows cross join recent cross join lateral (
        select hashtext(concat_ws('|', subject_kind, subject, subject_version, model_version, surface, slice, origin))::bigint
    ) hash(mark)
    where session_day > before group by session_day, window_days
), stale as (
    select session_day, string_agg(concat_ws(' ', e.n, e.n_fail, e.other), ',' order by window_days) as revision
    from expected e full join stored s using (session_day, window_days)
    where (e.n, e.n_fail, e.other) is distinct from (s.n, s.n_fail, s.other) group by session_day
), stretches as (
    select *, session_day - (row_number() over (order by session_day))::int as stretch from stale
)
select min(session_day)::text as first_day, max(session_day)::text as last_day,
       md5(string_agg(revision, ';' order by session_day)) as revision
from stretches group by stretch order by 1 desc
"""
"""Stretches of days, of the last 90, whose windows do not sum to the rollups of their days, as sensors ask: because sessions
came late or left, or windows were never made. Each count is multiplied by a hash of its cell and summed over all cells of a
day, so that a session that moved to another cell is seen at the cost of a scan."""

_KEY = [name for name in TrendRollups.primary_key() if name != "session_day"]
COUNTED_COLUMNS = [*_KEY, "session_day", *COUNTS]


def window_days(day: date) -> list[date]:
    """Return the days whose rollups the windows of `day` rest on, in order."""
    return [day - timedelta(days=n) for n in reversed(range(max(WINDOW_DAYS)))]


def windows(day: date, rollups: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """Return the rows of `trend_windows` for `day`, ordered by primary key.

    `rollups`: rows of `trend_rollups` of `window_days(day)`, at least `COUNTED_COLUMNS`. `evidence`: up to `day`. A version
    of a subject that has no session in a window has no row of it.
    """
    parts = [_window(day, n_days, rollups, evidence) for n_days in WINDOW_DAYS]
    frame = pd.concat(parts, ignore_index=True).sort_values(list(TrendWindows.primary_key()), ignore_index=True)
    return frame[list(TrendWindows.to_schema().columns)]


def _window(day: date, n_days: int, rollups: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    inside = rollups[(rollups["session_day"] > day - timedelta(days=n_days)) & (rollups["session_day"] <= day)]
    grouped = inside.groupby(_KEY, sort=True, observed=True)
    counts = grouped[COUNTS].sum().assign(n_days=grouped["session_day"].nunique()).reset_index()
    rates = with_rates(counts.assign(session_day=day, n_pass=counts["n"] - counts["n_fail"]))
    placed = rates.merge(counts[[*_KEY, "n_days"]], on=_KEY).assign(window_days=n_days)
    return with_corrections(placed, evidence, day, n_days)
