"""What a run left undone, in words and as rows of `calls_left_undone`.

Not here: why a call may not go out (`line.py`), where it is counted (`judges/run.py`).
"""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from eval_pipeline.judges.asking.prices import Prices
from eval_pipeline.tables import CallsLeftUndone

_WHY = {
    "over_budget_run": "the run's budget of ${per_run:g} holds no more",
    "over_budget_day": "the day's budget of ${per_day:g} holds no more",
    "circuit_open": "the endpoint had failed too often in a row",
    "too_late": "their turn would have come after their deadline",
    "asked_elsewhere": "another run was asking them and did not come to an end",
    "batch_pending": "their batch is not done yet",
}


def left_undone_in_words(left_undone: Mapping[tuple[str, str], int], prices: Prices) -> list[str]:
    """Return a sentence for each reason of `Asker.left_undone` (reason and judge to calls); none when nothing is."""
    return [
        f"{sum(by_judge.values())} {'call' if sum(by_judge.values()) == 1 else 'calls'} of "
        f"{', '.join(sorted(by_judge))} not answered: "
        + why.format(per_run=prices.budget_usd_per_run or 0.0, per_day=prices.budget_usd_per_day or 0.0)
        for reason, why in _WHY.items()
        if (by_judge := {judge: n for (found, judge), n in left_undone.items() if found == reason})
    ]


def left_undone_rows(day: date, kind: str, left_undone: Mapping[tuple[str, str], int]) -> pd.DataFrame:
    """Return the rows of `calls_left_undone` about the sessions of `day`; `kind` is judge or classifier."""
    rows = [(day, f"{kind}:{name}", reason, n) for (reason, name), n in sorted(left_undone.items()) if n]
    return CallsLeftUndone.validate(pd.DataFrame(rows, columns=list(CallsLeftUndone.to_schema().columns)))
