"""The tables of trends: what machines say day by day, how it moves, what it is put down to, and who was told.

A *series* is a subject (evaluator, judge or signal) in one cell of product model, surface and slice, of one origin; it goes
on over the subject's versions. Part of `tables.py`, where every table is looked up. Not here: how a figure is made
(`trends/`).
"""

import datetime as dt

import pandas as pd
import pandera.pandas as pa

from eval_pipeline.table_model import SUBJECT_KINDS, TRAFFIC_ORIGINS, Table, Timestamp, column, rate

CORRECTIONS = ["post_stratified", "rogan_gladen"]
DIRECTIONS = ["worse", "better", "steady", "not_enough_data"]
LEVELS = ["none", "watch", "alert"]

CELL = ("subject_kind", "subject", "model_version", "surface", "slice", "origin")
"""The columns that name a series."""

_ROLLUP_KEY = (
    "session_day",
    "subject_kind",
    "subject",
    "subject_version",
    "model_version",
    "surface",
    "slice",
    "origin",
)


class TrendRollups(Table, key=_ROLLUP_KEY, day="session_day"):
    """Daily failure rates of every evaluator, judge and signal, by version, model, surface and slice: as measured, and
    corrected for the subject's own errors and for the selection of the labels that tell of them."""

    session_day: dt.date = column("UTC day; of a window its last day")
    subject_kind: str = column("evaluator, judge or signal", isin=SUBJECT_KINDS)
    subject: str = column("Its name")
    subject_version: str = column("Its version")
    model_version: str = column("Product model, all, or not stated")
    surface: str = column("Surface, or all")
    slice: str = column("Slice as key=value, or all")
    origin: str = column("Origin of the sessions; never mixed, synthetic never counted", isin=TRAFFIC_ORIGINS)
    n: int = column("Sessions with a pass or fail (signal: fired or quiet)", ge=0)
    n_fail: int = column("Sessions that failed (signal: fired)", ge=0)
    n_not_applicable: int = column("Sessions it did not apply to", ge=0)
    n_error: int = column("Sessions where it crashed or gave no verdict", ge=0)
    fail_rate: float = rate("n_fail / n; null when n = 0")
    fail_rate_low: float = rate("Lower end of the 95 % Wilson interval")
    fail_rate_high: float = rate("Upper end of the 95 % Wilson interval")
    corrected_rate: float = rate(
        "Share of sessions that people would fail in what the subject is asked about (the signal flagged: as a whole), estimated from "
        "verdicts and labels; null where not_corrected_because says why"
    )
    corrected_rate_low: float = rate("Lower end of its 95 % interval")
    corrected_rate_high: float = rate("Upper end of its 95 % interval")
    correction: str = column(
        "post_stratified (labels of the same days, by sampling stratum and verdict) or rogan_gladen (older labels, by the "
        "catch rate and TNR that they gave); null without a corrected rate",
        nullable=True,
        isin=CORRECTIONS,
    )
    n_labels: int = column("Human labels behind the corrected rate, or there so far", ge=0)
    labels_first_day: dt.date = column("UTC day of the oldest labelled session behind it", nullable=True)
    labels_last_day: dt.date = column("UTC day of the newest", nullable=True)
    label_age_days: float = column("Median age of these sessions on session_day, in days", nullable=True, ge=0)
    labels_version: str = column(
        "Version of the subject whose verdicts the labels were held against: labels expire with it", nullable=True
    )
    not_corrected_because: str = column("Why there is no corrected rate; null where there is one", nullable=True)

    @pa.dataframe_check(name="fails are among n, and no data is no rate")
    @classmethod
    def _rate_of_data(cls, frame: pd.DataFrame) -> pd.Series:
        return (frame["n_fail"] <= frame["n"]) & (frame["fail_rate"].notna() == (frame["n"] > 0))

    @pa.dataframe_check(name="a corrected rate, or the reason why there is none")
    @classmethod
    def _corrected_or_reason(cls, frame: pd.DataFrame) -> pd.Series:
        return frame["corrected_rate"].notna() == frame["not_corrected_because"].isna()


class TrendWindows(TrendRollups, key=(*_ROLLUP_KEY, "window_days"), day="session_day"):
    """The rates of `trend_rollups` over the 7 and the 28 days that end with each day."""

    window_days: int = column("7 or 28", ge=7, le=28)
    n_days: int = column("Days of the window that hold a session of the cell", ge=1)


