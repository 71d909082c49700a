"""How steady a subject is: what it says of the same session, asked again. `not_applicable` and errors are counted apart.

Not here: the flip rate (`estimators/stability.py`), who is asked again (`calibration/anchors.py`, the review queue).
"""

import pandas as pd

from eval_pipeline.calibration.anchors import anchor_flips
from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE
from eval_pipeline.calibration.reports.rows import SUBJECT

REPEAT_COLUMNS = [*SUBJECT, "origin", "session_id", "verdict"]
FLIP_RATES = ["flip_rate", "flip_rate_low", "flip_rate_high"]
FLIP_COUNTS = ["n_flip_sessions", "n_flip_repeats", "n_flip_not_applicable", "n_flip_error"]


def flips_of(repeats: pd.DataFrame) -> pd.DataFrame:
    """Return `FLIP_RATES` and `FLIP_COUNTS` of each subject and origin in `repeats` (`REPEAT_COLUMNS`, a row a repeat).

    Under `MIN_FOR_RATE` sessions with two repeats or more of pass or fail there are counts and no rate.
    """
    of = [*SUBJECT, "origin"]
    rows = []
    for key, group in repeats.groupby(of):
        found = anchor_flips(group)
        rate = found.rate
        ends = (rate.value, rate.low, rate.high) if rate.n_sessions >= MIN_FOR_RATE else (None,) * 3
        rows.append((*key, *ends, rate.n_sessions, rate.n_repeats, found.n_not_applicable, found.n_error))
    frame = pd.DataFrame(rows, columns=[*of, *FLIP_RATES, *FLIP_COUNTS])
    types = dict.fromkeys(of, "str") | dict.fromkeys(FLIP_RATES, "float64") | dict.fromkeys(FLIP_COUNTS, "Int64")
    return frame.astype(types)
