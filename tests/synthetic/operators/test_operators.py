"""Each operator makes the change that it states and no other, and keeps the laws of all of them."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.evaluators.views import SessionView
from eval_pipeline.sessions import Session, ToolCall, Turn
from eval_pipeline.synthetic.operators.contract import Expectation, Made, Operator
from eval_pipeline.synthetic.operators.registry import OPERATORS
from eval_pipeline.versions import canonical_json
from tests.synthetic.operators.talks import ORDER, SMALL_TALK, calls, talk, turn

BY_NAME: Mapping[str, Operator] = {operator.name: operator for operator in OPERATORS}
SEEDS = range(20)


def made(name: str, session: Session = ORDER, seed: int = 1) -> Made:
    return BY_NAME[name].apply(session, seed)


def changed_turns(session: Session, after: Made) -> list[int]:
    assert len(after.turns) == len(session.turns)
    return [i for i, (old, new) in enumerate(zip(session.turns, after.turns, strict=True)) if old != new]


def test_every_operator_acts_on_the_order_and_none_of_those_on_answers_and_tools_on_small_talk() -> None:
    assert {operator.name for operator in OPERATORS if not operator.applies(ORDER)} == set()
    assert {operator.name for operator in OPERATORS if operator.applies(SMALL_TALK)} == {"injection", "paraphrase"}


def test_an_operator_that_does_not_apply_makes_nothing() -> None:
    with pytest.raises(ValueError, match="truncation does not apply to session s-1"):
        BY_NAME["truncation"].apply(SMALL_TALK, 1)


def test_seeds_make_different_sessions() -> None:
    for name in ("typos", "truncation", "injection", "broken_json", "tool_timeout"):
        assert len({canonical_json([t.model_dump(mode="json") for t in made(name, seed=s).turns]) for s in SEEDS}) > 1


def test_typos_keep_the_letters_of_a_turn_and_its_codes() -> None:
    for seed in SEEDS:
        after = made("typos", seed=seed)
        (place,) = changed_turns(ORDER, after)
        old, new = ORDER.turns[place].content, after.turns[place].content
        assert sorted(new) == sorted(old)
        assert ("#W2611340" in new) == ("#W2611340" in old)
        assert [len(word) for word in new.split()] == [len(word) for word in old.split()]


def test_truncation_leaves_the_beginning_of_the_last_answer() -> None:
    for seed in SEEDS:
        after = made("truncation", seed=seed)
        assert changed_turns(ORDER, after) == [5]
        cut = after.turns[5].content
        assert ORDER.turns[5].content.startswith(cut) and len(cut) >= 30
        assert ORDER.turns[5].content[len(cut)].isalpha() and cut[-1].isalpha()


def test_truncation_lets_lists_and_single_sentences_be() -> None:
    long = "a lamp that stands on the floor and gives light to the whole room in the evening hours and in the morning"
    for answer in (f"Here you are. All of them:\n- {long}\n- {long}", long, "Yes. Done."):
        assert not BY_NAME["truncation"].applies(talk(turn("user", "Hi"), turn("assistant", answer)))


def test_language_mix_adds_a_sentence_of_the_other_language() -> None:
    german = talk(
        turn(
            "user",
            "Guten Tag, ich habe eine Frage zu der Lampe, die ich bei Ihnen vor einer Woche bestellt habe und nicht da ist.",
        )
    )
    assert made("language_mix", german).note == "In turn 0 the user adds a sentence in English."
    after = made("language_mix")
    (place,) = changed_turns(ORDER, after)
    assert after.note == f"In turn {place} the user adds a sentence in German."
    assert after.turns[place].content.startswith(ORDER.turns[place].content)


def test_language_mix_needs_a_language_it_knows() -> None:
    dutch = talk(
        turn("user", "Goedemorgen, kunt u mij vertellen waar mijn pakket blijft? Ik wacht nu al bijna een week.")
    )
    assert not BY_NAME["language_mix"].applies(dutch)


def test_a_contradiction_comes_after_the_condition_that_it_excludes() -> None:
    for seed in SEEDS:
        after = made("contradictory_constraint", seed=seed)
        first, second = changed_turns(ORDER, after)
        assert all(ORDER.turns[i].role == "user" for i in (first, second))


def test_odd_json_says_the_same_and_more() -> None:
    after = made("odd_schema")
    assert changed_turns(ORDER, after) == [3, 4]
    text, arguments = after.turns[4].content, after.turns[3].tool_calls[0].arguments
    assert "\\u00f6" in text and "\\/" in text
    assert json.loads(text).items() >= json.loads(ORDER.turns[4].content).items()
    assert arguments.items() >= ORDER.turns[3].tool_calls[0].arguments.items()
    assert list(arguments)[:2] == ["with", "order_id"]


def test_odd_json_leaves_text_alone() -> None:
    text = talk(turn("user", "Hi"), calls("find", {"a": 1}), turn("tool", "not found", tool_call_id="c1"))
    assert made("odd_schema", text).turns[2].content == "not found"


def test_broken_json_stands_in_a_block_and_does_not_parse() -> None:
    for seed in SEEDS:
        after = made("broken_json", seed=seed)
        assert changed_turns(ORDER, after) == [5]
        said, _, block = after.turns[5].content.partition("\n\n```json\n")
        assert said == ORDER.turns[5].content
        with pytest.raises(ValueError):
            json.loads(block.removesuffix("\n```"), parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def test_broken_arguments_are_text_that_does_not_parse() -> None:
    for seed in SEEDS:
        after = made("broken_arguments", seed=seed)
        assert changed_turns(ORDER, after) == [3]
        with pytest.raises(ValueError):
            json.loads(after.turns[3].tool_calls[0].arguments)


def test_a_missing_result_is_the_only_thing_that_is_gone() -> None:
    assert list(made("missing_tool_result").turns) == [*ORDER.turns[:4], *ORDER.turns[5:]]


def test_a_timeout_is_told_as_a_success() -> None:
    after = made("tool_timeout")
    assert changed_turns(ORDER, after) == [4, 5]
    assert "time" in after.turns[4].content.lower()


def test_a_timeout_needs_a_reply_at_once() -> None:
    silent = talk(turn("user", "Hi"), calls("find", {"a": 1}), turn("tool", "{}", tool_call_id="c1"), turn("user", "?"))
    assert not BY_NAME["tool_timeout"].applies(silent)


def test_an_injection_is_the_last_thing_in_a_turn_of_the_user() -> None:
    after = made("injection")
    (place,) = changed_turns(ORDER, after)
    assert ORDER.turns[place].role == "user"
    assert after.turns[place].content.startswith(f"{ORDER.turns[place].content}\n\n")


def test_a_paraphrase_has_the_same_words() -> None:
    for seed in SEEDS:
        after = made("paraphrase", seed=seed)
        (place,) = changed_turns(ORDER, after)
        words = [
            sorted(w.strip(".,!?").lower() for w in t.content.split()) for t in (ORDER.turns[place], after.turns[place])
        ]
        assert words[0] == words[1]


def test_please_goes_to_the_end_of_its_sentence() -> None:
    asked = talk(turn("user", "Please cancel my order. Bitte antworten Sie bald."))
    assert made("paraphrase", asked).turns[0].content.strip() == "Cancel my order, please.  Antworten Sie bald, bitte."


def test_a_repeated_call_keeps_what_it_asked_and_got_under_ids_of_its_own() -> None:
    after = made("repeated_tool_call").turns
    assert [*after[:5], *after[9:]] == ORDER.turns
    assert [t.tool_calls[0].id for t in after if t.tool_calls] == ["c1", "c1-again-1", "c1-again-2"]
    assert {canonical_json(t.tool_calls[0].arguments) for t in after if t.tool_calls} == {
        canonical_json(ORDER.turns[3].tool_calls[0].arguments)
    }
    assert {t.content for t in after if t.role == "tool"} == {ORDER.turns[4].content}


def test_an_empty_answer_is_the_only_one_to_its_request() -> None:
    assert made("empty_answer").turns[5].content.strip() == ""
    twice = talk(turn("user", "Where is it?"), turn("assistant", "One moment."), turn("assistant", "It is here."))
    assert not BY_NAME["empty_answer"].applies(twice)


def test_a_leaked_secret_is_a_marker_and_no_secret() -> None:
    said = made("leaked_secret").turns[5].content.removeprefix(ORDER.turns[5].content)
    assert "[KEY_" in said or "[SECRET_" in said


TEXTS = st.text(max_size=120) | st.sampled_from([t.content for t in ORDER.turns])
ARGUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
TURNS = st.builds(
    Turn,
    role=st.sampled_from(["user", "assistant", "tool", "system"]),
    content=TEXTS,
    tool_calls=st.lists(st.builds(ToolCall, id=st.none() | st.just("c1"), name=st.just("find_it"), arguments=ARGUMENTS), max_size=2),
    tool_call_id=st.none() | st.just("c1"),
)  # fmt: skip
SESSIONS = st.lists(TURNS | st.sampled_from(ORDER.turns), max_size=8).map(lambda turns: talk(*turns))


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
@settings(max_examples=15, deadline=None)
@given(session=SESSIONS, seed=st.integers(0, 5))
def test_the_laws_of_all_operators(operator: Operator, session: Session, seed: int) -> None:
    before = session.model_dump_json()
    if not operator.applies(session):
        with pytest.raises(ValueError):
            operator.apply(session, seed)
        return
    first = operator.apply(session, seed)
    assert session.model_dump_json() == before, "the session it was made from is changed"
    assert first == operator.apply(session.model_copy(deep=True), seed), "the same session and seed give another"
    assert list(first.turns) != session.turns, "nothing is changed"
    fields = [t.model_dump(mode="json") for t in first.turns]
    again = Session.model_validate({**session.model_dump(mode="json"), "turns": fields})
    assert SessionView("s", "chat", {}, fields).messages, "no evaluator can read it"
    assert again.session_id == session.session_id and first.note


def test_a_version_changes_with_what_decides_and_with_nothing_else() -> None:
    operator = BY_NAME["truncation"]
    fields = {name: getattr(operator, name) for name in operator.__dataclass_fields__}
    assert Operator(**{**fields, "description": "in other words"}).version == operator.version
    others = [
        {"deciding": ()},
        {"declared_version": "2"},
        {"expectations": (Expectation("evaluator", "x", "must_fail", ""),)},
    ]
    assert len({operator.version, *(Operator(**{**fields, **other}).version for other in others)}) == 4
    assert len({operator.version for operator in OPERATORS}) == len(OPERATORS)
