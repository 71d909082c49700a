"""Old words in the terms of the taxonomy in force: what a category, or the category of a label, is called today.

Not here: how that is worked out (the views `current_categories` and `label_categories`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.records import records
from eval_pipeline.taxonomy.history import asking, read_history
from eval_pipeline.taxonomy.relabelling import may_be

_CURRENT = "SELECT taxonomy_version, category, current_category FROM evals.current_categories"

# What a verdict decided is no person's word.
_LABELS = """
    SELECT m.session_id, m.from_version, m.from_category, CASE WHEN NOT m.is_by_machine THEN m.to_category END AS to_category
    FROM evals.label_mappings m
    JOIN evals.current_categories c ON (c.taxonomy_version, c.category) = (m.from_version, m.from_category)
    WHERE c.state = 'split'
      AND m.to_version = (SELECT taxonomy_version FROM evals.taxonomy_versions ORDER BY number DESC LIMIT 1)"""


@dataclass(frozen=True)
class Terms:
    """`categories`: by version and category its name today. `labels`: the same of labels of a category that was split, by
    session, version and category. None: it has no name today that a person gave. `parts`: by version and category all names
    that it may have today."""

    categories: Mapping[tuple[str, str], str | None] = field(default_factory=dict)
    parts: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    labels: Mapping[tuple[str, str, str], str | None] = field(default_factory=dict)

    def today(self, session_id: str, version: str, category: str) -> str | None:
        """Return what people's category of a session is called today; None where it is split and no rule decides, or retired.

        Words of a version that is not known stand for themselves.
        """
        of_version = self.categories.get((version, category), category)
        return self.labels.get((session_id, version, category), of_version)

    def may_be(self, session_id: str, version: str, category: str) -> frozenset[str]:
        """Return the names of today that people's category of a session may mean: one, but for a split that no note decides.

        What is retired stands for itself, by its version and name.
        """
        if (name := self.today(session_id, version, category)) is not None:
            return frozenset({name})
        return self.parts.get((version, category)) or frozenset({f"{version} {category}"})

    def in_today(self, rows: pd.DataFrame) -> pd.Series:
        """Return the categories of `rows` (`session_id, taxonomy_version, category`) in today's terms; null stays null."""
        words = zip(rows["session_id"], rows["taxonomy_version"], rows["category"], strict=True)
        names = [
            None if pd.isna(category) else self.today(session, version, category)
            for session, version, category in words
        ]
        return pd.Series(names, index=rows.index, dtype=rows["category"].dtype)


AS_THEY_STAND = Terms()
"""Every word stands for itself: what there is before any change."""


def read_terms(warehouse: Warehouse) -> Terms:
    """Return the terms of the taxonomy in force."""
    categories = {(r["taxonomy_version"], r["category"]): r["current_category"] for r in records(warehouse, _CURRENT)}
    labels = {
        (r["session_id"], r["from_version"], r["from_category"]): r["to_category"] for r in records(warehouse, _LABELS)
    }
    steps = read_history(asking(warehouse)).steps
    return Terms(categories, {words: may_be(*words, steps) for words in categories}, labels)
