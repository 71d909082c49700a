"""docs/taxonomy.md: its examples are migrations of the shipped taxonomy, one of each kind; its query runs."""

import re
from pathlib import Path

import pytest

from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.taxonomy.applying import apply
from eval_pipeline.taxonomy.changes import Change, load_migration
from resources.warehouse import PostgresWarehouse
from tests.known_categories import SHIPPED

TEXT = (PROJECT_ROOT / "docs" / "taxonomy.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
QUERIES = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_can_be_brought_into_force(tmp_path: Path, example: str) -> None:
    path = tmp_path / "0001_example.yaml"
    path.write_text(example, encoding="utf-8")
    assert apply(load_migration(path), SHIPPED).after.version.startswith("2+")


def test_every_kind_of_change_has_an_example() -> None:
    assert all(f"- {kind}:" in "".join(EXAMPLES) for kind in Change.model_fields)


def test_its_query_runs_and_its_version_is_the_shipped_one(warehouse: PostgresWarehouse) -> None:
    assert len(QUERIES) == 1
    assert warehouse.query(QUERIES[0]).empty
    assert f"`{SHIPPED.version}`" in TEXT
