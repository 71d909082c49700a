"""The operators as a page: what each does, where, and what must become of which verdict.

Not here: the operators (a file each), where the page is kept (`docs/build.py`).
"""

from collections.abc import Sequence

from eval_pipeline.synthetic.operators.contract import EVERY_OTHER, Expectation, Operator
from eval_pipeline.synthetic.operators.registry import OPERATORS

_HEAD = """# Operators for synthetic sessions

Made from `eval_pipeline/synthetic/operators/` by `make docs`. An operator makes one change to a real session and says what must
become of which verdict. The change is decided by the session and a seed: the same two give the same session, on every
machine. The real session stays as it is. `synthetic_expectations` holds what every evaluator, signal and, where they
are asked, judge says of the synthetic session against what it says of the real one.

| expected | meaning |
|---|---|
| `must_fail`, `must_pass`, `must_fire` | so it must be afterwards, where it was not so before |
| `unchanged` | the same word before and after; a judge may withhold its pass of a session that speaks to it |
| `no_new_failure` | it does not come to fail (a signal: to fire); what else it says may change |
| `may_change` | nothing is expected: the change bears on the subject and does not decide it |

| outcome | meaning |
|---|---|
| `noticed` | it is as it must be, also where nothing was to change |
| `missed` | it had to change and did not |
| `wrongly_changed` | it changed and must not have |
| `not_applicable` | nothing can be said: it said so before, the real session is gone, or this deployment has no such subject |
| `error` | it crashed on the synthetic session |
"""


def operators_page(operators: Sequence[Operator] = OPERATORS) -> str:
    """Return the operators as Markdown, each with a table of its expectations."""
    return _HEAD + "".join(_section(operator) for operator in operators)


def _section(operator: Operator) -> str:
    rows = "\n".join(_row(expectation) for expectation in operator.expectations)
    return (
        f"\n## {operator.name}\n\n{operator.description} Adversarial kind: `{operator.adversarial_kind}`.\n\n"
        f"| subject | expected | because |\n|---|---|---|\n{rows}\n"
    )


def _row(expectation: Expectation) -> str:
    is_every = expectation.subject == EVERY_OTHER
    subject = (
        f"every other {expectation.subject_kind}" if is_every else f"{expectation.subject_kind} `{expectation.subject}`"
    )
    return f"| {subject} | `{expectation.change}` | {expectation.reason} |"
