"""The evaluators of a deployment at a glance: what each looks at and asks, and what it said lately.

Not here: what they say of one session (`trying.py`).
"""

from collections.abc import Sequence

import pandas as pd

from eval_pipeline.evaluators.contract import Evaluator
from eval_pipeline.ports import Warehouse
from eval_pipeline.table_model import VERDICTS

RECENT_DAYS = 28


def listed(evaluators: Sequence[Evaluator], warehouse: Warehouse) -> tuple[pd.DataFrame, str | None]:
    """Return one row per evaluator, and the origin of the sessions that were counted (None where there is no verdict).

    Columns: evaluator, version, looks_at, the number of verdicts of this version by outcome, checks (in words). Counted
    are real sessions where there are any, else simulated ones.
    """
    counts, origin = _recent_counts(warehouse)
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


def _recent_counts(warehouse: Warehouse) -> tuple[dict[tuple[str, str, str], int], str | None]:
    rows = warehouse.query(
        """
        with recent as (select distinct session_day from evals.evaluator_verdicts order by 1 desc limit %(days)s)
        select r.origin, v.evaluator, v.evaluator_version, v.verdict, count(*) as n
        from evals.evaluator_verdicts v join evals.raw_sessions r using (session_id)
        where v.session_day in (select session_day from recent) and r.origin <> 'synthetic'
        group by 1, 2, 3, 4 order by 1, 2, 3, 4""",
        {"days": RECENT_DAYS},
    )
    if rows.empty:
        return {}, None
    origin = str(rows["origin"].min())  # production stands before simulated
    of_origin = rows[rows["origin"] == origin]
    keys = zip(of_origin["evaluator"], of_origin["evaluator_version"], of_origin["verdict"], strict=True)
    return dict(zip(keys, of_origin["n"].astype(int), strict=True)), origin
