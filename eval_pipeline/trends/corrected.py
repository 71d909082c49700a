"""Which corrected rate a row of the trends gets, or in words why none: by labels of its own days, else by older ones.

Labels of a cell correct that cell alone: machines err otherwise on another surface or model, and figures borrowed from
there could turn a comparison round (arXiv 2605.06939). Not here: the estimators (`correction.py`), what enters them
(`evidence.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE
from eval_pipeline.trend_tables import CORRECTIONS
from eval_pipeline.trends.correction import (
    MOST_UNLABELLED,
    Counts,
    Estimate,
    accuracy,
    post_stratified,
    rogan_gladen,
    sums,
    unlabelled_share,
)
from eval_pipeline.trends.evidence import EVIDENCE_DAYS, Evidence
from eval_pipeline.trends.rollups import CORRECTION_TYPES

MIN_J = 0.4
"""Under this TPR + TNR - 1, verdicts separate failures from the rest too little to be put right (STATISTICS.md section 2)."""

Array = NDArray[np.float64]


def with_corrections(rows: pd.DataFrame, evidence: Evidence, day: date, n_days: int) -> pd.DataFrame:
    """Return `rows` (of `trend_rollups` or `trend_windows`, over the `n_days` that end with `day`) with corrected rates.

    `evidence`: of the `EVIDENCE_DAYS` that end with `day`. From `MIN_FOR_RATE` labels of the
    row's own days on the rate is post-stratified; else, from as many failures and as many good ones of all these labels on,
    it is Rogan-Gladen's, if TPR + TNR - 1 is `MIN_J` or more. Either needs labels of the strata that hold 95 % of what was
    drawn. `n_labels`, their days and `label_age_days` (median) are of the labels behind the rate, without one of all there
    are. Neither the order of `rows` nor of `evidence` matters.
    """
    if rows.empty:
        return rows
    series = _numbered(rows, evidence, day)
    n, n_fail = (rows[name].to_numpy(dtype="float64") for name in ("n", "n_fail"))
    is_own = (series["session_day"] > day.toordinal() - n_days).to_numpy(dtype=bool)
    own, all_of_it = (_Sample.of(part, len(rows), evidence.strata) for part in (series[is_own], series))
    stratified = _kept(post_stratified(own.counts, n, n_fail), own.is_enough & own.is_covered)
    found = accuracy(all_of_it.counts, all_of_it.n_fail, all_of_it.n_pass)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_accuracy = rogan_gladen(n_fail, n, found)
        is_good = (all_of_it.fewest >= MIN_FOR_RATE) & all_of_it.is_covered & (found.j >= MIN_J) & (n > 0)
    older = _kept(by_accuracy, is_good)
    is_stratified, is_older = ~np.isnan(stratified.value), np.isnan(stratified.value) & ~np.isnan(older.value)
    parts = zip(vars(stratified).values(), vars(older).values(), strict=True)
    value, low, high = (np.where(is_stratified, first, second) for first, second in parts)
    words = {
        "correction": np.array([None, *CORRECTIONS], dtype=object)[is_stratified + 2 * is_older],
        "not_corrected_because": _reasons(np.isnan(value), n, own, all_of_it, found.j),
    }
    behind = series[series["label"].notna() & (is_own | ~is_stratified[series["series"]])]
    corrected = {"corrected_rate": value, "corrected_rate_low": low, "corrected_rate_high": high}
    return rows.assign(**corrected, **words, **_ages(behind, rows, day)).astype(CORRECTION_TYPES)


def _kept(estimate: Estimate, where: NDArray[np.bool_]) -> Estimate:
    return Estimate(*(np.where(where, part, np.nan) for part in vars(estimate).values()))


def _numbered(rows: pd.DataFrame, evidence: Evidence, day: date) -> pd.DataFrame:
    """Return what `evidence` holds of `rows` and of the days that count for `day`, `series` being the place in `rows`."""
    numbers = np.full(len(evidence.subjects) * len(evidence.places) + 1, -1)
    of_rows = evidence.series_of(rows)
    numbers[of_rows[of_rows >= 0]] = np.flatnonzero(of_rows >= 0)
    age = day.toordinal() - evidence.rows["session_day"]
    numbered = evidence.rows.assign(series=numbers[evidence.rows["series"]])
    return numbered[(numbered["series"] >= 0) & (age >= 0) & (age < EVIDENCE_DAYS)]


@dataclass(frozen=True)
class _Sample:
    """The counts of some days, and of each series its drawn sessions, labels of failed and of good ones, and how much of
    what was drawn no label speaks for."""

    counts: Counts
    cell_strata: NDArray[np.int64]
    strata: Sequence[str]
    n_drawn: Array
    n_fail: Array
    n_pass: Array
    blank: Array

    @classmethod
    def of(cls, series: pd.DataFrame, n_series: int, strata: Sequence[str]) -> "_Sample":
        """Return the sums of `series` (see `_numbered`)."""
        counts, cell_strata = _counted(series, n_series, max(len(strata), 1))
        labels = series[series["label"].notna()]
        n_fail, n_pass = (
            sums(labels["series"].to_numpy(), part, n_series)
            for part in (labels["label"].to_numpy(), 1 - labels["label"].to_numpy())
        )
        n_drawn = sums(counts.series, counts.n, n_series)
        return cls(counts, cell_strata, strata, n_drawn, n_fail, n_pass, unlabelled_share(counts, n_series))

    @property
    def fewest(self) -> Array:
        """Labels of the scarcer class."""
        return np.fmin(self.n_fail, self.n_pass)

    @property
    def is_enough(self) -> NDArray[np.bool_]:
        """Whether there are labels enough for a rate."""
        return self.n_fail + self.n_pass >= MIN_FOR_RATE

    @property
    def is_covered(self) -> NDArray[np.bool_]:
        """Whether labels speak for all but a small share of what was drawn."""
        return np.nan_to_num(self.blank, nan=1.0) <= MOST_UNLABELLED

    def has_label(self, series: int, says_fail: bool) -> bool:
        """Return whether a session of `series` with that verdict is labelled."""
        is_meant = (self.counts.series == series) & (self.counts.says_fail == says_fail)
        return bool(self.counts.labelled[is_meant].any())

    def largest_blank(self, series: int) -> str:
        """Return in words where most of the sessions of `series` stand that no label speaks for."""
        at = np.flatnonzero((self.counts.series == series) & (self.counts.labelled == 0))
        worst = at[np.argmax(self.counts.weight[at])]
        said = "fails" if self.counts.says_fail[worst] else "passes"
        return f"{int(self.counts.n[worst])} drawn sessions of {self.strata[self.cell_strata[worst]]} that it {said}"


def _counted(series: pd.DataFrame, n_series: int, n_strata: int) -> tuple[Counts, NDArray[np.int64]]:
    """Return the counts of each cell, a stratum and a verdict of a series, and its stratum."""
    key = ((series["series"] * n_strata + series["stratum"]) * 2 + series["says_fail"]).to_numpy(dtype="int64")
    weight, label = series["weight"].to_numpy(), series["label"].to_numpy()
    labelled = np.where(np.isnan(label), 0.0, weight)
    parts = (np.ones(len(key)), weight, labelled, labelled**2, labelled * np.nan_to_num(label))
    totals = [sums(key, part, n_series * n_strata * 2) for part in parts]
    cells = np.flatnonzero(totals[0])
    places = cells // 2
    return Counts(places // n_strata, cells % 2 == 1, *(part[cells] for part in totals)), places % n_strata


def _reasons(missing: NDArray[np.bool_], n: Array, own: _Sample, lately: _Sample, j: Array) -> list[str | None]:
    """Return for each series that is `missing` a corrected rate why, in words that say what would help."""
    return [_reason(i, n[i], own, lately, j[i]) if is_missing else None for i, is_missing in enumerate(missing)]


def _reason(i: int, n: float, own: _Sample, lately: _Sample, j: float) -> str:
    n_fail, n_labels = int(lately.n_fail[i]), int(lately.n_fail[i] + lately.n_pass[i])
    if n == 0:
        return "it passed or failed no session"
    if lately.n_drawn[i] == 0:
        return f"none of its sessions of the last {EVIDENCE_DAYS} days was drawn for review"
    if n_labels == 0:
        return "no label yet"
    if own.is_enough[i] and not own.is_covered[i]:
        return f"no label yet of {own.largest_blank(i)}"
    if own.is_enough[i]:
        return f"no label yet of a session that it {'passes' if own.has_label(i, True) else 'fails'}"
    if lately.fewest[i] < MIN_FOR_RATE:
        return f"{n_labels} labels, {n_fail} of them failures: {MIN_FOR_RATE} of each class are needed"
    if not lately.is_covered[i]:
        return f"no label yet of {lately.largest_blank(i)}"
    return f"its verdicts separate too little: TPR + TNR - 1 = {j:.2f}, needed is {MIN_J}"


def _ages(behind: pd.DataFrame, rows: pd.DataFrame, day: date) -> dict[str, Any]:
    """Return how many labels there are of each row, of which days, and the version they were held against."""
    by_row = behind.groupby("series")["session_day"].agg(["size", "min", "max", "median"]).reindex(range(len(rows)))
    has = by_row["size"].notna().to_numpy()
    first, last = ([date.fromordinal(int(d)) if d == d else None for d in by_row[name]] for name in ("min", "max"))
    return {
        "n_labels": by_row["size"].fillna(0).astype("int64").to_numpy(),
        "labels_first_day": first,
        "labels_last_day": last,
        "label_age_days": (day.toordinal() - by_row["median"]).to_numpy(),
        "labels_version": rows["subject_version"].where(pd.Series(has, index=rows.index)),
    }
