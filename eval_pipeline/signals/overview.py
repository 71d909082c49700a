"""The signals of a deployment at a glance: what each looks for, and how often it fired lately.

Not here: what they say of one session (`explain.py`), how good they are (`evals.signal_quality`).
"""

from collections.abc import Sequence

import pandas as pd

from eval_pipeline.ports import Warehouse
from eval_pipeline.signals.contract import Signal
from eval_pipeline.table_model import OUTCOMES

RECENT_DAYS = 28


def listed(signals: Sequence[Signal], warehouse: Warehouse) -> tuple[pd.DataFrame, str | None]:
    """Return one row per signal, and the origin of the sessions that were counted (None where there is no session).

    Columns: signal, version, fills_queue, looks_for, and how many sessions it fired on, was quiet on, did not apply to.
    Counted are real sessions where there are any, else simulated ones.
    """
    counts, origin = _recent_counts(warehouse)
    rows = pd.DataFrame(
        {
            "signal": [signal.name for signal in signals],
            "version": [signal.version for signal in signals],
            "fills_queue": ["yes" if signal.counts else "no" for signal in signals],
            **{
                outcome: [int(counts.get((signal.name, outcome), 0)) for signal in signals] if origin else 0
                for outcome in OUTCOMES
            },
            "looks_for": [signal.describe for signal in signals],
        }
    )
    return rows, origin


def _recent_counts(warehouse: Warehouse) -> tuple[dict[tuple[str, str], int], str | None]:
    rows = warehouse.query(
        """
        with recent as (select distinct session_day from evals.session_signals order by 1 desc limit %(days)s)
        select r.origin, s.signal, s.outcome, count(*) as n
        from evals.session_signals s join evals.raw_sessions r using (session_id)
        where s.session_day in (select session_day from recent) and r.origin <> 'synthetic'
        group by 1, 2, 3 order by 1, 2, 3""",
        {"days": RECENT_DAYS},
    )
    if rows.empty:
        return {}, None
    origin = str(rows["origin"].min())  # production stands before simulated
    of_origin = rows[rows["origin"] == origin]
    keys = zip(of_origin["signal"], of_origin["outcome"], strict=True)
    return dict(zip(keys, of_origin["n"].astype(int), strict=True)), origin
