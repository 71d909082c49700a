"""What the pipeline said in the story, beside what is known, as frames. Positive = a failure.

Not here: what is known (`known.py`), the words around the figures (`page.py`).
"""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from benchmarks.account.deployment import ORIGIN
from eval_pipeline.calibration.promoting import Outcome
from eval_pipeline.ports import Warehouse

_REPORTS = """
    SELECT DISTINCT ON (subject, label_set) subject AS judge, label_set, status, n_human_fail, n_human_pass,
           tpr_weighted, tpr_weighted_low, tpr_weighted_high, tnr_weighted, tnr_weighted_low, tnr_weighted_high
    FROM evals.judge_calibration_reports
    WHERE subject_kind = 'judge' AND origin = %(origin)s AND category = 'all' AND surface = 'all' AND as_of_day = %(day)s
    ORDER BY subject, label_set, measured_at DESC"""

_CHECKS = """
    SELECT as_of_day, n_fresh_labels, n_agree, agreement, baseline_agreement, z, anchor_z, label_z, mix_z, flip_rate,
           judge_moved, product_moved, traffic_moved, status, severity, sentence
    FROM evals.alignment_checks
    WHERE subject_kind = 'judge' AND subject = %(judge)s AND subject_version = %(version)s AND origin = %(origin)s
    ORDER BY as_of_day"""

MEASURED_COLUMNS = ["judge", "label_set", "rate", "n", "estimate", "low", "high", "by_labels", "by_truth", "is_covered"]


@dataclass(frozen=True)
class Account:
    """What came of the story. `measured`: MEASURED_COLUMNS, at the promotion and before the change, by `as_of_day`.

    `checks`: the weekly alignment checks. `refused`, `promoted`: the two runs of the gate.
    """

    measured: pd.DataFrame
    refused: Outcome
    promoted: Outcome
    checks: pd.DataFrame

    def alarms(self) -> list[date]:
        """Return the days of the checks that found the judge in production drifted."""
        return list(self.checks.loc[self.checks["status"] == "drifted", "as_of_day"])


def measured(warehouse: Warehouse, day: date, known: pd.DataFrame) -> pd.DataFrame:
    """Return `MEASURED_COLUMNS` as of `day`, one row per judge, set and rate that was measured; `known`: of `known_rates`.

    An estimate covers when the rate by labels of all traffic lies in its 95 % interval.
    """
    rows = []
    for report in warehouse.query(_REPORTS, {"day": day, "origin": ORIGIN}).to_dict("records"):
        for rate, n in (("TPR", "n_human_fail"), ("TNR", "n_human_pass")):
            name = f"{rate.lower()}_weighted"
            found = [report[name], report[f"{name}_low"], report[f"{name}_high"]]
            if report["status"] == "not_looked_at" or pd.isna(found[0]):
                continue
            of = known[(known["judge"] == report["judge"]) & (known["rate"] == rate)].iloc[0]
            is_covered = found[1] <= of["by_labels"] <= found[2]
            rows.append(
                (
                    report["judge"],
                    report["label_set"],
                    rate,
                    report[n],
                    *found,
                    of["by_labels"],
                    of["by_truth"],
                    is_covered,
                )
            )
    return pd.DataFrame(rows, columns=MEASURED_COLUMNS).assign(as_of_day=day)


def alignment(warehouse: Warehouse, judge: str, version: str) -> pd.DataFrame:
    """Return the alignment checks of a judge version, by day."""
    return warehouse.query(_CHECKS, {"judge": judge, "version": version, "origin": ORIGIN})
