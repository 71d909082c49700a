"""Which recorded labels verdicts are held against. One rater is the reference; of several the user says which.

Not here: the measuring itself (`measuring.py`).
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase

import pandas as pd

from eval_pipeline.errors import EvalPipelineError


def reference_labels(labels: pd.DataFrame, raters: Sequence[str] = ()) -> pd.DataFrame:
    """Return the labels of the reference with `reference`, its name.

    `labels`: rows of `recorded_labels` that count. `raters`: names, or patterns such as `human:*`; several raters are one
    reference then, each label of theirs counting. Without, it is the one rater of each metric.

    Raises `EvalPipelineError` listing the raters where a metric has several and none is named, or none is found.
    """
    if raters:
        is_named = labels["rater"].map(lambda rater: any(rater == name or fnmatchcase(rater, name) for name in raters))
        chosen = labels[is_named.astype("bool")]
        if chosen.empty and len(labels):
            raise EvalPipelineError(
                f"no label is by {' or '.join(raters)}; labels are by: {_listed(labels)}",
                "name one of these with --rater",
            )
        return chosen.assign(reference=" + ".join(raters))
    n_raters = labels.groupby("metric")["rater"].nunique()
    if (n_raters > 1).any():
        metric = n_raters.index[n_raters > 1][0]
        raise EvalPipelineError(
            f"{metric} is labelled by several raters: {_listed(labels[labels['metric'] == metric])}",
            "say whose labels are the reference: --rater NAME, or --rater 'human:*' to count each label of several; "
            "what was imported is stored",
        )
    return labels.assign(reference=labels["rater"])


def _listed(labels: pd.DataFrame, at_most: int = 20) -> str:
    counts = labels["rater"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    shown = [f"{rater} ({n})" for rater, n in counts.head(at_most).items()]
    return ", ".join(shown) + (f" and {len(counts) - at_most} more" if len(counts) > at_most else "")
