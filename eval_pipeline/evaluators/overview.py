"""The evaluators of a deployment at a glance: what each looks at and asks, and what it said lately.

Not here: what they say of one session (`trying.py`).
"""

from collections.abc import Sequence

import pandas as pd

from eval_pipeline.evaluators.contract import Evaluator
from eval_pipeline.ports import Warehouse
from eval_pipeline.recent import recent_counts
from eval_pipeline.table_model import VERDICTS
from eval_pipeline.tables import EvaluatorVerdicts


def listed(evaluators: Sequence[Evaluator], warehouse: Warehouse) -> tuple[pd.DataFrame, str | None]:
    """Return one row per evaluator, and the origin of the sessions that were counted (None where there is no verdict).

    Columns: evaluator, version, looks_at, the number of verdicts of this version by outcome, checks (in words). Counted
    are real sessions where there are any, else simulated ones.
    """
    counts, origin = recent_counts(warehouse, EvaluatorVerdicts, ["evaluator", "evaluator_version", "verdict"])
    rows = pd.DataFrame(
        {
            "evaluator": [evaluator.name for evaluator in evaluators],
            "version": [evaluator.version for evaluator in evaluators],
            "looks_at": [evaluator.looks_at.words for evaluator in evaluators],
            **{
                verdict: [int(counts.get((e.name, e.version, verdict), 0)) for e in evaluators] if origin else 0
                for verdict in VERDICTS
            },
            "checks": [evaluator.description for evaluator in evaluators],
        }
    )
    return rows, origin
