"""What stands beside the counts of a row over all labels: how far people agree, how steady the subject is, its confusions.

Not here: the counts (`counted.py`), the rates of the traffic (`calibration/traffic.py`).
"""

from collections.abc import Mapping
from functools import reduce

import pandas as pd

from eval_pipeline.calibration.reports.people import HUMAN_COLUMNS, HUMAN_RATES, beside
from eval_pipeline.calibration.reports.repeats import FLIP_COUNTS, FLIP_RATES, flips_of
from eval_pipeline.calibration.reports.reviewers import repeats_of, reviewer_agreement
from eval_pipeline.calibration.reports.rows import ALL, FROM, SUBJECT

_OF_SUBJECT = [*SUBJECT, "origin"]


def with_context(
    frame: pd.DataFrame, repeats: pd.DataFrame | None, readings: pd.DataFrame | None, confusions: pd.DataFrame
) -> pd.DataFrame:
    """Return `frame` (rows of the report) with `HUMAN_COLUMNS`, the flip columns and `confusion` in its rows over all labels.

    `repeats`: what judges said of the same sessions again (`repeats.REPEAT_COLUMNS`). `readings`: people's answers
    (`stored.READING_COLUMNS`). Null in the other rows, and where either is None. `confusions`: of `classification.py`.
    """
    is_whole = (frame["category"] == ALL) & (frame["surface"] == ALL)
    whole = frame.loc[is_whole, FROM]
    parts = [whole.merge(confusions, on=FROM, how="left", validate="one_to_one").set_axis(whole.index)[["confusion"]]]
    again = [repeats] if repeats is not None else []
    if readings is not None:
        parts.append(_people(whole, readings))
        again.append(repeats_of(readings))
    if again:
        steadiness = flips_of(pd.concat(again, ignore_index=True))
        parts.append(whole.merge(steadiness, on=_OF_SUBJECT, how="left").set_axis(whole.index).drop(columns=FROM))
    joined = reduce(lambda left, right: left.join(right), parts, frame)
    types = dict.fromkeys([*HUMAN_RATES, *FLIP_RATES], "float64") | dict.fromkeys(["n_double", *FLIP_COUNTS], "Int64")
    joined = joined.reindex(columns=pd.Index([*frame, "confusion", *types])).astype(types)
    return joined.assign(confusion=joined["confusion"].astype("object").where(joined["confusion"].notna(), None))


def with_held_out_version(frame: pd.DataFrame, versions: Mapping[tuple[str, str], int]) -> pd.DataFrame:
    """Return `frame` with `held_out_version`: which held-out set of its target a judge's row is of; null for others.

    `versions`: by target and origin; the first where nothing is said.
    """
    is_of_judge = (frame["subject_kind"] == "judge") & (frame["label_set"] == "held_out")
    keys = zip("judge:" + frame["subject"], frame["origin"], strict=True)
    numbers = pd.Series([versions.get(key, 1) for key in keys], index=frame.index, dtype="Int64")
    return frame.assign(held_out_version=numbers.where(is_of_judge))


def _people(whole: pd.DataFrame, readings: pd.DataFrame) -> pd.DataFrame:
    """Return `HUMAN_COLUMNS` for each of `whole`: of a reviewer his own, of the others those of their question."""
    is_reviewer = whole["subject_kind"] == "reviewer"
    own = whole[is_reviewer].merge(reviewer_agreement(readings), on=_OF_SUBJECT, how="left")
    own = own.set_axis(whole.index[is_reviewer]).reindex(columns=pd.Index(HUMAN_COLUMNS))
    own = own.assign(n_double=own["n_double"].fillna(0))
    parts = [own.astype("float64"), beside(whole[~is_reviewer], readings).astype("float64")]
    return pd.concat(parts).reindex(whole.index)
