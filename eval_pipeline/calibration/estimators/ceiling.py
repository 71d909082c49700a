"""How well a faultless judge would seem to do: it is held against people, and they err.

Not here: how far people agree (`agreement.py`), which answers make a pair (`review/figures/agreement_reading.py`).
"""

from dataclasses import dataclass
from math import sqrt

from eval_pipeline.calibration.estimators.agreement import Pairs
from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE


@dataclass(frozen=True)
class Ceiling:
    """What a judge that is always right would show against the labels of one reader; None where not defined.

    `tpr`: share of the sessions that the reader fails that it fails. `tnr`: share of those he passes that it passes.
    """

    agreement: float | None = None
    tpr: float | None = None
    tnr: float | None = None


def ceiling(pairs: Pairs) -> Ceiling:
    """Return the ceiling that `pairs`, the double readings, put on any judge.

    Two readers are taken to err independently, each with the same probability e on failures and good sessions alike (the
    symmetric case of Dawid and Skene 1979). They agree where both are right or both wrong, po = (1-e)^2 + e^2, so
    e = (1 - sqrt(2 po - 1)) / 2. A reader fails the share q = pi (1-e) + (1-pi) e, so the true share of failures is
    pi = (q - e) / (1 - 2e). Against one reader a faultless judge agrees on 1 - e; by Bayes its tpr is pi (1-e) / q and
    its tnr (1-pi)(1-e) / (1-q).

    Nothing is defined under 10 pairs, or where readers agree no more often than coins (po <= 1/2); no tpr and tnr where
    errors alone would give more fails or passes than there are (pi outside 0 to 1), nor of a class that nobody names.
    """
    if pairs.n < MIN_FOR_RATE:
        return Ceiling()
    agree = (pairs.both_fail + pairs.both_pass) / pairs.n
    if agree <= 0.5:
        return Ceiling()
    error = (1 - sqrt(2 * agree - 1)) / 2
    said = (pairs.both_fail + (pairs.only_first_fails + pairs.only_second_fails) / 2) / pairs.n
    failing = (said - error) / (1 - 2 * error)
    if not 0 <= failing <= 1:
        return Ceiling(1 - error)
    tpr = failing * (1 - error) / said if said > 0 else None
    tnr = (1 - failing) * (1 - error) / (1 - said) if said < 1 else None
    return Ceiling(1 - error, tpr, tnr)
