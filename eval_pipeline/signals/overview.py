"""The signals of a deployment at a glance: what each looks for, and how often it fired lately.

Not here: what they say of one session (`explain.py`), how good they are (`evals.signal_quality`).
"""

from collections.abc import Sequence

import pandas as pd

from eval_pipeline.ports import Warehouse
from eval_pipeline.recent import recent_counts
from eval_pipeline.signals.contract import Signal
from eval_pipeline.table_model import OUTCOMES
from eval_pipeline.tables import SessionSignals


def listed(signals: Sequence[Signal], warehouse: Warehouse) -> tuple[pd.DataFrame, str | None]:
    """Return one row per signal, and the origin of the sessions that were counted (None where there is no session).

    Columns: signal, version, fills_queue, looks_for, and how many sessions it fired on, was quiet on, did not apply to.
    Counted are real sessions where there are any, else simulated ones.
    """
    counts, origin = recent_counts(warehouse, SessionSignals, ["signal", "outcome"])
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
