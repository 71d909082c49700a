"""One alignment check: rows of `alignment_checks` from the evidence, frames in and a frame out.

Which alarms: agreement fell (`drifted`); the judge moved (its anchors), the product (people's labels), the traffic (mix);
no usable answers; stale labels. Each statistic is made in its own module beside this one, the sentence in `words.py`.
Not here: reading and asking (`reading.py`, `asking.py`).
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pandas as pd

from eval_pipeline.calibration.alignment.anchored import AnchorChange, anchor_change
from eval_pipeline.calibration.alignment.evidence import Evidence, Subject
from eval_pipeline.calibration.alignment.fresh import FALL_Z, Agreement, agreement
from eval_pipeline.calibration.alignment.health import STALE_DAYS, label_age
from eval_pipeline.calibration.alignment.mix import MixChange, mix_change, new_models
from eval_pipeline.calibration.alignment.people import LABEL_Z, LabelChange, label_change
from eval_pipeline.calibration.alignment.words import Found, sentence
from eval_pipeline.calibration.anchors import anchor_flips
from eval_pipeline.tables import AlignmentChecks


def alignment_rows(day: dt.date, found: Iterable[tuple[Subject, Evidence]]) -> pd.DataFrame:
    """Return the rows of `alignment_checks` for `day`, by key: one of each subject with its evidence."""
    rows = [_row(day, subject, evidence) for subject, evidence in found]
    frame = pd.DataFrame(rows, columns=list(AlignmentChecks.to_schema().columns))
    return AlignmentChecks.validate(frame.sort_values(list(AlignmentChecks.primary_key()), ignore_index=True))


def _row(day: dt.date, subject: Subject, evidence: Evidence) -> dict[str, Any]:
    base = subject.baseline
    agreed = agreement(
        day, base.since if base else None, evidence.answered, base.n if base else 0, base.n_agree if base else 0
    )
    found = Found(
        status=_status(subject, agreed),
        agreed=agreed,
        anchors=anchor_change(evidence.anchors_before, evidence.anchors_now),
        labels=label_change(evidence.drawn_before, evidence.drawn_now),
        mix=mix_change(evidence.mix_before, evidence.mix_now),
        new_models=new_models(evidence.mix_before, evidence.mix_now),
        asked=evidence.asked,
        age=label_age(day, evidence.newest_labels),
        n_anchors=evidence.anchors_now["session_id"].nunique(),
    )
    moved = _moved(found.anchors, found.labels, found.mix)
    is_stale = found.age is not None and found.age > STALE_DAYS
    return {
        "as_of_day": day,
        "subject_kind": subject.kind,
        "subject": subject.name,
        "subject_version": subject.version,
        "origin": subject.origin,
        **_agreement_columns(agreed),
        **_anchor_columns(evidence, found.anchors),
        "label_z": found.labels.z,
        "mix_z": found.mix.z,
        **moved,
        "n_asked": found.asked.n,
        "error_share": found.asked.error_share,
        "off_vocabulary_share": found.asked.off_vocabulary_share,
        "label_age_days": found.age,
        "is_stale": is_stale,
        "status": found.status,
        "severity": _severity(found, moved, is_stale),
        "sentence": sentence(subject, found, moved),
    }


def _status(subject: Subject, agreed: Agreement) -> str:
    if subject.baseline is None:
        return "unproven"
    if agreed.z is None:
        return "unmeasured"
    return "drifted" if agreed.z > FALL_Z else "aligned"


def _moved(anchors: AnchorChange, labels: LabelChange, mix: MixChange) -> dict[str, str]:
    alarms = {
        "judge_moved": None if anchors.z is None else anchors.has_moved,
        "product_moved": None if labels.z is None else abs(labels.z) > LABEL_Z,
        "traffic_moved": None if mix.z is None else mix.has_moved,
    }
    return {name: "unknown" if alarm is None else "yes" if alarm else "no" for name, alarm in alarms.items()}


def _severity(found: Found, moved: dict[str, str], is_stale: bool) -> str:
    if found.status == "drifted":
        return "error"
    is_fine = found.status == "aligned" and "yes" not in moved.values() and not is_stale
    return "ok" if is_fine and not found.asked.fails_to_answer else "warn"


def _agreement_columns(agreed: Agreement) -> dict[str, Any]:
    return {
        "n_fresh_labels": agreed.now.n,
        "n_agree": agreed.n_agree,
        "agreement": agreed.now.value,
        "agreement_low": agreed.now.low,
        "agreement_high": agreed.now.high,
        "n_last_28_days": agreed.n_recent,
        "n_baseline_labels": agreed.baseline.n,
        "n_baseline_agree": agreed.n_baseline_agree,
        "baseline_agreement": agreed.baseline.value,
        "z": agreed.z,
    }


def _anchor_columns(evidence: Evidence, anchors: AnchorChange) -> dict[str, Any]:
    now, before = anchor_flips(evidence.anchors_now).rate, anchor_flips(evidence.anchors_before).rate
    return {
        "n_anchors": evidence.anchors_now["session_id"].nunique(),
        "flip_rate": now.value,
        "flip_rate_low": now.low,
        "flip_rate_high": now.high,
        "baseline_flip_rate": before.value,
        "anchor_z": anchors.z,
    }
