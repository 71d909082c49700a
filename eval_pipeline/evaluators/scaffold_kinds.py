"""What a scaffolded evaluator and its test say, by what it looks at: small, true, and meant to be edited.

Not here: where they are put (`scaffold.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class LooksAt(StrEnum):
    """What a new evaluator can be asked of."""

    answers = "answers"
    last_answer = "last-answer"
    assistant_turns = "assistant-turns"
    user_turns = "user-turns"
    tool_calls = "tool-calls"
    tool_results = "tool-results"
    session = "session"


@dataclass(frozen=True)
class Kind:
    """The example for one thing to look at: its source, what it imports, and turns that pass, fail, do not apply."""

    selector: str
    check: str
    needs: Sequence[str]
    description: str
    passes: Sequence[str]
    fails: Sequence[str]
    not_applicable: Sequence[str]


def _user(text: str) -> str:
    return f'{{"role": "user", "content": "{text}"}}'


def _says(text: str) -> str:
    return f'{{"role": "assistant", "content": "{text}"}}'


_ASKS = _user("Where is order A-1?")
_CALLS = '{"role": "assistant", "tool_calls": [{"id": "1", "name": "find_order", "arguments": {"order_id": "A-1"}}]}'
_GETS = '{"role": "tool", "tool_call_id": "1", "content": "It is on its way."}'
_ERRS = '{"role": "tool", "tool_call_id": "1", "content": "Error: no such order"}'
_ANSWERS = _says("Order A-1 is on its way.")

KINDS: dict[LooksAt, Kind] = {
    LooksAt.answers: Kind(
        "ANSWERS",
        'contains_none("guarantee")',
        ["ANSWERS", "contains_none"],
        "No answer guarantees anything.",
        [_ASKS, _ANSWERS],
        [_ASKS, _says("I guarantee that it comes today.")],
        [_ASKS],
    ),
    LooksAt.last_answer: Kind(
        "LAST_ANSWER",
        'has_length(at_most=150, unit="words")',
        ["LAST_ANSWER", "has_length"],
        "The last answer has at most 150 words.",
        [_ASKS, _ANSWERS],
        [_ASKS, '{"role": "assistant", "content": "very " * 151}'],
        [_ASKS],
    ),
    LooksAt.assistant_turns: Kind(
        "ASSISTANT_TURNS",
        "any_of(calls_tool(), has_length(at_least=1))",
        ["ASSISTANT_TURNS", "any_of", "calls_tool", "has_length"],
        "Every turn of the assistant says something or calls a tool.",
        [_ASKS, _CALLS, _GETS, _ANSWERS],
        [_ASKS, _says("")],
        [_ASKS],
    ),
    LooksAt.user_turns: Kind(
        "USER_TURNS",
        'contains_none("useless")',
        ["USER_TURNS", "contains_none"],
        "The user never calls it useless.",
        [_ASKS, _ANSWERS],
        [_ASKS, _ANSWERS, _user("This is useless.")],
        [_ANSWERS],
    ),
    LooksAt.tool_calls: Kind(
        "TOOL_CALLS",
        "has_result()",
        ["TOOL_CALLS", "has_result"],
        "Something came back from every tool call.",
        [_ASKS, _CALLS, _GETS, _ANSWERS],
        [_ASKS, _CALLS, _ANSWERS],
        [_ASKS, _ANSWERS],
    ),
    LooksAt.tool_results: Kind(
        "TOOL_RESULTS",
        "not_(reports_error())",
        ["TOOL_RESULTS", "not_", "reports_error"],
        "No tool call comes back with an error.",
        [_ASKS, _CALLS, _GETS, _ANSWERS],
        [_ASKS, _CALLS, _ERRS, _ANSWERS],
        [_ASKS, _ANSWERS],
    ),
    LooksAt.session: Kind(
        "SESSION",
        "not_(repeats_call(times=2))",
        ["SESSION", "not_", "repeats_call"],
        "No tool call is made twice with the same arguments and the same result.",
        [_ASKS, _CALLS, _GETS, _ANSWERS],
        [_ASKS, _CALLS, _GETS, _CALLS, _GETS, _ANSWERS],
        [_ASKS, _ANSWERS],
    ),
}


def entry_text(name: str, looks_at: LooksAt) -> str:
    """Return the item of EVALUATORS, indented as the catalog is, with its comma and line end."""
    kind = KINDS[looks_at]
    return f"""    Evaluator(
        name="{name}",
        description="{kind.description}",
        looks_at={kind.selector},
        check={kind.check},
    ),
"""


def text_of_test(name: str, looks_at: LooksAt, catalog: str) -> str:
    """Return the test module; `catalog` is the path of the catalog file from the test's folder."""
    kind = KINDS[looks_at]
    return f'''"""The evaluator {name}: a session that passes it, one that fails it, and one that it does not apply to."""

from pathlib import Path

from eval_pipeline.evaluators.trying import verdict_on

NAME = "{name}"
CATALOG = Path(__file__).parent / "{catalog}"

PASSES = [
{_listed(kind.passes)}]
FAILS = [
{_listed(kind.fails)}]
DOES_NOT_APPLY = [
{_listed(kind.not_applicable)}]


def test_a_session_that_keeps_to_it_passes() -> None:
    assert verdict_on(PASSES, NAME, CATALOG) == "pass"


def test_a_session_that_breaks_it_fails() -> None:
    assert verdict_on(FAILS, NAME, CATALOG) == "fail"


def test_it_does_not_apply_where_there_is_nothing_to_look_at() -> None:
    assert verdict_on(DOES_NOT_APPLY, NAME, CATALOG) == "not_applicable"
'''


def _listed(turns: Sequence[str]) -> str:
    return "".join(f"    {turn},\n" for turn in turns)
