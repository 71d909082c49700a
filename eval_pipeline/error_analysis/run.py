"""One run of error analysis: from what the warehouse holds to the rows of `taxonomy_proposals` of a day.

Not here: the steps (their own modules), when it runs (`assets/error_analysis.py`).
"""

import datetime as dt
from collections.abc import Iterator

import pandas as pd

from eval_pipeline.classifiers.definition import Classifier
from eval_pipeline.error_analysis.gathering import evidence_by_origin, known_kinds
from eval_pipeline.error_analysis.proposing import first_day, proposed
from eval_pipeline.error_analysis.suggesting import suggestions
from eval_pipeline.judges.asking.asker import Asks
from eval_pipeline.ports import JudgeModels, Warehouse
from eval_pipeline.tables import TaxonomyProposals
from eval_pipeline.taxonomy.categories import Taxonomy

_DECIDED = "select proposal_id from evals.taxonomy_decisions where as_of_day = %(day)s"


def proposal_rows(
    as_of_day: dt.date,
    warehouse: Warehouse,
    taxonomy: Taxonomy,
    classifier: Classifier,
    models: JudgeModels,
    asker: Asks,
) -> Iterator[pd.DataFrame]:
    """Yield the rows of `taxonomy_proposals` for `as_of_day`, a frame for each origin that has any.

    First those of an earlier run for the day that somebody has decided on: they stay as he saw them.
    """
    decided = warehouse.query(_DECIDED, {"day": as_of_day})["proposal_id"]
    if len(decided):
        stored = warehouse.read(TaxonomyProposals, [as_of_day])
        yield stored[stored["proposal_id"].isin(decided)].reset_index(drop=True)
    for origin, evidence in evidence_by_origin(warehouse, as_of_day).items():
        kinds = proposed(as_of_day, evidence, known_kinds(warehouse, as_of_day, origin))
        if not kinds:
            continue
        shown = evidence.turns({session for kind in kinds.values() for session in kind.examples})
        turns_of = dict(zip(shown["session_id"], shown["turns"], strict=True))
        said = suggestions(kinds, turns_of, taxonomy, classifier, models.for_origin(origin), asker)
        head = {
            "as_of_day": as_of_day,
            "origin": origin,
            "first_day": first_day(as_of_day),
            "taxonomy_version": taxonomy.version,
        }
        rows = [
            {**head, "proposal_id": name, **kinds[name].columns(), **said[name]._asdict()} for name in sorted(kinds)
        ]
        yield TaxonomyProposals.validate(pd.DataFrame(rows)[list(TaxonomyProposals.to_schema().columns)])
