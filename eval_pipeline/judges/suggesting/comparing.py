"""A candidate beside the judge in use, on the same calibration sessions: what it would be to decide on a whim.

Iterating on calibration labels flatters the candidate: it was made of them. So nothing here promotes; that is measured on
held-out labels (`judges promote`). Not here: the candidate (`candidate_file.py`).
"""

from dataclasses import dataclass

import pandas as pd

from eval_pipeline.calibration.estimators.paired import Difference, PairedCounts, balanced_difference
from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE, rate
from eval_pipeline.judges.definition import Judge

ALPHA = 0.05

COMPARED_COLUMNS = ["version", "rate", "n", "right", "value", "low", "high", "not_counted"]


@dataclass(frozen=True)
class Comparison:
    """`rates`: one row per version and class (`COMPARED_COLUMNS`); value, low, high: share with its 95 % Wilson interval,
    null under `MIN_FOR_RATE` labels; `not_counted`: labels of the class without a pass or fail of this version.

    `fails`, `passes`: sessions that people fail, or pass, by which version is right; of sessions alone that both gave
    a pass or fail. `difference`: new less old balanced accuracy on those, with its one-sided 95 % lower bound; both
    None where a class has fewer than `MIN_FOR_RATE`.
    """

    rates: pd.DataFrame
    fails: PairedCounts
    passes: PairedCounts
    difference: Difference


def unquoted(labels: pd.DataFrame, old: Judge, new: Judge) -> pd.DataFrame:
    """Return the rows of `labels` (session_id, label) that neither version is told as an example."""
    told = old.example_sessions | new.example_sessions
    return labels[~labels["session_id"].isin(told)].reset_index(drop=True)


def compare(labels: pd.DataFrame, old: pd.DataFrame, new: pd.DataFrame) -> Comparison:
    """Return how two versions do on `labels` (session_id, label; of `unquoted`), both on the same sessions.

    `old`, `new`: rows of `judge_verdicts` of one version each; the first repeat counts.
    """
    beside = labels.assign(old=_first(labels, old), new=_first(labels, new))
    both = beside[beside["old"].isin(["pass", "fail"]) & beside["new"].isin(["pass", "fail"])]
    fails, passes = (_paired(both[both["label"] == word]) for word in ("fail", "pass"))
    is_enough = min(fails.n, passes.n) >= MIN_FOR_RATE
    rows = [_row(beside, version, word) for version in ("old", "new") for word in ("fail", "pass")]
    return Comparison(
        rates=pd.DataFrame(rows, columns=COMPARED_COLUMNS),
        fails=fails,
        passes=passes,
        difference=balanced_difference(fails, passes, ALPHA) if is_enough else Difference(None, None),
    )


def _first(labels: pd.DataFrame, verdicts: pd.DataFrame) -> pd.Series:
    first = verdicts[verdicts["repeat"] == 0].drop_duplicates("session_id").set_index("session_id")["verdict"]
    return labels["session_id"].map(first)


def _paired(both: pd.DataFrame) -> PairedCounts:
    old, new = both["old"] == both["label"], both["new"] == both["label"]
    return PairedCounts(
        both_right=int((old & new).sum()),
        only_new=int((new & ~old).sum()),
        only_old=int((old & ~new).sum()),
        both_wrong=int((~old & ~new).sum()),
    )


def _row(beside: pd.DataFrame, version: str, word: str) -> dict[str, object]:
    said = beside.loc[beside["label"] == word, version]
    n, right = int(said.isin(["pass", "fail"]).sum()), int((said == word).sum())
    found = rate(right, n, MIN_FOR_RATE)
    name = "catch rate (TPR)" if word == "fail" else "TNR"
    return {
        "version": version,
        "rate": name,
        "n": n,
        "right": right,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "not_counted": len(said) - n,
    }
