"""The custom metrics of `run_deepeval.py`, each called by hand with `measure`: deepeval without its runner.

What is left is the user's own plain Python, with jsonschema, and one `LLMTestCase` per text.
"""

from collections.abc import Callable, Sequence

from deepeval.test_case import LLMTestCase
from exchange import Question, run
from run_deepeval import Asks


def make(questions: dict[str, Question]) -> Callable[[Sequence[str]], list[str]]:
    metrics = [Asks(name, question) for name, question in questions.items()]

    def ask(texts: Sequence[str]) -> list[str]:
        cases = [LLMTestCase(input="?", actual_output=text) for text in texts]
        return ["".join("1" if metric.measure(case) else "0" for metric in metrics) for case in cases]

    return ask


if __name__ == "__main__":
    run("deepeval", make)
