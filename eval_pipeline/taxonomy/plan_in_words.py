"""A plan of the taxonomy as a person reads it: what each migration changes, and what becomes of labels and predictions.

Not here: the plan (`planning.py`), printing it (`cli/taxonomy.py`).
"""

from collections import Counter
from collections.abc import Iterator

import pandas as pd

from eval_pipeline.taxonomy.applying import Applied
from eval_pipeline.taxonomy.history import History
from eval_pipeline.taxonomy.planning import Plan, in_words, steps_of
from eval_pipeline.taxonomy.relabelling import Standing, carried_without_rules

SPLIT_UNRESOLVED = "split, not re-labelled"


def changes_in_words(plan: Plan) -> Iterator[str]:
    """Yield a line for each migration and each of its changes."""
    for applied in plan.applied:
        yield f"{applied.migration.name}: version {applied.before.declared_version} -> {applied.after.declared_version}"
        yield from (f"  {line}" for line in _changes(applied))


def _changes(applied: Applied) -> Iterator[str]:
    for step in applied.steps:
        if step.kind != "same":
            yield f"{step.category}: {in_words(step.kind, step.to_category, step.rule)}"
    made = {step.to_category for step in applied.steps}.union(
        *(step.rule["into"] for step in applied.steps if step.rule)
    )
    yield from (f"{name}: new" for name in applied.after.ids if name not in made)
    if applied.after.tie_rule != applied.before.tie_rule:
        yield "the tie rule has other words"


def labels_by_outcome(plan: Plan) -> pd.DataFrame:
    """Return how many labels of each category come to what: `version, category, becomes, how, labels`."""
    counts = Counter(
        (each.version, each.category, each.now.category or _nothing(each.now), _how(each.now)) for each in plan.labels
    )
    rows = [(*key, n) for key, n in sorted(counts.items())]
    return pd.DataFrame(rows, columns=["version", "category", "becomes", "how", "labels"])


def predictions_by_outcome(plan: Plan, history: History) -> pd.DataFrame:
    """Return how many predictions of each category come to what: `version, category, becomes, predictions`."""
    steps = {**history.steps, **steps_of(plan.applied)}
    rows = []
    for (version, category), n in plan.n_predicted.items():
        now = carried_without_rules(Standing(version, category), steps)
        rows.append((version, category, now.category or _nothing(now), n))
    return pd.DataFrame(rows, columns=["version", "category", "becomes", "predictions"])


def _nothing(now: Standing) -> str:
    return SPLIT_UNRESOLVED if now.state == "split" else "retired"


def _how(now: Standing) -> str:
    return f"{now.state}: {now.rule}" if now.rule else now.state
