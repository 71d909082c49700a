"""Gathering the evidence on a judge version, cheapest part first: labels, anchors, verdicts on held-out sessions, the look.

Each part is gathered only while nothing known so far stands against the version. A look is on record before its counts
are told, and the same version on the same labels is not looked at twice: the counts are known. Nothing is asked twice:
the ledger answers what was paid for.
Not here: the figures (`evidence.py`), the decision (`gate.py`), what is put on record of it (`promoting.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd

from eval_pipeline.calibration.anchors import anchor_flips, anchors_of, ask_anchors
from eval_pipeline.calibration.evidence import (
    figures_of,
    held_out_items,
    labels_hash,
    n_labels,
    n_without_verdict,
    unlabelled_cells,
    with_answers,
)
from eval_pipeline.calibration.gate import COUNTS, Bounded, Evidence, Figures, Flips, is_open
from eval_pipeline.calibration.gate_policy import GatePolicy
from eval_pipeline.calibration.held_out import Look, leaks_in, looks_taken, record_look, same_look
from eval_pipeline.calibration.standings import in_production
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.judges.asking.asker import Asks
from eval_pipeline.judges.by_origin import judge_by_origin
from eval_pipeline.judges.definition import Judge
from eval_pipeline.ports import JudgeModels, Warehouse
from eval_pipeline.tables import AnchorVerdicts, RawSessions

FLIP_ALPHA = 0.05
"""One-sided error of the upper bound of the flip rate: anchors are no held-out labels, so looks do not share it."""

_READ_AT_ONCE = 500
_ASK_AGAIN = (
    "see that an endpoint is configured, answers and is within budget, then promote again: no reply is paid twice"
)


@dataclass(frozen=True)
class Candidacy:
    """Which judge is to count for sessions of which origin, who asks for it, and what is demanded."""

    judge: Judge
    origin: str
    by: str
    policy: GatePolicy

    @property
    def target(self) -> str:
        """What the labels that decide are about."""
        return f"judge:{self.judge.name}"


@dataclass(frozen=True)
class Asking:
    """What judges are asked with: endpoints, the asker before the ledger, and the evaluation's own versions."""

    models: JudgeModels
    asker: Asks
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Gathering:
    """One run of the gate: `set_number` is the held-out set in use at its beginning, `now` (UTC) when it takes place."""

    case: Candidacy
    asking: Asking
    warehouse: Warehouse
    set_number: int
    now: datetime

    def looks(self) -> pd.DataFrame:
        """Return the looks at the set so far, rows of `heldout_looks`."""
        return looks_taken(self.warehouse, self.case.target, self.case.origin, self.set_number)

    def evidence(self) -> tuple[Evidence, str | None]:
        """Return all evidence that is to be had, and the id of the look that is part of it.

        Raises `EvalPipelineError`, before any look, when an anchor or a held-out session could not be asked about.
        """
        case, looks = self.case, self.looks()
        items = held_out_items(case.judge.name, case.origin, self.warehouse)
        n_fail, n_pass = n_labels(items)
        known = Evidence(n_fail, n_pass, len(looks), leaks=tuple(leaks_in(case.judge, self.warehouse)))
        if is_open(known, case.policy):
            known = replace(known, flips=self._flips())
        if is_open(known, case.policy):
            items = with_answers(items, self._said_by(case.judge, items["session_id"]))
            known = _answered(known, items)
        return self._looked(known, items, looks) if is_open(known, case.policy) else (known, None)

    def _flips(self) -> Flips:
        """Ask the judge about its anchors anew, store what it says, and return how often it says otherwise."""
        judge, origin, asker = self.case.judge, self.case.origin, self.asking.asker
        n_undone = asker.left_undone.total()
        anchors = anchors_of(judge, origin, self.warehouse, self.now)
        with_what = (self.asking.models, asker, self.asking.versions)
        rows = ask_anchors(judge, origin, self.now.date(), self.warehouse, *with_what, clock=lambda: self.now)
        if asker.left_undone.total() > n_undone or (anchors and rows.empty):
            raise EvalPipelineError(f"{judge.name} was not asked about all of its anchor sessions", _ASK_AGAIN)
        self.warehouse.append(AnchorVerdicts, rows)
        flips = anchor_flips(rows)
        found = flips.rate
        bound = found.upper(FLIP_ALPHA) if found.n_sessions else None
        rate = Bounded(found.n_repeats, found.value, bound)
        return Flips(rate, found.n_sessions, flips.n_not_applicable, flips.n_error)

    def _said_by(self, judge: Judge, session_ids: "pd.Series[str]") -> dict[str, str]:
        """Return the verdict of `judge` on each closed session.

        Raises `EvalPipelineError` where one was not asked about: that says nothing about the session, so it is no error.
        """
        said: dict[str, str] = {}
        ids, asking, n_closed = list(session_ids), self.asking, 0
        for start in range(0, len(ids), _READ_AT_ONCE):
            sessions = self.warehouse.read(RawSessions, session_ids=ids[start : start + _READ_AT_ONCE])
            n_closed += int(sessions["is_closed"].sum())
            for rows in judge_by_origin(sessions, [judge], asking.models, asking.asker, asking.versions):
                said.update(zip(rows["session_id"], rows["verdict"], strict=True))
        if len(said) < n_closed:
            missed = f"{n_closed - len(said)} of {n_closed} held-out sessions"
            raise EvalPipelineError(f"{judge.name} {judge.version} was not asked about {missed}", _ASK_AGAIN)
        return said

    def _looked(self, known: Evidence, items: pd.DataFrame, looks: pd.DataFrame) -> tuple[Evidence, str | None]:
        """Return `known` with what a look finds, and its id: an earlier look at the same counts, else a new one.

        Where none is left, there are no figures.
        """
        version, hashed = self.case.judge.version, labels_hash(items)
        same = same_look(looks, version, hashed)
        if same is None and known.looks_taken >= self.case.policy.looks:
            return known, None
        figures = self._figures(items)
        if same is not None:
            return replace(known, figures=figures), same.look_id
        counts = {name: getattr(figures, name) for name in COUNTS}
        look = Look(self.case.judge.name, version, self.case.by, self.now, hashed, **counts)
        taken = record_look(
            self.warehouse, self.case.target, self.case.origin, look, self.case.policy.looks, self.set_number
        )
        return replace(known, figures=figures, looks_taken=taken.look), taken.look_id

    def _figures(self, items: pd.DataFrame) -> Figures:
        judge, origin, policy = self.case.judge, self.case.origin, self.case.policy
        seed = f"{self.case.target} {judge.version} {origin}"
        other = in_production(judge.name, origin, self.warehouse)
        if other is None or other.version == judge.version:
            return figures_of(items, policy, seed)
        said = self._said_by(other, items.loc[items["label"].notna(), "session_id"])
        return figures_of(items, policy, seed, other.version, said)


def _answered(known: Evidence, items: pd.DataFrame) -> Evidence:
    """Return `known` with the labels alone that the judge gave a pass or fail, and the cells without one."""
    n_fail, n_pass = n_labels(items)
    apart, cells = n_without_verdict(items), unlabelled_cells(items)
    return replace(known, n_fail=n_fail, n_pass=n_pass, n_without_verdict=apart, unlabelled_cells=cells)
