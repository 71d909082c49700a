"""Each reviewer as one who predicts: his blind first answer to a session, held against what the others settled on.

What the others settled on is the label that there would be without him: a lead's decision if there is one, else the one
answer of those who are sure. Only sessions count that two people or more read blind. Positive is a FAILURE.
Not here: how far people agree as a whole (`people.py`), how steady each is (`repeats.py` on `repeats_of`).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import pandas as pd

from eval_pipeline.calibration.estimators.agreement import count_pairs
from eval_pipeline.calibration.reports.people import PAIR_RATES, SESSION, first_answers, pair_figures
from eval_pipeline.calibration.reports.repeats import REPEAT_COLUMNS
from eval_pipeline.calibration.reports.rows import ALL, BOTH_SETS, SUBJECT
from eval_pipeline.review.labels import adjudicate

NO_VERSION = "none"
"""The version of a person."""

PAIR_COLUMNS = [*SUBJECT, "origin", "label_set", "category", "session_id", "target", "label", "prediction"]
_WORD_OF = {"pass": "pass", "fail": "fail", "unsure": "not_applicable"}


class _Answer(NamedTuple):
    person: str
    value: str


def reviewer_pairs(readings: pd.DataFrame) -> pd.DataFrame:
    """Return a row (`PAIR_COLUMNS`) for each reading of a session that others settled. Who is unsure: not_applicable."""
    rows = [
        (*_subject(mine.person), origin, BOTH_SETS, ALL, session_id, SESSION, label, _WORD_OF[mine.value])
        for origin, session_id, answers, leads in _read_by_many(readings)
        for mine in answers
        if (label := _settled_without(mine.person, answers, leads)) is not None
    ]
    return pd.DataFrame(rows, columns=PAIR_COLUMNS, dtype="str")


def reviewer_agreement(readings: pd.DataFrame) -> pd.DataFrame:
    """Return by subject and origin `n_double` and `people.PAIR_RATES`: he and, of the others, who answered first."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for origin, _, answers, _ in _read_by_many(readings):
        for mine in answers:
            other = next(each for each in answers if each.person != mine.person)
            if "unsure" not in (mine.value, other.value):
                found[mine.person, origin].append((mine.value, other.value))
    counted = {key: count_pairs(pairs) for key, pairs in sorted(found.items())}
    rows = [(*_subject(who), origin, pairs.n, *pair_figures(pairs, False)) for (who, origin), pairs in counted.items()]
    return pd.DataFrame(rows, columns=[*SUBJECT, "origin", "n_double", *PAIR_RATES])


def repeats_of(readings: pd.DataFrame) -> pd.DataFrame:
    """Return both answers to each session that a person was shown again without being told (`repeats.REPEAT_COLUMNS`)."""
    own = readings[(readings["target"] == SESSION) & ~readings["is_lead"].astype("bool")]
    n = own.groupby(["session_id", "reviewer"])["answer"].transform("size")
    again = own[n > 1].sort_values(["reviewer", "session_id", "is_repeat"], ignore_index=True)
    return again.assign(
        subject_kind="reviewer",
        subject=again["reviewer"],
        subject_version=NO_VERSION,
        verdict=again["answer"].map(_WORD_OF),
    )[REPEAT_COLUMNS]


def reviewers_of(readings: pd.DataFrame) -> pd.DataFrame:
    """Return subject and origin of everybody who read a session blind."""
    own = first_answers(readings[readings["target"] == SESSION])[["reviewer", "origin"]].drop_duplicates()
    return pd.DataFrame(
        [(*_subject(who), origin) for who, origin in own.itertuples(index=False, name=None)],
        columns=[*SUBJECT, "origin"],
        dtype="str",
    )


def _subject(person: str) -> tuple[str, str, str]:
    return "reviewer", person, NO_VERSION


def _read_by_many(readings: pd.DataFrame) -> Iterator[tuple[str, str, list[_Answer], list[_Answer]]]:
    """Yield origin and id of each session that two people or more read blind, their answers by time, and leads' by time."""
    first = readings[(readings["target"] == SESSION) & ~readings["is_repeat"].astype("bool")]
    ordered = first.sort_values(["session_id", "first_at", "reviewer"])
    columns = ["session_id", "origin", "is_lead", "reviewer", "answer"]
    rows = zip(*(ordered[name].tolist() for name in columns), strict=True)
    for (session_id, origin), group in groupby(rows, key=itemgetter(0, 1)):
        of_session = list(group)
        answers, leads = (
            [_Answer(person, value) for _, _, by_lead, person, value in of_session if by_lead == is_lead]
            for is_lead in (False, True)
        )
        if len(answers) > 1:
            yield origin, session_id, answers, leads


def _settled_without(person: str, answers: Sequence[_Answer], leads: Sequence[_Answer]) -> str | None:
    decided = [each.value for each in leads if each.person != person and each.value != "unsure"]
    if decided:
        return decided[-1]
    return adjudicate(each.value for each in answers if each.person != person)[0]
