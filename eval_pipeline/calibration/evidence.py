"""What a look at the held-out set finds: the figures of one judge version over the sessions of the set, frames in.

Only sessions count whose probability of being drawn is known (STATISTICS.md section 2): over-sampled failures flatter a
judge. Where the labels are a plain sample, the bounds are Wilson's; else those of the traffic. Positive is a FAILURE.
Not here: what is decided on them (`gate.py`), who is asked and what is stored (`promoting.py`).
"""

from collections.abc import Mapping
from datetime import timedelta
from math import sqrt

import pandas as pd

from eval_pipeline.calibration.estimators.clustered import effective_n
from eval_pipeline.calibration.estimators.paired import Difference, PairedCounts, balanced_difference
from eval_pipeline.calibration.estimators.rates import Rate, lower_bound
from eval_pipeline.calibration.estimators.weighted import weighted_lower_bounds, weighted_rates
from eval_pipeline.calibration.gate import Bounded, Figures
from eval_pipeline.calibration.gate_policy import GatePolicy
from eval_pipeline.calibration.labelled import WINDOW_DAYS, drawn_until, labelled_sessions
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.design import CONTESTED
from eval_pipeline.versions import content_hash, unit_hash

ITEM_COLUMNS = ["session_id", "stratum", "weight", "label", "group_id"]
ANSWERS = ("pass", "fail")

OUTSIDE_THE_QUEUE = "outside the queue"
"""The stratum of labelled sessions that carry a probability and are not of the review queue: another design drew them."""

WORSE_ALPHA = 0.05
"""One-sided error of the comparison with production (STATISTICS.md section 4, step 3): looks do not share it."""

Said = Mapping[str, str]
"""The verdict of one judge version on each session, by its id."""

_LABELS = """
    SELECT l.session_id, l.session_day, l.label, l.inclusion_probability
    FROM evals.human_labels l JOIN evals.raw_sessions s USING (session_id)
    WHERE l.target = %(target)s AND l.origin = %(origin)s AND l.label_set = 'held_out' AND l.status = 'settled'
      AND l.is_blind AND l.inclusion_probability IS NOT NULL AND l.arm IS DISTINCT FROM 'error_analysis' AND s.is_closed
    ORDER BY l.session_id"""


def held_out_items(judge: str, origin: str, warehouse: Warehouse) -> pd.DataFrame:
    """Return the held-out set in use of a judge (`ITEM_COLUMNS`), by session: what was drawn of it, labelled or not.

    `label` is pass or fail, null where there is none; `weight` is 1/probability; `group_id` (of labelled ones) is the
    cluster of the split. Of the `WINDOW_DAYS` that end with the newest label.
    """
    target = f"judge:{judge}"
    labels = warehouse.query(_LABELS, {"target": target, "origin": origin})
    if labels.empty:
        return pd.DataFrame(columns=ITEM_COLUMNS)
    newest = labels["session_day"].max()
    labels = labels[labels["session_day"] > newest - timedelta(days=WINDOW_DAYS)]
    drawn = drawn_until(newest, warehouse)
    is_in_use = ~drawn["retired_for"].map(lambda targets: target in targets).astype("bool")
    is_ours = (drawn["origin"] == origin) & (drawn["label_set"] == "held_out") & is_in_use
    others = labels[~labels["session_id"].isin(drawn["session_id"])]
    others = others.assign(stratum=OUTSIDE_THE_QUEUE, weight=1 / others["inclusion_probability"])
    both = [frame[ITEM_COLUMNS[:3]] for frame in (drawn[is_ours], others) if len(frame)]
    if not both:
        return pd.DataFrame(columns=ITEM_COLUMNS)
    groups = labelled_sessions(labels, warehouse)[["session_id", "group_id"]]
    told = labels[["session_id", "label"]].merge(groups, on="session_id", how="left")
    rows: pd.DataFrame = pd.concat(both, ignore_index=True).merge(told, on="session_id", how="left")
    return rows.sort_values("session_id", ignore_index=True)[ITEM_COLUMNS]


