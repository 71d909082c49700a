"""The review queue of a day: a stratified random sample of its sessions, drawn once, added to when sessions come late.

Which sessions: closed, not synthetic. A session takes part in one draw alone: the sampling frame remembers the stratum
that it stood in, drawn or not. So what signals, verdicts or budgets say later changes nobody's chance, and estimates
stay unbiased. A day's surface goes on under the design and the kind of strata that it was first drawn with.
Not here: the budgets (`design.py`), the arithmetic of a draw (`draw.py`), who reads what when (the review app).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

import pandas as pd

from eval_pipeline.failed_verdicts import failed_verdicts
from eval_pipeline.review.design import (
    BY_FLAG,
    BY_FLAG_AND_VERDICT,
    CONTESTED,
    CONTESTED_SIGNAL,
    CONTROL_STRATA,
    OUTSIDE_BUDGET,
    REPORT_SIGNAL,
    REPORTED,
    Design,
)
from eval_pipeline.review.draw import doubled, take
from eval_pipeline.signals.score import session_scores
from eval_pipeline.tables import FlaggedSessions, SamplingFrame
from eval_pipeline.versions import unit_hash


class Drawn(NamedTuple):
    """What a draw adds: rows of `flagged_sessions`, and of `sampling_frame` for all that took part. Ordered by session."""

    queue: pd.DataFrame
    frame: pd.DataFrame


def draw_queue(
    day: date,
    sessions: pd.DataFrame,
    signals: pd.DataFrame,
    existing: pd.DataFrame,
    design: Design,
    counting: Set[str],
    failing: Mapping[str, Sequence[str]] | None,
    drawn_at: datetime,
    framed: Collection[str] = (),
) -> Drawn:
    """Return the rows that the design adds to the day's queue, `existing`, and the sessions that took part in the draw.

    `sessions`: `session_id, surface, origin, is_closed` of the day. `signals`: `session_id, signal, outcome, strength`.
    `existing`: rows of `flagged_sessions` of the day. `framed`: sessions that took part in an earlier draw; neither they
    nor `existing` take part again. `counting`: signals that flag. `failing`: what fails each
    session that a verdict fails (see `failing_verdicts`), None where no verdict of the day is known.

    Write the queue before the frame: what dies between the two is drawn again the same way, as hashes do not change.

    `arm` is control where nothing points at a session (no counting signal fired, no known verdict fails it), so controls
    are a plain random sample of those; any other is flagged. `priority` is the session score (`signals/score.py`).
    Where no counting signal fired (controls, and sessions that only a verdict fails), the place is drawn at random, so
    that the order of the queue tells no reviewer which sessions are controls, and none is left for last.
    """
    fired = signals[signals["outcome"] == "fired"]
    flags = fired[fired["signal"].isin(counting)]
    contested, reported = (
        set(flags.loc[flags["signal"] == signal, "session_id"]) for signal in (CONTESTED_SIGNAL, REPORT_SIGNAL)
    )
    surfaces = _drawn_before(existing, has_verdicts=failing is not None)
    for row in _waiting(sessions, {*existing["session_id"], *framed}).to_dict("records"):
        name, origin = row["surface"], row["origin"]
        place = surfaces.setdefault((name, origin), _Surface(name, origin, design.design_id, failing is not None))
        place.waiting.append(row["session_id"])
    known = _Known(contested, reported, set(flags["session_id"]), failing or {})
    places = [place for _, place in sorted(surfaces.items())]
    drawn = [pick for place in places for pick in place.draw(day, design, known)]
    rows = _rows(day, drawn, fired, counting, known.failing, drawn_at)
    new = FlaggedSessions.validate(pd.DataFrame(rows, columns=list(FlaggedSessions.to_schema().columns)))
    frame = _frame(day, places, known, drawn_at)
    return Drawn(new.sort_values("session_id", ignore_index=True), frame.sort_values("session_id", ignore_index=True))


def _frame(day: date, places: Sequence["_Surface"], known: "_Known", drawn_at: datetime) -> pd.DataFrame:
    rows = [
        {
            "session_id": session,
            "session_day": day,
            "surface": place.name,
            "origin": place.origin,
            "stratum": place.stratum(session, known),
            "design_id": place.design_id,
            "drawn_at": pd.Timestamp(drawn_at),
        }
        for place in places
        for session in place.waiting
    ]
    return SamplingFrame.validate(pd.DataFrame(rows, columns=list(SamplingFrame.to_schema().columns)))


def _waiting(sessions: pd.DataFrame, known: Set[str]) -> pd.DataFrame:
    """Return the sessions that may be drawn: closed, not made up, and in no draw before."""
    is_closed = sessions["is_closed"].to_numpy(dtype=bool)
    is_real = (sessions["origin"] != "synthetic").to_numpy(dtype=bool)
    is_known = sessions["session_id"].isin(known).to_numpy(dtype=bool)
    return sessions.loc[is_closed & is_real & ~is_known, ["session_id", "surface", "origin"]]


class _Known(NamedTuple):
    """What is known of the day's sessions, by id."""

    contested: Set[str]
    reported: Set[str]
    flagged: Set[str]
    failing: Mapping[str, Sequence[str]]


