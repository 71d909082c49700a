"""What a row of the report is about, and who may be looked at on which labels.

Not here: the figures (the modules beside this one).
"""

from collections.abc import Collection, Sequence

SUBJECT = ["subject_kind", "subject", "subject_version"]
FROM = [*SUBJECT, "origin", "label_set"]
GROUP = [*FROM, "category", "surface"]
"""What one measurement is of: the key of a row beside its day."""

ALL = "all"
"""The `category` of a row over every label, and its `surface`; no category and no surface may have this id."""

BOTH_SETS = "all"
"""The `label_set` of a row over both sets together."""

NOT_LOOKED_AT = "not_looked_at"

Standing = tuple[str, str, str, str]
"""Kind, name, version and origin, as `standings.proven` has them."""


def is_looked_at(of: Sequence[str], proven: Collection[Standing]) -> bool:
    """Return whether the labels of a set may be held against a subject every night. `of`: values of `FROM`.

    A judge version on held-out labels only once it is promoted: until then each look is counted, and taken by
    `judges promote` alone. Anything else always.
    """
    kind, subject, version, origin, label_set = of
    return kind != "judge" or label_set != "held_out" or (kind, subject, version, origin) in proven
