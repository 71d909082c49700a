"""What labels come to over migrations: rules of a split by hand, and that no chain of migrations loses a label."""

import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.taxonomy.applying import Applied, apply
from eval_pipeline.taxonomy.planning import steps_of
from eval_pipeline.taxonomy.relabelling import Evidence, Standing, carried, carried_without_rules, may_be
from tests.taxonomy.chains import category, migration, split, taxonomy

FIRST = taxonomy("loop", "wrong", "rude")
RULES = [
    {"into": "fact", "when": {"note": r"price|\bdate\b"}},
    {"into": "topic", "when": {"fails": "judge:relevance"}},
]

SECOND = apply(migration(split("wrong", ["fact", "topic"], RULES)), FIRST).after


def after_split(evidence: Evidence, otherwise: str = "unresolved") -> Standing:
    applied = apply(migration(split("wrong", ["fact", "topic"], RULES, otherwise)), FIRST)
    return carried(Standing(FIRST.version, "wrong"), steps_of([applied]), evidence)


def test_the_first_rule_that_holds_decides_a_label_of_a_split() -> None:
    relevance = frozenset({"judge:relevance"})
    assert after_split(Evidence(["Wrong PRICE"], relevance)).category == "fact"
    assert after_split(Evidence(["updated"], relevance)).category == "topic"
    assert after_split(Evidence(["updated"], relevance)).rule == "judge:relevance fails"
    nothing = after_split(Evidence(["updated"]))
    assert (nothing.category, nothing.state, nothing.rule) == (None, "split", "no rule decides")
    assert after_split(Evidence(), otherwise="topic").category == "topic"


def test_what_a_verdict_decided_is_known_as_no_persons_word_for_good() -> None:
    by_note, by_verdict = after_split(Evidence(["price"])), after_split(Evidence([], frozenset({"judge:relevance"})))
    assert (by_note.is_by_machine, by_verdict.is_by_machine) == (False, True)
    again = apply(migration(split("topic", ["near", "far"], otherwise="near"), start="2", end="3"), SECOND)
    assert carried(by_verdict, steps_of([again])) == Standing(again.after.version, "near", "split", "otherwise", True)


def test_a_hostile_note_costs_no_time() -> None:
    rules = [{"into": "fact", "when": {"note": "(a+)+$"}}]
    applied = apply(migration(split("wrong", ["fact", "topic"], rules)), FIRST)
    began = time.process_time()
    carried(Standing(FIRST.version, "wrong"), steps_of([applied]), Evidence(["a" * 20_000 + "!"]))
    assert time.process_time() - began < 1


def test_the_greatest_change_on_the_way_is_the_state() -> None:
    one = apply(migration({"merge": {"categories": ["loop", "rude"], "into": "rude"}}), FIRST)
    two = apply(migration({"rename": {"from": "rude", "to": "impolite"}}, start="2", end="3"), one.after)
    now = carried(Standing(FIRST.version, "loop"), steps_of([one, two]))
    assert (now.category, now.state) == ("impolite", "merged")


@st.composite
def chains(draw: st.DrawFn) -> list[Applied]:
    """Up to six migrations, each of one change that fits what is there."""
    found: list[Applied] = []
    now, fresh = FIRST, iter(f"new_{n}" for n in range(100))
    for number in range(draw(st.integers(1, 6))):
        names = list(now.ids)
        kind = draw(st.sampled_from(["add", "split", "merge", "rename", "retire", "reword"]))
        if kind in ("merge", "retire") and len(names) < 3:
            kind = "add"
        change = _change(draw, kind, draw(st.permutations(names)), fresh)
        step = migration(change, start=now.declared_version, end=str(number + 2))
        found.append(apply(step, now))
        now = found[-1].after
    return found


def _change(draw: st.DrawFn, kind: str, names: list[str], fresh: Any) -> dict[str, Any]:
    one, two, other = names[0], names[1 % len(names)], next(fresh)
    match kind:
        case "add":
            return {"add": {"category": category(other)}}
        case "split":
            parts = [other, next(fresh)]
            rules = [{"into": parts[0], "when": {"note": "price"}}]
            return split(one, parts, rules, draw(st.sampled_from(["unresolved", *parts])))
        case "merge":
            return {"merge": {"categories": [one, two], "into": draw(st.sampled_from([one, category(other)]))}}
        case "rename":
            return {"rename": {"from": one, "to": other}}
        case "retire":
            return {"retire": {"category": one, "successor": draw(st.sampled_from([None, two]))}}
    return {"reword": {"category": category(one, definition=f"Other words: {other}.")}}


@settings(max_examples=60, deadline=None)
@given(chains(), st.lists(st.sampled_from(["the price", "nothing"]), max_size=1))
def test_no_chain_of_migrations_loses_a_label(chain: list[Applied], notes: list[str]) -> None:
    steps, newest = steps_of(chain), chain[-1].after
    for applied in chain:
        for name in applied.before.ids:
            now = carried(Standing(applied.before.version, name), steps, Evidence(notes))
            is_there = now.category in newest.ids and now.version == newest.version
            is_unresolved = now.category is None and now.state == "split"
            is_retired = now.category is None and now.state == "retired"
            assert [is_there, is_unresolved, is_retired].count(True) == 1
            # Rules only ever say more than is known without them.
            blind = carried_without_rules(Standing(applied.before.version, name), steps)
            assert blind.category in (None, now.category)
            assert {now.category} - {None} <= may_be(applied.before.version, name, steps)


@settings(max_examples=30, deadline=None)
@given(chains(), st.integers(0, 5), st.lists(st.sampled_from(["the price", "nothing"]), max_size=1))
def test_to_go_a_part_of_the_way_and_then_on_is_to_go_all_of_it(
    chain: list[Applied], halt: int, notes: list[str]
) -> None:
    before = chain[0].before
    for name in before.ids:
        start, evidence = Standing(before.version, name), Evidence(notes)
        halfway = carried(start, steps_of(chain[: halt % len(chain)]), evidence)
        assert carried(halfway, steps_of(chain), evidence) == carried(start, steps_of(chain), evidence)
