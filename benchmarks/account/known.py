"""What only the simulation knows: how often each judge is right about all traffic, and would be by labels of all of it.

Positive = a failure. People err, so a judge that is right may be called wrong: what labels can show is the rate against
labels, had every session been read; that is what the pipeline estimates. The rate against the truth is another figure.
Not here: what the pipeline says (`findings.py`).
"""

import pandas as pd

from benchmarks.account.deployment import ORIGIN
from benchmarks.account.scenario import Scenario
from eval_pipeline.ports import Warehouse
from eval_pipeline.simulation.reviewers import simulate_reviews
from eval_pipeline.simulation.truth import known_truth
from eval_pipeline.tables import RawSessions

KNOWN_COLUMNS = ["judge", "rate", "by_truth", "by_labels", "n_by_labels"]

_VERDICTS = """
    SELECT session_id, judge, verdict FROM evals.judge_verdicts
    WHERE repeat = 0 AND session_day <= %(day)s AND verdict IN ('pass', 'fail') ORDER BY judge, session_id"""


def known_rates(scenario: Scenario, warehouse: Warehouse, day: object) -> pd.DataFrame:
    """Return `KNOWN_COLUMNS` of each judge over the closed sessions up to `day`: shares of the sessions that truly fail
    (or would be labelled a failure) that it fails, and of the others that it passes."""
    sessions = warehouse.read(RawSessions, columns=["session_id", "session_day", "turns", "origin", "is_closed"])
    sessions = sessions[sessions["is_closed"] & (sessions["session_day"] <= day)].reset_index(drop=True)
    truth = known_truth(sessions, scenario.seed).set_index("session_id")["answers"]
    verdicts = warehouse.query(_VERDICTS, {"day": day})
    labels = _labels_of_all(scenario, sessions, sorted(set(verdicts["judge"])))
    rows = []
    for judge, said in verdicts.groupby("judge", sort=True):
        beside = said.assign(
            truth=[answers.get(f"judge:{judge}") for answers in truth.reindex(said["session_id"])],
            label=[answers.get(f"judge:{judge}") for answers in labels.reindex(said["session_id"])],
        )
        for rate, word in (("TPR", "fail"), ("TNR", "pass")):
            by = {name: beside.loc[beside[name] == word, "verdict"] == word for name in ("truth", "label")}
            rows.append((judge, rate, by["truth"].mean(), by["label"].mean(), len(by["label"])))
    return pd.DataFrame(rows, columns=KNOWN_COLUMNS)


def _labels_of_all(scenario: Scenario, sessions: pd.DataFrame, judges: list[str]) -> pd.Series:
    """Return what the person who reads a session would say of it, had it been drawn."""
    queue = sessions.assign(
        origin=ORIGIN, arm="flagged", design_id="all", inclusion_probability=1.0, is_double_review=False
    )
    reviews = simulate_reviews(queue, sessions, judges, scenario.seed, "", "", scenario.readers)
    return reviews.set_index("session_id")["answers"]
