"""What every signal says of one stored session, with all its evidence and the transcript around it.

The signals run anew on the stored session, as the catalog has them now. Not here: printing.
"""

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.ports import Warehouse
from eval_pipeline.signals.contract import Batch, Evidence, Signal, cut
from eval_pipeline.signals.run import detect_signals
from eval_pipeline.signals.score import session_scores
from eval_pipeline.tables import FlaggedSessions, RawSessions, SessionSignals

AROUND = 1
"""Turns of the transcript shown before and after a turn with evidence."""

SUGGESTED = 3
"""Stored ids that are named when the one asked for is not stored."""

_ORDER = {"fired": 0, "quiet": 1, "not_applicable": 2}


@dataclass(frozen=True)
class Explanation:
    """One session in the eyes of the signals.

    `headline`, `queue`: the session, and its place in the review queue, in words. `outcomes`: signal, outcome,
    strength, fills_queue, why, version; what fired stands first. `evidence`: turn, signal, strength, why, quote, by turn.
    `excerpt`: mark, turn, role, text. `stale`: how what is stored differs from `outcomes`, in words, by signal.
    """

    headline: str
    queue: str
    outcomes: pd.DataFrame
    evidence: pd.DataFrame
    excerpt: pd.DataFrame
    stale: list[str]


def explain(session_id: str, signals: Sequence[Signal], warehouse: Warehouse) -> Explanation:
    """Return what `signals` say of a stored session.

    Raises `EvalPipelineError` when no session of that id is stored.
    """
    session = warehouse.read(RawSessions, session_ids=[session_id])
    if session.empty:
        similar = _similar(session_id, warehouse)
        raise EvalPipelineError(
            f"no session {session_id!r} is stored",
            (f"did you mean {' or '.join(similar)}? " if similar else "")
            + "Take an id from evals.raw_sessions or evals.flagged_sessions; personal ids are stored as pseudonyms",
        )
    rows = detect_signals(session, signals)
    evidence = _evidence(session, signals)
    counting = {signal.name for signal in signals if signal.counts}
    scores = session_scores(rows, counting)
    return Explanation(
        _headline(session, float(scores.get(session_id, 0.0))),
        _place(warehouse.read(FlaggedSessions, session_ids=[session_id])),
        _outcomes(rows, counting),
        evidence,
        _excerpt(session["turns"].iloc[0], set(evidence["turn"].dropna().astype(int))),
        _stale(rows, warehouse.read(SessionSignals, session_ids=[session_id])),
    )


def _similar(session_id: str, warehouse: Warehouse) -> list[str]:
    """Return a few stored ids that contain `session_id`, or begin with the same half of it."""
    found = warehouse.query(
        """
        select session_id from evals.raw_sessions
        where position(lower(%(asked)s) in lower(session_id)) > 0 or starts_with(lower(session_id), lower(%(half)s))
        order by position(lower(%(asked)s) in lower(session_id)) = 0, session_id limit %(most)s""",
        {"asked": session_id, "half": session_id[: (len(session_id) + 1) // 2], "most": SUGGESTED},
    )
    return [repr(found_id) for found_id in found["session_id"]]


def _headline(session: pd.DataFrame, score: float) -> str:
    row = session.iloc[0]
    state = "" if row["is_closed"] else ", still open"
    return (
        f"{row['session_id']}: {row['session_day']}, {row['surface']}, {row['n_turns']} turns, {row['origin']}{state}; "
        f"score {score:.2f}"
    )


def _place(queued: pd.DataFrame) -> str:
    if queued.empty:
        return "not in the review queue"
    row = queued.iloc[0]
    reasons = ", ".join(row["reasons"]) or "none"
    return (
        f"in the review queue: arm {row['arm']}, stratum {row['stratum']}, drawn with probability "
        f"{row['inclusion_probability']:.3f} by design {row['design_id']}; reasons: {reasons}"
    )


def _outcomes(rows: pd.DataFrame, counting: Collection[str]) -> pd.DataFrame:
    fills = rows["signal"].isin(list(counting)).map({True: "yes", False: "no"})
    shown = rows.assign(fills_queue=fills, why=rows["reason"], version=rows["signal_version"])
    shown = shown.assign(rank=shown["outcome"].map(_ORDER)).sort_values(
        ["rank", "strength", "signal"], ascending=[True, False, True], ignore_index=True
    )
    return shown[["signal", "outcome", "strength", "fills_queue", "why", "version"]].round({"strength": 2})


def _evidence(session: pd.DataFrame, signals: Sequence[Signal]) -> pd.DataFrame:
    batch = Batch.of(session)
    found = [(signal.name, piece) for signal in signals for piece in _pieces(signal, batch)]
    rows = [(p.turn_index, name, p.strength, p.reason, p.quote) for name, p in found]
    frame = pd.DataFrame(rows, columns=["turn", "signal", "strength", "why", "quote"]).astype({"turn": "Int64"})
    ordered = frame.sort_values(["turn", "signal"], na_position="first", kind="stable", ignore_index=True)
    return ordered.round({"strength": 2})


def _pieces(signal: Signal, batch: Batch) -> Iterator[Evidence]:
    """Yield the evidence of one signal; nothing where it raises, which its outcome says."""
    try:
        is_usable, _ = signal.applies(batch)
        yield from (piece for piece in signal.find(batch) if is_usable[piece.session] and piece.strength > 0)
    except Exception:
        return


def _excerpt(turns: Sequence[dict[str, object]], marked: Collection[int]) -> pd.DataFrame:
    near = sorted({i + step for i in marked for step in range(-AROUND, AROUND + 1) if 0 <= i + step < len(turns)})
    rows = [(">" if i in marked else "", i, turns[i]["role"], _said(turns[i])) for i in near]
    return pd.DataFrame(rows, columns=["", "turn", "role", "text"])


def _said(turn: dict[str, object]) -> str:
    calls = turn.get("tool_calls") or []
    names = [f"[calls {call['name']}]" for call in calls] if isinstance(calls, list) else []
    return " ".join([cut(str(turn.get("content") or "")), *names]).strip()


def _stale(rows: pd.DataFrame, stored: pd.DataFrame) -> list[str]:
    """Return one sentence a signal whose stored row is missing, or says something else than the signal does now."""
    columns = ["signal", "signal_version", "outcome", "strength"]
    both = rows[columns].merge(stored[columns], on="signal", how="outer", suffixes=("", "_stored"))
    return [f"{row['signal']}: {found}" for row in both.to_dict("records") if (found := _difference(row))]


def _difference(row: dict[Hashable, Any]) -> str | None:
    if pd.isna(row["signal_version_stored"]):
        return "no stored row"
    was = f"stored as {row['outcome_stored']} ({row['strength_stored']:.2f}) by version {row['signal_version_stored']}"
    if pd.isna(row["signal_version"]):
        return f"{was}, no longer in the catalog"
    if row["signal_version_stored"] != row["signal_version"]:
        return f"{was}, now {row['signal_version']}"
    is_same = (row["outcome_stored"], row["strength_stored"]) == (row["outcome"], row["strength"])
    return None if is_same else f"{was}, before the session changed"
