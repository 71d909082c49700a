"""What one deployment declares: everything of its `catalog/`, loaded and versioned, in one value.

Not here: the meaning of each file (its own module), secrets' storage (`redaction/secret.py`).
"""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from eval_pipeline.calibration.gate_policy import Gates, load_gates
from eval_pipeline.classifiers.definition import Classifier, load_classifier
from eval_pipeline.coverage.policy import CoveragePolicy, SyntheticPolicy, load_coverage
from eval_pipeline.evaluators.contract import Evaluator
from eval_pipeline.evaluators.loading import load_evaluators
from eval_pipeline.judges.asking.asker import AskPolicy
from eval_pipeline.judges.asking.budget import dearest_cost
from eval_pipeline.judges.asking.endpoints import Endpoints
from eval_pipeline.judges.asking.prices import Prices
from eval_pipeline.judges.definition import Judge, load_judges
from eval_pipeline.ports import JudgeRequest
from eval_pipeline.redaction.redactor import Redactor
from eval_pipeline.redaction.secret import redaction_secret
from eval_pipeline.review.design import Design, load_design
from eval_pipeline.settings import Settings
from eval_pipeline.signals.contract import Signal
from eval_pipeline.signals.registry import load_signals
from eval_pipeline.taxonomy.categories import Taxonomy, load_taxonomy
from eval_pipeline.trends.policy import TrendPolicy, load_trends
from eval_pipeline.versions import content_hash

CODE_VERSION = version("eval-pipeline")


@dataclass(frozen=True)
class Deployment:
    """The catalog of a deployment. Loading one raises `SettingsError` naming the file at fault and the mend."""

    taxonomy: Taxonomy
    redactor: Redactor
    signals: list[Signal]
    evaluators: list[Evaluator]
    judges: list[Judge]
    classifier: Classifier
    design: Design
    ask_policy: AskPolicy
    gates: Gates
    trends: TrendPolicy
    coverage: CoveragePolicy

    @classmethod
    def load(cls, settings: Settings) -> "Deployment":
        """Read every file of `settings.catalog`; creates the redaction key on first use."""
        folder: Path = settings.catalog
        judges = load_judges(folder / "judges")
        evaluators = load_evaluators(folder / "evaluators.py")
        taxonomy = load_taxonomy(folder / "taxonomy.yaml")
        verdicts = [*(f"evaluator:{e.name}" for e in evaluators), *(f"judge:{j.name}" for j in judges)]
        classifier = load_classifier(folder / "classifier.yaml", taxonomy, verdicts)
        signals = load_signals(folder)
        coverage = load_coverage(folder / "coverage.yaml", [signal.name for signal in signals])
        return cls(
            taxonomy=taxonomy,
            redactor=Redactor.from_catalog(folder / "redaction.yaml", redaction_secret(settings)),
            signals=signals,
            evaluators=evaluators,
            judges=judges,
            classifier=classifier,
            design=load_design(folder / "surfaces.yaml"),
            ask_policy=_ask_policy(folder, judges, classifier, coverage.synthetic),
            gates=load_gates(folder / "promotion.yaml", judges),
            trends=load_trends(folder / "trends.yaml"),
            coverage=coverage,
        )

    @property
    def evaluation_versions(self) -> dict[str, str]:
        """Versions of this side that travel with every verdict."""
        return {
            "code": CODE_VERSION,
            "redaction": self.redactor.version,
            "taxonomy": self.taxonomy.version,
        }

    @property
    def counting_signals(self) -> set[str]:
        """Names of the signals that put a session into the queue."""
        return {signal.name for signal in self.signals if signal.counts}

    def code_versions(self) -> dict[str, str]:
        """Return the code version of each asset that the catalog decides; for all others it is `CODE_VERSION`."""
        signals = content_hash({signal.name: [signal.version, signal.counts] for signal in self.signals})
        queue = content_hash([signals, self.design.design_id])
        evaluators = content_hash([self.evaluation_versions, [[e.name, e.version] for e in self.evaluators]])
        judges = content_hash([self.evaluation_versions, [[j.name, j.version] for j in self.judges]])
        coverage = content_hash([self.evaluation_versions, self.coverage.model_dump(mode="json")])
        return {
            "raw_sessions": self.redactor.version,
            "quarantined_records": self.redactor.version,
            "session_signals": signals,
            "flagged_sessions": queue,
            "sampling_frame": queue,
            "evaluator_verdicts": evaluators,
            "judge_verdicts": judges,
            "category_predictions": content_hash([self.evaluation_versions, self.classifier.version(self.taxonomy)]),
            "coverage_cells": coverage,
            "synthetic_sessions": coverage,
        }


def _ask_policy(folder: Path, judges: list[Judge], classifier: Classifier, synthetic: SyntheticPolicy) -> AskPolicy:
    """Return how models are asked. Raises `SettingsError` when there is a budget that one of them cannot be held to."""
    prices = Prices.load(folder / "prices.yaml")
    if prices.has_budget:
        asked = [(judge.model, judge.sent_parameters(0)) for judge in judges]
        if classifier.model is not None:
            asked.append((classifier.model, classifier.parameters.model_dump(exclude_none=True)))
        if synthetic.model is not None:
            asked.append((synthetic.model, synthetic.parameters.model_dump(exclude_none=True)))
        for model, parameters in asked:
            dearest_cost(JudgeRequest("", model, (), parameters), prices)
    return AskPolicy(Endpoints.load(folder / "endpoints.yaml"), prices)
