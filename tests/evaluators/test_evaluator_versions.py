"""A version changes when, and only when, what the evaluator decides can change."""

from dataclasses import replace
from typing import Any

import pytest

from eval_pipeline.evaluators.checks import (
    ANSWERS,
    ASSISTANT_TURNS,
    LAST_ANSWER,
    TOOL_CALLS,
    USER_TURNS,
    Check,
    Evaluator,
    all_of,
    any_of,
    at,
    at_least,
    blocks,
    breaks_off,
    captured,
    contains_all,
    contains_any,
    each,
    error_not_told_as_success,
    first,
    has_allowed,
    has_length,
    has_number,
    in_words,
    is_from,
    is_tool,
    is_valid_json,
    last,
    matches,
    matches_none,
    none_of,
    not_,
    on_surface,
    repeats_call,
    satisfies,
    satisfies_schema,
    shows_machinery,
    shows_secret,
    some,
    tool_called,
    when,
    where,
    within,
)
from eval_pipeline.evaluators.leaves.json_checks import JsonSchema
from eval_pipeline.evaluators.leaves.leak_checks import ShowsMachinery
from eval_pipeline.evaluators.leaves.limit_checks import (
    answers_within,
    costs_at_most,
    has_at_most,
    session_within,
    uses_at_most,
)
from eval_pipeline.evaluators.leaves.order_checks import calls_in_order, is_called_before
from eval_pipeline.evaluators.leaves.relation_checks import (
    argument,
    equals,
    found_in,
    is_above,
    is_at_least,
    is_at_most,
    is_below,
    is_disjoint,
    is_same_set,
    is_subset,
    is_superset,
    result,
    told,
)
from eval_pipeline.evaluators.leaves.tool_checks import tool_called_with
from eval_pipeline.evaluators.leaves.value_checks import every_captured
from eval_pipeline.evaluators.selectors import Blocks
from eval_pipeline.evaluators.views import Text

A, B = argument("pay", "/a"), result("find", "/b")


def version(check: Check[Any], looks_at: Any = ANSWERS, **fields: Any) -> str:
    return Evaluator(name="x", looks_at=looks_at, check=check, description="x", **fields).version


def is_loud(text: Text) -> bool:
    """Whether it shouts."""
    return text.text.isupper()


def is_quiet(text: Text) -> bool:
    return text.text.islower()


DIFFERENT = [
    lambda: is_valid_json(),
    lambda: not_(is_valid_json()),
    lambda: satisfies_schema({"type": "object"}),
    lambda: satisfies_schema({"type": "array"}),
    lambda: satisfies_schema({"properties": {"title": {"type": "array"}}}),
    lambda: satisfies_schema({"properties": {"description": {"type": "array"}}}),
    lambda: satisfies_schema({"enum": [{"title": 1}]}),
    lambda: satisfies_schema({"enum": [{"title": 2}]}),
    lambda: matches("a"),
    lambda: matches("b"),
    lambda: matches("a", ignore_case=True),
    lambda: matches("a", at_least=2),
    lambda: matches("a", at_most=2),
    lambda: matches_none("a"),
    lambda: contains_any("a", "b"),
    lambda: contains_all("a", "b"),
    lambda: contains_any("a"),
    lambda: contains_any("a", ignore_case=False),
    lambda: contains_any("a", whole_words=True),
    lambda: has_length(1),
    lambda: has_length(1, 2),
    lambda: has_length(1, 2, "words"),
    lambda: breaks_off(),
    lambda: has_number(at("/a")),
    lambda: has_number(at("/b")),
    lambda: has_number(captured("/a")),
    lambda: has_number(at("/a"), at_least=1),
    lambda: has_number(at("/a"), at_most=1),
    lambda: has_number(at("/a"), is_required=True),
    lambda: has_number(every_captured("/a")),
    lambda: has_allowed(at("/a"), ["1"]),
    lambda: has_allowed(at("/a"), [1]),
    lambda: shows_secret(),
    lambda: shows_machinery(),
    lambda: tool_called("a"),
    lambda: tool_called("a", at_most=1),
    lambda: tool_called_with("a", matches("a")),
    lambda: tool_called_with("a", matches("b")),
    lambda: tool_called_with("b", matches("a")),
    lambda: calls_in_order("a", "b"),
    lambda: calls_in_order("b", "a"),
    lambda: calls_in_order("a", "b", strictly=True),
    lambda: is_called_before("a", matches("a")),
    lambda: is_called_before("a", matches("b")),
    lambda: equals(A, B),
    lambda: equals(B, A),
    lambda: equals(A, B, tolerance=0.01),
    lambda: equals(A, B, is_required=True),
    lambda: equals(A, B, matching=(argument("pay", "/id"), argument("find", "/id"))),
    lambda: equals(A, B, matching=(argument("pay", "/id"), result("find", "/id"))),
    lambda: equals(A, told("([0-9])")),
    lambda: equals(A, found_in(USER_TURNS, captured("([0-9])"))),
    lambda: is_at_most(A, B),
    lambda: is_at_least(A, B),
    lambda: is_below(A, B),
    lambda: is_above(A, B),
    lambda: is_subset(A, B),
    lambda: is_superset(A, B),
    lambda: is_same_set(A, B),
    lambda: is_disjoint(A, B),
    lambda: answers_within(1),
    lambda: answers_within(1, until="last"),
    lambda: session_within(1),
    lambda: costs_at_most(1),
    lambda: costs_at_most(1, "/cost"),
    lambda: uses_at_most(1),
    lambda: has_at_most(1, "turns"),
    lambda: has_at_most(1, "answers"),
    lambda: is_tool("a"),
    lambda: repeats_call(2),
    lambda: repeats_call(3),
    lambda: is_from("user"),
    lambda: on_surface("a"),
    lambda: error_not_told_as_success(),
    lambda: error_not_told_as_success(admits_failure="sorry"),
    lambda: satisfies(is_loud, words="x", version="1"),
    lambda: satisfies(is_loud, words="x", version="2"),
    lambda: satisfies(is_quiet, words="x", version="1"),
    lambda: all_of(matches("a"), matches("b")),
    lambda: any_of(matches("a"), matches("b")),
    lambda: none_of(matches("a"), matches("b")),
    lambda: at_least(1, matches("a"), matches("b")),
    lambda: at_least(2, matches("a"), matches("b")),
    lambda: at_least(2, matches("a"), matches("a"), matches("b")),
    lambda: when(matches("a"), matches("b")),
    lambda: when(matches("b"), matches("a")),
    lambda: each(ANSWERS, matches("a")),
    lambda: each(USER_TURNS, matches("a")),
    lambda: first(ANSWERS, matches("a")),
    lambda: last(ANSWERS, matches("a")),
    lambda: some(ANSWERS, matches("a")),
    lambda: some(ANSWERS, matches("a"), k=2),
    lambda: each(where(ANSWERS, matches("b")), matches("a")),
    lambda: each(within(ANSWERS, blocks()), matches("a")),
    lambda: each(within(ANSWERS, blocks("json")), matches("a")),
]  # fmt: skip


