from pathlib import Path

import pytest

from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.definition import OWN, Judge, load_judges
from eval_pipeline.settings import PROJECT_ROOT
from tests.judges.judge_files import DOCUMENT, judge, write_judge

PASSED = {"session": "s", "critique": "c", "verdict": "pass", "origin": "own"}
FAILED = {**PASSED, "verdict": "fail"}


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("Is it relevant? Is it polite?", "one question"),
        ("It is relevant.", "one question"),
        ("Is it relevant and is it polite?", "`and` joins two things"),
        ("Is it relevant as well as polite?", "`as well as` joins two things"),
        ("On a scale from one up, is it relevant?", "`On a scale` asks for a degree"),
        ("Is it worth 1 to 5?", "`1 to 5` asks for a degree"),
        ("How well does it answer?", "`How well` asks for a degree"),
        ("Does it deserve 4 out of 5?", "`out of 5` asks for a degree"),
        ("What is missing in the answer?", "`What` leaves the answer open"),
        ("Is it relevant or polite?", "`or` joins two things"),
        ("Is it both on topic?", "`both` joins two things"),
        ("Is it relevant, complete?", "`relevant` stands beside `complete`"),
        ("Is the answer correct in a polite way?", "`correct` stands beside `polite`"),
        ("Ist die Antwort richtig und vollständig?", "`und` joins two things"),
    ],
)
def test_a_question_that_asks_two_things_or_a_degree_is_refused_with_the_reason(
    tmp_path: Path, question: str, why: str
) -> None:
    write_judge(tmp_path, question=question)
    with pytest.raises(SettingsError, match=why) as refused:
        load_judges(tmp_path)
    assert "relevance.yaml: question" in refused.value.problem


@pytest.mark.parametrize(
    "question",
    [
        "Does the answer name the exchange rate?",
        'Does the answer follow "terms and conditions"?',
        "Does the answer follow the terms and conditions?",
        "Does the answer say how many days are left?",
        "Is a delivery within 1 to 3 working days promised?",
        "Did the assistant complete the correct order?",
        "Is the brand of the order named?",
    ],
)
def test_one_question_is_let_through_whatever_words_it_uses(question: str) -> None:
    assert judge(question=question).question == question


@pytest.mark.parametrize(
    "changes",
    [
        {"pass_when": ["A score of 4 out of 5"]},
        {"pass_when": []},
        {"colour": "red"},
        {"parameters": {"n": 3}},
        {"view": {"turns": "everything"}},
        {"name": "other"},
        {"view": {**DOCUMENT["view"], "max_tokens": 10}},
        {"examples": [{**PASSED, "verdict": "good"}, FAILED]},
    ],
)
def test_a_file_that_is_no_judge_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    write_judge(tmp_path, **changes)
    with pytest.raises(SettingsError):
        load_judges(tmp_path)


@pytest.mark.parametrize(
    ("examples", "why"),
    [
        ([FAILED], "one verdict alone"),
        ([PASSED, PASSED], "one verdict alone"),
        ([{**PASSED, "origin": "s1"}, {**FAILED, "origin": "s1"}], "two examples come from session s1"),
        ([PASSED, FAILED, {**PASSED, "verdict": "not_applicable"}], "`not_applicable_when` does not say"),
    ],
)
def test_examples_that_mislead_are_refused_with_the_reason(
    tmp_path: Path, examples: list[dict[str, str]], why: str
) -> None:
    write_judge(tmp_path, examples=examples)
    with pytest.raises(SettingsError, match=why):
        load_judges(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        load_judges(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "changes",
    [
        {"question": "Does the answer deal with what is asked?"},
        {"fail_when": ["It does not, at all."]},
        {"not_applicable_when": ["Nothing was asked."]},
        {"view": {**DOCUMENT["view"], "with_tool_results": False}},
        {"model": "gpt-4o"},
        {"parameters": {"temperature": 0.1, "max_completion_tokens": 100}},
        {"view": {**DOCUMENT["view"], "max_tokens": 4_000}},
        {"view": {**DOCUMENT["view"], "turns": "answer_and_context"}},
        {"examples": [PASSED, FAILED]},
        {"no_answer": "not_applicable"},
        {"version": 2},
    ],
)
def test_the_version_changes_with_all_that_decides(changes: dict[str, object]) -> None:
    assert judge(**changes).version != judge().version


def test_the_version_does_not_change_with_what_no_model_sees() -> None:
    assert judge(owner="another", description="In other words.").version == judge().version
    borrowed = judge(examples=[PASSED, {**FAILED, "origin": "s1"}])
    assert borrowed.version == judge(examples=[PASSED, FAILED]).version
    assert borrowed.example_sessions == {"s1"}


def test_the_version_begins_with_the_declared_one() -> None:
    assert judge(version=3).version.startswith("3+")


SHIPPED = load_judges(PROJECT_ROOT / "catalog" / "judges")


def test_five_judges_ship() -> None:
    assert [j.name for j in SHIPPED] == ["completeness", "faithfulness", "relevance", "tone", "usefulness"]


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda judge: judge.name)
def test_a_shipped_judge_says_where_pass_ends_with_examples_of_its_own(shipped: Judge) -> None:
    assert len(shipped.passes) >= 2 and len(shipped.fails) >= 2 and shipped.not_applicable
    assert {example.origin for example in shipped.examples} == {OWN}
    assert 3 <= len(shipped.examples) <= 4


def test_faithfulness_sees_what_was_retrieved() -> None:
    [faithfulness] = [shipped for shipped in SHIPPED if shipped.name == "faithfulness"]
    assert (faithfulness.view.turns, faithfulness.view.with_tool_results) == ("answer_and_context", True)