class TrendVersions(
    Table,
    key=(
        "session_day",
        "subject_kind",
        "subject",
        "subject_version",
        "surface",
        "origin",
        "component",
        "component_version",
    ),
    day="session_day",
):
    """Passes and fails of each subject by the upstream version behind the session: what a change of version is found in."""

    session_day: dt.date = column("UTC day")
    subject_kind: str = column("evaluator, judge or signal", isin=SUBJECT_KINDS)
    subject: str = column("Its name")
    subject_version: str = column("Its version")
    surface: str = column("Surface, or all")
    origin: str = column("Origin of the sessions", isin=TRAFFIC_ORIGINS)
    component: str = column(
        "What has the version: model, prompt, retrieval, dataset, tools, or another as the session brought it; subject (the "
        "evaluator's, judge's or signal's own), judge_model, taxonomy, redaction, code"
    )
    component_version: str = column("Its version, or not stated")
    n: int = column("Sessions with a pass or fail", ge=0)
    n_fail: int = column("Sessions that failed", ge=0)


class TrendBaselines(Table, key=("baseline_id",), append=True):
    """A frozen, named stretch of days that series are held against. Of those that fit a series the one set last counts."""

    baseline_id: str = column("This baseline")
    name: str = column("Its name, as sentences say it")
    subject_kind: str = column("Kind of the subject it is for; null: for all", nullable=True, isin=SUBJECT_KINDS)
    subject: str = column("The subject it is for; null: for all of the kind, or for all", nullable=True)
    origin: str = column("Origin of the sessions", isin=TRAFFIC_ORIGINS)
    first_day: dt.date = column("First UTC day")
    last_day: dt.date = column("Last UTC day")
    set_by: str = column("Person, or the rule that set it: first_days, promotion")
    set_at: Timestamp = column("When (UTC)")
    reason: str = column("Why, in words")


class TrendDirections(Table, key=("as_of_day", *CELL), day="as_of_day"):
    """Whether each series moved against its frozen baseline, by how much, since when, and which part of it is mix, behaviour
    or judge. Positive change = more failures."""

    as_of_day: dt.date = column("UTC day, the last of the windows")
    subject_kind: str = column("evaluator, judge or signal", isin=SUBJECT_KINDS)
    subject: str = column("Its name")
    subject_version: str = column("Its newest version in the series")
    model_version: str = column("Product model, or all")
    surface: str = column("Surface, or all")
    slice: str = column("Slice as key=value, or all")
    origin: str = column("Origin of the sessions", isin=TRAFFIC_ORIGINS)
    baseline_id: str = column("The baseline; null where there is none yet", nullable=True)
    baseline_name: str = column("Its name", nullable=True)
    n_baseline_days: int = column("Days of the baseline with data", ge=0)
    n_baseline: int = column("Passes and fails in it", ge=0)
    baseline_rate: float = rate("Share of fails in it")
    phi: float = column("Overdispersion of its days: max(1, Pearson's X^2 / (days - 1))", nullable=True, ge=1)
    autocorrelation: float = column(
        "Lag-1 correlation of its daily residuals; above .3 phi is of weekly blocks", nullable=True
    )
    n_7: int = column("Passes and fails in the last 7 days", ge=0)
    rate_7: float = rate("Share of fails in them")
    z_7: float = column("z against the baseline, overdispersion allowed for; positive is worse", nullable=True)
    n_28: int = column("Passes and fails in the last 28 days", ge=0)
    rate_28: float = rate("Share of fails in them")
    z_28: float = column("z against the baseline; positive is worse", nullable=True)
    p_value: float = rate("Chance of a move as large if nothing had changed (beta tail, both windows, both sides)")
    q_value: float = rate("The same with false discoveries controlled over all series of the day (Benjamini-Hochberg)")
    direction: str = column("worse, better, steady or not_enough_data", isin=DIRECTIONS)
    level: str = column("alert, watch or none", isin=LEVELS)
    not_enough_because: str = column("What is missing, where direction is not_enough_data", nullable=True)
    window_days: pd.Int64Dtype = column("The window that moved most: 7 or 28", nullable=True, ge=7, le=28)
    change: float = column("Rate of that window minus the baseline's", nullable=True)
    slope: float = column(
        "Change of the rate a day: median of all slopes over the last 28 days (Theil-Sen); a description, no test",
        nullable=True,
    )
    onset_day: dt.date = column(
        "Where a step explains the days since the baseline best; null while steady", nullable=True
    )
    mix_shift: float = column("Part of the change from another mix of surfaces and slices", nullable=True)
    within_change: float = column("Part from within the cells of the mix", nullable=True)
    judge_shift: float = column("Part that the judge's own anchors moved by; null where unknown", nullable=True)
    sentence: str = column("What moved, by how much, since when, with which candidates for the cause")