def test_every_difference_in_what_is_decided_is_another_version() -> None:
    versions = [version(make()) for make in DIFFERENT]
    assert len(set(versions)) == len(DIFFERENT)


def test_the_same_check_made_again_has_the_same_version() -> None:
    assert [version(make()) for make in DIFFERENT] == [version(make()) for make in DIFFERENT]


def test_versions_are_the_same_on_every_machine() -> None:
    assert version(matches("a")) == "1+7536db2e"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (contains_any("b", "A"), contains_any("a", "b", "b")),
        (satisfies_schema({"title": "A", "type": "object"}), satisfies_schema({"type": "object", "description": "B"})),
        (satisfies_schema({"minimum": 1}), satisfies_schema({"minimum": 1.0})),
        (has_number(at("/a"), at_most=1), has_number(at("/a"), at_most=1.0)),
        (all_of(matches("a"), matches("b")), all_of(matches("b"), matches("a"), matches("b"))),
        (all_of(matches("a")), matches("a")),
        (equals(A, B, tolerance=1), equals(A, B, tolerance=1.0)),
        (costs_at_most(1), costs_at_most(1.0, "/cost_usd")),
        (in_words("is fine", matches("a")), in_words("is good", matches("a"))),
        (in_words("is fine", matches("a")), matches("a")),
        (satisfies(is_loud, words="shouts", version="1"), satisfies(is_loud, words="is loud", version="1")),
    ],
)
def test_what_decides_nothing_is_in_no_version(one: Check[Any], other: Check[Any]) -> None:
    assert version(one) == version(other)


def test_names_and_descriptions_decide_nothing_but_what_is_looked_at_does() -> None:
    base = Evaluator(name="a", looks_at=ANSWERS, check=matches("a"), description="old")
    assert replace(base, name="b", description="new").version == base.version
    others = [
        replace(base, declared_version="2"),
        replace(base, per="turn"),
        replace(base, looks_at=LAST_ANSWER),
        replace(base, looks_at=ASSISTANT_TURNS),
        replace(base, looks_at=TOOL_CALLS),
    ]
    assert len({base.version, *(other.version for other in others)}) == 6


def test_what_finds_the_pieces_is_in_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    fenced, answers = (lambda: version(matches("a"), within(ANSWERS, blocks()))), (lambda: version(matches("a")))
    before = fenced(), answers()
    monkeypatch.setattr(Blocks, "constants", ("~~~",))
    assert (fenced() != before[0], answers() == before[1]) == (True, True)
    last_answer = version(matches("a"), LAST_ANSWER)
    monkeypatch.setattr(type(LAST_ANSWER), "semantics", 2)
    assert version(matches("a"), LAST_ANSWER) != last_answer


def test_the_tables_behind_a_check_are_in_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = version(shows_machinery())
    monkeypatch.setattr(ShowsMachinery, "constants", (*ShowsMachinery.constants, "<another mark>"))
    assert version(shows_machinery()) != before


def test_the_library_that_reads_a_schema_is_in_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = version(satisfies_schema({}))
    monkeypatch.setattr(JsonSchema, "constants", ("another",))
    assert version(satisfies_schema({})) != before
