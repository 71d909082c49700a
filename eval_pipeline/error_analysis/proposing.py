"""Which kinds of failure are proposed for the taxonomy: new or growing, unlike any category, and not decided on already.

Not here: a name for them (`suggesting.py`), where the frames come from (`gathering.py`), the test of growth (`growth.py`).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval_pipeline.calibration.estimators.rates import wilson
from eval_pipeline.error_analysis.growth import Counts, p_growth, trend
from eval_pipeline.error_analysis.kinds import (
    MIN_SESSIONS,
    Fingerprint,
    Matrix,
    Space,
    category_centres,
    fingerprint,
    grouped,
    likeness,
    space_of,
    telling_terms,
    typical,
)
from eval_pipeline.error_analysis.misfits import Evidence, sorted_out
from eval_pipeline.error_analysis.texts import ordinary_words, session_terms
from eval_pipeline.versions import content_hash

PERIOD_DAYS = 14
REFERENCE_DAYS = 42
FAR = 0.5
"""Cosine distance from which a kind is unlike every category."""

SAME_KIND = 0.5
"""Cosine of two fingerprints from which they are the same kind: what was decided, or proposed before, is known again."""

GROWING = ("new", "growing")


@dataclass(frozen=True)
class Known:
    """A kind of an earlier run. `decision` is None while nobody has decided on it."""

    proposal_id: str
    fingerprint: Fingerprint
    decision: str | None = None


@dataclass(frozen=True)
class Kind:
    """A group of misfits: the columns of `taxonomy_proposals` that are counted, none that is suggested."""

    counts: Counts
    p_value: float
    trend: str
    nearest_category: str | None
    distance: float | None
    terms: list[str]
    examples: list[str]
    fingerprint: dict[str, float]

    def columns(self) -> dict[str, Any]:
        """Return them as columns of the table, with the Wilson interval of the rate."""
        n, n_all, before = self.counts.kind_now, self.counts.all_now, self.counts.all_before
        low, high = wilson(n, n_all)
        return {
            "n_sessions": n,
            "n_population": n_all,
            "rate": n / n_all,
            "rate_low": float(low),
            "rate_high": float(high),
            "n_before": self.counts.kind_before,
            "n_population_before": before,
            "rate_before": self.counts.kind_before / before if before else None,
            "trend": self.trend,
            "p_value": self.p_value,
            "nearest_category": self.nearest_category,
            "distance": self.distance,
            "terms": self.terms,
            "examples": self.examples,
            "fingerprint": self.fingerprint,
        }


def compared_days(as_of_day: dt.date) -> list[dt.date]:
    """Return the days that are compared: those of the reference, then the period, which ends with `as_of_day`."""
    return [as_of_day - dt.timedelta(days=n) for n in reversed(range(PERIOD_DAYS + REFERENCE_DAYS))]


def first_day(as_of_day: dt.date) -> dt.date:
    """Return the first day of the period."""
    return as_of_day - dt.timedelta(days=PERIOD_DAYS - 1)


def proposed(as_of_day: dt.date, evidence: Evidence, known: Sequence[Known]) -> dict[str, Kind]:
    """Return the kinds to propose by proposal id: those of `kinds_of` that are new or growing, far from every category and
    not decided on, and those of an undecided earlier proposal, whatever their trend is by now.
    """
    found: dict[str, Kind] = {}
    for kind in kinds_of(as_of_day, evidence):
        match = recognised(kind.fingerprint, known)
        is_far = kind.distance is None or kind.distance >= FAR
        if kind.counts.kind_now < MIN_SESSIONS or (match is not None and match.decision is not None):
            continue
        if match is not None and match.proposal_id not in found:
            found[match.proposal_id] = kind
        elif match is None and is_far and kind.trend in GROWING:
            found[content_hash(["kind", as_of_day.isoformat(), kind.examples], 16)] = kind
    return found


def recognised(print_: Fingerprint, known: Sequence[Known]) -> Known | None:
    """Return the kind that this is again: decided ones first, then the most alike; None when none reaches `SAME_KIND`."""
    alike = [(each.decision is not None, likeness(print_, each.fingerprint), each.proposal_id, each) for each in known]
    alike = [each for each in alike if each[1] >= SAME_KIND]
    return max(alike, key=lambda each: each[:3])[3] if alike else None


def kinds_of(as_of_day: dt.date, evidence: Evidence) -> list[Kind]:
    """Return the kinds of misfits of the period and its reference, the largest first, whether to be proposed or not.

    What a kind looks like (terms, examples, centre) is told by its sessions that are not held out, those of the period where
    there are any: authors of judges read it. A group of held-out sessions alone tells nothing and is left out.
    """
    failed = sorted_out(evidence)
    space = _space(evidence, failed["session_id"].tolist())
    if space is None:
        return []
    is_misfit = failed["category"].isna().to_numpy()
    is_now = (failed["session_day"] >= first_day(as_of_day)).to_numpy(dtype="bool")
    is_quotable = ~failed["session_id"].isin(evidence.held_out).to_numpy(dtype="bool")
    in_period = (evidence.sessions["session_day"] >= first_day(as_of_day)).to_numpy(dtype="bool")
    centres = category_centres(space, failed["category"])
    groups = grouped(space, np.flatnonzero(is_misfit))
    kinds = []
    for group in groups:
        quotable = group[is_quotable[group]]
        if len(quotable):
            shown = quotable[is_now[quotable]]
            counts = _counts(is_now[group], is_now[is_misfit], in_period)
            kinds.append(_kind(space, shown if len(shown) else quotable, counts, centres, len(groups)))
    return kinds


def _space(evidence: Evidence, session_ids: Sequence[str]) -> Space | None:
    ordinary = ordinary_words(evidence, session_ids)
    said = [[word for word in words if word not in ordinary] for words in session_terms(evidence, session_ids)]
    return space_of(session_ids, said)


def _counts(of_kind: NDArray[np.bool_], of_misfits: NDArray[np.bool_], of_all: NDArray[np.bool_]) -> Counts:
    """Return the counts of a group; each array says of its sessions whether they are of the period."""
    pairs = [(int(each.sum()), int((~each).sum())) for each in (of_kind, of_misfits, of_all)]
    return Counts(*(count for pair in pairs for count in pair))


def _kind(
    space: Space, shown: NDArray[np.int64], counts: Counts, centres: Mapping[str, Matrix], n_compared: int
) -> Kind:
    """Return one group with its `counts`; what it looks like is told by the sessions `shown`."""
    centre = space.centre(shown)
    p_value = min(p_growth(counts) * n_compared, 1.0)
    near = {name: float(np.clip(centre @ other, 0, 1)) for name, other in centres.items()}
    nearest = max(near, key=lambda name: (near[name], name)) if near else None
    return Kind(
        counts=counts,
        p_value=p_value,
        trend=trend(counts, p_value),
        nearest_category=nearest,
        distance=1 - near[nearest] if nearest is not None else None,
        terms=telling_terms(space, shown),
        examples=typical(space, shown, centre),
        fingerprint=fingerprint(space, centre),
    )
