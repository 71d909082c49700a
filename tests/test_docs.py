"""The derived pages of docs/ say what the code says."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from eval_pipeline.signals.registry import BUILT_IN

DOCS = Path(__file__).parent.parent / "docs"


def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_build", DOCS / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "page", ["data-dictionary.md", "asset-graph.svg", "signals.md", "evaluators.md", "synthetic-operators.md"]
)
def test_derived_page_is_current(page: str) -> None:
    made = builder().PAGES[page]()
    assert (DOCS / page).read_text(encoding="utf-8") == made, f"docs/{page} is out of date: run `make docs`"


def test_the_readme_names_every_signal() -> None:
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| signal | fires when |")[2].partition("\n\n")[0]
    named = [row.split("`")[1] for row in table.splitlines()[2:]]
    assert sorted(named) == sorted(BUILT_IN)
