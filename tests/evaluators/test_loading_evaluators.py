"""Loading the catalog's file: what is wrong with it is said with the file, the line and the mend."""

from pathlib import Path

import pytest

from eval_pipeline.errors import SettingsError
from eval_pipeline.evaluators.loading import load_evaluators

HEAD = "from eval_pipeline.evaluators.checks import *\n"
ONE = "Evaluator('{}', ANSWERS, {}, 'What it means.')"


def write(folder: Path, body: str) -> Path:
    path = folder / "evaluators.py"
    path.write_text(HEAD + body, encoding="utf-8")
    return path


def test_evaluators_come_in_order(tmp_path: Path) -> None:
    body = f"EVALUATORS = [{ONE.format('b', 'is_valid_json()')}, {ONE.format('a', 'breaks_off()')}]"
    assert [e.name for e in load_evaluators(write(tmp_path, body))] == ["b", "a"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "declares no EVALUATORS"),
        ("EVALUATORS = []", "declares no EVALUATORS"),
        ("EVALUATORS = [is_valid_json()]", "item 1 of EVALUATORS is a ValidJson"),
        (f"EVALUATORS = [{ONE.format('Not A Name', 'is_valid_json()')}]", "'Not A Name' is not a name"),
        (f"EVALUATORS = [{ONE.format('a', 'breaks_off()')}] * 2", "2 evaluators are named 'a'"),
        ("\nx = 1 / 0", "line 3: ZeroDivisionError"),
        (f"EVALUATORS = [\n{ONE.format('a', 'matches(chr(40))')}]", "line 3: ValueError"),
        ("\ndef broken(:", "line 3: SyntaxError"),
        ("import not_there", "line 2: ModuleNotFoundError"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_mend(tmp_path: Path, body: str, problem: str) -> None:
    path = write(tmp_path, body)
    with pytest.raises(SettingsError) as caught:
        load_evaluators(path)
    assert problem in caught.value.problem
    assert str(path) in caught.value.problem
    assert caught.value.mend


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.py is missing"):
        load_evaluators(tmp_path / "nowhere.py")


def test_an_edit_of_the_same_length_is_seen_at_once_and_leaves_nothing_behind(tmp_path: Path) -> None:
    body = (
        "def f(text):\n    return len(text.text) > {}\nEVALUATORS = ["
        + ONE.format("a", "satisfies(f, words='is long', version='1')")
        + "]"
    )
    (three,) = load_evaluators(write(tmp_path, body.format(3)))
    (four,) = load_evaluators(write(tmp_path, body.format(4)))
    assert three.version != four.version
    assert [path.name for path in tmp_path.iterdir()] == ["evaluators.py"]
