"""How far people agree on a question, and the ceiling that this puts on whoever is measured against their labels.

A pair is a session that two people answered blind, of more the two who answered first; who is unsure agrees with nobody
and makes no pair. Not here: the coefficients (`estimators/`), each reviewer by himself (`reviewers.py`).
"""

from functools import lru_cache

import pandas as pd

from eval_pipeline.calibration.estimators.agreement import Agreement, Coefficient, Pairs, agreement, count_pairs
from eval_pipeline.calibration.estimators.alpha import krippendorff_alpha
from eval_pipeline.calibration.estimators.ceiling import ceiling
from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE

_ENDS = ("", "_low", "_high")
PAIR_RATES = [
    *(f"human_agreement{end}" for end in _ENDS),
    "human_failing_share",
    *(f"{name}{end}" for name in ("kappa", "ac1") for end in _ENDS),
]
CEILINGS = ["ceiling_agreement", "ceiling_tpr", "ceiling_tnr"]
HUMAN_RATES = [*PAIR_RATES, *(f"alpha{end}" for end in _ENDS), *CEILINGS]
HUMAN_COLUMNS = ["n_double", *HUMAN_RATES]
SESSION = "session"
_DECIMALS = 6

Figures = tuple[float | None, ...]


def agreement_on(readings: pd.DataFrame) -> pd.DataFrame:
    """Return `HUMAN_COLUMNS` by `origin` and `target` of `readings` (`stored.READING_COLUMNS`).

    Under `MIN_FOR_RATE` pairs there is their number alone. The ceiling is what a faultless judge would show against such
    labels (`estimators/ceiling.py`).
    """
    first = first_answers(readings)
    rows = []
    for (origin, target), group in first.groupby(["origin", "target"]):
        pairs = _first_pairs(group)
        rows.append((origin, target, pairs.n, *pair_figures(pairs, True), *_alpha(group, pairs), *_ceiling(pairs)))
    return pd.DataFrame(rows, columns=["origin", "target", *HUMAN_COLUMNS])


def first_answers(readings: pd.DataFrame) -> pd.DataFrame:
    """Return each person's own first reading of each session and target, in the order in which they were given."""
    is_own = ~(readings["is_repeat"] | readings["is_lead"]).astype("bool")
    return readings[is_own].sort_values(["session_id", "target", "first_at", "reviewer"], ignore_index=True)


def beside(frame: pd.DataFrame, readings: pd.DataFrame) -> pd.DataFrame:
    """Return `HUMAN_COLUMNS` for each row of `frame` (`subject_kind, subject, origin`), its index kept.

    Of the subject's own question (`judge:NAME`) where there are `MIN_FOR_RATE` pairs on it, else of the session's answer.
    """
    known = agreement_on(readings).set_index(["origin", "target"])
    enough = known[known["n_double"] >= MIN_FOR_RATE].index
    own = list(zip(frame["origin"], frame["subject_kind"] + ":" + frame["subject"], strict=True))
    asked = [key if key in enough else (key[0], SESSION) for key in own]
    found = known.reindex(pd.MultiIndex.from_tuples(asked, names=known.index.names)).set_axis(frame.index)
    return found.assign(n_double=found["n_double"].fillna(0))


@lru_cache(maxsize=4096)
def pair_figures(pairs: Pairs, are_of_many: bool) -> Figures:
    """Return `PAIR_RATES` of `pairs`: raw agreement, failing share, kappa and AC1, each with its interval."""
    found: Agreement = agreement(pairs, are_of_many)
    raw = (found.raw.value, found.raw.low, found.raw.high)
    return (*raw, found.failing_share, *_ends(found.kappa), *_ends(found.ac1))


def _first_pairs(group: pd.DataFrame) -> Pairs:
    place = group.groupby("session_id").cumcount()
    one, two = (group[place == number].set_index("session_id")["answer"] for number in (0, 1))
    both = pd.concat([one.rename("one"), two.rename("two")], axis="columns", join="inner")
    is_sure = both.isin(["pass", "fail"]).all(axis="columns")
    return count_pairs(both[is_sure].itertuples(index=False, name=None))


def _alpha(group: pd.DataFrame, pairs: Pairs) -> Figures:
    if pairs.n < MIN_FOR_RATE:
        return (None,) * 3
    answers = group.loc[group["answer"].isin(["pass", "fail"]), ["session_id", "reviewer", "answer"]]
    return _ends(krippendorff_alpha(answers.set_axis(["unit", "rater", "value"], axis="columns")))


def _ceiling(pairs: Pairs) -> Figures:
    found = ceiling(pairs)
    return found.agreement, found.tpr, found.tnr


def _ends(found: Coefficient) -> Figures:
    ends = (found.value, found.low, found.high)
    return tuple(None if end is None else round(end, _DECIMALS) for end in ends)
