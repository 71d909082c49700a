"""Whether each judge still agrees with people, on labels fresher than those it was measured on.

Only settled blind labels of the held-out set count, fresh and older alike: a label given after the judge's word was
shown echoes it, and a judge is tuned on the calibration set and agrees with it too well. Labels count as they were
drawn, without weights: the agreement is that of the queue, which over-samples failures, so a change of the sampling
design between the two periods can look like a drift. Sessions are fresh or old by their own day, so a label on an old session says nothing about today.
Not here: flip rates on fixed sessions, which of judge, product and traffic moved.
"""

import datetime as dt
from collections.abc import Iterator
from math import sqrt
from typing import Any

import pandas as pd

from eval_pipeline.calibration.estimators.rates import Rate, rate
from eval_pipeline.calibration.report import SUBJECT, compared, without_labels
from eval_pipeline.tables import AlignmentChecks

FRESH_DAYS = 28
MIN_LABELS = 20
"""Under this many labels, fresh or in the baseline, nothing is concluded."""

ALARM_Z = 2.5
"""About one false alarm per judge in ten years of weekly checks."""


def fall_z(x_before: int, n_before: int, x_now: int, n_now: int) -> float:
    """Return z of the fall of a share from x_before/n_before to x_now/n_now; positive is a fall.

    z = (a0 - a) / sqrt(pool (1 - pool) (1/n0 + 1/n)), pool = (x0 + x) / (n0 + n): the pooled
    two-sample test of proportions. It is 0 when all agree or none does. Both n must be positive.
    """
    pool = (x_before + x_now) / (n_before + n_now)
    spread = sqrt(pool * (1 - pool) * (1 / n_before + 1 / n_now))
    return (x_before / n_before - x_now / n_now) / spread if spread else 0.0


def check_alignment(as_of_day: dt.date, labels: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `alignment_checks` for `as_of_day`: one per judge, version and origin.

    `labels`: rows of `human_labels`. `predictions`: see `predictions.py`; subjects that are no judges are left out.
    An error or `not_applicable` is neither agreement nor disagreement. A judge without labels is `unmeasured`.
    """
    judges = predictions[predictions["subject_kind"] == "judge"]
    pairs = compared(as_of_day, labels, judges)
    is_counted = pairs["is_blind"] & (pairs["label_set"] == "held_out") & pairs["prediction"].isin(["pass", "fail"])
    pairs = pairs[is_counted]
    first_fresh_day = as_of_day - dt.timedelta(days=FRESH_DAYS - 1)
    rows = [
        {"as_of_day": as_of_day, **key, **_finding(key["judge"], *_split(group, first_fresh_day))}
        for key, group in _groups(pairs, without_labels(pairs, labels, judges))
    ]
    frame = pd.DataFrame(rows, columns=list(AlignmentChecks.to_schema().columns))
    key_columns = list(AlignmentChecks.primary_key())
    return AlignmentChecks.validate(frame.sort_values(key_columns, ignore_index=True))


def _groups(pairs: pd.DataFrame, unlabelled: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    for (_, judge, version, origin), group in pairs.groupby([*SUBJECT, "origin"]):
        yield {"judge": judge, "judge_version": version, "origin": origin}, group
    for row in unlabelled.to_dict("records"):
        key = {"judge": row["subject"], "judge_version": row["subject_version"], "origin": row["origin"]}
        yield key, pairs.iloc[:0]


def _split(group: pd.DataFrame, first_fresh_day: dt.date) -> tuple[Rate, int, Rate, int]:
    """Return agreement and agreeing labels, fresh and in the baseline."""
    agrees = group["label"] == group["prediction"]
    is_fresh = group["session_day"] >= first_fresh_day
    fresh = agrees[is_fresh]
    baseline = agrees[~is_fresh]
    n_agree, n_agree_before = int(fresh.sum()), int(baseline.sum())
    return rate(n_agree, len(fresh)), n_agree, rate(n_agree_before, len(baseline)), n_agree_before


def _finding(judge: str, fresh: Rate, n_agree: int, baseline: Rate, n_agree_before: int) -> dict[str, Any]:
    is_measured = min(fresh.n, baseline.n) >= MIN_LABELS
    z = fall_z(n_agree_before, baseline.n, n_agree, fresh.n) if is_measured else None
    status = "unmeasured" if z is None else "drifted" if z > ALARM_Z else "aligned"
    now = f"{judge} agrees with people on {_words(n_agree, fresh)} fresh blind held-out labels"
    before = f"on {_words(n_agree_before, baseline)} older ones"
    verdict = {
        "unmeasured": f"too few to say whether it drifted ({MIN_LABELS} of each are needed)",
        "aligned": f"z = {z or 0:.1f}, no drift",
        "drifted": f"z = {z or 0:.1f}, it has drifted: look at its disagreements before trusting it",
    }[status]
    return {
        "n_fresh_labels": fresh.n,
        "n_agree": n_agree,
        "agreement": fresh.value,
        "agreement_low": fresh.low,
        "agreement_high": fresh.high,
        "n_baseline_labels": baseline.n,
        "baseline_agreement": baseline.value,
        "z": z,
        "status": status,
        "sentence": f"{now} and {before}: {verdict}.",
    }


def _words(n_agree: int, agreement: Rate) -> str:
    if agreement.value is None or agreement.low is None or agreement.high is None:
        return "0 of 0"
    interval = f"{agreement.low:.0%} to {agreement.high:.0%}"
    return f"{n_agree} of {agreement.n} ({agreement.value:.0%}, 95 % interval {interval})"
