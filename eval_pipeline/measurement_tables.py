"""The tables of figures: how far each predictor can be trusted, whether it still is, and what it says day by day.

Part of `tables.py`, where every table is looked up; only the length of one file keeps them apart. Not here: how a figure
is made (`calibration/`, `trends/`).
"""

import datetime as dt

import pandas as pd
import pandera.pandas as pa

from eval_pipeline.table_model import LABEL_SETS, ORIGINS, SUBJECT_KINDS, Table, Timestamp, column, rate


class JudgeCalibrationReports(Table, key=("report_id",), day="as_of_day", append=True):
    """How far a predictor can be trusted, measured against human labels. Positive = a FAILURE: tpr is the share of
    human-confirmed failures that it fails, tnr the share of human-confirmed good ones that it passes."""

    report_id: str = column(
        "Hash of the row's content and of the row it follows: a measurement made again at once is one row, one that "
        "returns to an earlier value is a new row"
    )
    as_of_day: dt.date = column(
        "Labels of sessions of the 365 UTC days that end with this one are counted (label_set all: 90)"
    )
    subject_kind: str = column("What is measured", isin=SUBJECT_KINDS)
    subject: str = column("Its name")
    subject_version: str = column("Its version")
    origin: str = column("Origin of the sessions; never mixed", isin=ORIGINS)
    label_set: str = column(
        "calibration (to iterate on) or held_out (to measure on); of a signal also all: both together, blind labels of "
        "the last 90 days. A signal that was tuned on calibration labels is to be read off its held_out rows",
        isin=[*LABEL_SETS, "all"],
    )
    category: str = column("Category of the taxonomy, or all")
    n_labels: int = column("Settled labels with a pass or fail prediction", ge=0)
    n_true_fail: int = column("Person: fail, machine: fail", ge=0)
    n_missed_fail: int = column("Person: fail, machine: pass", ge=0)
    n_false_fail: int = column("Person: pass, machine: fail", ge=0)
    n_true_pass: int = column("Person: pass, machine: pass", ge=0)
    n_error: int = column("Labelled sessions with an error instead of a verdict", ge=0)
    n_not_applicable: int = column("Labelled sessions where it did not apply", ge=0)
    tpr: float = rate("Catch rate: share of human-confirmed failures that it fails; null under 10 failures")
    tpr_low: float = rate("Lower end of the 95 % Wilson interval of tpr")
    tpr_high: float = rate("Upper end")
    tnr: float = rate("Share of human-confirmed good sessions that it passes; null under 10")
    tnr_low: float = rate("Lower end of the 95 % Wilson interval of tnr")
    tnr_high: float = rate("Upper end")
    n_weighted: pd.Int64Dtype = column(
        "Of n_labels, those with an inclusion probability, which the weighted rates rest on; null for a single category",
        nullable=True,
        ge=0,
    )
    tpr_weighted: float = rate(
        "Catch rate in the traffic, weighted by the sampling design; null where labels carry no inclusion probability, "
        "a sampling cell (surface, stratum, prediction) has no label, under 10 failures, and for a single category"
    )
    tpr_weighted_low: float = rate("Lower end of its 95 % interval (Jeffreys)")
    tpr_weighted_high: float = rate("Upper end")
    tnr_weighted: float = rate("tnr in the traffic, weighted likewise; null likewise, under 10 good sessions")
    tnr_weighted_low: float = rate("Lower end of its 95 % interval (Jeffreys)")
    tnr_weighted_high: float = rate("Upper end")
    status: str = column("measured, too_few_to_gate (under 30 of a class), counts_only (under 10) or no_labels")
    labels_hash: str = column("Hash of the labels and predictions that were counted")
    measured_at: Timestamp = column(
        "When the row was written (UTC); of a subject, day, set and category the latest counts"
    )

    precision_weighted: float = rate(
        "Share of the sessions it fails in the traffic that people fail too, weighted likewise; null where nothing is "
        "drawn, a sampling cell of sessions it fails has no label, under 10 labels of those, and for a single category"
    )
    precision_weighted_low: float = rate("Lower end of its 95 % interval (Jeffreys)")
    precision_weighted_high: float = rate("Upper end")
    recall_weighted: float = rate(
        "Of a signal: share of all failed sessions of the traffic that it fires on, weighted likewise. Unlike "
        "tpr_weighted it counts a session the signal does not apply to as missed; null likewise and under 50 n_control"
    )
    recall_weighted_low: float = rate("Lower end of its 95 % interval (Jeffreys)")
    recall_weighted_high: float = rate("Upper end")
    n_control: pd.Int64Dtype = column(
        "Labels of the control sample (arm control) that the weighted figures rest on, of a signal also where it does "
        "not apply; null for a single category",
        nullable=True,
        ge=0,
    )
    n_control_needed: pd.Int64Dtype = column(
        "How many more until recall is good to rely on (200 in all); null for a single category and all but signals",
        nullable=True,
        ge=0,
    )

    @pa.dataframe_check(name="n_labels is the sum of the four counts")
    @classmethod
    def _counts_add_up(cls, frame: pd.DataFrame) -> pd.Series:
        counts = frame[["n_true_fail", "n_missed_fail", "n_false_fail", "n_true_pass"]]
        return counts.sum(axis="columns") == frame["n_labels"]


