"""One pandera model per table: THE place where a column is named, typed and described.

Migrations, the database's COMMENTs, the Dagster column schema, the blocking checks and `docs/data-dictionary.md`
are all made from here. Not here: SQL (`resources/`), what fills a table (its own module).
"""

import datetime as dt

import pandas as pd
import pandera.pandas as pa

from eval_pipeline.analysis_tables import TaxonomyDecisions as TaxonomyDecisions
from eval_pipeline.analysis_tables import TaxonomyProposals as TaxonomyProposals
from eval_pipeline.analysis_tables import TaxonomySaturation as TaxonomySaturation
from eval_pipeline.call_tables import CallBatches as CallBatches
from eval_pipeline.call_tables import CallsLeftUndone as CallsLeftUndone
from eval_pipeline.call_tables import ModelCalls as ModelCalls
from eval_pipeline.call_tables import ModelSpend as ModelSpend
from eval_pipeline.coverage_tables import CoverageCells as CoverageCells
from eval_pipeline.coverage_tables import SyntheticExpectations as SyntheticExpectations
from eval_pipeline.coverage_tables import SyntheticSessions as SyntheticSessions
from eval_pipeline.measurement_tables import AlignmentChecks as AlignmentChecks
from eval_pipeline.measurement_tables import JudgeCalibrationReports as JudgeCalibrationReports
from eval_pipeline.measurement_tables import SignalQuality as SignalQuality
from eval_pipeline.recorded_tables import RecordedLabels as RecordedLabels
from eval_pipeline.recorded_tables import RecordedVerdicts as RecordedVerdicts
from eval_pipeline.review_tables import AuditTrail as AuditTrail
from eval_pipeline.review_tables import ReviewDrafts as ReviewDrafts
from eval_pipeline.review_tables import ReviewerAccounts as ReviewerAccounts
from eval_pipeline.review_tables import ReviewerSessions as ReviewerSessions
from eval_pipeline.review_tables import ReviewReveals as ReviewReveals
from eval_pipeline.review_tables import ReviewSetAsides as ReviewSetAsides
from eval_pipeline.review_tables import ReviewSlots as ReviewSlots
from eval_pipeline.table_model import ARMS as ARMS
from eval_pipeline.table_model import (
    LABEL_SETS,
    LABELS,
    OUTCOMES,
    STAGES,
    SUBJECT_KINDS,
    TRAFFIC_ORIGINS,
    Timestamp,
    TrafficTable,
    column,
)
from eval_pipeline.table_model import VERDICTS as VERDICTS
from eval_pipeline.table_model import Table as Table
from eval_pipeline.taxonomy_tables import CategoryRates as CategoryRates
from eval_pipeline.taxonomy_tables import CurrentCategories as CurrentCategories
from eval_pipeline.taxonomy_tables import LabelCategories as LabelCategories
from eval_pipeline.taxonomy_tables import LabelMappings as LabelMappings
from eval_pipeline.taxonomy_tables import ReviewCategories as ReviewCategories
from eval_pipeline.taxonomy_tables import TaxonomyCategories as TaxonomyCategories
from eval_pipeline.taxonomy_tables import TaxonomyMappings as TaxonomyMappings
from eval_pipeline.taxonomy_tables import TaxonomyVersions as TaxonomyVersions
from eval_pipeline.trend_tables import AlertDeliveries as AlertDeliveries
from eval_pipeline.trend_tables import HeadlineRates as HeadlineRates
from eval_pipeline.trend_tables import HeadlineWindows as HeadlineWindows
from eval_pipeline.trend_tables import OpenAlerts as OpenAlerts
from eval_pipeline.trend_tables import TrendAlerts as TrendAlerts
from eval_pipeline.trend_tables import TrendBaselines as TrendBaselines
from eval_pipeline.trend_tables import TrendCandidates as TrendCandidates
from eval_pipeline.trend_tables import TrendDirections as TrendDirections
from eval_pipeline.trend_tables import TrendRollups as TrendRollups
from eval_pipeline.trend_tables import TrendVersions as TrendVersions
from eval_pipeline.trend_tables import TrendWindows as TrendWindows
from eval_pipeline.trend_tables import VersionChanges as VersionChanges
from eval_pipeline.trust_tables import AnchorSessions as AnchorSessions
from eval_pipeline.trust_tables import AnchorVerdicts as AnchorVerdicts
from eval_pipeline.trust_tables import HeldoutLooks as HeldoutLooks
from eval_pipeline.trust_tables import HeldoutRetirements as HeldoutRetirements
from eval_pipeline.trust_tables import JudgeStandings as JudgeStandings
from eval_pipeline.trust_tables import Promotions as Promotions
from eval_pipeline.trust_tables import SessionFingerprints as SessionFingerprints


