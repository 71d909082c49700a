"""What a row of the report is about, and who may be looked at on which labels.

Not here: the figures (the modules beside this one).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from eval_pipeline.calibration.standings import Standing

SUBJECT = ["subject_kind", "subject", "subject_version"]
FROM = [*SUBJECT, "origin", "label_set"]
GROUP = [*FROM, "category", "surface"]
"""What one measurement is of: the key of a row beside its day."""

ALL = "all"
"""The `category` of a row over every label, and its `surface`; no category and no surface may have this id."""

BOTH_SETS = "all"
"""The `label_set` of a row over both sets together."""

NOT_LOOKED_AT = "not_looked_at"


def is_looked_at(of: Sequence[str], proven: Collection[Standing]) -> bool:
    """Return whether the labels of a set may be held against a subject every night. `of`: values of `FROM`.

    A judge version on held-out labels only once it is promoted: until then each look is counted, and taken by
    `judges promote` alone. Anything else always.
    """
    kind, subject, version, origin, label_set = of
    return kind != "judge" or label_set != "held_out" or (kind, subject, version, origin) in proven


def quoted(row: Mapping[str, Any], rate: str) -> str:
    """Return which column of a row is quoted for `rate` (tpr or tnr): that of the traffic where both are known there, else
    that of the labels as they stand."""
    is_weighted = row["tpr_weighted"] is not None and row["tnr_weighted"] is not None
    return f"{rate}_weighted" if is_weighted else rate
