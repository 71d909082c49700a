"""Whether what was made is a session: by the schema of sessions, and by the evaluators, which must be able to read it.

A check that crashes on a session the others can read is a finding about that check, which `synthetic_expectations`
reports; the session stands. Not here: what a verdict should be (`expecting.py`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from pydantic import ValidationError

from eval_pipeline.evaluators.contract import Evaluator
from eval_pipeline.evaluators.run import INPUT_COLUMNS, evaluate
from eval_pipeline.sessions import Turn


def why_invalid(made: Mapping[str, Any], evaluators: Sequence[Evaluator]) -> str | None:
    """Return why `made` (a row of `synthetic_sessions`) is no session, or None when it is one."""
    if not made["turns"]:
        return "no session: there is no turn"
    for index, turn in enumerate(made["turns"]):
        try:
            Turn.model_validate(turn)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, ("turns", index, *first["loc"])))
            return f"no session: {where}: {first['msg']}"
    return _why_unreadable(made, evaluators)


def as_session_rows(made: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return `made` (rows of `synthetic_sessions`) with the columns that evaluators read. No table takes the result."""
    names = {"session_id": "synthetic_id", "session_day": "as_of_day"}
    rows = [
        {name: True if name == "is_closed" else one[names.get(name, name)] for name in INPUT_COLUMNS} for one in made
    ]
    return pd.DataFrame(rows, columns=INPUT_COLUMNS)


def _why_unreadable(made: Mapping[str, Any], evaluators: Sequence[Evaluator]) -> str | None:
    verdicts = evaluate(as_session_rows([made]), evaluators, {})
    if len(verdicts) and (verdicts["verdict"] == "error").all():
        return f"no evaluator can read it: {verdicts['explanation'].iloc[0]}"
    return None