class SessionSources(Table, key=("source_id",)):
    """A registered source of sessions: one file in one reading. The originals stay where they are."""

    source_id: str = column("Hash of content, format, mapping and origin: registering the same file twice is one row")
    path: str = column("Where the file was when it was registered")
    format: str = column("Interchange format it is read as")
    mapping: object = column("Column or field mapping it is read with", sql="jsonb", nullable=True)
    origin: str = column("Origin given to its sessions", isin=TRAFFIC_ORIGINS)
    sha256: str = column("Hash of the file's bytes; a changed file must be registered again")
    n_bytes: int = column("Size in bytes", ge=0)
    n_read: int = column("Records in the file", ge=0)
    registered_at: Timestamp = column("When it was registered (UTC)")
    is_superseded: bool = column("True when a newer reading of the same path took its place; no longer read")


class SourceDays(Table, key=("source_id", "session_day"), day="session_day"):
    """Accounting of the intake: what a source held for a day and what became of it."""

    source_id: str = column("Source")
    session_day: dt.date = column(
        "UTC day the records start on; damaged ones and those without a usable time count on the day of registration"
    )
    n_read: int = column("Records the scan at registration found for the day", ge=0)
    n_accepted: pd.Int64Dtype = column(
        "Records stored in raw_sessions; null until the day was taken in", nullable=True, ge=0
    )
    n_quarantined: pd.Int64Dtype = column("Records stored in quarantined_records", nullable=True, ge=0)
    n_duplicate: pd.Int64Dtype = column(
        "Records of a session that a fuller or equal record already brought", nullable=True, ge=0
    )


class RawSessions(TrafficTable, key=("session_id",), day="session_day"):
    """A session, by day of start (UTC); redacted at the door, the source keeps the original."""

    session_id: str = column("Session, as the source names it (pseudonymised where the name itself is personal)")
    session_day: dt.date = column("UTC day of started_at; the partition")
    started_at: Timestamp = column("First turn (UTC)")
    ended_at: Timestamp = column("End mark, or last turn when idle for 30 minutes; null while open", nullable=True)
    is_closed: bool = column("Whether the session had ended when it was taken in; open ones are not evaluated yet")
    user_id: str = column("Pseudonym of the user", nullable=True)
    surface: str = column("Where in the product it happened")
    slices: object = column('Named cuts of traffic it belongs to, e.g. {"locale": "de"}', sql="jsonb")
    model_version: str = column("Product model that answered; null when the source does not say", nullable=True)
    versions: object = column(
        "Upstream versions as the session brought them: model, prompt, retrieval, tools, ...", sql="jsonb"
    )
    turns: object = column("Turns in order: role, content, at, tool_calls, tool_call_id, is_error", sql="jsonb")
    n_turns: int = column("Number of turns", ge=0)
    n_user_turns: int = column("Number of user turns", ge=0)
    n_tool_calls: int = column("Number of tool calls", ge=0)
    feedback: object = column("What the user said about the product on purpose: thumbs, rating, report", sql="jsonb")
    outcome: object = column(
        "Outcome recorded by the source; never shown to a signal, evaluator or judge", sql="jsonb", nullable=True
    )
    recorded_labels: object = column(
        "Labels and scores brought by the source; no ground truth unless a person adopts them", sql="jsonb"
    )
    meta: object = column("Everything else the source said, redacted", sql="jsonb")
    origin: str = column("production or simulated (the demo's traffic)", isin=TRAFFIC_ORIGINS)
    content_hash: str = column("Hash of the redacted session; changes when a late turn arrives")
    redaction_version: str = column("Version of the redaction rules that guarded the door")
    n_redactions: int = column("Values replaced by a pseudonym", ge=0)
    source_id: str = column("Source it came from")
    source_position: str = column("Where in the source, e.g. line 12")

    @pa.dataframe_check(name="session_day is the UTC day of started_at")
    @classmethod
    def _day_of_start(cls, frame: pd.DataFrame) -> pd.Series:
        is_same: pd.Series = frame["started_at"].dt.date == frame["session_day"]
        return is_same

    @pa.dataframe_check(name="a closed session has an end, an open one has none")
    @classmethod
    def _end_of_closed(cls, frame: pd.DataFrame) -> pd.Series:
        return frame["ended_at"].notna() == frame["is_closed"]


