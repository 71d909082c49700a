"""What a deployment would know of some weeks of simulated traffic, in memory: what machines said, reviews, labels.

Judges, classifier and reviewers are the simulated ones, with their errors. To be quick, three things are played by what the
simulation knows to be true: signals fire on what occurs, the evaluators behind the classifier's rules fail the sessions of
their category, and each session is reviewed with a fixed probability. Texts are redacted by the shipped redactor.
Not here: what error analysis makes of it (`bench_error_analysis.py`).
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from eval_pipeline.calibration.split import group_of, label_set
from eval_pipeline.error_analysis.misfits import Evidence
from eval_pipeline.error_analysis.proposing import compared_days
from eval_pipeline.redaction.redactor import Redactor
from eval_pipeline.review.labels import derive_labels
from eval_pipeline.simulation.cases import case_of_turns
from eval_pipeline.simulation.classifying import classifier_reply
from eval_pipeline.simulation.judging import judge_reply
from eval_pipeline.simulation.novel import Plant
from eval_pipeline.simulation.reviewers import simulate_reviews
from eval_pipeline.simulation.traffic import simulate_day, simulated_session
from eval_pipeline.simulation.truth import truth
from eval_pipeline.versions import unit_hash

JUDGES = ("relevance", "completeness", "faithfulness", "usefulness", "tone")
RULED = {"tool_error_ignored", "loop", "truncated"}
"""Categories that a rule of the shipped classifier finds."""

REVIEWED_SHARES = {True: 0.5, False: 0.1}
"""Share of sessions that are reviewed, of those that a machine points at and of the others."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Traffic:
    """Some weeks of sessions of one seed, in the order of days. `turns` are as the customer's browser has them."""

    days: Sequence[dt.date]
    records: Sequence[Row]
    seed: int
    redactor: Redactor

    @cached_property
    def cases(self) -> Mapping[str, str]:
        """Session id to case number."""
        return {record["session_id"]: case_of_turns(record["turns"]) or "" for record in self.records}

    @cached_property
    def planted(self) -> frozenset[str]:
        """The sessions of the planted mode."""
        return frozenset(session for session, case in self.cases.items() if truth(case, self.seed).planted)

    @cached_property
    def sessions(self) -> pd.DataFrame:
        """session_id, session_day."""
        rows = [(record["session_id"], dt.date.fromisoformat(record["started_at"][:10])) for record in self.records]
        return pd.DataFrame(rows, columns=["session_id", "session_day"])

    @cached_property
    def failed(self) -> pd.DataFrame:
        """What fails each session; of judges the critique, which names the turn."""
        rows: list[tuple[str, str, int | None, str | None]] = []
        for session, case in self.cases.items():
            known = truth(case, self.seed)
            if known.category in RULED:
                rows.append((session, "evaluator:of_a_rule", known.first_bad_turn, None))
            for judge in JUDGES:
                said = judge_reply(f'You are the judge "{judge}", version 1', case, "0", self.seed)
                if said.verdict == "fail":
                    rows.append((session, f"judge:{judge}", None, said.critique))
        frame = pd.DataFrame(rows, columns=["session_id", "failed", "turn_index", "explanation"])
        return frame.astype({"turn_index": "Int64"})

    @cached_property
    def signals(self) -> pd.DataFrame:
        """Signals that fired; on which turn is not told."""
        rows = [
            (session, signal, None)
            for session, case in self.cases.items()
            for signal in sorted(simulated_session(case, self.seed).phenomena)
        ]
        return pd.DataFrame(rows, columns=["session_id", "signal", "turn_index"]).astype({"turn_index": "Int64"})

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """The classifier's word on each session that fails."""
        rows = []
        for session in sorted(set(self.failed["session_id"])):
            case = self.cases[session]
            category = truth(case, self.seed).category
            said = category if category in RULED else classifier_reply(case, self.seed)["category"]
            rows.append((session, said))
        return pd.DataFrame(rows, columns=["session_id", "category"])

    @cached_property
    def reviews(self) -> pd.DataFrame:
        """The reviews of all sessions that are reviewed."""
        pointed_at = {*self.failed["session_id"], *self.signals["session_id"]}
        ids = [
            session
            for session in self.cases
            if unit_hash("reviewed", str(self.seed), session) < REVIEWED_SHARES[session in pointed_at]
        ]
        days = self.sessions.set_index("session_id")["session_day"]
        queue = pd.DataFrame({"session_id": ids, "session_day": days.reindex(ids).to_numpy()})
        queue = queue.assign(
            arm="flagged", inclusion_probability=1.0, design_id="simulated", is_double_review=False, origin="simulated"
        )
        turns = pd.DataFrame({"session_id": list(self.cases), "turns": [record["turns"] for record in self.records]})
        return simulate_reviews(queue, turns, [], self.seed, "1", "1")

    @cached_property
    def labels(self) -> pd.DataFrame:
        """The label of each reviewed session."""
        known = self.sessions.assign(user_id=self.sessions["session_id"], origin="simulated")
        return derive_labels(self.days[-1], self.reviews, known)

    def evidence(self, as_of_day: dt.date) -> Evidence:
        """Return what is known at the end of `as_of_day`; a session is reviewed the day after."""
        wanted = set(compared_days(as_of_day))
        sessions = self.sessions[self.sessions["session_day"].isin(wanted)].reset_index(drop=True)
        read = set(sessions.loc[sessions["session_day"] < as_of_day, "session_id"])
        among = set(sessions["session_id"])

        def of(frame: pd.DataFrame, those: set[str] = among) -> pd.DataFrame:
            return frame[frame["session_id"].isin(those)].reset_index(drop=True)

        notes = of(self.reviews, read)
        return Evidence(
            sessions=sessions,
            labels=of(self.labels, read),
            notes=notes[notes["note"].notna()],
            predictions=of(self.predictions),
            failed=of(self.failed),
            signals=of(self.signals),
            turns=self.turns,
            held_out=frozenset(session for session in among if label_set(group_of(session, session)) == "held_out"),
        )

    def turns(self, session_ids: Iterable[str]) -> pd.DataFrame:
        """Return the redacted turns of some sessions."""
        ids = list(session_ids)
        return pd.DataFrame({"session_id": ids, "turns": [self._redacted(session) for session in ids]})

    def _redacted(self, session: str) -> list[Row]:
        if session not in self._texts:
            self._texts[session] = [
                {**turn, "content": self.redactor.redact_text(turn["content"]).text} for turn in self._by_id[session]
            ]
        return self._texts[session]

    @cached_property
    def _texts(self) -> dict[str, list[Row]]:
        return {}

    @cached_property
    def _by_id(self) -> Mapping[str, list[Row]]:
        return {record["session_id"]: record["turns"] for record in self.records}


def traffic(redactor: Redactor, days: Sequence[dt.date], per_day: int, seed: int, plant: Plant | None) -> Traffic:
    """Return `per_day` sessions of each of `days`."""
    records = [record for day in days for record in simulate_day(day, per_day, seed, plant=plant)]
    return Traffic(days, records, seed, redactor)