class _Pick(NamedTuple):
    """One session that was drawn."""

    session_id: str
    surface: str
    origin: str
    stratum: str
    probability: float
    design_id: str
    is_double: bool


@dataclass
class _Surface:
    """One surface's sessions of one origin: the design it goes by, what it drew before, and who waits."""

    name: str
    origin: str
    design_id: str
    is_by_verdict: bool
    drawn: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)

    def draw(self, day: date, design: Design, known: _Known) -> Iterator[_Pick]:
        """Yield what is drawn, stratum by stratum."""
        plan = design.plan(self.name)
        strata: dict[str, dict[str, float]] = {}
        for session in self.waiting:
            strata.setdefault(self.stratum(session, known), {})[session] = unit_hash(session, self.design_id)
        for stratum, hashes in sorted(strata.items()):
            before = self.drawn.get(stratum, [])
            taken = take(hashes, before, plan.budget(stratum))
            batch = (day.isoformat(), self.name, self.origin, stratum, str(len(before)))
            double = doubled(list(taken), plan.double_review_share, self.design_id, *batch)
            for session, probability in sorted(taken.items()):
                yield _Pick(session, self.name, self.origin, stratum, probability, self.design_id, session in double)

    def stratum(self, session: str, known: _Known) -> str:
        """Return the stratum that a session stands in by what is known now."""
        if session in known.contested:
            return CONTESTED
        if session in known.reported:
            return REPORTED
        is_flagged, is_failing = session in known.flagged, session in known.failing
        return BY_FLAG_AND_VERDICT[is_flagged + 2 * is_failing] if self.is_by_verdict else BY_FLAG[is_flagged]


def _drawn_before(existing: pd.DataFrame, has_verdicts: bool) -> dict[tuple[str, str], _Surface]:
    """Return the surfaces that have been drawn before, each with the design and the kind of strata of its first draw."""
    by_draw = existing[existing["arm"].isin(["flagged", "control"])].sort_values(["drawn_at", "session_id"])
    surfaces: dict[tuple[str, str], _Surface] = {}
    for row in by_draw.to_dict("records"):
        name, origin, stratum, session = row["surface"], row["origin"], row["stratum"], row["session_id"]
        place = surfaces.setdefault((name, origin), _Surface(name, origin, row["design_id"], has_verdicts))
        if row["design_id"] == place.design_id:
            if stratum not in OUTSIDE_BUDGET:
                place.is_by_verdict = stratum in BY_FLAG_AND_VERDICT
            drawn = (unit_hash(session, place.design_id), row["inclusion_probability"])
            place.drawn.setdefault(stratum, []).append(drawn)
    return surfaces


def _rows(
    day: date,
    drawn: list[_Pick],
    fired: pd.DataFrame,
    counting: Set[str],
    failing: Mapping[str, Sequence[str]],
    drawn_at: datetime,
) -> list[dict[str, Any]]:
    ids = [pick.session_id for pick in drawn]
    mine = fired[fired["session_id"].isin(ids)].sort_values(["strength", "signal"], ascending=[False, True])
    reasons: dict[str, list[str]] = {}
    for session_id, signal in mine[["session_id", "signal"]].itertuples(index=False):
        reasons.setdefault(session_id, []).append(signal)
    scores = session_scores(mine[mine["signal"].isin(counting)], counting).to_dict()
    return [
        {
            "session_id": pick.session_id,
            "session_day": day,
            "surface": pick.surface,
            "arm": "control" if pick.stratum in CONTROL_STRATA else "flagged",
            "stratum": pick.stratum,
            "reasons": [*reasons.get(pick.session_id, []), *failing.get(pick.session_id, [])],
            "priority": _priority(pick, scores.get(pick.session_id)),
            "inclusion_probability": pick.probability,
            "design_id": pick.design_id,
            "drawn_at": pd.Timestamp(drawn_at),
            "is_double_review": pick.is_double,
            "origin": pick.origin,
        }
        for pick in drawn
    ]


def _priority(pick: _Pick, score: float | None) -> float:
    return unit_hash("place", pick.session_id, pick.design_id) if score is None else score


def failing_verdicts(evaluators: pd.DataFrame, judges: pd.DataFrame) -> dict[str, list[str]] | None:
    """Return what fails each session that any verdict fails: `evaluator:NAME` and `judge:NAME`, in order.

    `evaluators`: `session_id, evaluator, verdict`; `judges`: `session_id, judge, verdict`. None when there is no verdict
    at all.
    """
    if evaluators.empty and judges.empty:
        return None
    found: dict[str, set[str]] = {}
    for session_id, name in failed_verdicts(evaluators, judges)[["session_id", "failed"]].itertuples(index=False):
        found.setdefault(session_id, set()).add(name)
    return {session_id: sorted(names) for session_id, names in found.items()}
