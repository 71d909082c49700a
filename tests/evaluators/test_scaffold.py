"""A scaffold: the catalog loads, its test passes as made, and whatever is in the way is said before a file is touched."""

import subprocess
import sys
from pathlib import Path

import pytest

from eval_pipeline.errors import SettingsError
from eval_pipeline.evaluators.loading import load_evaluators
from eval_pipeline.evaluators.scaffold import scaffold, with_entry
from eval_pipeline.evaluators.scaffold_kinds import LooksAt
from eval_pipeline.settings import PROJECT_ROOT

ONE = 'Evaluator(name="one", description="Ä.", looks_at=ANSWERS, check=has_length())'
IMPORT = "from eval_pipeline.evaluators.checks import ANSWERS, Evaluator, has_length\n"
WAYS = {
    "over lines": f"{IMPORT}EVALUATORS = [\n    {ONE},\n]\n",
    "on one line": f"{IMPORT}EVALUATORS = [{ONE}]\n",
    "without a last comma, with a comment": f"{IMPORT}EVALUATORS = [\n    {ONE}  # all, so far\n]\n",
    "in brackets": f"{IMPORT}EVALUATORS = [({ONE})]\nMORE = 1\n",
    "with its type": f"{IMPORT}EVALUATORS: list[Evaluator] = [\n    {ONE},\n    # more to come\n]\n",
    "under another name": (
        '"""Ours."""\nfrom __future__ import annotations\nimport eval_pipeline.evaluators.checks as c\n'
        "from eval_pipeline.evaluators.checks import ANSWERS as A, Evaluator as E\n"
        'EVALUATORS = [E(name="one", description="Ä.", looks_at=A, check=c.has_length())]\n'
    ),
    "with other line ends": f"{IMPORT}EVALUATORS = [\n    {ONE},\n]\n".replace("\n", "\r\n"),
}


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """The catalog of a deployment with one evaluator, and a folder for tests beside it."""
    (tmp_path / "catalog").mkdir()
    (tmp_path / "tests").mkdir()
    path = tmp_path / "catalog" / "evaluators.py"
    path.write_text(WAYS["over lines"], encoding="utf-8")
    return path


def pytest_passes(folder: Path) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    return subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, check=False).returncode == 0


def test_every_kind_is_added_and_its_test_passes_as_made_and_fails_when_the_check_is_gone(catalog: Path) -> None:
    folder = catalog.parent.parent / "tests"
    for kind in LooksAt:
        made = scaffold(f"new_{kind.name}", kind, catalog, folder)
        lines = catalog.read_text(encoding="utf-8").splitlines()
        assert lines[made.line - 1].strip() == "Evaluator("
        assert lines[made.line].strip() == f'name="new_{kind.name}",'
    assert [e.name for e in load_evaluators(catalog)] == ["one", *(f"new_{kind.name}" for kind in LooksAt)]
    assert pytest_passes(folder)

    broken = catalog.read_text(encoding="utf-8").replace('contains_none("guarantee")', "has_length()")
    catalog.write_text(broken, encoding="utf-8")
    assert not pytest_passes(folder)


@pytest.mark.parametrize("way", WAYS)
def test_a_catalog_keeps_what_its_author_wrote_however_he_writes_it(way: str, catalog: Path) -> None:
    catalog.write_bytes(WAYS[way].encode())
    before = load_evaluators(catalog)
    made = scaffold("new", LooksAt.session, catalog, catalog.parent.parent / "tests")
    after = load_evaluators(catalog)
    assert [(e.name, e.version) for e in after[:-1]] == [(e.name, e.version) for e in before]
    assert after[-1].name == "new" and made.test.name == "test_new.py"


def test_what_is_imported_already_is_not_imported_again() -> None:
    changed = with_entry(WAYS["over lines"], "new", LooksAt.answers)
    assert changed.count("Evaluator,") == 1 and changed.count("ANSWERS,\n") == 2
    assert with_entry(changed, "newer", LooksAt.answers).count("import") == 1


@pytest.mark.parametrize(
    ("name", "problem"), [("one", "already"), ("New", "is not a name"), ("a/../b", "is not a name"), ("kept", "exists")]
)
def test_what_is_in_the_way_is_named_and_nothing_is_written(name: str, problem: str, catalog: Path) -> None:
    folder = catalog.parent.parent / "tests"
    (folder / "test_kept.py").write_text("mine")
    before = catalog.read_bytes()
    with pytest.raises(SettingsError, match=problem):
        scaffold(name, LooksAt.answers, catalog, folder)
    assert catalog.read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["test_kept.py"]


def test_a_missing_folder_and_a_list_made_elsewhere_are_named_with_their_mend(catalog: Path) -> None:
    with pytest.raises(SettingsError, match="no folder") as missing:
        scaffold("new", LooksAt.answers, catalog, catalog.parent / "none")
    assert "--tests DIR" in missing.value.mend
    catalog.write_text(f"{IMPORT}made = [{ONE}]\nEVALUATORS = [*made] + []\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="not a list written out") as elsewhere:
        scaffold("new", LooksAt.answers, catalog, catalog.parent.parent / "tests")
    assert 'name="new"' in elsewhere.value.mend


def test_a_catalog_that_reads_a_file_beside_it_keeps_finding_it(catalog: Path) -> None:
    (catalog.parent / "word.txt").write_text("sorry", encoding="utf-8")
    head = "from pathlib import Path\nWORD = (Path(__file__).parent / 'word.txt').read_text()\n"
    catalog.write_text(head + WAYS["over lines"], encoding="utf-8")
    scaffold("new", LooksAt.session, catalog, catalog.parent.parent / "tests")
    assert [evaluator.name for evaluator in load_evaluators(catalog)] == ["one", "new"]
