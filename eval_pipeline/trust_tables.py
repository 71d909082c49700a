"""The tables behind the question whether a figure may be believed: the split, looks at held-out labels, promotions, anchors.

Part of `tables.py`, where every table is looked up. Not here: the figures themselves (`measurement_tables.py`), what was
judged elsewhere (`recorded_tables.py`).
"""

import datetime as dt

import pandas as pd

from eval_pipeline.table_model import TRAFFIC_ORIGINS, VERDICTS, Table, Timestamp, TrafficTable, column

PREDICTORS = ["judge", "classifier"]
DECISIONS = ["promoted", "refused", "not_enough_labels", "demoted"]
STANDINGS = ["proven", "superseded", "demoted", "unproven"]


class SessionFingerprints(TrafficTable, key=("session_id",), day="session_day"):
    """What a queued or reviewed session resembles others by. Two sessions that share a fingerprint are near-duplicates, and
    stand in the same label set."""

    session_id: str = column("Session")
    session_day: dt.date = column("UTC day of the session")
    user_id: str = column("Pseudonym of the user", nullable=True)
    fingerprints: object = column(
        "List of hashes of what was said (MinHash bands); empty where too little was said", sql="jsonb"
    )


class HeldoutLooks(Table, key=("look_id",), append=True):
    """A look: one measurement of a judge version on a held-out set, with all that it gave away: counts. A set that was
    looked at three times is retired into the calibration set."""

    look_id: str = column("This look")
    target: str = column("What the labels are about: judge:NAME")
    origin: str = column("Origin of the sessions; never mixed", isin=TRAFFIC_ORIGINS)
    held_out_version: int = column("Which held-out set of the target, from 1", ge=1)
    look: int = column("Which look at this set, from 1", ge=1)
    subject: str = column("Who was measured: the judge's name")
    subject_version: str = column("Its version")
    looked_by: str = column("Person on whose behalf")
    looked_at: Timestamp = column("When (UTC)")
    n_true_fail: int = column("Person: fail, judge: fail", ge=0)
    n_missed_fail: int = column("Person: fail, judge: pass", ge=0)
    n_false_fail: int = column("Person: pass, judge: fail", ge=0)
    n_true_pass: int = column("Person: pass, judge: pass", ge=0)
    n_error: int = column("Labelled sessions with an error instead of a verdict", ge=0)
    n_not_applicable: int = column("Labelled sessions where it did not apply", ge=0)
    labels_hash: str = column("Hash of the labels and verdicts that were counted")


class HeldoutRetirements(Table, key=("target", "group_id"), append=True):
    """A group whose held-out labels about a target were used up: they, and all later ones of the group, are calibration."""

    target: str = column("What the labels are about: judge:NAME")
    group_id: str = column("Group of the split: user:ID, or session:ID where the user is not known")
    origin: str = column("Origin of its sessions", isin=TRAFFIC_ORIGINS)
    held_out_version: int = column("The set that was retired; the next one has the next number", ge=1)
    look_id: str = column("The look after which")
    retired_at: Timestamp = column("When (UTC)")


class Promotions(Table, key=("promotion_id",), append=True):
    """A decision whether a version of a judge counts in production, by whom and on which evidence. Of a judge and origin the
    latest `promoted` or `demoted` counts; refusals are on record beside."""

    promotion_id: str = column("This decision")
    subject_kind: str = column("judge or classifier", isin=PREDICTORS)
    subject: str = column("Its name")
    subject_version: str = column("The version that was decided on")
    origin: str = column(
        "Origin of the sessions it was measured on; it counts for this one alone", isin=TRAFFIC_ORIGINS
    )
    decision: str = column("promoted, refused, not_enough_labels or demoted", isin=DECISIONS)
    decided_by: str = column("Person who asked for it")
    decided_at: Timestamp = column("When (UTC)")
    reason: str = column("Why, in words: the gate's finding, or the person's reason to demote")
    held_out_version: pd.Int64Dtype = column("The held-out set looked at; null without a look", nullable=True, ge=1)
    look_id: str = column("The look; null without one", nullable=True)
    evidence: object = column("Counts, bounds, floors, flip rate and comparison that the gate decided on", sql="jsonb")
    definition: object = column("The judge's file as it stood, so that this version can be asked again", sql="jsonb")
    versions: object = column("Versions behind it: judge model, taxonomy, redaction, code", sql="jsonb")


class AnchorSessions(TrafficTable, key=("judge", "origin", "session_id"), append=True):
    """The fixed sessions on which a judge's stability is measured: drawn once from the calibration set, never changed."""

    judge: str = column("Judge")
    origin: str = column("Origin of the session", isin=TRAFFIC_ORIGINS)
    session_id: str = column("Session")
    chosen_at: Timestamp = column("When it was drawn (UTC)")


class AnchorVerdicts(
    TrafficTable,
    key=("judge", "judge_version", "session_id", "asked_for_day", "repeat"),
    day="asked_for_day",
    append=True,
):
    """What a judge said of an anchor session, asked anew for each check: the same session, so that only the judge moves."""

    judge: str = column("Judge")
    judge_version: str = column("Its version")
    origin: str = column("Origin of the session", isin=TRAFFIC_ORIGINS)
    session_id: str = column("Anchor session")
    asked_for_day: dt.date = column("UTC day of the check or promotion that asked")
    repeat: int = column("From 0", ge=0)
    verdict: str = column("pass, fail, not_applicable or error", isin=VERDICTS)
    judge_model: str = column("Model that answered", nullable=True)
    asked_at: Timestamp = column("When (UTC)")


class JudgeStandings(Table, key=("subject_kind", "subject", "subject_version", "origin")):
    """Whether each version of a judge or classifier that gave verdicts counts in production: proven is the promoted one."""

    subject_kind: str = column("judge or classifier", isin=PREDICTORS)
    subject: str = column("Its name")
    subject_version: str = column("Its version")
    origin: str = column("Origin of the sessions", isin=TRAFFIC_ORIGINS)
    standing: str = column(
        "proven (promoted, and in production), superseded (promoted, until another version was), demoted, or unproven: "
        "never promoted, so its verdicts are shown and enter no headline rate",
        isin=STANDINGS,
    )
    decided_by: str = column("Who promoted or demoted it; null when unproven", nullable=True)
    decided_at: Timestamp = column("When (UTC)", nullable=True)
    last_decision: str = column("The latest decision on it, refusals too; null when there was none", nullable=True)
    reason: str = column("Why, in words", nullable=True)
