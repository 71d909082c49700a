"""Catalog files: what is wrong with one is said with file, field and mend, and nothing wrong passes in silence."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from eval_pipeline.catalog import load_yaml
from eval_pipeline.errors import SettingsError


class Rules(BaseModel):
    model_config = ConfigDict(extra="forbid")

    names: list[str] = []
    limit: int = 1


def loaded(tmp_path: Path, text: str) -> Rules:
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return load_yaml(path, Rules)


def test_a_file_becomes_a_model(tmp_path: Path) -> None:
    assert loaded(tmp_path, "names: [a, b]\nlimit: 2\n") == Rules(names=["a", "b"], limit=2)
    assert loaded(tmp_path, "") == Rules()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("names: [a]\nlimit: 1\nnames: []\n", "'names' stands twice"),
        ("names: [a\n", "not valid YAML"),
        ("limit: many\n", "limit"),
        ("nams: [a]\n", "nams"),
        ("- a\n", "the document"),
        ("!!python/object/apply:os.getcwd []\n", "not valid YAML"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(SettingsError) as raised:
        loaded(tmp_path, text)
    assert "rules.yaml" in raised.value.problem and problem in raised.value.problem
    assert raised.value.mend


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.yaml is missing"):
        load_yaml(tmp_path / "none.yaml", Rules)
