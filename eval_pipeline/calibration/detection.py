"""What a detector catches of all failures in the traffic, and how much of what it fires on failed: recall and precision.

A detector looks at every session, so one that it does not apply to is one that it stays silent on: its failures are
missed (a judge's tpr leaves them out). What it misses is known from the control sample alone, the sessions read at
random among those that nothing pointed at; hence how many more of them recall waits for is part of the answer.
Not here: which sessions and labels enter (`traffic.py`), the estimator (`weighted.py`).
"""

from dataclasses import dataclass

import pandas as pd

from eval_pipeline.calibration.estimators.rates import Rate
from eval_pipeline.calibration.estimators.weighted import Cell, weighted_rates
from eval_pipeline.review.design import BY_FLAG, BY_FLAG_AND_VERDICT, OUTSIDE_BUDGET

MIN_CONTROL = 50
"""Under this many control labels there is no recall: not one miss among 50 still allows a miss rate of 5.8 %, of a
population that is most of the traffic (STATISTICS.md section 3)."""

AIM_CONTROL = 200
"""From here on recall is good to rely on: its interval is about 0.28 wide, and seldom is no miss found at all."""

WINDOW_DAYS = 90
"""Control labels of the two label sets together accumulate over this many days."""

_UNFLAGGED = (BY_FLAG[0], BY_FLAG_AND_VERDICT[0], BY_FLAG_AND_VERDICT[2])
_FLAGGED = (BY_FLAG[1], BY_FLAG_AND_VERDICT[1], BY_FLAG_AND_VERDICT[3], *sorted(OUTSIDE_BUDGET))


@dataclass(frozen=True)
class Detection:
    """Precision and recall in the traffic, and the labels of the control sample that recall rests on."""

    precision: Rate
    recall: Rate
    n_control: int

    @property
    def n_control_needed(self) -> int:
        """How many more control labels until recall is good to rely on."""
        return max(0, AIM_CONTROL - self.n_control)


def detection(drawn: pd.DataFrame, ruled_out: frozenset[Cell], has_known_totals: bool, seed: int) -> Detection:
    """Return what a detector catches in the traffic that `drawn` was drawn from.

    `drawn`: as `weighted_rates` takes it, with `arm` and with predictions that may be `not_applicable`. `ruled_out`,
    `has_known_totals`: see there. Precision = failures it fires on / sessions it fires on; recall = failures it fires
    on / failures, both weighted. Where its firing is what the strata are made of, with F and U the flagged and the
    unflagged sessions and p_f, p_u the share of failures among their labels, recall is F p_f / (F p_f + U p_u)
    (STATISTICS.md section 3). It is null under `MIN_CONTROL` control labels.
    """
    said = drawn["prediction"].where(drawn["prediction"] == "fail", "pass")
    rates = weighted_rates(
        drawn.assign(prediction=said), seed=seed, ruled_out=ruled_out, has_known_totals=has_known_totals
    )
    n_control = n_control_labels(drawn)
    recall = rates.tpr if n_control >= MIN_CONTROL else Rate(rates.tpr.n, None, None, None)
    return Detection(rates.precision, recall, n_control)


def n_control_labels(drawn: pd.DataFrame) -> int:
    """Return how many sessions of `drawn` (`arm, label`) are of the control sample and labelled."""
    return int((drawn["label"].notna() & (drawn["arm"] == "control")).sum())


def ruled_out(strata: pd.Series, is_counting: bool, is_any: bool) -> frozenset[Cell]:
    """Return the cells of `strata` (`surface/stratum`) that cannot hold a session, as the strata are made of the signals.

    A signal that counts (`is_counting`) never fires on an unflagged session. That any of them fires (`is_any`) is what
    a flagged session is. A session whose signals changed after the draw may contradict it; its cell is then not empty,
    and counts.
    """
    kinds = {stratum: stratum.rpartition("/")[2] for stratum in strata.unique()}
    never_fires = {(stratum, "fail") for stratum, kind in kinds.items() if is_counting and kind in _UNFLAGGED}
    always_fires = {(stratum, "pass") for stratum, kind in kinds.items() if is_any and kind in _FLAGGED}
    return frozenset(never_fires | always_fires)
