"""A classifier: rules over verdicts, then a model that picks from the closed taxonomy; read from `catalog/classifier.yaml`.

Not here: how the model is asked (`prompt.py`), how sessions are classified (`run.py`).
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from pydantic import Field

from eval_pipeline.catalog import load_yaml
from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.definition import RENDERING_VERSION, Parameters, Strict, Text, View
from eval_pipeline.judges.replies import PARSING_VERSION
from eval_pipeline.taxonomy.categories import Taxonomy
from eval_pipeline.tokens import TOKENS_VERSION
from eval_pipeline.versions import versioned

PROMPT_VERSION = "1"
"""Raise it whenever `prompt.py` puts the same classifier and session into other words."""

ABSTAIN = "abstain"
"""The answer that no category can be told from what is shown. No category may have this id, nor the next (`categories.RESERVED`)."""

ERROR = "error"
"""What stands for a reply that names no category."""


class Rule(Strict):
    """Where the verdict `failed` (`evaluator:NAME` or `judge:NAME`) is fail, the session is of `category`."""

    failed: str = Field(pattern=r"^(evaluator|judge):[a-z][a-z0-9_]*$")
    category: str


class Classifier(Strict):
    """Predicts a category of the taxonomy for a session that a verdict fails. Without a `model` the rules are all."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    declared_version: str = Field(alias="version", pattern=r"^[A-Za-z0-9._-]{1,32}$")
    owner: Text
    description: str = ""
    rules: tuple[Rule, ...] = ()
    model: Text | None = None
    parameters: Parameters = Parameters()
    view: View = View(turns="transcript", with_tool_results=True)

    def asked_version(self, taxonomy: Taxonomy) -> str:
        """Return the declared version plus a hash of all that the model is asked by: part of a call's key, as a judge's is."""
        decides: dict[str, Any] = {
            "file": self.model_dump(include={"name", "model", "parameters", "view"}, exclude_none=True),
            "taxonomy": taxonomy.version,
            "prompt": PROMPT_VERSION,
            "rendering": RENDERING_VERSION,
            "tokens": TOKENS_VERSION,
        }
        return versioned(self.declared_version, decides)

    def version(self, taxonomy: Taxonomy) -> str:
        """Return the declared version plus a hash of all that decides: what the model is asked by, rules, and parsing."""
        rules = [rule.model_dump() for rule in self.rules]
        return versioned(self.declared_version, [self.asked_version(taxonomy), rules, PARSING_VERSION])


def load_classifier(path: Path, taxonomy: Taxonomy, verdicts: Collection[str]) -> Classifier:
    """Return the classifier in the file at `path`.

    `verdicts`: `evaluator:NAME` and `judge:NAME` of all there are. Raises `SettingsError` naming the file when it is
    missing or no classifier, or when a rule names a category or a verdict that does not exist.
    """
    classifier = load_yaml(path, Classifier)
    for position, rule in enumerate(classifier.rules):
        if rule.category not in taxonomy.ids:
            raise SettingsError(
                f"{path}: rules.{position}: the taxonomy has no category `{rule.category}`",
                f"use one of {', '.join(taxonomy.ids)}",
            )
        if rule.failed not in verdicts:
            raise SettingsError(
                f"{path}: rules.{position}: there is no `{rule.failed}`",
                "name an evaluator of evaluators.py or a judge of judges/, or take the rule out",
            )
    return classifier
