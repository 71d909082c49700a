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
        (f"EVALUATORS = [{ONE.format('a', 'breaks_off')}]", "a: its check is a function"),
        (f"EVALUATORS = [{ONE.format('a', '[breaks_off()]')}]", "a: its check is a list"),
        ("EVALUATORS = [Evaluator('a', is_valid_json(), breaks_off(), 'x')]", "a: its looks_at is a ValidJson"),
        ("EVALUATORS = [Evaluator('a', ANSWERS, breaks_off(), 'x', per='trun')]", "a: per is 'trun'"),
        (f"EVALUATORS = [{ONE.format('a', 'not_(breaks_off)')}]", "line 2: ValueError: breaks_off is not a check"),
        (f"EVALUATORS = [{ONE.format('a', 'all_of([is_valid_json()])')}]", "without brackets"),
        (f"EVALUATORS = [{ONE.format('a', 'each(breaks_off(), breaks_off())')}]", "does not say what to look at"),
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


@pytest.mark.parametrize(
    ("looks_at", "check", "problem", "mend"),
    [
        ("SESSION", "contains_none('x')", "not asked of a session", "wrap it: each(ANSWERS, ...)"),
        ("SESSION", "all_of(tool_called('x'), breaks_off())", "not asked of a session", "wrap it: each(ANSWERS, ...)"),
        ("ANSWERS", "tool_called('x')", "not asked of a message", "SESSION for a check of the whole"),
        ("TOOL_CALLS", "is_from('user')", "not asked of a tool call", "let looks_at be"),
        ("blocks('json')", "is_valid_json()", "not asked of a session", "within(ANSWERS, blocks(...))"),
    ],
)
def test_a_check_asked_of_the_wrong_pieces_is_named(
    tmp_path: Path, looks_at: str, check: str, problem: str, mend: str
) -> None:
    path = write(tmp_path, f"EVALUATORS = [Evaluator('a', {looks_at}, {check}, 'What it means.')]")
    with pytest.raises(SettingsError) as caught:
        load_evaluators(path)
    assert problem in caught.value.problem and f"{path}: a: " in caught.value.problem
    assert mend in caught.value.mend


def test_a_function_that_trips_over_what_a_session_holds_is_let_be(tmp_path: Path) -> None:
    function = "def f(text):\n    return text.json.get('a') == 1\n"
    body = f"""{function}EVALUATORS = [{ONE.format("a", "satisfies(f, words='has one', version='1')")}]"""
    assert len(load_evaluators(write(tmp_path, body))) == 1


def test_the_mend_fits_the_slip(tmp_path: Path) -> None:
    path = tmp_path / "evaluators.py"
    for body, mend in (
        ("EVALUATORS = [breaks_off()]", "import it: from eval_pipeline.evaluators.checks import breaks_off"),
        ("x = y", "mend that line"),
        ("from eval_pipeline.errors import SettingsError\nraise SettingsError('no table', 'make it')", "make it"),
    ):
        path.write_text(body, encoding="utf-8")
        with pytest.raises(SettingsError) as caught:
            load_evaluators(path)
        assert caught.value.mend == mend


def test_another_text_is_run_as_if_the_file_held_it(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("sorry")
    head = "from pathlib import Path\nWORD = (Path(__file__).parent / 'words.txt').read_text()\n"
    function = "def f(text):\n    return len(text.text) > 3\n"
    body = f"""{function}EVALUATORS = [{ONE.format("a", "satisfies(f, words=WORD, version='1')")}]"""
    path = write(tmp_path, head + body)
    (before,) = load_evaluators(path)
    (after,) = load_evaluators(path, HEAD + head + "# and\n" * 9 + body.replace("> 3", "> 4"))
    (same,) = load_evaluators(path, HEAD + head + "# and\n" * 9 + body)
    assert (same.version == before.version, after.version == before.version) == (True, False)
