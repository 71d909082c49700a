"""What one check rests on, as values: who is checked, and the frames that are held against each other.

Not here: reading them (`reading.py`), what is made of them (`check.py`).
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from eval_pipeline.calibration.alignment.health import Asked
from eval_pipeline.judges.definition import Judge


@dataclass(frozen=True)
class Baseline:
    """What agreement is held against: labels and agreeing ones, and the day after which labels are fresh.

    Of a judge they are the counts of the look at held-out labels that it was promoted on, and the day of the promotion; of
    a classifier the first labelled failures that it put into a category, and the day of the last. `since` is None as
    long as those are still being gathered.
    """

    n: int
    n_agree: int
    since: dt.date | None


@dataclass(frozen=True)
class Subject:
    """A version of a judge or classifier. `baseline` is None for a judge that is not in production; `note` says why."""

    kind: Literal["judge", "classifier"]
    name: str
    version: str
    origin: str
    baseline: Baseline | None
    definition: Judge | None = None
    note: str | None = None

    @property
    def target(self) -> str:
        """The label that it is compared with."""
        return f"judge:{self.name}" if self.kind == "judge" else "session"


@dataclass(frozen=True)
class Evidence:
    """The frames behind one row of `alignment_checks`.

    `answered`: see `fresh.agreement`. `drawn_before`, `drawn_now`: see `people.label_change`. `mix_before`, `mix_now`: see
    `mix.mix_change`. `anchors_before`, `anchors_now`: rows of `anchor_verdicts`, empty where none were asked.
    `newest_labels`: days of the newest labelled sessions.
    """

    answered: pd.DataFrame
    drawn_before: pd.DataFrame
    drawn_now: pd.DataFrame
    mix_before: pd.DataFrame
    mix_now: pd.DataFrame
    anchors_before: pd.DataFrame
    anchors_now: pd.DataFrame
    asked: Asked
    newest_labels: list[dt.date]
