"""Judges on synthetic sessions: asked only where the catalog says so, through the ledger, and never stored as verdicts.

Not here: what their words are held against (`expecting.py`).
"""

import pandas as pd

from eval_pipeline.deployment import Deployment
from eval_pipeline.judges.asking.asker import Asks
from eval_pipeline.judges.by_origin import judge_by_origin
from eval_pipeline.ports import JudgeModels
from eval_pipeline.synthetic.before_and_after import JudgeVerdictsOf
from eval_pipeline.tables import JudgeVerdicts


def judges_asked(deployment: Deployment, models: JudgeModels, asker: Asks) -> JudgeVerdictsOf | None:
    """Return what asks every judge about rows of `raw_sessions`, by origin; None where the catalog asks none."""
    if not deployment.coverage.synthetic.asks_judges:
        return None

    def verdicts_of(sessions: pd.DataFrame) -> pd.DataFrame:
        frames = list(judge_by_origin(sessions, deployment.judges, models, asker, deployment.evaluation_versions))
        if not frames:
            return JudgeVerdicts.validate(pd.DataFrame(columns=list(JudgeVerdicts.to_schema().columns)))
        return pd.concat(frames, ignore_index=True)

    return verdicts_of
