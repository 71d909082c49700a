"""The eight checks as custom metrics of deepeval, all texts in one `evaluate` (not async, nothing shown or cached).

Its own metrics for JSON and patterns do not fit: the one wants a pydantic model and a language model's key, the other
matches whole texts only. Asked one after another it is faster than with its event loop.
"""

from collections.abc import Callable, Sequence
from typing import Any

from deepeval import evaluate
from deepeval.evaluate import AsyncConfig, CacheConfig, DisplayConfig
from deepeval.metrics import BaseMetric
from deepeval.test_case import LLMTestCase
from exchange import Question, run


class Asks(BaseMetric):
    """One of the eight checks, by name."""

    def __init__(self, name: str, question: Question) -> None:
        self.name, self.question, self.threshold = name, question, 1.0
        self.async_mode = False

    def measure(self, test_case: LLMTestCase, *_: Any, **__: Any) -> float:
        self.score = float(self.question(test_case.actual_output))
        self.success = self.score >= self.threshold
        return self.score

    async def a_measure(self, test_case: LLMTestCase, *_: Any, **__: Any) -> float:
        return self.measure(test_case)

    def is_successful(self) -> bool:
        return self.success

    @property
    def __name__(self) -> str:
        return self.name


def make(questions: dict[str, Question]) -> Callable[[Sequence[str]], list[str]]:
    metrics = [Asks(name, question) for name, question in questions.items()]
    quiet = {
        "async_config": AsyncConfig(run_async=False),
        "display_config": DisplayConfig(show_indicator=False, print_results=False, inspect_after_run=False),
        "cache_config": CacheConfig(write_cache=False, use_cache=False),
    }

    def ask(texts: Sequence[str]) -> list[str]:
        cases = [LLMTestCase(name=str(number), input="?", actual_output=text) for number, text in enumerate(texts)]
        verdicts = [""] * len(texts)
        for result in evaluate(cases, metrics, **quiet).test_results:
            passed = {metric.name: metric.success for metric in result.metrics_data}
            verdicts[int(result.name)] = "".join("1" if passed[name] else "0" for name in questions)
        return verdicts

    return ask


if __name__ == "__main__":
    run("deepeval", make)
