"""How well a version splits the sessions of some days: fails with it against fails without it.

Not here: which versions are held against a turn (`candidates.py`).
"""

from dataclasses import dataclass
from math import log

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Split:
    """Sessions around a turn with the new version and without it, and how many of either failed."""

    n_with: int
    fail_with: int
    n_without: int
    fail_without: int

    def gain(self) -> float:
        """Return what the split gains in binomial log likelihood over no split; >= 0, 0 where a side is empty.

        sum over both sides of l(x, n) less l of them together, l(x, n) = x ln(x / n) + (n - x) ln((n - x) / n): half the
        G statistic of the 2 x 2 table (Wilks 1938).
        """
        if not (self.n_with and self.n_without):
            return 0.0
        together = _log_likelihood(self.fail_with + self.fail_without, self.n_with + self.n_without)
        apart = _log_likelihood(self.fail_with, self.n_with) + _log_likelihood(self.fail_without, self.n_without)
        return max(0.0, apart - together)

    @property
    def rate_with(self) -> float | None:
        """Share of fails with the new version."""
        return self.fail_with / self.n_with if self.n_with else None

    @property
    def rate_without(self) -> float | None:
        """Share of fails without it."""
        return self.fail_without / self.n_without if self.n_without else None

    def goes(self, direction: str) -> bool:
        """Return whether the new version moves the rate in `direction`, worse or better."""
        if self.rate_with is None or self.rate_without is None:
            return False
        return self.rate_with > self.rate_without if direction == "worse" else self.rate_with < self.rate_without


class VersionDays:
    """Sessions and fails of some days by version."""

    def __init__(self, rows: pd.DataFrame) -> None:
        """Count `rows` of `trend_versions`, of one subject, surface and origin."""
        keys = list(zip(rows["component"], rows["component_version"], strict=True))
        self._row_of = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        column, days = pd.factorize(rows["session_day"])
        cells = np.array([self._row_of[key] for key in keys], dtype=np.int64) * len(days) + column
        shape = (len(self._row_of), len(days))
        self._n, self._n_fail = (_summed(cells, rows[name].to_numpy(), shape) for name in ("n", "n_fail"))

    def with_version(self, component: str, version: str) -> Array:
        """Return the sessions [days] that have the version."""
        row = self._row_of.get((component, version))
        return np.zeros(self._n.shape[1]) if row is None else self._n[row]

    def split(self, component: str, version: str) -> Split:
        """Return the split by a version; a session whose surface or day does not know the component is without it."""
        row = self._row_of.get((component, version))
        n, fails = (0, 0) if row is None else (int(self._n[row].sum()), int(self._n_fail[row].sum()))
        return Split(n, fails, self._total(self._n) - n, self._total(self._n_fail) - fails)

    def _total(self, counts: Array) -> int:
        """Return all sessions (or fails): of each day those of the component that most state."""
        components = np.array([component for component, _ in self._row_of])
        sums = [counts[components == component].sum(axis=0) for component in sorted(set(components))]
        return int(np.max(sums, axis=0).sum()) if sums else 0


def _log_likelihood(fails: int, n: int) -> float:
    return sum(count * log(count / n) for count in (fails, n - fails) if count)


def _summed(cells: NDArray[np.int64], counts: NDArray[np.int64], shape: tuple[int, int]) -> Array:
    """Return a matrix of the sums of `counts`, each in one of the `cells`, numbered row by row."""
    sums = np.bincount(cells, counts, minlength=shape[0] * shape[1])
    return sums.astype(np.float64).reshape(shape)
