"""Whether the traffic moved: the mix of surfaces, product models and slices over all closed sessions, now against before.

Not here: labels and verdicts; a change of mix says nothing of any judge by itself.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MIX_Z = 3.0
MIX_FLOOR = 0.10
"""Share of the sessions that must stand elsewhere than before: on much traffic the least change has a large z."""

MIN_DAYS = 7
"""Under a week in either period, weekdays would pass for a change."""

MIN_SESSIONS = 100
MOST_VALUES = 20
MODEL = "product model"
REST = "(rest)"

Table = NDArray[np.float64]


@dataclass(frozen=True)
class MixChange:
    """The dimension whose mix changed most: z, and the share of sessions that stand elsewhere. None where unknown."""

    dimension: str | None
    z: float | None
    moved_share: float | None

    @property
    def has_moved(self) -> bool:
        """Whether the change is both beyond chance and of a size that matters."""
        return self.z is not None and self.moved_share is not None and self.z > MIX_Z and self.moved_share >= MIX_FLOOR


MIX_UNKNOWN = MixChange(None, None, None)


def mix_change(before: pd.DataFrame, now: pd.DataFrame) -> MixChange:
    """Return the largest change; frames: `session_day, dimension, value, n`, one row a day and value, of closed sessions.

    Of each dimension, over the table of periods by values: X^2 of Pearson, divided by phi = max(1, X^2 / df of the tables
    of days by values within the periods), as the mix of a day is no draw of its own (the first-order correction of Rao and Scott 1981; overdispersion
    as McCullagh and Nelder 1989, section 4.5). z is that of the chi-square's tail by Wilson and Hilferty (1931). Beside it stands the size:
    half the sum of |share now - share before| (total variation). The dimension with the largest z among those of at
    least `MIX_FLOOR` is returned, else the largest z. Beyond the `MOST_VALUES` commonest values are one.

    A product model that comes or goes is a release and no change of traffic: models are compared among those of both
    periods. Unknown under `MIN_DAYS` days or `MIN_SESSIONS` sessions in either period.
    """
    found = [
        change
        for name in sorted(set(before["dimension"]) | set(now["dimension"]))
        if (change := _of_dimension(str(name), _table(before, str(name)), _table(now, str(name)))) is not None
    ]
    return max(found, key=lambda change: (change.has_moved, change.z or 0.0), default=MIX_UNKNOWN)


def new_models(before: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """Return the product models that answered at least `MIX_FLOOR` of the sessions now and none before."""
    old, new = _table(before, MODEL), _table(now, MODEL)
    shares = new.sum() / max(1.0, float(new.to_numpy().sum()))
    return sorted(str(name) for name, share in shares.items() if share >= MIX_FLOOR and name not in old.columns)


def _table(counts: pd.DataFrame, dimension: str) -> pd.DataFrame:
    """Return the counts of days by values."""
    rows = counts[counts["dimension"] == dimension]
    return rows.pivot_table(index="session_day", columns="value", values="n", aggfunc="sum", fill_value=0)


def _of_dimension(name: str, old: pd.DataFrame, new: pd.DataFrame) -> MixChange | None:
    if name == MODEL:
        shared = sorted(set(old.columns) & set(new.columns))
        old, new = old[shared], new[shared]
    if not all(len(table) >= MIN_DAYS and table.to_numpy().sum() >= MIN_SESSIONS for table in (old, new)):
        return None
    before, now = _alike(old, new)
    totals = np.vstack([before.sum(axis=0), now.sum(axis=0)])
    if totals.shape[1] < 2:
        return MixChange(name, 0.0, 0.0)
    x2, df = _pearson(totals)
    within = [_pearson(days) for days in (before, now)]
    phi = max(1.0, sum(x for x, _ in within) / max(1, sum(f for _, f in within)))
    shares = totals / totals.sum(axis=1, keepdims=True)
    return MixChange(name, chi_square_z(x2 / phi, df), float(np.abs(shares[0] - shares[1]).sum() / 2))


def _alike(old: pd.DataFrame, new: pd.DataFrame) -> tuple[Table, Table]:
    """Return both tables over the same values, rare ones as one."""
    total = old.sum().add(new.sum(), fill_value=0).sort_values(ascending=False, kind="stable")
    kept = list(total.index[:MOST_VALUES])
    tables = []
    for table in (old, new):
        both = table.reindex(columns=kept, fill_value=0)
        rest = table.drop(columns=kept, errors="ignore").sum(axis="columns")
        tables.append(both.assign(**{REST: rest}).to_numpy(dtype=float))
    has_rest = len(total) > MOST_VALUES
    return (tables[0], tables[1]) if has_rest else (tables[0][:, :-1], tables[1][:, :-1])


def _pearson(table: Table) -> tuple[float, int]:
    """Return Pearson's X^2 and its degrees of freedom; empty rows and columns do not count."""
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(((table - expected) ** 2 / expected).sum()), (table.shape[0] - 1) * (table.shape[1] - 1)


def chi_square_z(x2: float, df: int) -> float:
    """Return z of the upper tail of a chi-square value: ((x2/df)^(1/3) - (1 - c)) / sqrt(c), c = 2 / (9 df); 0 without df.

    Wilson and Hilferty 1931; right to about .02 for z in 1 to 4 and df from 2 on, a little low at df 1.
    """
    c = 2 / (9 * df) if df else 0.0
    return float((np.cbrt(x2 / df) - (1 - c)) / sqrt(c)) if df else 0.0
