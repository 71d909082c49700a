"""Series: the daily counts of a subject in one cell, going on over its versions.

Not here: how a day is rolled up (`rollups.py`), whether a series moved (`directions.py`).
"""

from collections.abc import Collection

import pandas as pd

from eval_pipeline.calibration.standings import Standing
from eval_pipeline.trend_tables import CELL

SERIES_COLUMNS = [*CELL, "subject_version", "session_day", "n", "n_fail"]

_OF_DAY = ["session_day", "subject_kind", "subject", "origin"]
"""What one version is chosen for: a day's cells of one subject are then parts of the same whole."""


def daily_series(rollups: pd.DataFrame, proven: Collection[Standing]) -> pd.DataFrame:
    """Return a row per series and day: `SERIES_COLUMNS`, ordered by series and day.

    `rollups`: rows of `trend_rollups`, at least `SERIES_COLUMNS`. Where several versions of a subject spoke on a day, one
    counts, in all cells: the proven one if it passed or failed a session that day, else the one with most of them, of
    equal ones the first by name. A day on which it has no session in a cell has no row there.
    """
    sizes = rollups.groupby([*_OF_DAY, "subject_version"], as_index=False, sort=True)["n"].max()
    is_proven = [
        n > 0 and (kind, subject, version, origin) in proven
        for kind, subject, version, origin, n in sizes[
            ["subject_kind", "subject", "subject_version", "origin", "n"]
        ].itertuples(index=False)
    ]
    # Stable: of equal ones the first by name stays first.
    best = sizes.assign(is_proven=is_proven).sort_values(["is_proven", "n"], ascending=False, kind="stable")
    counting = best.drop_duplicates(_OF_DAY)[[*_OF_DAY, "subject_version"]]
    kept = rollups[SERIES_COLUMNS].merge(counting, on=[*_OF_DAY, "subject_version"])
    return kept.sort_values([*CELL, "session_day"], ignore_index=True)
