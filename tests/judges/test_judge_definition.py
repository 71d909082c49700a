from pathlib import Path

import pytest

from eval_pipeline.errors import SettingsError
from eval_pipeline.judges.definition import load_judges
from eval_pipeline.settings import PROJECT_ROOT
from tests.judges.judge_files import DOCUMENT, judge, write_judge


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("Is it relevant? Is it polite?", "one question"),
        ("It is relevant.", "one question"),
        ("Is it relevant and is it polite?", "`and` joins two things"),
        ("Is it relevant as well as polite?", "`as well as` joins two things"),
        ("On a scale from one up, is it relevant?", "`scale` asks for a degree"),
        ("Is it worth 1 to 5?", "`1 to 5` asks for a degree"),
        ("How well does it answer?", "`How well` asks for a degree"),
    ],
)
def test_a_question_that_asks_two_things_or_a_degree_is_refused_with_the_reason(
    tmp_path: Path, question: str, why: str
) -> None:
    write_judge(tmp_path, question=question)
    with pytest.raises(SettingsError, match=why) as refused:
        load_judges(tmp_path)
    assert "relevance.yaml" in refused.value.problem


@pytest.mark.parametrize(
    "changes",
    [
        {"pass_when": ["A score of 4 out of 5"]},
        {"pass_when": []},
        {"colour": "red"},
        {"parameters": {"n": 3}},
        {"view": {"turns": "everything"}},
        {"name": "other"},
        {"examples": [{"session": "s", "critique": "c", "verdict": "good", "origin": "own"}]},
    ],
)
def test_a_file_that_is_no_judge_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    write_judge(tmp_path, **changes)
    with pytest.raises(SettingsError):
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
        {"examples": [{"session": "s", "critique": "c", "verdict": "pass", "origin": "own"}]},
        {"no_answer": "not_applicable"},
        {"version": 2},
    ],
)
def test_the_version_changes_with_all_that_decides(changes: dict[str, object]) -> None:
    assert judge(**changes).version != judge().version


def test_the_version_does_not_change_with_owner_or_description() -> None:
    assert judge(owner="another", description="In other words.").version == judge().version


def test_the_version_begins_with_the_declared_one() -> None:
    assert judge(version=3).version.startswith("3+")


def test_the_shipped_judges_load() -> None:
    assert [j.name for j in load_judges(PROJECT_ROOT / "catalog" / "judges")] == ["completeness", "relevance"]
