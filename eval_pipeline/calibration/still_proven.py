"""Whether what is in production still clears the gate's floors, and what gives verdicts without being promoted.

The nightly measurement goes on after a promotion, on labels that came since; its newest held-out row is held against the
same floors. No look: only proven versions are measured so. Not here: drift since the promotion (`alignment/`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from eval_pipeline.calibration.gate import Bounded, Condition, floors
from eval_pipeline.calibration.gate_policy import Gates
from eval_pipeline.calibration.reports.rows import quoted
from eval_pipeline.judges.definition import Judge
from eval_pipeline.ports import Warehouse

_NEWEST = """
    SELECT s.subject, s.subject_version, s.origin, s.standing, to_jsonb(r) AS report
    FROM evals.judge_standings s LEFT JOIN LATERAL (
        SELECT * FROM evals.judge_calibration_reports c
        WHERE (c.subject_kind, c.subject, c.subject_version, c.origin)
            = (s.subject_kind, s.subject, s.subject_version, s.origin)
          AND c.label_set = 'held_out' AND c.category = 'all' AND c.surface = 'all'
        ORDER BY as_of_day DESC, measured_at DESC LIMIT 1) r ON true
    WHERE s.subject_kind = 'judge' AND s.subject = ANY(%(names)s)
      AND (s.standing = 'proven' OR s.subject || ' ' || s.subject_version = ANY(%(versions)s))
    ORDER BY s.subject, s.origin, s.subject_version"""


@dataclass(frozen=True)
class Standing:
    """A finding on one version: `under_floor` (proven, and its newest figures no longer clear a floor) or `unproven`."""

    judge: str
    version: str
    origin: str
    kind: Literal["under_floor", "unproven"]
    sentence: str


def standings_at_fault(judges: Sequence[Judge], gates: Gates, warehouse: Warehouse) -> list[Standing]:
    """Return what is to be said of the versions of `judges` that give verdicts, and of those in production.

    A proven version is held against its floors where its newest held-out row has enough labels to gate: the lower ends are
    those of the 95 % intervals, of the traffic where they are known, else Wilson's.
    """
    versions = [f"{judge.name} {judge.version}" for judge in judges]
    rows = warehouse.query(_NEWEST, {"names": [judge.name for judge in judges], "versions": versions})
    found = (_finding(row, gates) for row in rows.to_dict("records"))
    return [finding for finding in found if finding is not None]


def frame(found: Sequence[Standing]) -> pd.DataFrame:
    """Return `found` as rows, for a page."""
    return pd.DataFrame([vars(finding) for finding in found], columns=list(Standing.__dataclass_fields__))


def _finding(row: Mapping[Any, Any], gates: Gates) -> Standing | None:
    judge, version, origin, standing = (row[name] for name in ("subject", "subject_version", "origin", "standing"))
    if standing != "proven":
        why = f"judge {judge} {version} is {standing} for {origin} sessions: its verdicts enter no headline rate"
        return Standing(judge, version, origin, "unproven", why)
    report = row["report"]
    if not report or report["status"] != "measured":
        return None
    tpr, tnr = (
        _bounded(report, "tpr", "n_true_fail", "n_missed_fail"),
        _bounded(report, "tnr", "n_true_pass", "n_false_fail"),
    )
    failed = [condition for condition in floors(tpr, tnr, gates.of(judge)) if not condition.holds]
    if not failed:
        return None
    words = " and ".join(map(_in_words, failed))
    sentence = f"judge {judge} {version} is in production for {origin} sessions and no longer clears the gate: {words}"
    return Standing(judge, version, origin, "under_floor", sentence)


def _bounded(report: Mapping[str, Any], name: str, right: str, wrong: str) -> Bounded:
    column = quoted(report, name)
    return Bounded(report[right] + report[wrong], report[column], report[f"{column}_low"])


def _in_words(condition: Condition) -> str:
    if condition.figure is None or condition.bound is None or condition.limit is None:
        return f"{condition.name} is not known"
    return f"{condition.name} {condition.figure:.1%}, at least {condition.bound:.1%}, floor {condition.limit:.0%}"
