"""Running the signals over sessions, into the rows of `session_signals`.

Not here: what a signal does with a batch (`contract.py`), which ones there are (`registry.py`).
"""

from collections.abc import Sequence

import pandas as pd

from eval_pipeline.signals.contract import Batch, Signal
from eval_pipeline.tables import SessionSignals

COLUMNS = list(SessionSignals.to_schema().columns)
STILL_OPEN = "the session is still open"


def detect_signals(sessions: pd.DataFrame, signals: Sequence[Signal]) -> pd.DataFrame:
    """Return one row per session and signal, ordered by both, with the columns and dtypes of `SessionSignals`.

    `sessions`: rows of `raw_sessions`. Open sessions are `not_applicable`: their last word is not spoken. A session
    that makes a signal raise is `not_applicable` for it, with the error's name as the reason; the others are not
    touched by it.
    """
    is_open = ~sessions["is_closed"].to_numpy(dtype=bool)
    closed = sessions[~is_open]
    batch = Batch.of(closed)
    parts = []
    for signal in signals:
        found = _detected(signal, batch, closed)
        waiting = _not_applicable(sessions.loc[is_open, "session_id"], STILL_OPEN)
        both = pd.concat([found, waiting], ignore_index=True) if is_open.any() else found
        parts.append(both.assign(signal=signal.name, signal_version=signal.version, is_counting=signal.counts))
    if not parts or not len(sessions):
        return SessionSignals.validate(pd.DataFrame({name: [] for name in COLUMNS}))
    days = sessions.set_index("session_id")["session_day"]
    rows = pd.concat(parts, ignore_index=True)
    rows["session_day"] = rows["session_id"].map(days).astype("object")
    return _typed(rows.sort_values(["session_id", "signal"], ignore_index=True))


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[COLUMNS].astype({"signal": "str", "signal_version": "str", "is_counting": "bool"})


def _not_applicable(session_ids: "pd.Series[str]", reason: str) -> pd.DataFrame:
    rows = pd.DataFrame({"session_id": session_ids.to_numpy(), "outcome": "not_applicable", "strength": 0.0})
    rows = rows.assign(turn_index=None, quote=None, reason=reason)
    types = {"session_id": "str", "outcome": "str", "turn_index": "Int64", "quote": "str", "reason": "str"}
    return rows.astype(types)


def _detected(signal: Signal, batch: Batch, closed: pd.DataFrame) -> pd.DataFrame:
    """Return the signal's rows; where it raises, halve the sessions until only those that make it raise are left out."""
    try:
        return signal.detect(batch)
    except Exception as error:
        if len(closed) == 1:
            return _not_applicable(closed["session_id"], f"the signal raised {type(error).__name__}")
    middle = len(closed) // 2
    halves = [closed.iloc[:middle], closed.iloc[middle:]]
    return pd.concat([_detected(signal, Batch.of(half), half) for half in halves], ignore_index=True)
