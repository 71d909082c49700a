"""The tables of the taxonomy: every version of it, what became of each category, and of each label.

Part of `tables.py`, where every table is looked up. Not here: how a change is worked out (`taxonomy/`).
"""

import datetime as dt

from eval_pipeline.table_model import LABEL_SETS, TRAFFIC_ORIGINS, Table, Timestamp, column

STEP_KINDS = ["same", "reworded", "renamed", "merged", "split", "retired"]
STATES = ["same", "renamed", "merged", "split", "retired"]


class TaxonomyVersions(Table, key=("taxonomy_version",), append=True):
    """A version of the taxonomy that is, or was, in force in this database. The one with the highest number is."""

    taxonomy_version: str = column("Declared version plus a hash of all that decides a label")
    declared_version: str = column("Version as the file declares it")
    number: int = column("1 for the first of this database", ge=1)
    tie_rule: str = column("Which category is taken where several fit")
    migration: str = column("File that made it of the version before; null for the first", nullable=True)
    registered_by: str = column(
        "Person who brought it into force; null where it was registered by itself", nullable=True
    )
    registered_at: Timestamp = column("When (UTC)")


class TaxonomyCategories(Table, key=("taxonomy_version", "category")):
    """Every category of every version: what a review, a label or a prediction may name. Rows are only added; those found
    in labels from before versions were kept have no words until their version is registered."""

    taxonomy_version: str = column("Version of the taxonomy")
    category: str = column("Id of the category")
    position: int = column("Place in the order of the tie rule, from 1; 0 where it is not known", ge=0)
    title: str = column("Title", nullable=True)
    definition: str = column("What belongs to it", nullable=True)
    includes: object = column("What it includes", sql="jsonb", nullable=True)
    excludes: object = column("What it does not include, and which category that is", sql="jsonb", nullable=True)
    examples: object = column("Examples, as they stood when the version came", sql="jsonb", nullable=True)
    owner: str = column("Who mended such failures when the version came", nullable=True)


class TaxonomyMappings(Table, key=("from_version", "from_category"), append=True):
    """What became of each category in the version after its own."""

    from_version: str = column("Version of the taxonomy")
    from_category: str = column("Category of it")
    to_version: str = column("The version after it")
    to_category: str = column(
        "Its category there; null for a split, which each label's own row decides, and for one retired without a successor",
        nullable=True,
    )
    kind: str = column("same, reworded, renamed, merged, split or retired", isin=STEP_KINDS)
    rule: object = column(
        "Of a split: into which, by which rules, and what holds otherwise", sql="jsonb", nullable=True
    )


class LabelMappings(Table, key=("session_id", "from_version", "from_category", "to_version"), append=True):
    """What became of the category that people gave a session, at each change of the taxonomy. The label keeps its words."""

    session_id: str = column("Session")
    from_version: str = column("Taxonomy of the label's words")
    from_category: str = column("Category as labelled")
    to_version: str = column("Taxonomy that came into force")
    to_category: str = column("Its category there; null: a split that no rule decides, or retired", nullable=True)
    state: str = column("same, renamed, merged, split or retired", isin=STATES)
    rule: str = column("The rule of a split that decided, in words; null where none had to", nullable=True)
    is_by_machine: bool = column("Whether a verdict decided: what it came to is no person's word")
    mapped_at: Timestamp = column("When (UTC)")


class CurrentCategories(Table):
    """What each category of each version is called in the taxonomy in force, over any number of changes."""

    taxonomy_version: str = column("Version of the taxonomy")
    category: str = column("Category of it")
    current_category: str = column(
        "Its category today; null: split (look at label_categories), or retired without a successor", nullable=True
    )
    state: str = column("same, renamed, merged, split or retired: the greatest change on the way", isin=STATES)


class ReviewCategories(Table):
    """The category that each review names, as it was given and as it reads in the taxonomy in force. What a verdict decided
    of a split is not told here: a reviewer may not have seen it yet."""

    review_id: str = column("Review")
    session_id: str = column("Session")
    taxonomy_version: str = column("Taxonomy of the review's words")
    category: str = column("Category as it was given")
    current_category: str = column("Category today; null: split and not re-labelled, or retired", nullable=True)
    state: str = column("same, renamed, merged, split or retired", isin=STATES)
    read_as: str = column("Both in words, e.g. wrong_answer (now wrong_fact)")


class LabelCategories(Table):
    """The category of each settled failure, as it was labelled and as it reads in the taxonomy in force."""

    session_id: str = column("Session")
    session_day: dt.date = column("UTC day of the session")
    origin: str = column("Origin of the session", isin=TRAFFIC_ORIGINS)
    category: str = column("Category as labelled")
    taxonomy_version: str = column("Taxonomy of these words")
    current_category: str = column("Category today; null: split and not re-labelled, or retired", nullable=True)
    state: str = column("same, renamed, merged, split or retired", isin=STATES)
    is_by_machine: bool = column("Whether a verdict decided of a split: the category today is then no person's word")
    label_set: str = column("calibration or held_out", isin=LABEL_SETS)
    arm: str = column("Arm of the queue", nullable=True)
    inclusion_probability: float = column("Probability that the design drew the session", nullable=True)


class CategoryRates(Table):
    """How many failures of each day are of each category in the terms of today, as people label and as classifiers
    predict. Counts of what was reviewed: shares of traffic take the sampling into account."""

    session_day: dt.date = column("UTC day")
    origin: str = column("Origin of the sessions; synthetic ones are in no rate", isin=TRAFFIC_ORIGINS)
    category: str = column("Category today; of what has none today, the category as it was given")
    state: str = column("current; split (not re-labelled) or retired: the category is of an earlier version")
    n_labelled: int = column("Settled failures that people put into it")
    n_labelled_all: int = column("Settled failures of day and origin that people put into any category")
    n_predicted: int = column("Sessions that a classifier puts into it")
    n_predicted_all: int = column("Sessions of day and origin that a classifier puts into any category")
