"""Coverage of the corrected rates of the trends, from labels that our own queue drew (`traffic.py`), by the code that ships.

*Same days*: the labels are of the days themselves; the truth is the product's, the days being a sample of it. *Older days*:
on the days to be corrected twice as many sessions fail as on those of the labels, and the judge errs on each kind of session
as before. Beside them stand labels as they were drawn, unweighted, and the estimator of the calibration reports, which
draws its posterior (`weighted.py`) and does not know how the judge decided on sessions that were not drawn.
Not here: rates of the judge itself (`drawn.py`).
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.statistics.findings import Finding, coverage
from benchmarks.statistics.traffic import FIRST_DAY, Product, queue_of_a_day, sessions_of_a_day
from eval_pipeline.calibration.estimators.rates import wilson
from eval_pipeline.calibration.estimators.weighted import weighted_rates
from eval_pipeline.review.design import Design
from eval_pipeline.trends.cells import ALL
from eval_pipeline.trends.corrected import with_corrections
from eval_pipeline.trends.evidence import SUBJECT, Evidence

SIZE = 200
"""Sessions a day, of which the design draws about 30."""

DAYS = {100: 3, 200: 7, 400: 13}
"""About how many labels the queue draws in how many days."""

FAILING = (0.1, 0.2)

LATER = 7
"""Days that older labels correct."""

SUBJECT_KEY = ("judge", "usefulness", "1")


def corrected_coverage(replicates: int, rng: np.random.Generator, is_short: bool = False) -> Iterator[Finding]:
    """Yield the coverage of both corrections, at each number of labels. `is_short`: of one product, on few days."""
    sizes = dict(list(DAYS.items())[:2]) if is_short else DAYS
    for share in FAILING[-1:] if is_short else FAILING:
        product = Product(failing=share)
        # The days of fewer labels are the first of those of more: drawing the queue is what takes long.
        drawn, traffic = _drawn(product, max(sizes.values()), replicates, rng)
        doubled = replace(product, failing=2 * share)
        later = _measured(sessions_of_a_day(doubled, replicates, LATER * SIZE, FIRST_DAY, rng))
        for n_labels, days in sizes.items():
            regime = f"about {n_labels} labels, {share:.0%} failing"
            is_early = drawn["session_day"] <= _day(days).toordinal()
            yield from _of_days(drawn[is_early], pd.concat(traffic[:days]), share, days, regime)
            after = with_corrections(later, _evidence(drawn[is_early]), _day(days + LATER), LATER)
            regime = f"{regime}, now {doubled.failing:.0%}"
            yield _covered("corrected by older labels", regime, after, "rogan_gladen", doubled.failing)


def _of_days(drawn: pd.DataFrame, traffic: pd.DataFrame, truth: float, days: int, regime: str) -> Iterator[Finding]:
    """Yield the coverage of what is said of the first `days` from their own labels."""
    yield _unweighted(drawn, truth, regime)
    yield _by_draws(drawn, truth, regime)
    same = with_corrections(_measured(traffic), _evidence(drawn), _day(days), days)
    yield _covered("corrected by labels of the same days", regime, same, "post_stratified", truth)


def _day(days: int) -> dt.date:
    """Return the last of so many days."""
    return FIRST_DAY + dt.timedelta(days=days - 1)


def _drawn(
    product: Product, days: int, replicates: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Return what the queue drew, with `session_day`, and of each day what the judge said of all sessions."""
    drawn, traffic = [], []
    for nth in range(days):
        day = FIRST_DAY + dt.timedelta(days=nth)
        sessions = sessions_of_a_day(product, replicates, SIZE, day, rng)
        drawn.append(queue_of_a_day(sessions, Design(), day).assign(session_day=day.toordinal()))
        traffic.append(sessions[["surface", "judge_fails"]])
    return pd.concat(drawn, ignore_index=True), traffic


def _measured(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return what the judge said of all sessions, a row a replicate, as rows of `trend_rollups` name it."""
    counts = sessions.groupby("surface")["judge_fails"].agg(["size", "sum"]).reset_index()
    key = dict(zip(SUBJECT, SUBJECT_KEY, strict=True)) | {"model_version": ALL, "slice": ALL, "origin": "production"}
    return counts.rename(columns={"size": "n", "sum": "n_fail"}).assign(**key)


def _evidence(drawn: pd.DataFrame) -> Evidence:
    """Return the evidence of drawn sessions that are all labelled; every replicate is a surface."""
    surfaces = sorted(drawn["surface"].unique())
    strata, names = pd.factorize(drawn["stratum"], sort=True)
    rows = pd.DataFrame(
        {
            "series": drawn["surface"].map({name: i for i, name in enumerate(surfaces)}),
            "session_day": drawn["session_day"],
            "stratum": strata,
            "weight": 1 / drawn["inclusion_probability"],
            "says_fail": drawn["judge_fails"],
            "label": drawn["fails"].astype(float),
        }
    )
    places: dict[tuple[str, ...], int] = {(ALL, name, ALL, "production"): i for i, name in enumerate(surfaces)}
    return Evidence(rows, {SUBJECT_KEY: 0}, places, list(names))


def _covered(what: str, regime: str, rows: pd.DataFrame, correction: str, truth: float) -> Finding:
    ends = rows[["corrected_rate_low", "corrected_rate_high"]].where(rows["correction"] == correction)
    return coverage(what, regime, truth, ends.iloc[:, 0].to_numpy(), ends.iloc[:, 1].to_numpy())


def _unweighted(drawn: pd.DataFrame, truth: float, regime: str) -> Finding:
    counts = drawn.groupby("surface")["fails"].agg(["sum", "size"])
    low, high = wilson(counts["sum"].to_numpy(), counts["size"].to_numpy())
    return coverage("not printed: share of failed labels", regime, truth, low, high, at_least=None)


def _by_draws(drawn: pd.DataFrame, truth: float, regime: str) -> Finding:
    said = drawn.assign(
        weight=1 / drawn["inclusion_probability"],
        label=np.where(drawn["fails"], "fail", "pass"),
        prediction=np.where(drawn["judge_fails"], "fail", "pass"),
    )
    rates = [
        weighted_rates(group, seed=seed, has_known_totals=True).failure_rate
        for seed, (_, group) in enumerate(said.groupby("surface"))
    ]
    ends = np.array([(rate.low, rate.high) for rate in rates], dtype=float)
    return coverage(
        "not printed: the same by draws of what was drawn", regime, truth, ends[:, 0], ends[:, 1], at_least=None
    )
