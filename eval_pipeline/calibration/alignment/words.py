"""The finding of an alignment check in one plain sentence.

Not here: what is found (`check.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval_pipeline.calibration.alignment.anchored import AnchorChange
from eval_pipeline.calibration.alignment.evidence import Subject
from eval_pipeline.calibration.alignment.fresh import MIN_LABELS, WINDOW_DAYS, Agreement
from eval_pipeline.calibration.alignment.health import MOST_ERRORS, MOST_OFF_VOCABULARY, STALE_DAYS, Asked
from eval_pipeline.calibration.alignment.mix import MixChange
from eval_pipeline.calibration.alignment.people import LabelChange
from eval_pipeline.calibration.estimators.rates import Rate


@dataclass(frozen=True)
class Found:
    """What a check found of one subject."""

    status: str
    agreed: Agreement
    anchors: AnchorChange
    labels: LabelChange
    mix: MixChange
    new_models: Sequence[str]
    asked: Asked
    age: int | None
    n_anchors: int


def sentence(subject: Subject, found: Found, moved: Mapping[str, str]) -> str:
    """Return what was found; `moved` are the columns `judge_moved`, `product_moved` and `traffic_moved`."""
    if subject.baseline is None:
        parts = [
            f"{subject.name} {subject.version} is unproven ({subject.note or 'this version was never promoted'}), so there is "
            "no baseline to hold it against and it enters no headline rate: "
            f"`eval-pipeline judges promote {subject.name} --origin {subject.origin}` measures it"
        ]
    else:
        parts = [_agreement(subject, found)]
    parts += _moves(subject, found, moved)
    return "; ".join([*parts, *_warnings(found)]) + "."


def _agreement(subject: Subject, found: Found) -> str:
    agreed = found.agreed
    if subject.baseline is not None and subject.baseline.since is None:
        return f"{subject.name} has {agreed.baseline.n} labels so far of those that later ones are to be held against"
    then = "at its promotion" if subject.kind == "judge" else "on its first ones"
    told = (
        f"{subject.name} agrees with people on {_share(agreed.n_agree, agreed.now)} fresh labels, {then} on "
        f"{_share(agreed.n_baseline_agree, agreed.baseline)}"
    )
    return told + {
        "unmeasured": f": unmeasured, as {agreed.n_recent} fresh labels in {WINDOW_DAYS} days or {agreed.baseline.n} before "
        f"are too few ({MIN_LABELS} of each are needed)",
        "aligned": f": no drift (z = {agreed.z or 0:.1f})",
        "drifted": f": it has drifted (z = {agreed.z or 0:.1f}), look at its disagreements before trusting it",
    }.get(found.status, "")


def _moves(subject: Subject, found: Found, moved: Mapping[str, str]) -> list[str]:
    """Return what moved, then what did not, then what is not known."""
    said = {
        "judge_moved": f"the judge moved: it says otherwise of its anchors than at its promotion (z = {found.anchors.z or 0:.1f})",
        "product_moved": f"the product moved: people fail {found.labels.now or 0:.0%} of the traffic instead of "
        f"{found.labels.before or 0:.0%} (z = {found.labels.z or 0:.1f})",
        "traffic_moved": f"the traffic moved: {found.mix.moved_share or 0:.0%} of the sessions are of another "
        f"{found.mix.dimension} (z = {found.mix.z or 0:.1f})",
    }
    names = {"judge_moved": "the judge", "product_moved": "the product", "traffic_moved": "the traffic"}
    if subject.kind == "classifier":
        del names["judge_moved"]
    parts = [said[name] for name in names if moved[name] == "yes"]
    if still := [words for name, words in names.items() if moved[name] == "no"]:
        parts.append(f"{' and '.join(still)} did not move")
    if unknown := [words for name, words in names.items() if moved[name] == "unknown"]:
        parts.append(f"whether {' or '.join(unknown)} moved is not known{_why_unknown(found, moved)}")
    return parts


def _why_unknown(found: Found, moved: Mapping[str, str]) -> str:
    if moved["judge_moved"] != "unknown" or found.n_anchors:
        return ""
    return " (its anchors were not asked: no endpoint, no money, or not the version that is in production)"


def _warnings(found: Found) -> list[str]:
    errors, off = found.asked.error_share or 0.0, found.asked.off_vocabulary_share or 0.0
    parts = []
    if found.new_models:
        parts.append(f"a product model that is new answers: {', '.join(found.new_models)}")
    if errors > MOST_ERRORS or off > MOST_OFF_VOCABULARY:
        parts.append(f"of {found.asked.n} verdicts {errors:.1%} are errors and {off:.1%} named no verdict")
    if found.age is not None and found.age > STALE_DAYS:
        parts.append(f"its labels are stale, {found.age} days old")
    return parts


def _share(n_agree: int, agreement: Rate) -> str:
    if agreement.value is None or agreement.low is None or agreement.high is None:
        return "0 of 0"
    interval = f"{agreement.low:.0%} to {agreement.high:.0%}"
    return f"{n_agree} of {agreement.n} ({agreement.value:.0%}, 95 % interval {interval})"
