"""The tables of error analysis: kinds of failure that no category explains, what people decided on them, saturation.

Part of `tables.py`, where every table is looked up. Not here: how a kind is found (`error_analysis/`), the sample that is
read (`tables.ErrorAnalysisSamples`), the taxonomy itself (`taxonomy_tables.py`).
"""

import datetime as dt

import pandas as pd
import pandera.pandas as pa

from eval_pipeline.table_model import TRAFFIC_ORIGINS, Table, Timestamp, column
from eval_pipeline.table_model import rate as share

TRENDS = ["new", "growing", "steady", "shrinking"]
DECISIONS = ["accepted", "rejected"]


class TaxonomyProposals(Table, key=("as_of_day", "proposal_id"), day="as_of_day"):
    """A kind of failure that no category explains, proposed for the taxonomy: how large, how it moves, what it looks like.
    A person decides on it."""

    as_of_day: dt.date = column("UTC day of the analysis; its last day")
    proposal_id: str = column("The kind; it keeps its id from week to week while nobody has decided on it")
    origin: str = column("Origin of its sessions; never mixed, synthetic never counted", isin=TRAFFIC_ORIGINS)
    first_day: dt.date = column("First UTC day of the period that n_sessions counts over")
    n_sessions: int = column("Sessions of this kind in the period", ge=1)
    n_population: int = column("Closed sessions of the period", ge=1)
    rate: float = column("n_sessions / n_population: a lower bound, as it counts what was found", ge=0, le=1)
    rate_low: float = column("Lower end of the 95 % Wilson interval", ge=0, le=1)
    rate_high: float = column("Upper end of the 95 % Wilson interval", ge=0, le=1)
    n_before: int = column("Sessions of this kind in the reference period before", ge=0)
    n_population_before: int = column("Closed sessions of the reference period", ge=0)
    rate_before: float = share("n_before / n_population_before; null without a reference")
    trend: str = column("new, growing, steady or shrinking, the period against the reference", isin=TRENDS)
    p_value: float = column("Of growth, one-sided binomial, times the number of kinds compared (at most 1)", ge=0, le=1)
    nearest_category: str = column("Category whose sessions say what is most like it; null without any", nullable=True)
    distance: float = share("1 - cosine to what sessions of the nearest category say; null without any")
    terms: object = column("Words that tell it from other failures, most telling first", sql="jsonb")
    examples: object = column("Up to five session ids, most typical first", sql="jsonb")
    fingerprint: object = column("Its centre: weight by word, by which it is known again", sql="jsonb")
    suggested_id: str = column("Suggested id of a category")
    suggested_title: str = column("Suggested title")
    suggested_definition: str = column("Suggested definition")
    suggested_by: str = column("What suggested these words: terms, or the model's name")
    taxonomy_version: str = column("Taxonomy that does not explain it")

    @pa.dataframe_check(name="the kind is part of the population")
    @classmethod
    def _part_of_population(cls, frame: pd.DataFrame) -> pd.Series:
        is_part: pd.Series = (frame["n_sessions"] <= frame["n_population"]) & (
            frame["n_before"] <= frame["n_population_before"]
        )
        return is_part


class TaxonomyDecisions(Table, key=("decision_id",), append=True):
    """What a person decided on a proposal. A kind that resembles one decided on is not proposed again."""

    decision_id: str = column("This decision; a repeated click has the same id")
    proposal_id: str = column("The kind decided on")
    as_of_day: dt.date = column("UTC day of the analysis that the person saw")
    origin: str = column("Origin of its sessions", isin=TRAFFIC_ORIGINS)
    decision: str = column("accepted (a draft of a migration was written) or rejected", isin=DECISIONS)
    decided_by: str = column("Who decided")
    decided_at: Timestamp = column("When (UTC)")
    reason: str = column("Why, in his words, redacted; a rejection always has one", nullable=True)
    terms: object = column("Words that told the kind from others", sql="jsonb")
    fingerprint: object = column("Centre of the kind: weight by word", sql="jsonb")
    category_id: str = column("Of an accepted one the id that the category is to have", nullable=True)
    draft: str = column("Of an accepted one the text of the drafted migration", nullable=True)
    taxonomy_version: str = column("Taxonomy at the time")

    @pa.dataframe_check(name="an accepted proposal has a draft, a rejected one a reason")
    @classmethod
    def _whole(cls, frame: pd.DataFrame) -> pd.Series:
        is_accepted = frame["decision"] == "accepted"
        return (is_accepted & frame["draft"].notna()) | (~is_accepted & frame["reason"].notna())


class TaxonomySaturation(Table, key=("as_of_day", "origin", "last_n"), day="as_of_day"):
    """How many kinds of failure the latest reviewed sessions brought that nobody had named before: near 0, the taxonomy
    covers what there is."""

    as_of_day: dt.date = column("UTC day; reviews up to its end count")
    origin: str = column("Origin of the sessions", isin=TRAFFIC_ORIGINS)
    last_n: int = column("Length of the look back, in reviewed sessions: 20, 50 or 100", ge=1)
    n_reviewed: int = column("Reviewed sessions there are to look back on, at most last_n", ge=0)
    n_new_kinds: pd.Int64Dtype = column(
        "New kinds among them: categories given for the first time, and proposals accepted meanwhile; null when there are "
        "fewer than last_n reviewed sessions",
        nullable=True,
        ge=0,
    )
    kinds: object = column("Which ones", sql="jsonb")
