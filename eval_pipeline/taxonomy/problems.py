"""What else in the catalog names a category, and would be wrong once it is gone: the classifier's rules, and judges' files.

Not here: the taxonomy itself and labels (`planning.py`).
"""

import re
from collections.abc import Iterator
from pathlib import Path

from eval_pipeline.catalog import load_yaml
from eval_pipeline.classifiers.definition import Classifier
from eval_pipeline.errors import SettingsError
from eval_pipeline.taxonomy.planning import Plan


def refuse_problems(plan: Plan, catalog: Path) -> None:
    """Raise `SettingsError` for the first of `problems`."""
    for problem in problems(plan, catalog):
        raise SettingsError(problem, "name categories of the new taxonomy there, then migrate")


def problems(plan: Plan, catalog: Path) -> Iterator[str]:
    """Yield what keeps the migrations from being brought into force."""
    path = catalog / "classifier.yaml"
    if not plan.applied or not path.exists():
        return
    for position, rule in enumerate(load_yaml(path, Classifier).rules):
        if rule.category not in plan.after.ids:
            why = plan.gone.get(rule.category, "not a category")
            yield f"{path.name}: rules.{position} names `{rule.category}`: {why}"


def mentions(plan: Plan, catalog: Path) -> Iterator[str]:
    """Yield what a person is to look at: rules of a split that decide nothing, as a name may be misspelt, and the judges' files
    in which the id of a category that goes stands as a word."""
    for verdict in plan.silent:
        yield f"no stored verdict of {verdict} fails: a rule that looks at it decides nothing"
    for path in sorted((catalog / "judges").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        for name, why in plan.gone.items():
            if re.search(rf"(?<![a-z0-9_]){re.escape(name)}(?![a-z0-9_])", text):
                yield f"judges/{path.name} holds the word `{name}` ({why}): see whether it means the category"
