"""The eight checks as `Evaluator` dataclasses of pydantic-evals, over a `Dataset` with `evaluate_sync`, a case per text.

The task returns its input; the progress bar is off. Making the dataset is on the clock, as reading a frame is for ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exchange import Question, run
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import Evaluator, EvaluatorContext

QUESTIONS: dict[str, Question] = {}


@dataclass
class Asks(Evaluator[str, str, None]):
    """One of the eight checks, by name."""

    name: str

    def get_default_evaluation_name(self) -> str:
        return self.name

    def evaluate(self, ctx: EvaluatorContext[str, str, None]) -> bool:
        return QUESTIONS[self.name](ctx.output)


def answer(text: str) -> str:
    return text


def make(questions: dict[str, Question]) -> Callable[[Sequence[str]], list[str]]:
    QUESTIONS.update(questions)
    evaluators = [Asks(name) for name in questions]

    def ask(texts: Sequence[str]) -> list[str]:
        cases = [Case(name=str(number), inputs=text) for number, text in enumerate(texts)]
        report = Dataset(name="answers", cases=cases, evaluators=evaluators).evaluate_sync(answer, progress=False)
        by_name = {case.name: case.assertions for case in report.cases}
        return [
            "".join("1" if by_name[str(number)][name].value else "0" for name in questions)
            for number in range(len(texts))
        ]

    return ask


if __name__ == "__main__":
    run("pydantic-evals", make)
