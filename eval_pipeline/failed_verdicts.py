"""What fails each session, named as everywhere: `evaluator:NAME` or `judge:NAME`. The queue and the classifier go by it.

Not here: what they make of it (`review/queue.py`, `classifiers/run.py`).
"""

import pandas as pd

FAILED_COLUMNS = ["session_id", "failed", "turn_index", "explanation"]


def failed_verdicts(evaluators: pd.DataFrame, judges: pd.DataFrame) -> pd.DataFrame:
    """Return the failing verdicts, one row each: `FAILED_COLUMNS`, where `failed` names what fails the session.

    `evaluators`: `session_id, evaluator, verdict` of `evaluator_verdicts`; `judges`: `session_id, judge, verdict` of
    `judge_verdicts`. Turn and explanation (a judge's critique) are null where the frames do not have them.
    """
    parts = []
    for kind, verdicts in (("evaluator", evaluators), ("judge", judges.rename(columns={"critique": "explanation"}))):
        rows = verdicts[verdicts["verdict"] == "fail"]
        named = rows.assign(failed=f"{kind}:" + rows[kind].astype("str"))
        parts.append(named.reindex(columns=FAILED_COLUMNS).astype({"turn_index": "Int64"}))
    return pd.concat(parts, ignore_index=True)
