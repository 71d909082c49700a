"""The tables of figures: how far each predictor can be trusted, and whether it still is.

Part of `tables.py`, where every table is looked up; only the length of one file keeps them apart. Not here: how a figure
is made (`calibration/`), what machines say day by day (`trend_tables.py`).
"""

import datetime as dt

import pandas as pd
import pandera.pandas as pa

from eval_pipeline.table_model import LABEL_SETS, SUBJECT_KINDS, TRAFFIC_ORIGINS, Table, Timestamp, column, rate

RECORDED = "recorded"
"""The origin of figures about verdicts and labels that were made elsewhere (`recorded_tables.py`)."""

REPORT_STATUSES = ["measured", "too_few_to_gate", "counts_only", "no_labels", "not_looked_at"]
YES_NO_UNKNOWN = ["yes", "no", "unknown"]
ALIGNMENT_STATUSES = ["aligned", "drifted", "unmeasured", "unproven"]


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
    origin: str = column(
        "Origin of the sessions; never mixed. recorded: verdicts and labels made elsewhere and imported",
        isin=[*TRAFFIC_ORIGINS, RECORDED],
    )
    label_set: str = column(
        "calibration (to iterate on) or held_out (to measure on); all: both together, of a signal "
        "blind labels of the last 90 days, of reviewers and recorded judges whatever there is. A signal that was tuned on calibration labels is to be read off its held_out rows",
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
    status: str = column(
        "measured, too_few_to_gate (under 30 of a class), counts_only (under 10), no_labels, or not_looked_at: a judge "
        "that is not promoted is measured on held-out labels by `judges promote` alone, each time a counted look",
        isin=REPORT_STATUSES,
    )
    labels_hash: str = column("Hash of the labels and predictions that were counted")
    measured_at: Timestamp = column(
        "When the row was written (UTC); of a subject, day, set, category and surface the latest counts"
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

    surface: str = column("Surface, or all; single surfaces for category all alone")
    n_human_fail: int = column("Settled labels of fail, whatever the machine said, looked at or not", ge=0)
    n_human_pass: int = column("Settled labels of pass, likewise", ge=0)
    n_groups: int = column(
        "Users (or sessions without one) that the labels are of; the raw intervals rest on the effective n of these clusters",
        ge=0,
    )
    agreement: float = rate("Share of n_labels that it agrees with; null under 10 labels")
    agreement_low: float = rate("Lower end of its 95 % Wilson interval")
    agreement_high: float = rate("Upper end")
    balanced_accuracy: float = rate("Mean of tpr and tnr; null where one of them is")
    balanced_accuracy_low: float = rate("Lower end of its 95 % interval (MOVER of the two Wilson intervals)")
    balanced_accuracy_high: float = rate("Upper end")
    balanced_accuracy_weighted: float = rate("Mean of tpr_weighted and tnr_weighted; null where one of them is")
    balanced_accuracy_weighted_low: float = rate("Lower end of its 95 % interval (Jeffreys)")
    balanced_accuracy_weighted_high: float = rate("Upper end")
    tpr_shrunk: float = rate(
        "tpr of a single category or surface, drawn towards the others by a hierarchical beta-binomial model; null elsewhere"
    )
    tpr_shrunk_low: float = rate("Lower end of its 95 % credible interval")
    tpr_shrunk_high: float = rate("Upper end")
    tnr_shrunk: float = rate("tnr of a single surface, likewise")
    tnr_shrunk_low: float = rate("Lower end of its 95 % credible interval")
    tnr_shrunk_high: float = rate("Upper end")
    flip_rate: float = rate(
        "How often two runs on the same session say otherwise: of a judge on its anchor sessions, of a reviewer on sessions "
        "shown to him again, of a recorded judge over its variants; null without repeats"
    )
    flip_rate_low: float = rate("Lower end of its 95 % Wilson interval, on the effective n of the sessions")
    flip_rate_high: float = rate("Upper end")
    n_flip_sessions: pd.Int64Dtype = column("Sessions with two or more repeats of pass or fail", nullable=True, ge=0)
    n_flip_repeats: pd.Int64Dtype = column("Repeats of pass or fail in all", nullable=True, ge=0)
    n_flip_not_applicable: pd.Int64Dtype = column(
        "Repeats that said not_applicable, counted apart", nullable=True, ge=0
    )
    n_flip_error: pd.Int64Dtype = column("Repeats that were an error, counted apart", nullable=True, ge=0)
    n_double: pd.Int64Dtype = column(
        "Sessions that two people answered blind: its own question (judge:NAME) where there are 10, else the session; of a "
        "reviewer he and another. Null where people are not compared",
        nullable=True,
        ge=0,
    )
    human_agreement: float = rate("Share of these that they agree on; null under 10")
    human_agreement_low: float = rate("Lower end of its 95 % Wilson interval")
    human_agreement_high: float = rate("Upper end")
    human_failing_share: float = rate("Share of fails among all answers of both")
    kappa: float = column("Cohen's kappa of these pairs; read it with the failing share", nullable=True, le=1)
    kappa_low: float = column("Lower end of its 95 % bootstrap interval", nullable=True, le=1)
    kappa_high: float = column("Upper end", nullable=True, le=1)
    ac1: float = column("Gwet's AC1 of these pairs", nullable=True, le=1)
    ac1_low: float = column("Lower end of its 95 % bootstrap interval", nullable=True, le=1)
    ac1_high: float = column("Upper end", nullable=True, le=1)
    alpha: float = column("Krippendorff's alpha over all blind answers, of two people or more", nullable=True, le=1)
    alpha_low: float = column("Lower end of its 95 % bootstrap interval", nullable=True, le=1)
    alpha_high: float = column("Upper end", nullable=True, le=1)
    ceiling_agreement: float = rate("Agreement with labels that a faultless judge would show, as people err: see docs")
    ceiling_tpr: float = rate("tpr that a faultless judge would show")
    ceiling_tnr: float = rate("tnr that a faultless judge would show")
    held_out_version: pd.Int64Dtype = column(
        "Which held-out set of the target; null for other sets", nullable=True, ge=1
    )
    confusion: object = column(
        "Of a classifier, category all: list of {label, said, n}, abstentions and errors included; else null",
        sql="jsonb",
        nullable=True,
    )

    @pa.dataframe_check(name="n_labels is the sum of the four counts")
    @classmethod
    def _counts_add_up(cls, frame: pd.DataFrame) -> pd.Series:
        counts = frame[["n_true_fail", "n_missed_fail", "n_false_fail", "n_true_pass"]]
        return counts.sum(axis="columns") == frame["n_labels"]


class AlignmentChecks(
    Table, key=("as_of_day", "subject_kind", "subject", "subject_version", "origin"), day="as_of_day"
):
    """Whether a promoted judge, or a classifier, still agrees with people on labels fresher than those it was promoted on, and
    what moved if not: the judge (anchors), the product (labels) or the traffic (mix). Labels count as they were drawn,
    without weights: the shares are those of the queue, not of the traffic."""

    as_of_day: dt.date = column("UTC day of the check")
    subject_kind: str = column("judge or classifier", isin=["judge", "classifier"])
    subject: str = column("Its name")
    subject_version: str = column("Its version")
    origin: str = column("Origin of the sessions", isin=TRAFFIC_ORIGINS)
    n_fresh_labels: int = column(
        "Blind labels of sessions after the baseline, the last 100 with a pass or fail prediction", ge=0
    )
    n_agree: int = column("Of these, labels that it agrees with", ge=0)
    agreement: float = rate("n_agree / n_fresh_labels; null when none")
    agreement_low: float = rate("Lower end of the 95 % Wilson interval")
    agreement_high: float = rate("Upper end")
    n_last_28_days: int = column("Fresh labels of sessions of the last 28 days; under 20 is unmeasured", ge=0)
    n_baseline_labels: int = column("Labels that it was promoted on; of a classifier its first ones", ge=0)
    n_baseline_agree: int = column("Of these, labels that it agreed with", ge=0)
    baseline_agreement: float = rate("Agreement on those; null when none")
    z: float = column("Two-sample z of the fall in agreement; null when unmeasured", nullable=True)
    n_anchors: int = column("Anchor sessions asked again for this check", ge=0)
    flip_rate: float = rate("Pairwise flip rate on the anchors now; null without repeats")
    flip_rate_low: float = rate("Lower end of its 95 % interval")
    flip_rate_high: float = rate("Upper end")
    baseline_flip_rate: float = rate("Flip rate on the anchors when it was promoted")
    anchor_z: float = column(
        "z of the anchors' verdicts against those at promotion; null when not asked", nullable=True
    )
    label_z: float = column("z of the change in the share of fails among people's labels", nullable=True)
    mix_z: float = column("z of the change in the mix of surfaces, product models and slices", nullable=True)
    judge_moved: str = column("Whether its anchors moved: yes, no or unknown", isin=YES_NO_UNKNOWN)
    product_moved: str = column("Whether people's labels moved: yes, no or unknown", isin=YES_NO_UNKNOWN)
    traffic_moved: str = column("Whether the mix moved: yes, no or unknown", isin=YES_NO_UNKNOWN)
    n_asked: int = column("Verdicts on sessions of the last 28 days", ge=0)
    error_share: float = rate("Share of these that are errors, contested ones apart; null when none")
    off_vocabulary_share: float = rate("Share of these whose reply named no verdict; null when none")
    label_age_days: float = column(
        "Age in days of the 30th newest label, by its session; over 90 the figures are stale; null under 30 labels",
        nullable=True,
        ge=0,
    )
    is_stale: bool = column("Whether the newest 30 labels are older than 90 days")
    status: str = column(
        "aligned, drifted (z > 2.5), unmeasured (under 20 fresh labels in 28 days), or unproven: this version was never "
        "promoted, so there is no baseline",
        isin=ALIGNMENT_STATUSES,
    )
    severity: str = column("ok, warn or error", isin=["ok", "warn", "error"])
    sentence: str = column("The finding in one plain sentence")


class SignalQuality(Table, key=("signal", "signal_version", "origin")):
    """The newest measurement of each signal: how much of what it fires on failed (precision), how much of what failed it
    fires on (recall). The signal `flagged` is any counting signal. From the rows of `judge_calibration_reports` with
    label_set all; a signal that was tuned on calibration labels is to be read off the held_out rows there."""

    signal: str = column("Signal, or flagged: any counting signal fired")
    signal_version: str = column("Its version; of flagged a hash of those of all counting signals")
    origin: str = column("Origin of the sessions; never mixed", isin=TRAFFIC_ORIGINS)
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