class TrendCandidates(Table, key=("as_of_day", *CELL, "rank"), day="as_of_day"):
    """The version changes on record near the turn of a series that moved, best split first."""

    as_of_day: dt.date = column("UTC day of the finding")
    subject_kind: str = column("evaluator, judge or signal", isin=SUBJECT_KINDS)
    subject: str = column("Its name")
    model_version: str = column("Product model, or all")
    surface: str = column("Surface, or all")
    slice: str = column("Slice as key=value, or all")
    origin: str = column("Origin of the sessions", isin=TRAFFIC_ORIGINS)
    rank: int = column("1 splits the series best", ge=1)
    component: str = column("What changed its version (as in trend_versions)")
    from_version: str = column("The commonest version before", nullable=True)
    to_version: str = column("The version that came")
    first_day: dt.date = column("First UTC day with it")
    share_now: float = rate("Share of the sessions of the last 7 days that have it")
    n_with: int = column("Passes and fails with it, around the turn", ge=0)
    rate_with: float = rate("Share of fails among these")
    n_without: int = column("Passes and fails without it", ge=0)
    rate_without: float = rate("Share of fails among these")
    score: float = column(
        "How well it splits the series: gain in log likelihood over no split, divided by overdispersion", ge=0
    )
    is_tied: bool = column("Whether another candidate splits the days and sessions all but alike")
    sentence: str = column("The candidate in words")


class TrendAlerts(Table, key=("alert_id",), day="opened_on", append=True):
    """An alert: one row an episode, when a series rises to watch or alert. Rows are only added."""

    alert_id: str = column("This episode: series, baseline, level and the day it opened")
    opened_on: dt.date = column("UTC day of the finding")
    subject_kind: str = column("evaluator, judge or signal", isin=SUBJECT_KINDS)
    subject: str = column("Its name")
    model_version: str = column("Product model, or all")
    surface: str = column("Surface, or all")
    slice: str = column("Slice as key=value, or all")
    origin: str = column("Origin of the sessions", isin=TRAFFIC_ORIGINS)
    level: str = column("watch or alert", isin=["watch", "alert"])
    direction: str = column("worse or better", isin=["worse", "better"])
    baseline_id: str = column("The baseline it moved against")
    change: float = column("Rate of the window minus the baseline's")
    onset_day: dt.date = column("Since about when", nullable=True)
    sentence: str = column("What moved, by how much, since when, with which candidates for the cause")
    opened_at: Timestamp = column("When the row was made (UTC)")


class AlertDeliveries(Table, key=("delivery_id",), append=True):
    """One attempt to tell an alert, or its beginning. What was not delivered is tried again by the next run."""

    delivery_id: str = column("This attempt")
    alert_id: str = column("The alert")
    attempted_at: Timestamp = column("When (UTC)")
    is_delivered: bool = column("Whether the webhook took it")
    detail: str = column("HTTP status, what went wrong, or that a run began; never the address")


class HeadlineRates(TrendRollups, key=TrendRollups.primary_key(), day="session_day"):
    """The daily failure rates that may be quoted: those of `trend_rollups`, of judges the proven version alone."""


class HeadlineWindows(TrendWindows, key=TrendWindows.primary_key(), day="session_day"):
    """The 7- and 28-day failure rates that may be quoted: those of `trend_windows`, of judges the proven version alone."""


class VersionChanges(Table, key=("origin", "surface", "component", "component_version")):
    """When each upstream version was first and last seen: the marks on the time axis."""

    origin: str = column("Origin of the sessions", isin=TRAFFIC_ORIGINS)
    surface: str = column("Surface, or all")
    component: str = column(
        "What has the version (as in trend_versions); the rows of subject and judge_model are those of all subjects together"
    )
    component_version: str = column("Its version")
    first_day: dt.date = column("First UTC day with it")
    last_day: dt.date = column("Last UTC day with it")
    n_sessions: int = column("Sessions with it: over the days, the most that any one subject gave a verdict on", ge=0)


class OpenAlerts(Table, key=CELL):
    """The series that stood at watch or alert on the newest day that was measured, each with its first candidate."""

    as_of_day: dt.date = column("UTC day of the finding, the newest of the origin")
    level: str = column("watch or alert", isin=["watch", "alert"])
    direction: str = column("worse or better", isin=["worse", "better"])
    subject_kind: str = column("evaluator, judge or signal", isin=SUBJECT_KINDS)
    subject: str = column("Its name")
    model_version: str = column("Product model, or all")
    surface: str = column("Surface, or all")
    slice: str = column("Slice as key=value, or all")
    origin: str = column("Origin of the sessions", isin=TRAFFIC_ORIGINS)
    change: float = column("Rate of the window minus the baseline's", nullable=True)
    window_days: pd.Int64Dtype = column("The window that moved most: 7 or 28", nullable=True, ge=7, le=28)
    onset_day: dt.date = column("Since about when", nullable=True)
    component: str = column("What the first candidate changed; null without a candidate", nullable=True)
    from_version: str = column("The commonest version before it", nullable=True)
    to_version: str = column("The version that came", nullable=True)
    sentence: str = column("What moved, by how much, since when, with which candidates for the cause")
