"""How far any number of people agree where not all of them read everything: Krippendorff's alpha for words.

Of two who both read everything it is Scott's pi but for 1/n, and falls like kappa when failures get rare: never show it without
raw agreement and the failing share (`agreement.py`). Not here: two people, which answers are compared.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eval_pipeline.calibration.estimators.agreement import Coefficient, coefficient

Array = NDArray[np.float64]

_DRAWS = 4000
_SEED = 20_040_101
_AT_ONCE = 500


def krippendorff_alpha(answers: pd.DataFrame) -> Coefficient:
    """Return alpha of `answers`: `unit, rater, value`, one row an answer; a null value is no answer.

    Units with fewer than two answers say nothing of agreement and are left out. With n_uc the answers c on unit u, m_u
    their number, n_c and n their sums over all units, alpha = 1 - observed / expected for
    observed = sum over u of [m_u^2 - sum over c of n_uc^2] / (m_u - 1) / n and
    expected = [n^2 - sum over c of n_c^2] / (n (n - 1)) (Krippendorff, Content Analysis, 2004, chapter 11, nominal data).
    None where nothing can differ: no units, or one word throughout. The ends are the 2.5 % and 97.5 % points of 4,000
    redraws of the units with replacement (percentile bootstrap, fixed seed).

    Raises `ValueError` where a rater answers the same unit twice.
    """
    given = answers[answers["value"].notna()]
    if given.duplicated(["unit", "rater"]).any():
        raise ValueError("a rater answers a unit once")
    counts = pd.crosstab(given["unit"], given["value"]).to_numpy(dtype=float)
    counts = counts[counts.sum(axis=1) >= 2] if counts.size else np.zeros((0, 1))
    # Units with the same answers are exchangeable: a redraw draws how often each kind comes.
    kinds, times = np.unique(counts, axis=0, return_counts=True)
    value = _alpha(kinds, times[np.newaxis].astype(float))[0]
    if np.isnan(value):
        return Coefficient()
    return coefficient(float(value), _redrawn(kinds, times))


def _redrawn(kinds: Array, times: NDArray[np.int64]) -> Array:
    n = int(times.sum())
    drawn = np.random.default_rng(_SEED).multinomial(n, times / n, size=_DRAWS)
    return np.concatenate([_alpha(kinds, part.astype(float)) for part in np.split(drawn, _DRAWS // _AT_ONCE)])


def _alpha(kinds: Array, times: Array) -> Array:
    """Return alpha for each row of `times`, how often each kind of unit comes; NaN where it is not defined."""
    sizes = kinds.sum(axis=1)
    differing = (sizes**2 - (kinds**2).sum(axis=1)) / (sizes - 1)
    words = times @ kinds
    n = words.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = (n**2 - (words**2).sum(axis=1)) / (n * (n - 1))
        return np.where(expected > 0, 1 - times @ differing / n / expected, np.nan)
