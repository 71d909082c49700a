"""Promoting a judge version into production, and taking it out: each decision is a row of `promotions`, with its evidence.

After the last look that is allowed, the held-out set is retired. A run that was killed is finished by the next one.
Not here: how the evidence is gathered (`gathering.py`), the decision (`gate.py`), held-out sets (`held_out.py`).
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from eval_pipeline.calibration.gate import Decision, Evidence, decide
from eval_pipeline.calibration.gathering import Asking, Candidacy, Gathering
from eval_pipeline.calibration.held_out import held_out_version, retire
from eval_pipeline.calibration.standings import definition_of, in_production
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.judges.definition import Judge
from eval_pipeline.judges.rendering import answering
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.labelling import moved_days, relabel
from eval_pipeline.tables import Promotions
from eval_pipeline.versions import content_hash

_CEILING = """
    SELECT ceiling_tpr AS tpr, ceiling_tnr AS tnr, ceiling_agreement AS agreement, n_double
    FROM evals.judge_calibration_reports
    WHERE subject = %(judge)s AND subject_kind = 'judge' AND origin = %(origin)s AND category = 'all'
      AND surface = 'all' AND ceiling_agreement IS NOT NULL
    ORDER BY as_of_day DESC, measured_at DESC LIMIT 1"""

_LATEST = """
    SELECT decision, look_id FROM evals.promotions
    WHERE subject_kind = 'judge' AND subject = %(judge)s AND subject_version = %(version)s AND origin = %(origin)s
    ORDER BY decided_at DESC, promotion_id DESC LIMIT 1"""


@dataclass(frozen=True)
class Outcome:
    """A decision and what it rests on; `looks_left` at held-out set `set_number` after it.

    `look_id`: the look, None without one; `is_new_look`: whether this run took it. `is_retired`: whether the set was
    retired after it. `ceiling`: what a faultless judge would show, as people err (`tpr`, `tnr`, `agreement`, `n_double`);
    None where that is not known.
    """

    decision: Decision
    evidence: Evidence
    set_number: int
    looks_left: int
    look_id: str | None
    is_new_look: bool
    is_retired: bool
    ceiling: dict[str, float] | None


def promote(case: Candidacy, asking: Asking, warehouse: Warehouse, now: datetime) -> Outcome:
    """Run the gate for `case` at `now` (UTC) and put the decision on record.

    Raises `EvalPipelineError`, before any look, when an anchor or a held-out session could not be asked about.
    """
    relabel(moved_days(warehouse), warehouse)
    number = held_out_version(warehouse, case.target, case.origin)
    run = Gathering(case, asking, warehouse, number, now)
    before = set(run.looks()["look_id"])
    evidence, look_id = run.evidence()
    decision, looks = decide(evidence, case.policy), run.looks()
    outcome = Outcome(
        decision,
        evidence,
        set_number=number,
        looks_left=max(0, case.policy.looks - len(looks)),
        look_id=look_id,
        is_new_look=look_id is not None and look_id not in before,
        is_retired=len(looks) >= case.policy.looks,
        ceiling=_ceiling(case, warehouse),
    )
    _put_on_record(case, asking, warehouse, now, outcome)
    # Another run may have retired it meanwhile; the next set is not used up.
    if outcome.is_retired and held_out_version(warehouse, case.target, case.origin) == number:
        retire(warehouse, case.target, case.origin, str(looks["look_id"].iloc[-1]), now)
    return outcome


def demote(judge: str, origin: str, by: str, reason: str, warehouse: Warehouse, now: datetime) -> str:
    """Take the version of `judge` that is in production for `origin` out of it, and return that version.

    Raises `EvalPipelineError` when none is in production.
    """
    proven = in_production(judge, origin, warehouse)
    if proven is None:
        raise EvalPipelineError(
            f"no version of {judge} is in production for {origin} sessions",
            "see `eval-pipeline judges list`; what was never promoted needs no demotion",
        )
    _store(warehouse, proven, origin, by, now, decision="demoted", reason=reason)
    return proven.version


def _put_on_record(case: Candidacy, asking: Asking, warehouse: Warehouse, now: datetime, outcome: Outcome) -> None:
    """Store the decision, unless the latest one on this version is the same and rests on the same look."""
    decision, look_id = outcome.decision, outcome.look_id
    key = {"judge": case.judge.name, "version": case.judge.version, "origin": case.origin}
    latest = list(warehouse.query(_LATEST, key).itertuples(index=False, name=None))
    if look_id is not None and latest == [(decision.decision, look_id)]:
        return
    conditions = [asdict(condition) for condition in decision.conditions]
    demands = {"conditions": conditions, "policy": case.policy.model_dump(), "ceiling": outcome.ceiling}
    model = answering(case.judge, asking.models.for_origin(case.origin))
    _store(
        warehouse,
        case.judge,
        case.origin,
        case.by,
        now,
        decision=decision.decision,
        reason=decision.reason,
        held_out_version=outcome.set_number if look_id else None,
        look_id=look_id,
        evidence={**asdict(outcome.evidence), **demands},
        versions={**asking.versions, "judge": case.judge.version, "judge_model": model},
    )


def _store(warehouse: Warehouse, judge: Judge, origin: str, by: str, now: datetime, **columns: Any) -> None:
    row = {
        "subject_kind": "judge",
        "subject": judge.name,
        "subject_version": judge.version,
        "origin": origin,
        "decided_by": by,
        "decided_at": pd.Timestamp(now),
        "held_out_version": None,
        "look_id": None,
        "evidence": {},
        "definition": definition_of(judge),
        "versions": {"judge": judge.version},
        **columns,
    }
    act = [row[name] for name in ("subject", "subject_version", "origin", "decision", "decided_by", "reason")]
    row["promotion_id"] = content_hash([*act, now.isoformat()])
    frame = pd.DataFrame([row], columns=list(Promotions.to_schema().columns))
    warehouse.append(Promotions, Promotions.validate(frame))


def _ceiling(case: Candidacy, warehouse: Warehouse) -> dict[str, float] | None:
    rows = warehouse.query(_CEILING, {"judge": case.judge.name, "origin": case.origin})
    if rows.empty:
        return None
    return {str(name): float(value) for name, value in rows.iloc[0].items() if not pd.isna(value)}
