"""What synthetic sessions say of each evaluator, judge and signal: how often it noticed, missed, or noticed wrongly.

Not here: a single finding (`expecting.py`). These shares say how a subject takes changes of known kinds; they are no
failure rates, and no estimate of its errors on traffic.
"""

from typing import NamedTuple

import pandas as pd

MOST_MISSED = 0.1
"""Share of the changes that must show from which a subject that misses them is warned of."""
MOST_WRONGLY_CHANGED = 0.05
"""Share of the verdicts that must stay from which a subject that changes them is warned of."""

SUBJECT = ["subject_kind", "subject", "subject_version"]
_MUST_SHOW = ["must_fail", "must_pass", "must_fire"]
_COUNTED = ["noticed", "missed", "wrongly_changed", "error"]


class Notice(NamedTuple):
    """Whether all subjects notice what they must, one sentence on it, and the counts of those that do not."""

    is_good: bool
    sentence: str
    worst: pd.DataFrame


def noticing(found: pd.DataFrame) -> pd.DataFrame:
    """Return one row per subject and version of `found` (rows of `synthetic_expectations`), the worst first.

    Columns: `SUBJECT`; `n_must_change` (changes that had to show), `n_missed` of these and `missed_share`; `n_must_stay`
    (verdicts that had to stay), `n_wrongly_changed` of these and `wrongly_changed_share`; `n_errors`; `worst_operator`
    (after which most of it happened, null for none). Shares are null where their n is 0. `not_applicable` counts
    nowhere.
    """
    told = found[found["outcome"].isin(_COUNTED)]
    told = told.assign(must=told["expected"].isin(_MUST_SHOW), is_bad=told["outcome"] != "noticed")
    rows = [_counted(dict(zip(SUBJECT, map(str, key), strict=True)), group) for key, group in told.groupby(SUBJECT)]
    columns = [*SUBJECT, "n_must_change", "n_missed", "missed_share", "n_must_stay", "n_wrongly_changed",
               "wrongly_changed_share", "n_errors", "worst_operator"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    shares = {"missed_share": "float64", "wrongly_changed_share": "float64"}
    frame = frame.astype(shares)
    worst = frame[list(shares)].max(axis="columns").fillna(0.0) + (frame["n_errors"] > 0)
    order = frame.assign(worst=worst).sort_values(["worst", *SUBJECT], ascending=[False, True, True, True]).index
    return frame.loc[order].reset_index(drop=True)


def evaluators_notice(found: pd.DataFrame) -> Notice:
    """Return whether no subject crashes, misses more than `MOST_MISSED` or changes more than `MOST_WRONGLY_CHANGED`."""
    told = noticing(found)
    is_bad = (
        (told["n_errors"] > 0)
        | (told["missed_share"] > MOST_MISSED)
        | (told["wrongly_changed_share"] > MOST_WRONGLY_CHANGED)
    )
    worst = told[is_bad].reset_index(drop=True)
    if not len(told):
        return Notice(True, "no synthetic session was held against an expectation", worst)
    if not len(worst):
        return Notice(True, f"{len(told)} evaluators, judges and signals noticed what they must", worst)
    return Notice(False, f"{len(worst)} of {len(told)} do not notice what they must; {_sentence(worst.iloc[0])}", worst)


def _counted(subject: dict[str, str], group: pd.DataFrame) -> dict[str, object]:
    crashed = group["outcome"] == "error"
    must, stay = group[group["must"] & ~crashed], group[~group["must"] & ~crashed]
    n_missed, n_wrong = int(must["is_bad"].sum()), int(stay["is_bad"].sum())
    by_operator = group.loc[group["is_bad"], "operator"].value_counts()
    return {
        **subject,
        "n_must_change": len(must),
        "n_missed": n_missed,
        "missed_share": n_missed / len(must) if len(must) else None,
        "n_must_stay": len(stay),
        "n_wrongly_changed": n_wrong,
        "wrongly_changed_share": n_wrong / len(stay) if len(stay) else None,
        "n_errors": int(crashed.sum()),
        "worst_operator": min(by_operator[by_operator == by_operator.max()].index) if len(by_operator) else None,
    }


def _sentence(row: pd.Series) -> str:
    name = f"{row['subject_kind']} {row['subject']}"
    if row["n_errors"]:
        return f"{name} crashed on {row['n_errors']}, most after {row['worst_operator']}"
    if row["n_missed"] and row["missed_share"] > MOST_MISSED:
        return f"{name} missed {row['n_missed']} of {row['n_must_change']}, most after {row['worst_operator']}"
    return (
        f"{name} changed {row['n_wrongly_changed']} of {row['n_must_stay']} that must stay, "
        f"most after {row['worst_operator']}"
    )
