"""The tables behind coverage: sessions of a stretch of days, what people and machines said of them, what was made.

Not here: what is counted (`facts.py`, `cells.py`).
"""

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from eval_pipeline.coverage.facts import FACT_COLUMNS, USED, session_facts
from eval_pipeline.coverage.policy import DIMENSIONS, CoveragePolicy
from eval_pipeline.ports import Warehouse
from eval_pipeline.tables import RawSessions

_SETTLED = """
    SELECT session_id, category, label_set IS NOT DISTINCT FROM 'held_out' AS is_held_out FROM evals.human_labels
    WHERE session_day = ANY(%(days)s) AND target = 'session' AND status = 'settled' ORDER BY session_id
"""
# A classifier's error or abstention is no category.
_PREDICTED = """
    SELECT DISTINCT ON (session_id) session_id, category FROM evals.category_predictions
    WHERE session_day = ANY(%(days)s) AND category NOT IN ('abstain', 'error') ORDER BY session_id, classifier
"""
_FIRED = """
    SELECT session_id, array_agg(DISTINCT signal ORDER BY signal) AS signals FROM evals.session_signals
    WHERE session_day = ANY(%(days)s) AND outcome = 'fired' AND signal = ANY(%(signals)s) GROUP BY session_id
"""
_MADE = """
    SELECT ground_origin, dimensions FROM evals.synthetic_sessions
    WHERE as_of_day >= %(first)s AND as_of_day < %(day)s AND is_valid ORDER BY synthetic_id
"""


@dataclass(frozen=True)
class Traffic:
    """What a stretch of days holds: `facts` (one row a closed session), ids of labelled sessions, what was made before."""

    facts: pd.DataFrame
    labelled: frozenset[str]
    synthetic: pd.DataFrame


def read_traffic(warehouse: Warehouse, day: date, policy: CoveragePolicy) -> Traffic:
    """Return what the `policy.days` UTC days that end with `day` hold, session by session.

    The category of a session is what people settled on; where they did not, what the classifier predicted. Held-out labels
    are counted and never told: the category of such a session stands beside its id in what is made of it.
    """
    days = [day - timedelta(days=n) for n in reversed(range(policy.days))]
    settled = warehouse.query(_SETTLED, {"days": days})
    predicted = warehouse.query(_PREDICTED, {"days": days})
    fired = warehouse.query(_FIRED, {"days": days, "signals": list(policy.adversarial_signals)})
    told = settled[~settled["is_held_out"].to_numpy(dtype=bool)]
    # A person's word counts over the machine's, and a session that people passed has no category.
    left = pd.concat([predicted[~predicted["session_id"].isin(told["session_id"])], told[told["category"].notna()]])
    categories = dict(zip(left["session_id"], left["category"], strict=True))
    signals = dict(zip(fired["session_id"], fired["signals"], strict=True))
    facts = [
        session_facts(chunk, categories, signals, policy)
        for one in days
        for chunk in warehouse.read_chunks(RawSessions, one, USED)
    ]
    return Traffic(
        pd.concat(facts, ignore_index=True) if facts else pd.DataFrame(columns=FACT_COLUMNS),
        frozenset(settled["session_id"]),
        _made(warehouse.query(_MADE, {"first": days[0], "day": day})),
    )


def _made(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the dimensions of `rows` as columns; one that a row has not, for it is older than it, is unknown."""
    dimensions = pd.DataFrame(list(rows["dimensions"]), columns=list(DIMENSIONS), index=rows.index)
    return pd.concat([rows[["ground_origin"]], dimensions.fillna("unknown")], axis="columns")
