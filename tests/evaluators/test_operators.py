"""The algebra: its truth tables against an independent reading, its laws, and which finding it reports."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.evaluators.checks import (
    ANSWERS,
    CONVERSATION,
    TOOL_CALLS,
    USER_TURNS,
    Check,
    Leaf,
    all_of,
    any_of,
    at_least,
    blocks,
    contains_any,
    each,
    first,
    in_words,
    is_json_object,
    is_tool,
    is_valid_json,
    last,
    none_of,
    not_,
    some,
    when,
    where,
    within,
)
from eval_pipeline.evaluators.views import Text
from tests.evaluators.conversations import calls, message, outcome, says, user, view

OUTCOMES = {True: "pass", False: "fail", None: "not_applicable"}


@dataclass(frozen=True)
class Says(Leaf[Text]):
    """A leaf with a known answer."""

    answer: bool | None
    label: int = 0

    def holds(self, subject: Text) -> bool | None:
        return self.answer

    @property
    def words(self) -> str:
        return f"is {self.label}"


@dataclass(frozen=True)
class SaysItself(Leaf[Text]):
    """A leaf that answers what the text says."""

    def holds(self, subject: Text) -> bool | None:
        return {"True": True, "False": False}.get(subject.text)

    @property
    def words(self) -> str:
        return "says so"


@dataclass(frozen=True)
class Crashes(Leaf[Text]):
    def holds(self, subject: Text) -> bool | None:
        raise RuntimeError("broken check")

    @property
    def words(self) -> str:
        return "crashes"


leaves = st.builds(Says, st.sampled_from([True, False, None]), st.integers(0, 9))


def _grow(inner: st.SearchStrategy[Check[Text]]) -> st.SearchStrategy[Check[Text]]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        inner.map(not_),
        several.map(lambda parts: all_of(*parts)),
        several.map(lambda parts: any_of(*parts)),
        several.map(lambda parts: none_of(*parts)),
        st.tuples(inner, inner).map(lambda pair: when(*pair)),
        several.flatmap(lambda parts: st.integers(1, len(parts)).map(lambda k: at_least(k, *parts))),
        inner.map(lambda part: in_words("is so", part)),
    )


checks: st.SearchStrategy[Check[Text]] = st.recursive(leaves, _grow, max_leaves=8)
answers = st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=4)


def answer(check: Check[Any]) -> bool | None:
    return {word: value for value, word in OUTCOMES.items()}[outcome(check, "text")]


@given(answers)
def test_truth_tables(parts: list[bool | None]) -> None:
    said = [Says(part) for part in parts]
    applicable = [part for part in parts if part is not None]
    assert answer(all_of(*said)) == (all(applicable) if applicable else None)
    assert answer(any_of(*said)) == (any(applicable) if applicable else None)
    assert answer(none_of(*said)) == (not any(applicable) if applicable else None)
    for k in range(1, len(parts) + 1):
        assert answer(at_least(k, *said)) == (sum(applicable) >= k if applicable else None)


@pytest.mark.parametrize("then", [True, False, None])
def test_when_asks_only_where_its_condition_passes(then: bool | None) -> None:
    assert answer(when(Says(True), Says(then))) == then
    assert answer(when(Says(False), Says(then))) is None
    assert answer(when(Says(None), Says(then))) is None


@given(checks)
def test_not_not_is_nothing(check: Check[Text]) -> None:
    assert not_(not_(check)) == check
    assert not_(not_(check)).judge(message("text")).found() == check.judge(message("text")).found()
    turned = {True: False, False: True, None: None}
    assert answer(not_(check)) == turned[answer(check)]


@given(st.lists(checks, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_order_and_grouping_change_no_outcome_and_no_version(parts: list[Check[Text]], random: Any) -> None:
    shuffled = random.sample(parts, len(parts))
    for operator in (all_of, any_of, none_of, lambda *p: at_least(len(p), *p)):
        assert answer(operator(*parts)) == answer(operator(*shuffled))
        assert operator(*parts).canonical() == operator(*shuffled).canonical()


@given(st.lists(checks, min_size=1, max_size=4))
def test_de_morgan(parts: list[Check[Text]]) -> None:
    assert answer(not_(all_of(*parts))) == answer(any_of(*map(not_, parts)))
    assert answer(not_(any_of(*parts))) == answer(all_of(*map(not_, parts)))


@given(st.lists(checks, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_parts_may_be_grouped_and_repeated(parts: list[Check[Text]], random: Any) -> None:
    middle = random.randint(1, len(parts))
    for operator in (all_of, any_of):
        grouped = [operator(*group) for group in (parts[:middle], parts[middle:]) if group]
        assert answer(operator(*grouped)) == answer(operator(*parts)) == answer(operator(*parts, *parts))
    assert answer(at_least(1, *parts)) == answer(any_of(*parts))
    assert answer(none_of(*parts)) == answer(not_(any_of(*parts)))


@given(st.lists(st.sampled_from([True, False, None]), max_size=4), st.integers(1, 3))
def test_pieces_are_asked_like_parts(said: list[bool | None], k: int) -> None:
    pieces, check = view(*(says(str(answer)) for answer in said)), SaysItself()
    parts = [Says(answer) for answer in said]
    assert outcome(each(ANSWERS, check), pieces) == (outcome(all_of(*parts), "text") if parts else "not_applicable")
    if len(parts) >= k:
        assert outcome(some(ANSWERS, check, k=k), pieces) == outcome(at_least(k, *parts), "text")
    assert outcome(each(ANSWERS, not_(check)), pieces) == outcome(not_(some(ANSWERS, check)), pieces)


@given(st.lists(checks, max_size=3), st.integers(0, 3))
def test_a_crash_is_a_crash_wherever_it_stands(parts: list[Check[Text]], position: int) -> None:
    parts.insert(position, Crashes())
    for check in (all_of(*parts), any_of(*parts), none_of(*parts), at_least(1, *parts)):
        with pytest.raises(RuntimeError, match="broken check"):
            check.judge(message("text"))


def test_impossible_operators_are_refused() -> None:
    for make in (
        lambda: all_of(),
        lambda: any_of(),
        lambda: at_least(3, Says(True)),
        lambda: some(ANSWERS, Says(True), k=0),
    ):
        with pytest.raises(ValueError, match=r"at least one|needs"):
            make()


SESSION = view(
    says("Welcome"), user("one"), says("{}"), calls("find", "broken"), calls("pay", {"a": 1}), user("two"), says("bye")
)


def test_each_first_last_some() -> None:
    json_answer = is_valid_json()
    assert outcome(each(ANSWERS, contains_any("e", "{", "y")), SESSION) == "pass"
    assert outcome(each(ANSWERS, json_answer), SESSION) == "fail"
    assert outcome(first(ANSWERS, contains_any("welcome")), SESSION) == "pass"
    assert outcome(last(ANSWERS, contains_any("welcome")), SESSION) == "fail"
    assert outcome(last(CONVERSATION, contains_any("bye")), SESSION) == "pass"
    assert outcome(some(ANSWERS, json_answer), SESSION) == "pass"
    assert outcome(some(ANSWERS, json_answer, k=2), SESSION) == "fail"
    for operator in (each, first, last, some):
        assert outcome(operator(USER_TURNS, json_answer), view(says("hello"))) == "not_applicable"


def test_selectors_narrow_and_nest() -> None:
    assert outcome(each(where(TOOL_CALLS, is_tool("pay")), is_json_object()), SESSION) == "pass"
    assert outcome(each(TOOL_CALLS, is_json_object()), SESSION) == "fail"
    fenced = view(says('See:\n```JSON\n{"a": 1}\n```\nand\n```python\nx = (\n```\n'), says("none\n```json\n{"))
    assert outcome(each(within(ANSWERS, blocks("json")), is_json_object()), fenced) == "pass"
    assert outcome(each(within(ANSWERS, blocks()), is_json_object()), fenced) == "fail"
    assert [b.language for b in within(ANSWERS, blocks()).pieces(fenced)] == ["json", "python"]


def test_a_failure_names_the_leaf_and_the_turn_behind_it() -> None:
    finding = all_of(each(ANSWERS, contains_any("e", "{", "y")), each(TOOL_CALLS, is_json_object())).judge(SESSION)
    assert (finding.by.name, finding.turn_index, finding.found()) == ("valid_json", 3, "broken")
    either = any_of(last(ANSWERS, contains_any("welcome")), last(ANSWERS, is_valid_json())).judge(SESSION)
    assert (either.outcome, either.turn_index, either.found()) == ("fail", 6, "bye")
    denied = none_of(some(ANSWERS, contains_any("welcome"))).judge(SESSION)
    assert (denied.outcome, denied.turn_index, denied.found()) == ("fail", 0, "'welcome'")
    assert denied.expected == "not one that has at least 1 answer that contains any of 'welcome'"


def test_what_is_denied_reads_as_one_says_it() -> None:
    either = any_of(not_(contains_any("a")), is_valid_json())
    assert either.denied == "contains any of 'a' and is not valid JSON"
    assert not_(either).words == either.denied and not_(not_(contains_any("a"))).words == "contains any of 'a'"
    assert not_(contains_any("a")).words == "contains none of 'a'"
    assert not_(all_of(is_valid_json(), is_json_object())).words.startswith("is not one that is valid JSON and is a")
    assert within(ANSWERS, blocks("json")).words == "json block of an answer"
    assert within(USER_TURNS, blocks()).words == "code block of a user turn"
