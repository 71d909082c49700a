"""The draw within one stratum of one day: who is taken, with which probability. Numbers only.

Every session of a design has one uniform hash (`versions.unit_hash(session_id, design_id)`); the smallest are taken, so
anyone can repeat the draw. Not here: who belongs to a stratum (`queue.py`), how many are taken (`design.py`).
"""

import math
from collections.abc import Mapping, Sequence

from eval_pipeline.versions import unit_hash


def take(waiting: Mapping[str, float], drawn: Sequence[tuple[float, float]], budget: int) -> dict[str, float]:
    """Return the sessions to take of a stratum, each with its inclusion probability.

    `waiting`: hash of each session that is not in the queue; `drawn`: hash and probability of each that is.

    - Nothing drawn yet: the k = min(budget, N) smallest hashes of N, each with probability k/N.
    - Drawn before, not whole: whoever was left then has a hash above the largest taken. So a session below that mark t
      has come late, and is taken, with probability t: its hash is independent of the mark, which is fixed by the others.
    - Drawn before, whole (all with probability 1): all who wait have come late. Of these L, beside n drawn,
      k = ceil(L * budget / (n + L)) are taken, the share that the budget allows of both together; at least 1 and at
      most `budget`, so a trickle that becomes a flood does not flood the queue.

    In every case a probability is that of the session's own draw given what was there before, so the sum of y/p over
    the taken is an unbiased estimate of the sum of y (Horvitz-Thompson 1952) whatever arrives when, and drawing again
    with nothing new takes nothing.
    """
    marks = [hash_ for hash_, probability in drawn if probability < 1]
    if marks:
        mark = max(marks)
        return {session: mark for session, hash_ in waiting.items() if hash_ < mark}
    n_waiting = len(waiting)
    k = min(n_waiting, math.ceil(n_waiting * budget / (len(drawn) + n_waiting))) if n_waiting else 0
    smallest = sorted(waiting, key=lambda session: (waiting[session], session))[:k]
    return dict.fromkeys(smallest, k / n_waiting) if k else {}


def doubled(taken: Sequence[str], share: float, design_id: str, *batch: str) -> set[str]:
    """Return which of the sessions just taken two people read, each with probability `share`.

    Their number is `share` of them, rounded up or down at random in proportion (by the hash of `batch`), so that small
    strata are neither always nor never doubled.
    """
    exact = share * len(taken)
    n = math.floor(exact + unit_hash("double", design_id, *batch))
    order = sorted(taken, key=lambda session: (unit_hash("double", session, design_id), session))
    return set(order[:n])
