"""Judging a batch whose sessions need different endpoints: simulated ones a simulated judge, real ones a real one.

Where no endpoint is configured, the ledger alone answers: what was paid for once stays, whatever becomes of the key,
and all else has no row. Those judges are not run, which the report says, and which is neither a pass nor an error.
"""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from eval_pipeline.judges.asking.asker import Asks
from eval_pipeline.judges.definition import Judge
from eval_pipeline.judges.run import judge_sessions
from eval_pipeline.ports import JudgeModels


def judge_by_origin(
    sessions: pd.DataFrame,
    judges: Sequence[Judge],
    models: JudgeModels,
    asker: Asks,
    versions: Mapping[str, str],
) -> Iterator[pd.DataFrame]:
    """Yield frames of `judge_verdicts` for `sessions` (rows of `raw_sessions`), one per origin."""
    for origin, batch in sessions.groupby("origin", sort=True):
        model = models.for_origin(str(origin))
        yield judge_sessions(batch.reset_index(drop=True), judges, model, asker, versions)
