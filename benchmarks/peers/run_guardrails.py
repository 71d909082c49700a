"""The eight checks as validators of guardrails-ai, registered as its users do, on one `Guard`: one `validate` per text.

A failure changes nothing and stops nothing (`noop`), so that all eight are asked of every text. Metrics are off. The
ready-made validators come from its hub, which needs an account; what they compute is what these do.
"""

from collections.abc import Callable, Sequence
from typing import Any

from exchange import Question, run
from guardrails import Guard, OnFailAction
from guardrails.validator_base import FailResult, PassResult, ValidationResult, Validator, register_validator


def validator(name: str, question: Question) -> Validator:
    class Asks(Validator):
        def _validate(self, value: Any, metadata: dict[str, Any]) -> ValidationResult:
            return PassResult() if question(value) else FailResult(error_message=name)

    return register_validator(name=f"bench/{name}", data_type="string")(Asks)(on_fail=OnFailAction.NOOP)


def make(questions: dict[str, Question]) -> Callable[[Sequence[str]], list[str]]:
    guard = Guard().use(*(validator(name, question) for name, question in questions.items()))
    guard.configure(allow_metrics_collection=False)

    def ask(texts: Sequence[str]) -> list[str]:
        verdicts = []
        for text in texts:
            failed = {summary.failure_reason for summary in guard.validate(text).validation_summaries}
            verdicts.append("".join("0" if name in failed else "1" for name in questions))
        return verdicts

    return ask


if __name__ == "__main__":
    run("guardrails-ai", make)
