"""Series as matrices: a row a series, a column a calendar day. Not here: how series are made (`series.py`)."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eval_pipeline.trend_tables import CELL

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """Counts `n` and `n_fail` [series, days], 0 on days without data.

    `cells`: a row per series, the columns of `CELL` and the newest `subject_version`, ordered by CELL. The columns are the
    calendar days from `first_day` on.
    """

    cells: pd.DataFrame
    first_day: date
    n: Array
    n_fail: Array

    @classmethod
    def of(cls, series: pd.DataFrame, last_day: date) -> "Grid":
        """Return the rows of `daily_series` up to `last_day`, which is the last column, in whatever order they come."""
        rows = series[series["session_day"] <= last_day]
        number = rows.groupby(list(CELL), sort=True).ngroup().to_numpy()
        first_day: date = rows["session_day"].min() if len(rows) else last_day
        days = (pd.to_datetime(rows["session_day"]) - pd.Timestamp(first_day)).dt.days.to_numpy()
        in_order = np.lexsort((days, number))
        newest = in_order[np.diff(number[in_order], append=-1) != 0]
        cells = rows.iloc[newest][[*CELL, "subject_version"]].reset_index(drop=True)
        counts = np.zeros((2, len(cells), (last_day - first_day).days + 1))
        for place, name in enumerate(("n", "n_fail")):
            counts[place, number, days] = rows[name]
        return cls(cells, first_day, counts[0], counts[1])

    def between(self, first: date, last: date) -> slice:
        """Return the columns of the days from `first` to `last`, as far as there are any."""
        start, stop = ((day - self.first_day).days for day in (first, last + timedelta(days=1)))
        return slice(max(start, 0), max(stop, 0))

    def last(self, days: int) -> slice:
        """Return the columns of the last `days` days."""
        return slice(max(self.n.shape[1] - days, 0), None)

    def rows(self, chosen: NDArray[np.bool_]) -> "Grid":
        """Return the series that are `chosen` alone."""
        return Grid(self.cells[chosen].reset_index(drop=True), self.first_day, self.n[chosen], self.n_fail[chosen])