class QuarantinedRecords(Table, key=("record_id",), day="session_day"):
    """An input record that could not be taken in, with its reason and the mend; never its content."""

    record_id: str = column("Hash of source and position")
    session_day: dt.date = column("UTC day it counts on")
    source_id: str = column("Source")
    source_path: str = column("File")
    source_position: str = column("Where in the file, e.g. line 12")
    reason: str = column("Short code: invalid_json, missing_field, bad_time, redaction_failed, ...")
    field: str = column("Field at fault", nullable=True)
    detail: str = column("What is wrong, without the record's content")
    mend: str = column("What to do about it")


class SessionSignals(TrafficTable, key=("session_id", "signal"), day="session_day"):
    """What each signal says of each session: fired, quiet or not applicable, with its evidence."""

    session_id: str = column("Session")
    session_day: dt.date = column("UTC day of the session")
    signal: str = column("Signal")
    signal_version: str = column("Declared version plus a hash of its parameters")
    outcome: str = column("fired, quiet or not_applicable", isin=OUTCOMES)
    strength: float = column("How sure it is, in [0, 1]; 0 unless fired", ge=0, le=1)
    turn_index: pd.Int64Dtype = column("Turn it rests on, from 0", nullable=True, ge=0)
    quote: str = column("The words it rests on, cut", nullable=True)
    reason: str = column("Why, in words", nullable=True)
    is_counting: bool = column("Whether the signal puts a session into the queue, as the catalog said when it ran")

    @pa.dataframe_check(name="only a signal that fired has a strength")
    @classmethod
    def _strength_of_fired(cls, frame: pd.DataFrame) -> pd.Series:
        return (frame["strength"] > 0) == (frame["outcome"] == "fired")


class FlaggedSessions(TrafficTable, key=("session_id",), day="session_day", append=True):
    """A session in the review queue: why it is there and with which probability it was drawn. Drawn once; it stays in the
    queue also when its source is withdrawn."""

    session_id: str = column("Session")
    session_day: dt.date = column("UTC day of the session")
    surface: str = column("Where in the product it happened")
    arm: str = column(
        "flagged (a signal that counts fired, or a verdict fails it), control (drawn from those with neither), "
        "error_analysis or double_review; not shown to reviewers",
        isin=ARMS,
    )
    stratum: str = column("Cell of the sampling design it was drawn from")
    reasons: object = column(
        "Signals that fired, strongest first, then what fails it: evaluator:NAME, judge:NAME", sql="jsonb"
    )
    priority: float = column("Order within the queue, in [0, 1], higher first", ge=0, le=1)
    inclusion_probability: float = column("Probability that the design draws this session", gt=0, le=1)
    design_id: str = column("Hash of the sampling design: budgets and seed")
    drawn_at: Timestamp = column("When it was drawn (UTC)")
    is_double_review: bool = column("Whether two different people review it")
    origin: str = column("Origin of the session", isin=TRAFFIC_ORIGINS)


class SamplingFrame(TrafficTable, key=("session_id",), day="session_day", append=True):
    """The sessions that took part in a draw of the review queue, drawn or not, each in the stratum it stood in then. With
    design and stratum, anyone can repeat the draw; a session takes part once, whatever is found out about it later."""

    session_id: str = column("Session")
    session_day: dt.date = column("UTC day of the session")
    surface: str = column("Where in the product it happened")
    origin: str = column("Origin of the session", isin=TRAFFIC_ORIGINS)
    stratum: str = column("Cell of the sampling design that it stood in")
    design_id: str = column("Sampling design of the draw")
    drawn_at: Timestamp = column("When the draw took place (UTC)")


class EvaluatorVerdicts(
    TrafficTable, key=("session_id", "evaluator", "evaluator_version", "target"), day="session_day"
):
    """A deterministic evaluator's verdict on a session or one of its turns, with its explanation."""

    session_id: str = column("Session")
    session_day: dt.date = column("UTC day of the session")
    evaluator: str = column("Evaluator")
    evaluator_version: str = column("Declared version plus a hash of what decides its verdict")
    target: str = column("session, or turn:N")
    verdict: str = column("pass, fail, not_applicable, or error (a crash of the check)", isin=VERDICTS)
    turn_index: pd.Int64Dtype = column("Turn that decided, from 0", nullable=True, ge=0)
    leaf: str = column("The check that decided", nullable=True)
    expected: str = column("What was expected", nullable=True)
    found: str = column("What was found, cut", nullable=True)
    explanation: str = column("The verdict in one sentence", nullable=True)
    versions: object = column("Upstream and evaluation versions behind the verdict", sql="jsonb")
    pointer: str = column(
        "JSON pointer of the value that decided, within the turn's text or the arguments of its call", nullable=True
    )


