"""The tables of coverage: which cells of the traffic hold too little, what was made to fill them, and who noticed.

`SyntheticSessions` is a table of its own: no table of traffic takes a row of it (`table_model.TrafficTable`), so that what
was made can enter no rate, trend, label, calibration or held-out set. Part of `tables.py`, where every table is looked up.
Not here: what a cell is (`coverage/`), how a session is made (`synthetic/`).
"""

import datetime as dt

import pandas as pd
import pandera.pandas as pa

from eval_pipeline.table_model import SYNTHETIC_PREFIX, TRAFFIC_ORIGINS, Table, column

OUTCOMES_OF_EXPECTATION = ["noticed", "missed", "wrongly_changed", "not_applicable", "error"]
CHANGES = ["must_fail", "must_pass", "must_fire", "unchanged", "no_new_failure", "may_change"]


class CoverageCells(Table, key=("as_of_day", "origin", "grid", "cell"), day="as_of_day"):
    """How well each cell of the configured grids is covered: sessions of the traffic, those that people labelled, those made
    on earlier days. A cell is a combination of values; a grid is the dimensions that are combined."""

    as_of_day: dt.date = column("UTC day, the last of the days that were counted")
    origin: str = column("Origin of the traffic; never mixed", isin=TRAFFIC_ORIGINS)
    grid: str = column("The dimensions, as in surface x language")
    cell: str = column("The values, as in surface=chat, language=de")
    dimensions: object = column("The same as an object: dimension to value", sql="jsonb")
    n_sessions: int = column("Closed sessions of the origin in the cell", ge=0)
    n_labelled: int = column("Of these, sessions with a settled human label", ge=0)
    n_synthetic: int = column("Valid synthetic sessions in the cell, made on earlier days of the same stretch", ge=0)
    is_expected: bool = column("False where the catalog says that the cell never has sessions")
    is_sparse: bool = column(
        "Whether sessions or labels are fewer than the catalog asks for, in a cell that is expected"
    )
    why: str = column("What is missing or why nothing is, in words")

    @pa.dataframe_check(name="labelled sessions are among the sessions")
    @classmethod
    def _labelled_among_sessions(cls, frame: pd.DataFrame) -> pd.Series:
        is_among: pd.Series = frame["n_labelled"] <= frame["n_sessions"]
        return is_among


class SyntheticSessions(Table, key=("synthetic_id",), day="as_of_day"):
    """A session made to fill a sparse cell, from named real ones: by an operator, or by a model with those as ground. Never
    traffic: no rate, trend, label, calibration or held-out set may hold it."""

    synthetic_id: str = column("This session; begins with synthetic/, as no session of the traffic may")
    as_of_day: dt.date = column("UTC day of the run that made it")
    origin: str = column("Always synthetic", isin=["synthetic"])
    ground_origin: str = column("Origin of the sessions it was made from", isin=TRAFFIC_ORIGINS)
    grid: str = column("Grid of the cell it was made for")
    cell: str = column("The cell it was made for, and is in")
    dimensions: object = column("Where it stands in every dimension: dimension to value", sql="jsonb")
    operator: str = column("The operator that made it, or by_model")
    operator_version: str = column("Version of the operator, or of the prompt")
    made_by: str = column("operator:NAME, or model:NAME as it answered")
    call_key: str = column("Key of the call in model_calls; null for an operator", nullable=True)
    seed_session_ids: object = column("The real sessions it was made from, the first above all", sql="jsonb")
    random_seed: str = column("Seed of every choice: cell, day and operator, hashed")
    surface: str = column("Where in the product it would have happened")
    slices: object = column("Slices of its first real session", sql="jsonb")
    model_version: str = column("Product model of its first real session", nullable=True)
    versions: object = column("Upstream versions of its first real session", sql="jsonb")
    turns: object = column("Turns in order, as in raw_sessions", sql="jsonb")
    n_turns: int = column("Number of turns", ge=0)
    meta: object = column("What its first real session brought along", sql="jsonb")
    redaction_version: str = column("Redaction of the sessions it was made from")
    note: str = column("What was done, in one sentence")
    expectations: object = column(
        "What must become of which verdict: list of {subject_kind, subject, change, reason}", sql="jsonb"
    )
    is_valid: bool = column("Whether it is a session by its schema and every evaluator can read it")
    invalid_because: str = column("Why not; null when it is", nullable=True)
    content_hash: str = column("Hash of its turns")
    code_version: str = column("Version of the code that made it")

    @pa.dataframe_check(name="an id of its own kind")
    @classmethod
    def _id_of_its_kind(cls, frame: pd.DataFrame) -> pd.Series:
        is_own: pd.Series = frame["synthetic_id"].str.startswith(SYNTHETIC_PREFIX)
        return is_own

    @pa.dataframe_check(name="invalid ones say why")
    @classmethod
    def _reason_of_invalid(cls, frame: pd.DataFrame) -> pd.Series:
        return frame["invalid_because"].isna() == frame["is_valid"]


class SyntheticExpectations(
    Table, key=("as_of_day", "synthetic_id", "subject_kind", "subject", "subject_version"), day="as_of_day"
):
    """What each evaluator, judge and signal made of a synthetic session, held against what its operator says must change: who
    did not notice, and who noticed wrongly."""

    as_of_day: dt.date = column("UTC day of the synthetic session")
    synthetic_id: str = column("Synthetic session")
    subject_kind: str = column("evaluator, judge or signal", isin=["evaluator", "judge", "signal"])
    subject: str = column("Its name")
    subject_version: str = column("Its version")
    operator: str = column("What was done to the session")
    expected: str = column("What must become of its verdict", isin=CHANGES)
    before: str = column("Its word on the real session; null where there was none", nullable=True)
    after: str = column("Its word on the synthetic one; null where there was none", nullable=True)
    outcome: str = column(
        "noticed (it said what it must, also where nothing was to change), missed (a change that must show did not), "
        "wrongly_changed (a verdict moved that must not), not_applicable (nothing to expect), or error (it crashed)",
        isin=OUTCOMES_OF_EXPECTATION,
    )
    explanation: str = column("The finding in one sentence")