def with_answers(items: pd.DataFrame, said: Said) -> pd.DataFrame:
    """Return `items` with the column `prediction`: what the judge said, null where it was not asked."""
    return items.assign(prediction=items["session_id"].map(said))


def n_labels(items: pd.DataFrame) -> tuple[int, int]:
    """Return how many sessions people fail and pass; with predictions, only those with a pass or fail of the judge."""
    rows = _answered(items) if "prediction" in items else items
    return int((rows["label"] == "fail").sum()), int((rows["label"] == "pass").sum())


def n_without_verdict(items: pd.DataFrame) -> int:
    """Return of how many labelled sessions of `with_answers` the judge says neither pass nor fail.

    Sessions that speak to a judge are left out: by rule no judge's pass of them counts, which is no fault of this one.
    """
    is_contested = items["stratum"].str.endswith(f"/{CONTESTED}").astype("bool")
    return int((items["label"].notna() & ~items["prediction"].isin(ANSWERS) & ~is_contested).sum())


def unlabelled_cells(items: pd.DataFrame) -> tuple[str, ...]:
    """Return, in words, the cells (stratum and prediction) of `with_answers` of which no session is labelled.

    None where the labels are a plain sample.
    """
    if is_plain_sample(items):
        return ()
    has_label = _answered(items).groupby(["stratum", "prediction"])["label"].count() > 0
    return tuple(f"{stratum} where it says {said}" for stratum, said in has_label.index[~has_label])


def is_plain_sample(items: pd.DataFrame) -> bool:
    """Return whether the labels are a plain sample of the traffic: all sessions were drawn with the same probability, and
    all are labelled or of one stratum. Of several strata the one that is read first has more labels than its share."""
    if items.empty:
        return True
    is_equally_drawn = bool(items["weight"].max() - items["weight"].min() < 1e-9)
    return is_equally_drawn and (items["stratum"].nunique() == 1 or bool(items["label"].notna().all()))


def labels_hash(items: pd.DataFrame) -> str:
    """Return the hash of the labels and verdicts that a look at `items` (of `with_answers`) counts."""
    labelled = items[items["label"].notna()]
    return content_hash(labelled[["session_id", "label", "prediction"]].to_numpy(dtype=object).tolist())


def figures_of(
    items: pd.DataFrame, policy: GatePolicy, seed: str, against: str | None = None, said_by_it: Said | None = None
) -> Figures:
    """Return what a look at `items` (of `with_answers`) finds, each class having a label with an answer.

    The bounds are one-sided, at `policy.alpha_of_look`: Wilson's of a plain sample (`rates.lower_bound`), else the
    quantiles of the traffic (`weighted.weighted_lower_bounds`, drawn by `seed`). The sessions of a group (`group_id`;
    without, each is its own) resemble each other: with d = n / `clustered.effective_n`, Wilson's is that of n / d labels, and
    a quantile lies sqrt(d) times as far from the rate (Kish 1965). Counted as independent, four labels of each user with
    an intra-class correlation of .5 clear a floor that is not reached in .056 of all cases instead of .0067 (simulated). `against`: the version in production, of
    which `said_by_it` says what it makes of the same sessions.
    """
    labelled = items[items["label"].notna()]
    counts = (labelled["label"] + "/" + labelled["prediction"]).value_counts()
    of = {name: int(counts.get(name, 0)) for name in ("fail/fail", "fail/pass", "pass/fail", "pass/pass")}
    is_weighted = not is_plain_sample(items)
    tpr, tnr = _in_traffic(items, policy, seed) if is_weighted else _as_counted(items, policy)
    compared = None if against is None or said_by_it is None else _compared(items, said_by_it)
    return Figures(
        n_true_fail=of["fail/fail"],
        n_missed_fail=of["fail/pass"],
        n_false_fail=of["pass/fail"],
        n_true_pass=of["pass/pass"],
        n_error=int((labelled["prediction"] == "error").sum()),
        n_not_applicable=int((labelled["prediction"] == "not_applicable").sum()),
        tpr=tpr,
        tnr=tnr,
        is_weighted=is_weighted,
        against=against,
        difference=compared,
    )


