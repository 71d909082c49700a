"""What signals say of sessions and of single turns, as scores that can be laid beside a truth.

A piece of evidence belongs to the assistant turn that it is about: on a user turn to the last assistant turn with text
before it, on a tool turn to the next one, else to the turn itself. Labels of turns are moved in the same way.
Not here: the truth (`label_truth.py`), the figures (`bench_signals.py`).
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from eval_pipeline.signals.contract import Batch, Evidence, Signal
from eval_pipeline.signals.run import detect_signals
from eval_pipeline.signals.score import session_scores

Scores = npt.NDArray[np.float64]

SCORE, NAIVE = "**score**", "ten words of complaint"
NAIVE_WORDS = re.compile(
    r"\b(?:wrong|useless|terrible|stupid|ridiculous|annoying|frustrat\w*|nonsense|worst|complain\w*)\b", re.IGNORECASE
)
"""What anybody would try first; it shows what the signals add."""


def session_level(sessions: pd.DataFrame, signals: Sequence[Signal]) -> dict[str, Scores]:
    """Return for each signal, their combination and the naive word list the scores of all sessions, 0 for quiet."""
    rows = detect_signals(sessions, signals)
    ids = sessions["session_id"]
    found = {SCORE: session_scores(rows, {signal.name for signal in signals if signal.counts})}
    for name, group in rows.groupby("signal"):
        found[str(name)] = group.set_index("session_id")["strength"]
    scores = {name: ids.map(values).fillna(0.0).to_numpy(dtype=float) for name, values in found.items()}
    return {**scores, NAIVE: np.array([float(sum(_naive(turns))) for turns in sessions["turns"]])}


def _naive(turns: Sequence[Mapping[str, object]]) -> list[bool]:
    return [turn["role"] == "user" and NAIVE_WORDS.search(str(turn.get("content") or "")) is not None for turn in turns]


def turn_level(sessions: pd.DataFrame, signals: Sequence[Signal]) -> dict[str, Scores]:
    """Return the same for all turns of the sessions, in order: the noisy-or of the evidence that belongs to each."""
    batch = Batch.of(sessions)
    starts = np.searchsorted(batch.owner, np.arange(len(sessions)))
    belongs = owning_turns(batch)
    doubts = {signal.name: np.ones(len(batch.turns)) for signal in signals}
    together = np.ones(len(batch.turns))
    for signal in signals:
        for piece in _evidence(signal, sessions):
            if piece.turn_index is not None:
                doubts[signal.name][belongs[starts[piece.session] + piece.turn_index]] *= 1 - piece.strength
        together *= doubts[signal.name] if signal.counts else 1.0
    naive = np.zeros(len(batch.turns))
    np.add.at(naive, belongs, [float(hit) for turns in sessions["turns"] for hit in _naive(turns)])
    return {SCORE: 1 - together, **{name: 1 - doubt for name, doubt in sorted(doubts.items())}, NAIVE: naive}


def owning_turns(batch: Batch) -> npt.NDArray[np.int64]:
    """Return for each turn of the batch the position of the turn that evidence on it is about."""
    n, owner = len(batch.turns), batch.owner
    itself = np.arange(n, dtype=np.int64)
    is_answer = batch.has_role("assistant") & batch.dialogue.has_text
    before = np.maximum.accumulate(np.where(is_answer, itself, -1)) if n else itself
    after = np.minimum.accumulate(np.where(is_answer, itself, n)[::-1])[::-1] if n else itself
    target = np.where(batch.has_role("user"), before, np.where(batch.has_role("tool"), after, itself))
    is_known = (target >= 0) & (target < n)
    target = np.where(is_known, target, itself)
    return np.where(owner[target] == owner, target, itself)


def _evidence(signal: Signal, sessions: pd.DataFrame, first: int = 0) -> list[Evidence]:
    """Return what the signal finds where it applies; sessions that make it raise are left out, as in the pipeline."""
    batch = Batch.of(sessions)
    try:
        applies, _ = signal.applies(batch)
        return [piece._replace(session=piece.session + first) for piece in signal.find(batch) if applies[piece.session]]
    except Exception:
        if len(sessions) <= 1:
            return []
    middle = len(sessions) // 2
    halves = ((sessions.iloc[:middle], first), (sessions.iloc[middle:], first + middle))
    return [piece for half, start in halves for piece in _evidence(signal, half, start)]
