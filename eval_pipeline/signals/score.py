"""The session score: one number per session, by which the review queue is ordered.

Score = 1 - prod(1 - strength) over the counting signals that fired, 0 where none did: the noisy-or that also combines
the pieces of one signal (`contract.combined_strength`).

Why noisy-or. A strength is a judgement, made beforehand, of how probable a failure is given that evidence alone. If
each piece had its own way to be right, the chance that none is right would be prod(1 - s). So one strong piece is
enough, every further piece adds, quiet signals take nothing away, order does not matter, and there is nothing to fit:
no weight was learned from any label, so that any labelled file can be used to measure it.

Its weakness. Evidence is not independent: a customer who repeats himself is often also annoyed, and both stem from one
bad answer. Dependent evidence is counted twice, so that scores crowd towards 1 and sessions with many signals are hard
to tell apart. Hence the number is an order, not a probability of failure; what share of sessions at a score failed is
for labels to say. Not here: how well it orders (`calibration/estimators/auc.py`, `benchmarks/`), who is drawn (`review/`).
"""

from collections.abc import Set

import pandas as pd

DECIMALS = 9
"""Scores are rounded as `combined_strength` rounds, so that they do not depend on the order of the signals."""


def session_scores(signals: pd.DataFrame, counting: Set[str]) -> "pd.Series[float]":
    """Return the score in [0, 1] of each session that has a row in `signals`, by session id in order.

    `signals`: `session_id, signal, outcome, strength`, rows of `session_signals`. `counting`: names of the signals that
    count; others, and those that are quiet or do not apply, change nothing. Equal to `combined_strength` of the
    strengths that count. Monotone: a stronger or a further signal never lowers it.
    """
    is_counted = (signals["outcome"] == "fired") & signals["signal"].isin(counting)
    strength = signals["strength"].where(is_counted, 0.0).astype("float64")
    rows = pd.DataFrame({"session_id": signals["session_id"], "strength": strength, "doubt": 1.0 - strength})
    by_session = rows.sort_values(["session_id", "strength"]).groupby("session_id")
    strongest, together = by_session["strength"].max(), 1.0 - by_session["doubt"].prod()
    # Rounding in the product may fall a hair short of the strongest piece.
    return together.where(together > strongest, strongest).round(DECIMALS).rename("score")
