"""Simulated traffic with a known truth, and the labels that our own review queue takes of it.

A session fails or not; a counting signal may fire, the judge and some other check may fail it. Given whether it fails,
the judge's chance of an error depends on whether a signal fired, so that pooled labels flatter it; the truth of every rate
is known: of the product in closed form, of the traffic by counting it. The queue is drawn by `draw_queue`, day by day and twice a day, as sessions come late; people answer
without error, in the label set of the session's user, and to the question that `asked_judge` picks. Not here: the rates
that are made of it (`drawn.py`).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from eval_pipeline.judges.definition import Judge
from eval_pipeline.review.design import Design
from eval_pipeline.review.queue import draw_queue
from eval_pipeline.review.words.blind_question import asked_judge
from eval_pipeline.tables import FlaggedSessions

FIRST_DAY = dt.date(2026, 3, 2)
COUNTING = {"tool_error"}
LATE_SHARE = 0.1
"""Of the sessions of a day, those that come after its first draw."""


@dataclass(frozen=True)
class Product:
    """Chances, per session. Pairs are (where no signal fired, where one did)."""

    failing: float = 0.10
    fires_on_failure: float = 0.45
    fires_on_good: float = 0.05
    catches: tuple[float, float] = (0.65, 0.90)
    passes: tuple[float, float] = (0.97, 0.90)
    other_fails_failure: float = 0.20
    other_fails_good: float = 0.02

    @property
    def tpr(self) -> float:
        """The judge's true catch rate: over the failures that no signal fired on, and those that one did."""
        fires = self.fires_on_failure
        return (1 - fires) * self.catches[0] + fires * self.catches[1]

    @property
    def tnr(self) -> float:
        """The judge's true share of good sessions that it passes."""
        fires = self.fires_on_good
        return (1 - fires) * self.passes[0] + fires * self.passes[1]

    @property
    def precision(self) -> float:
        """Share of failures among all that the judge fails."""
        caught = self.failing * self.tpr
        return caught / (caught + (1 - self.failing) * (1 - self.tnr))


def sessions_of_a_day(
    product: Product, replicates: int, size: int, day: dt.date, rng: np.random.Generator
) -> pd.DataFrame:
    """Return `size` sessions of `day` for each replicate, every replicate a surface of its own.

    Columns: `session_id, surface, origin, is_closed, user_id, is_late`, and `fails, fired, judge_fails, other_fails`.
    """
    n = replicates * size
    fails = rng.random(n) < product.failing
    fired = rng.random(n) < np.where(fails, product.fires_on_failure, product.fires_on_good)
    catches, passes = (np.array(pair)[fired.astype(int)] for pair in (product.catches, product.passes))
    other = np.where(fails, product.other_fails_failure, product.other_fails_good)
    numbers = np.arange(n)
    return pd.DataFrame(
        {
            "session_id": [f"{day:%m%d}-{number}" for number in numbers],
            "surface": [f"r{number // size:05}" for number in numbers],
            "origin": "production",
            "is_closed": True,
            "user_id": [f"u{day:%m%d}-{number // 2}" for number in numbers],
            "is_late": rng.random(n) < LATE_SHARE,
            "fails": fails,
            "fired": fired,
            "judge_fails": rng.random(n) < np.where(fails, catches, 1 - passes),
            "other_fails": rng.random(n) < other,
        }
    )


def queue_of_a_day(sessions: pd.DataFrame, design: Design, day: dt.date) -> pd.DataFrame:
    """Return what the design draws of a day in two draws, before and after the late sessions: rows of `sessions` with
    `arm, stratum, inclusion_probability` of the queue."""
    fired = sessions.loc[sessions["fired"], ["session_id"]].assign(signal="tool_error", outcome="fired", strength=0.5)
    failed = sessions.loc[sessions["judge_fails"] | sessions["other_fails"], "session_id"]
    failing = dict.fromkeys(failed, ("judge:refund",))
    night = dt.datetime.combine(day, dt.time(2), dt.UTC) + dt.timedelta(days=1)
    queue = FlaggedSessions.empty()
    framed: set[str] = set()
    for nth, there in enumerate((sessions[~sessions["is_late"]], sessions)):
        drawn_at = night + dt.timedelta(days=nth)
        new, frame = draw_queue(day, there, fired, queue, design, COUNTING, failing, drawn_at, framed)
        queue = pd.concat([part for part in (queue, new) if len(part)], ignore_index=True)
        framed |= set(frame["session_id"])
    columns = ["session_id", "arm", "stratum", "inclusion_probability"]
    return queue[columns].merge(sessions, on="session_id", validate="one_to_one")


def drawn_traffic(
    product: Product, design: Design, replicates: int, days: int, size: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what the design draws in `days` days of `size` sessions of each replicate (see `queue_of_a_day`), and of all of
    the traffic, a row a replicate, how many sessions `fails, fired, both`."""
    drawn, traffic = [], []
    for nth in range(days):
        day = FIRST_DAY + dt.timedelta(days=nth)
        sessions = sessions_of_a_day(product, replicates, size, day, rng)
        drawn.append(queue_of_a_day(sessions, design, day))
        counted = sessions[["fails", "fired"]].assign(both=sessions["fails"] & sessions["fired"])
        traffic.append(counted.groupby(sessions["surface"]).sum())
    return pd.concat(drawn, ignore_index=True), sum(traffic[1:], traffic[0])


def is_asked(session_ids: "pd.Series[str]", judges: Sequence[Judge]) -> np.ndarray:
    """Return for each session whether its blind question is that of the first of `judges`."""
    return np.array([asked_judge(session, judges) is judges[0] for session in session_ids], dtype=bool)
