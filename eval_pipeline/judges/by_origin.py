"""Judging a batch whose sessions need different endpoints: simulated ones a simulated judge, real ones a real one.

Sessions of an origin for which no endpoint is configured get no rows: their judges are then not run, which the report
says, and which is neither a pass nor an error.
"""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from eval_pipeline.judges.asking import AskPolicy
from eval_pipeline.judges.definition import Judge
from eval_pipeline.judges.run import judge_sessions
from eval_pipeline.ports import CallLedger, JudgeModels


def judge_by_origin(
    sessions: pd.DataFrame,
    judges: Sequence[Judge],
    models: JudgeModels,
    ledger: CallLedger,
    versions: Mapping[str, str],
    policy: AskPolicy,
) -> Iterator[pd.DataFrame]:
    """Yield frames of `judge_verdicts` for `sessions` (rows of `raw_sessions`), one per origin that can be judged."""
    for origin, batch in sessions.groupby("origin", sort=True):
        model = models.for_origin(str(origin))
        if model is not None:
            yield judge_sessions(batch.reset_index(drop=True), judges, model, ledger, versions, policy)