class JudgeVerdicts(TrafficTable, key=("session_id", "judge", "judge_version", "repeat"), day="session_day"):
    """An LLM judge's verdict on a session; anything but a clean pass, fail or not_applicable is an error that keeps the reply."""

    session_id: str = column("Session")
    session_day: dt.date = column("UTC day of the session")
    judge: str = column("Judge")
    judge_version: str = column("Declared version plus a hash of prompt, examples, view, model and parameters")
    repeat: int = column("Repeat number, from 0", ge=0)
    verdict: str = column("pass, fail, not_applicable or error", isin=VERDICTS)
    critique: str = column("The judge's reasons, given before its verdict", nullable=True)
    error_reason: str = column(
        "Why there is no verdict: refusal, truncated, off_vocabulary, invalid_json, timeout, ...", nullable=True
    )
    raw_reply: str = column("The reply as it came, kept for errors", nullable=True)
    call_key: str = column("Key of the call in model_calls")
    judge_model: str = column("Model that judged; `simulated` where the simulation did, whatever model the judge names")
    versions: object = column("Upstream and evaluation versions behind the verdict", sql="jsonb")
    is_contested: bool = column(
        "Whether the session holds words aimed at a judge; a pass is then an error with reason contested"
    )


class CategoryPredictions(TrafficTable, key=("session_id", "classifier", "classifier_version"), day="session_day"):
    """A classifier's category of the taxonomy for a session that a machine fails. To abstain is an answer too."""

    session_id: str = column("Session")
    session_day: dt.date = column("UTC day of the session")
    classifier: str = column("Classifier")
    classifier_version: str = column("Declared version plus a hash of rules, model and taxonomy")
    category: str = column("Category of the taxonomy, abstain, or error (a reply that names none)")
    decided_by: str = column("The verdict whose rule decided, evaluator:NAME or judge:NAME, or model")
    turn_index: pd.Int64Dtype = column("Turn it rests on, from 0", nullable=True, ge=0)
    explanation: str = column("Why, in one sentence", nullable=True)
    taxonomy_version: str = column("Taxonomy of the category")
    versions: object = column("Upstream and evaluation versions behind the prediction", sql="jsonb")


class Reviews(TrafficTable, key=("review_id",), append=True):
    """One submitted review: a person's act. Rows are only ever added."""

    review_id: str = column("This review; a repeated submit has the same id")
    session_id: str = column("Session")
    session_day: dt.date = column("UTC day of the session")
    reviewer: str = column("Who reviewed")
    source: str = column("Where it was given", isin=["app", "import", "simulation"])
    answers: object = column(
        "Target to pass, fail or unsure: session, judge:NAME, evaluator:NAME, signal:NAME, classifier:NAME (fail: it does "
        "fail in the way predicted)",
        sql="jsonb",
    )
    first_bad_turn: pd.Int64Dtype = column("First turn that went wrong, from 0", nullable=True, ge=0)
    category: str = column("Category of the closed taxonomy, for a failure", nullable=True)
    note: str = column("Open note, redacted", nullable=True)
    is_blind: bool = column("Whether it was given before any machine verdict was shown")
    arm: str = column(
        "Arm of the queue; null when the reviewer opened the session by himself", nullable=True, isin=ARMS
    )
    inclusion_probability: float = column(
        "Probability that the design drew the session; null: enters no rate", nullable=True, gt=0, le=1
    )
    design_id: str = column("Sampling design", nullable=True)
    seconds: float = column("Active time", nullable=True, ge=0)
    submitted_at: Timestamp = column("When it was submitted (UTC)")
    taxonomy_version: str = column("Taxonomy the category belongs to")
    redaction_version: str = column("Redaction the reviewer saw")
    stage: str = column(
        "blind (before any machine word was shown), revealed (after), or adjudication (a lead decides between reviewers)",
        isin=STAGES,
    )
    is_repeat: bool = column(
        "Whether the same person was shown the session again, to see how consistent he is; makes no label"
    )
    revision: pd.Int64Dtype = column(
        "Number among this reviewer's reviews of the session in the app, from 1; null elsewhere", nullable=True, ge=1
    )
    machine_words: object = column(
        "Of a revealed review: target to {said, version, response}: what the machine said, and agreed or overridden",
        sql="jsonb",
    )


