"""The gate: whether a judge version may count in production, decided from evidence alone. Positive is a FAILURE.

The rule is that of STATISTICS.md section 4, in this order: nothing that the judge was shown is held out; labels enough;
stable on its anchors; a look is left; then, with the look, the lower bounds of both rates over their floors and balanced
accuracy not worse than in production. What comes before the look reveals nothing of the held-out labels and costs none.
Not here: how the evidence is gathered and stored (`promoting.py`), how the figures are made (`estimators/`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from eval_pipeline.calibration.estimators.paired import Difference
from eval_pipeline.calibration.gate_policy import GatePolicy

Verdict = Literal["promoted", "refused", "not_enough_labels"]

COUNTS = ("n_true_fail", "n_missed_fail", "n_false_fail", "n_true_pass", "n_error", "n_not_applicable")
"""Fields of `Figures`: what a look counts."""

TPR = "catch rate (TPR)"
TNR = "TNR"


@dataclass(frozen=True)
class Bounded:
    """A share, its one-sided bound against which it is decided, and how many it is a share of. None: not known."""

    n: int
    value: float | None = None
    bound: float | None = None


@dataclass(frozen=True)
class Flips:
    """How often two runs on the same anchor say otherwise (`rate.bound`: its upper bound); what was neither, apart."""

    rate: Bounded
    n_sessions: int
    n_not_applicable: int = 0
    n_error: int = 0


@dataclass(frozen=True)
class Figures:
    """What one look gave away. `tpr`, `tnr`: with their lower bounds at alpha/K, of the traffic where `is_weighted`.

    `against`: the version in production that was asked about the same sessions, and `difference`: balanced accuracy new
    minus that one's; None where none is in production, or this one is.
    """

    n_true_fail: int
    n_missed_fail: int
    n_false_fail: int
    n_true_pass: int
    n_error: int
    n_not_applicable: int
    tpr: Bounded
    tnr: Bounded
    is_weighted: bool
    against: str | None = None
    difference: Difference | None = None


@dataclass(frozen=True)
class Evidence:
    """All that a decision rests on. A part that was not reached is None: later ones cost money, and the last a look.

    `leaks`: sentences, each naming a held-out session that the judge was shown. `n_fail`, `n_pass`: held-out sessions that
    people fail and pass and that count; once the judge was asked, those that it gave a pass or a fail. `n_without_verdict`:
    those that it did not, those apart of which by rule no pass counts (contested); None before it was asked.
    `unlabelled_cells`: sampling cells of the traffic without a label, in words. `figures`: what the look found.
    """

    n_fail: int
    n_pass: int
    looks_taken: int
    leaks: tuple[str, ...] = ()
    n_without_verdict: int | None = None
    unlabelled_cells: tuple[str, ...] = ()
    flips: Flips | None = None
    figures: Figures | None = None


@dataclass(frozen=True)
class Condition:
    """One demand. `holds` is None where it was not reached, or there is nothing to hold it against.

    `figure`: the point; `bound`: what is compared; `limit`: the floor, or the ceiling where `is_ceiling`. `note`: what the
    figure is of.
    """

    name: str
    holds: bool | None
    figure: float | None = None
    bound: float | None = None
    limit: float | None = None
    is_ceiling: bool = False
    note: str = ""


@dataclass(frozen=True)
class Decision:
    """The outcome, why, in one sentence, and every condition that it rests on, in order."""

    decision: Verdict
    reason: str
    conditions: tuple[Condition, ...]

    @property
    def is_promoted(self) -> bool:
        """Whether the version counts in production from now on."""
        return self.decision == "promoted"


def decide(evidence: Evidence, policy: GatePolicy) -> Decision:
    """Return the decision on `evidence`. Raises `ValueError` where nothing speaks against a look and none was taken."""
    conditions = (*_free(evidence, policy), _looks_left(evidence, policy), *_of_the_look(evidence.figures, policy))
    failed = [condition for condition in conditions if condition.holds is False]
    if failed:
        return Decision(_kind(failed[0]), _why(failed, evidence, policy), conditions)
    if evidence.figures is None:
        raise ValueError("nothing stands against a look, so the decision waits for it")
    return Decision("promoted", "every demand is met", conditions)


def is_open(evidence: Evidence, policy: GatePolicy) -> bool:
    """Return whether nothing that costs no look stands against one, as far as it is known."""
    return all(condition.holds is not False for condition in _free(evidence, policy))


def floors(tpr: Bounded, tnr: Bounded, policy: GatePolicy) -> tuple[Condition, Condition]:
    """Return whether the lower bounds reach their floors; a bound that is not known does not."""
    return _floor(TPR, tpr, policy.tpr_floor, "human-failed"), _floor(TNR, tnr, policy.tnr_floor, "human-passed")


def missing(evidence: Evidence, policy: GatePolicy) -> tuple[int, int]:
    """Return how many labels of fail and of pass are missing."""
    return max(0, policy.min_fail - evidence.n_fail), max(0, policy.min_pass - evidence.n_pass)


_LEAK, _ANSWERS, _FAILS, _PASSES, _CELLS, _FLIPS, _LOOKS, _WORSE = (
    "nothing held out was shown",
    "sessions without a pass or fail",
    "labels: human-failed",
    "labels: human-passed",
    "labels in every sampling cell",
    "flip rate on the anchors",
    "looks left at this held-out set",
    "not worse than production",
)
_OF_LABELS = {_FAILS, _PASSES, _CELLS, _LOOKS}


def _free(evidence: Evidence, policy: GatePolicy) -> Iterator[Condition]:
    """Yield the demands that are held against what reveals nothing of the held-out labels."""
    yield Condition(_LEAK, not evidence.leaks, note="; ".join(evidence.leaks))
    yield _answers(evidence, policy)
    for name, n, least in ((_FAILS, evidence.n_fail, policy.min_fail), (_PASSES, evidence.n_pass, policy.min_pass)):
        yield Condition(name, n >= least, figure=n, limit=least)
    cells = ", ".join(evidence.unlabelled_cells)
    yield Condition(_CELLS, not cells, note=f"none in {cells}" if cells else "")
    yield _stability(evidence.flips, policy)


def _looks_left(evidence: Evidence, policy: GatePolicy) -> Condition:
    left = max(0, policy.looks - evidence.looks_taken)
    return Condition(_LOOKS, evidence.figures is not None or left > 0, figure=left, note=f"of {policy.looks}")


def _answers(evidence: Evidence, policy: GatePolicy) -> Condition:
    """Return whether the judge says pass or fail of nearly all that people say it of: by silence on what is hard it would
    look good."""
    n = evidence.n_without_verdict
    if n is None:
        return Condition(_ANSWERS, None, limit=policy.most_unanswered, is_ceiling=True)
    n_all = n + evidence.n_fail + evidence.n_pass
    share = n / n_all if n_all else None
    holds = None if share is None else share <= policy.most_unanswered
    note = f"{n} of {n_all} that people pass or fail"
    return Condition(_ANSWERS, holds, share, share, policy.most_unanswered, is_ceiling=True, note=note)


def _stability(flips: Flips | None, policy: GatePolicy) -> Condition:
    if flips is None:
        return Condition(_FLIPS, None, limit=policy.most_flips, is_ceiling=True)
    rate = flips.rate
    apart = f", {flips.n_not_applicable} not applicable and {flips.n_error} errors apart"
    return Condition(
        _FLIPS,
        rate.bound is not None and rate.bound <= policy.most_flips,
        rate.value,
        rate.bound,
        policy.most_flips,
        is_ceiling=True,
        note=f"{rate.n} answers on {flips.n_sessions} sessions{apart}",
    )


def _of_the_look(found: Figures | None, policy: GatePolicy) -> Iterator[Condition]:
    if found is None:
        return
    yield from floors(found.tpr, found.tnr, policy)
    if found.difference is None:
        yield Condition(_WORSE, None, limit=-policy.most_worse, note="there is no other version in production")
        return
    low = found.difference.low
    holds = low is not None and low > -policy.most_worse
    note = f"balanced accuracy, new minus {found.against}"
    yield Condition(_WORSE, holds, found.difference.value, low, -policy.most_worse, note=note)


def _floor(name: str, rate: Bounded, limit: float, of: str) -> Condition:
    holds = rate.bound is not None and rate.bound >= limit
    return Condition(name, holds, rate.value, rate.bound, limit, note=f"of {rate.n} {of}")


def _kind(first: Condition) -> Verdict:
    return "not_enough_labels" if first.name in _OF_LABELS else "refused"


def _why(failed: list[Condition], evidence: Evidence, policy: GatePolicy) -> str:
    """Return why not, in one sentence: labels that are missing, else every demand that is not met."""
    if failed[0].name == _LEAK:
        return failed[0].note
    of_labels = [condition for condition in failed if condition.name in _OF_LABELS]
    if failed[0] in of_labels:
        return "; ".join(_what_is_missing(of_labels, evidence, policy))
    others = (_in_words(condition) for condition in failed if condition not in of_labels)
    return "; ".join([*others, *_what_is_missing(of_labels, evidence, policy)])


def _what_is_missing(failed: list[Condition], evidence: Evidence, policy: GatePolicy) -> Iterator[str]:
    names = {condition.name for condition in failed}
    n_fail, n_pass = missing(evidence, policy)
    if n_fail or n_pass:
        yield f"{n_fail} human-failed and {n_pass} human-passed held-out labels are missing"
        if evidence.n_without_verdict:
            yield f"{evidence.n_without_verdict} more got no pass or fail from the judge"
    if _CELLS in names:
        yield f"sampling cells without a label: {', '.join(evidence.unlabelled_cells)}"
    if names == {_LOOKS}:
        yield f"this held-out set was looked at {evidence.looks_taken} times and is used up: fresh labels are needed"


def _in_words(condition: Condition) -> str:
    if condition.bound is None:
        return f"{condition.name}: nothing to decide on"
    if condition.name == _ANSWERS:
        return f"{condition.name}: {condition.note}, over {condition.limit:.2%}"
    over = "over" if condition.is_ceiling else "under"
    return f"{condition.name}: the bound of {condition.bound:.2%} is {over} {condition.limit:.2%}"