def _answered(items: pd.DataFrame) -> pd.DataFrame:
    return items[items["prediction"].isin(ANSWERS)]


def _by_group(items: pd.DataFrame, label: str) -> pd.DataFrame:
    """Return of each group how many answered labels of a class it has (`size`), and how many of them are met (`sum`)."""
    rows = _answered(items)
    rows = rows[rows["label"] == label]
    groups = rows["group_id"].fillna(rows["session_id"]) if "group_id" in rows else rows["session_id"]
    return (rows["prediction"] == label).groupby(groups).agg(["sum", "size"])


def _as_counted(items: pd.DataFrame, policy: GatePolicy) -> tuple[Bounded, Bounded]:
    fails, passes = (_counted(_by_group(items, label), policy) for label in ANSWERS[::-1])
    return fails, passes


def _counted(groups: pd.DataFrame, policy: GatePolicy) -> Bounded:
    x, n, worth = int(groups["sum"].sum()), int(groups["size"].sum()), effective_n(groups["sum"], groups["size"])
    return (
        Bounded(n, x / n, lower_bound(worth if x == n else x / n * worth, worth, policy.alpha_of_look))
        if n
        else Bounded(0)
    )


def _in_traffic(items: pd.DataFrame, policy: GatePolicy, seed: str) -> tuple[Bounded, Bounded]:
    drawn, number = _answered(items), int(unit_hash("gate", seed) * 2**53)
    rates = weighted_rates(drawn, seed=number)
    lows = weighted_lower_bounds(drawn, policy.alpha_of_look, seed=number)
    fails, passes = (
        _widened(rate, low, _by_group(items, label))
        for rate, low, label in zip((rates.tpr, rates.tnr), lows, ANSWERS[::-1], strict=True)
    )
    return fails, passes


def _widened(rate: Rate, low: float | None, groups: pd.DataFrame) -> Bounded:
    if rate.value is None or low is None:
        return Bounded(rate.n, rate.value, low)
    design_effect = max(1.0, float(groups["size"].sum()) / effective_n(groups["sum"], groups["size"]))
    return Bounded(rate.n, rate.value, max(0.0, rate.value - (rate.value - low) * sqrt(design_effect)))


def _compared(items: pd.DataFrame, said_by_other: Said) -> Difference:
    both = _weighed(_answered(items)).assign(other=items["session_id"].map(said_by_other))
    both = both[both["label"].notna() & both["other"].isin(ANSWERS)]
    fails, passes = (_paired(both[both["label"] == label], label) for label in ANSWERS[::-1])
    return balanced_difference(fails, passes, alpha=WORSE_ALPHA)


def _weighed(drawn: pd.DataFrame) -> pd.DataFrame:
    """Return `drawn` with the weight of each label: within a stratum, the labelled stand for all that were drawn."""
    labelled = drawn["weight"].where(drawn["label"].notna(), 0.0)
    by = drawn["stratum"]
    share = labelled.groupby(by).transform("sum") / drawn["weight"].groupby(by).transform("sum")
    return drawn.assign(share=labelled / share)


def _paired(rows: pd.DataFrame, label: str) -> PairedCounts:
    """Return the four counts of one class, scaled to the effective number of labels (Kish: (sum w)^2 / sum w^2) and rounded.

    With equal weights these are the counts themselves.
    """
    weights = rows["share"].to_numpy(dtype="float64")
    scale = weights.sum() / (weights**2).sum() if len(weights) else 0.0
    new, old = rows["prediction"] == label, rows["other"] == label
    cells = (new & old, new & ~old, ~new & old, ~new & ~old)
    return PairedCounts(*(round(float(weights[cell.to_numpy(dtype=bool)].sum() * scale)) for cell in cells))