class HumanLabels(TrafficTable, key=("session_id", "target"), day="session_day"):
    """What people say about one target of a session, adjudicated over its reviews."""

    session_id: str = column("Session")
    session_day: dt.date = column("UTC day of the session")
    target: str = column("session, judge:NAME, evaluator:NAME, signal:NAME or classifier:NAME")
    label: str = column("pass or fail; null while reviewers disagree or are unsure", nullable=True, isin=LABELS)
    status: str = column("settled, disputed (reviewers disagree) or unsure", isin=["settled", "disputed", "unsure"])
    category: str = column("Category of the taxonomy, for a failed session", nullable=True)
    label_set: str = column("calibration or held_out, by hash of the session's group, stable for ever", isin=LABEL_SETS)
    n_reviews: int = column("Reviews behind the label", ge=1)
    reviews_hash: str = column(
        "MD5 of the ids of all reviews of the session that the label was derived from, counted or not"
    )
    reviewers: object = column("Who reviewed", sql="jsonb")
    is_blind: bool = column("Whether every review behind it was blind")
    arm: str = column("Arm of the queue", nullable=True, isin=ARMS)
    inclusion_probability: float = column(
        "Probability that the design drew the session; null: enters no rate", nullable=True, gt=0, le=1
    )
    design_id: str = column("Sampling design", nullable=True)
    seconds: float = column("Active time over its reviews", nullable=True, ge=0)
    labelled_at: Timestamp = column("Latest review behind it (UTC)")
    taxonomy_version: str = column("Taxonomy of the category")
    redaction_version: str = column("Redaction the reviewers saw")
    origin: str = column("Origin of the session", isin=TRAFFIC_ORIGINS)
    is_adjudicated: bool = column("Whether a lead decided between reviewers")


class ErrorAnalysisSamples(TrafficTable, key=("as_of_day", "session_id"), day="as_of_day"):
    """A fresh session set aside for open-ended reading, drawn over strata with its probability."""

    as_of_day: dt.date = column("UTC day of the sample")
    session_id: str = column("Session")
    session_day: dt.date = column("UTC day of the session")
    stratum: str = column("unexplained_failure, new_version, new_surface, quiet or flagged")
    inclusion_probability: float = column("Probability that the sample draws it", gt=0, le=1)
    origin: str = column("Origin of the session", isin=TRAFFIC_ORIGINS)


class Verdicts(Table):
    """Every machine word on every session in one shape; a signal that fired counts as fail, a quiet one as pass, and a
    category as fail."""

    session_id: str = column("Session")
    session_day: dt.date = column("UTC day of the session")
    subject_kind: str = column("evaluator, judge, classifier or signal", isin=SUBJECT_KINDS)
    subject: str = column("Its name")
    subject_version: str = column("Its version")
    target: str = column("session, or turn:N")
    verdict: str = column("pass, fail, not_applicable or error", isin=VERDICTS)
    explanation: str = column("Why, in words", nullable=True)
    turn_index: pd.Int64Dtype = column("Turn it rests on, from 0", nullable=True)


TABLES: tuple[type[Table], ...] = (
    SessionSources,
    SourceDays,
    RawSessions,
    QuarantinedRecords,
    SessionSignals,
    FlaggedSessions,
    SamplingFrame,
    EvaluatorVerdicts,
    JudgeVerdicts,
    CategoryPredictions,
    ModelCalls,
    CallBatches,
    CallsLeftUndone,
    ModelSpend,
    Reviews,
    ReviewSlots,
    ReviewDrafts,
    ReviewSetAsides,
    ReviewReveals,
    ReviewerAccounts,
    ReviewerSessions,
    AuditTrail,
    SessionFingerprints,
    HumanLabels,
    HeldoutLooks,
    HeldoutRetirements,
    Promotions,
    AnchorSessions,
    AnchorVerdicts,
    RecordedVerdicts,
    RecordedLabels,
    JudgeCalibrationReports,
    TrendRollups,
    TrendWindows,
    TrendVersions,
    TrendBaselines,
    TrendDirections,
    TrendCandidates,
    TrendAlerts,
    AlertDeliveries,
    AlignmentChecks,
    ErrorAnalysisSamples,
    TaxonomyProposals,
    TaxonomyDecisions,
    TaxonomySaturation,
    CoverageCells,
    SyntheticSessions,
    SyntheticExpectations,
    TaxonomyVersions,
    TaxonomyCategories,
    TaxonomyMappings,
    LabelMappings,
)

VIEWS: tuple[type[Table], ...] = (
    Verdicts,
    SignalQuality,
    JudgeStandings,
    HeadlineRates,
    HeadlineWindows,
    VersionChanges,
    OpenAlerts,
    CurrentCategories,
    ReviewCategories,
    LabelCategories,
    CategoryRates,
)
"""What the database derives from the tables for those who read; nothing is written to them."""
