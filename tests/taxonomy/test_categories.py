from pathlib import Path

import pytest
import yaml

from eval_pipeline.errors import SettingsError
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.taxonomy.categories import load_taxonomy

SHIPPED = PROJECT_ROOT / "catalog" / "taxonomy.yaml"


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """The shipped file with one change, in another place."""
    text = SHIPPED.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path = tmp_path / "taxonomy.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_shipped_taxonomy_is_complete() -> None:
    taxonomy = load_taxonomy(SHIPPED)
    assert taxonomy.ids == (
        "tool_error_ignored",
        "loop",
        "truncated",
        "refusal",
        "wrong_answer",
        "incomplete_answer",
    )
    assert taxonomy.version.startswith("1+")
    assert "earliest turn" in taxonomy.tie_rule


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("went on as if", "acted as if"),
        ("stands first", "stands last"),
        ("A reply cut", "An answer cut"),
        ('"1"', '"2"'),
    ],
)
def test_whatever_decides_a_label_changes_the_version(tmp_path: Path, old: str, new: str) -> None:
    assert load_taxonomy(changed(tmp_path, old, new)).version != load_taxonomy(SHIPPED).version


def test_the_owner_of_a_category_is_not_part_of_its_meaning(tmp_path: Path) -> None:
    moved = load_taxonomy(changed(tmp_path, "owner: tools", "owner: platform"))
    assert moved.version == load_taxonomy(SHIPPED).version
    assert moved.categories[0].owner == "platform"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("id: loop", "id: truncated", "used twice: truncated"),
        ("id: loop", "id: Endless Loop", "categories.1.id"),
        *(
            ("id: loop", f"id: {word}", "stands for no category")
            for word in ("abstain", "error", "all", "none", "unresolved")
        ),
        ("owner: tools", "boss: tools", "categories.0.owner"),
        ("tie_rule:", "ties:", "tie_rule"),
    ],
)
def test_a_faulty_file_is_refused_with_the_place_of_the_fault(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load_taxonomy(changed(tmp_path, old, new))


def test_a_taxonomy_without_categories_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.yaml"
    path.write_text(yaml.safe_dump({"version": "1", "tie_rule": "first", "categories": []}))
    with pytest.raises(SettingsError, match="categories"):
        load_taxonomy(path)