class TrendRollups(
    Table,
    key=("session_day", "subject_kind", "subject", "subject_version", "model_version", "surface", "slice", "origin"),
    day="session_day",
):
    """A day's failure rate of one evaluator, judge or signal, by its version, product model, surface and slice."""

    session_day: dt.date = column("UTC day")
    subject_kind: str = column("evaluator, judge or signal", isin=SUBJECT_KINDS)
    subject: str = column("Its name")
    subject_version: str = column("Its version")
    model_version: str = column("Product model, all, or not stated")
    surface: str = column("Surface, or all")
    slice: str = column("Slice as key=value, or all")
    origin: str = column("Origin of the sessions; never mixed, synthetic never counted", isin=ORIGINS)
    n: int = column("Sessions with a pass or fail (signal: fired or quiet)", ge=0)
    n_fail: int = column("Sessions that failed (signal: fired)", ge=0)
    n_not_applicable: int = column("Sessions it did not apply to", ge=0)
    n_error: int = column("Sessions where it crashed or gave no verdict", ge=0)
    fail_rate: float = rate("n_fail / n; null when n = 0")
    fail_rate_low: float = rate("Lower end of the 95 % Wilson interval")
    fail_rate_high: float = rate("Upper end of the 95 % Wilson interval")

    @pa.dataframe_check(name="fails are among n, and no data is no rate")
    @classmethod
    def _rate_of_data(cls, frame: pd.DataFrame) -> pd.Series:
        return (frame["n_fail"] <= frame["n"]) & (frame["fail_rate"].notna() == (frame["n"] > 0))


class AlignmentChecks(Table, key=("as_of_day", "judge", "judge_version", "origin"), day="as_of_day"):
    """Whether a judge still agrees with people, on labels fresher than those it was measured on. Labels count as they were
    drawn, without weights: the shares are those of the queue, not of the traffic."""

    as_of_day: dt.date = column("UTC day of the check")
    judge: str = column("Judge")
    judge_version: str = column("Its version")
    origin: str = column("Origin of the sessions", isin=ORIGINS)
    n_fresh_labels: int = column("Blind held-out labels of sessions of the last 28 days", ge=0)
    n_agree: int = column("Of these, labels that the judge agrees with", ge=0)
    agreement: float = rate("n_agree / n_fresh_labels; null when none")
    agreement_low: float = rate("Lower end of the 95 % Wilson interval")
    agreement_high: float = rate("Upper end")
    n_baseline_labels: int = column("Blind held-out labels of sessions older than that", ge=0)
    baseline_agreement: float = rate("Agreement on those; null when none")
    z: float = column("Two-sample z of the fall in agreement; null when unmeasured", nullable=True)
    status: str = column(
        "aligned, drifted (z > 2.5) or unmeasured (under 20 labels, fresh or older)",
        isin=["aligned", "drifted", "unmeasured"],
    )
    sentence: str = column("The finding in one plain sentence")


class SignalQuality(Table, key=("signal", "signal_version", "origin")):
    """The newest measurement of each signal: how much of what it fires on failed (precision), how much of what failed it
    fires on (recall). The signal `flagged` is any counting signal. From the rows of `judge_calibration_reports` with
    label_set all; a signal that was tuned on calibration labels is to be read off the held_out rows there."""

    signal: str = column("Signal, or flagged: any counting signal fired")
    signal_version: str = column("Its version; of flagged a hash of those of all counting signals")
    origin: str = column("Origin of the sessions; never mixed", isin=ORIGINS)
    as_of_day: dt.date = column("Blind labels of sessions of the 90 UTC days that end with this one are counted")
    n_labels: int = column("Settled labels of sessions it applies to", ge=0)
    n_fired: int = column("Of these, sessions it fired on", ge=0)
    n_true_fail: int = column("Of these, sessions that people fail too", ge=0)
    n_not_applicable: int = column("Settled labels of sessions it does not apply to", ge=0)
    precision: float = rate("precision_weighted: of the traffic, not of the labels as they stand")
    precision_low: float = rate("Lower end of its 95 % interval")
    precision_high: float = rate("Upper end")
    recall: float = rate("recall_weighted: share of all failed sessions of the traffic that it fires on")
    recall_low: float = rate("Lower end of its 95 % interval")
    recall_high: float = rate("Upper end")
    n_control: int = column("Labels of the control sample behind it", ge=0)
    n_control_needed: int = column("How many more until recall is good to rely on (200 in all)", ge=0)
    status: str = column(
        "measured; rough (recall from under 200 n_control); too_few (under 50, no recall); no_recall (a sampling cell has "
        "no label yet, or under 10 failures are labelled)",
        isin=["measured", "rough", "too_few", "no_recall"],
    )
    sentence: str = column("What recall rests on or waits for, in words")
